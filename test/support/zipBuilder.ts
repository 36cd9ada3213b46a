import { crc32, deflateRawSync } from 'node:zlib';

export interface BuiltEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly isPacked?: boolean;
  /** Of the local header: PyTorch pads with it. */
  readonly localExtra?: Uint8Array;
  /** What the directory says instead of the truth. */
  readonly lie?: { readonly bytes?: number; readonly compressedBytes?: number; readonly offset?: number; readonly method?: number; readonly flags?: number };
}

export interface BuiltZip {
  readonly comment?: string;
  /** The 64-bit end record, and 64-bit sizes in the directory. */
  readonly is64?: boolean;
  /** What the end record says of the directory instead of the truth. */
  readonly lie?: { readonly entries?: number; readonly bytes?: number; readonly offset?: number };
}

const UTF8_NAMES = 0x800;

/** A ZIP archive (APPNOTE.TXT), with whatever lies a test wants. */
export function zipFile(entries: readonly BuiltEntry[], { comment = '', is64 = false, lie = {} }: BuiltZip = {}): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const data = entry.isPacked ? deflateRawSync(entry.bytes) : Buffer.from(entry.bytes);
    const extra = Buffer.from(entry.localExtra ?? []);
    const method = entry.isPacked ? 8 : 0;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(UTF8_NAMES, 6);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(checksum(entry.bytes), 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(entry.bytes.length, 22);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(extra.length, 28);
    parts.push(local, name, extra, data);
    directory.push(record(entry, { name, method, compressed: data.length, offset, is64 }));
    offset += local.length + name.length + extra.length + data.length;
  }
  const list = Buffer.concat(directory);
  return new Uint8Array(Buffer.concat([...parts, list, end({ entries: lie.entries ?? entries.length, bytes: lie.bytes ?? list.length, offset: lie.offset ?? offset }, offset + list.length, Buffer.from(comment), is64)]));
}

interface Written {
  readonly name: Buffer;
  readonly method: number;
  readonly compressed: number;
  readonly offset: number;
  readonly is64: boolean;
}

function record({ bytes, lie = {} }: BuiltEntry, { name, method, compressed, offset, is64 }: Written): Buffer {
  const sizes = [lie.bytes ?? bytes.length, lie.compressedBytes ?? compressed, lie.offset ?? offset];
  const extra = Buffer.alloc(is64 ? 28 : 0);
  if (is64) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    sizes.forEach((size, i) => extra.writeBigUInt64LE(BigInt(size), 4 + 8 * i));
  }
  const [unpacked, packed, place] = is64 ? [0xffffffff, 0xffffffff, 0xffffffff] : (sizes as [number, number, number]);
  const fixed = Buffer.alloc(46);
  fixed.writeUInt32LE(0x02014b50, 0);
  fixed.writeUInt16LE(lie.flags ?? UTF8_NAMES, 8);
  fixed.writeUInt16LE(lie.method ?? method, 10);
  fixed.writeUInt32LE(checksum(bytes), 16);
  fixed.writeUInt32LE(packed, 20);
  fixed.writeUInt32LE(unpacked, 24);
  fixed.writeUInt16LE(name.length, 28);
  fixed.writeUInt16LE(extra.length, 30);
  fixed.writeUInt32LE(place, 42);
  return Buffer.concat([fixed, name, extra]);
}

interface Told {
  readonly entries: number;
  readonly bytes: number;
  readonly offset: number;
}

function end({ entries, bytes, offset }: Told, at: number, comment: Buffer, is64: boolean): Buffer {
  const record64 = Buffer.alloc(is64 ? 56 : 0);
  const locator = Buffer.alloc(is64 ? 20 : 0);
  if (is64) {
    record64.writeUInt32LE(0x06064b50, 0);
    record64.writeBigUInt64LE(44n, 4);
    record64.writeBigUInt64LE(BigInt(entries), 24);
    record64.writeBigUInt64LE(BigInt(entries), 32);
    record64.writeBigUInt64LE(BigInt(bytes), 40);
    record64.writeBigUInt64LE(BigInt(offset), 48);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(at), 8);
    locator.writeUInt32LE(1, 16);
  }
  const short = Buffer.alloc(22);
  short.writeUInt32LE(0x06054b50, 0);
  short.writeUInt16LE(is64 ? 0xffff : entries, 8);
  short.writeUInt16LE(is64 ? 0xffff : entries, 10);
  short.writeUInt32LE(is64 ? 0xffffffff : bytes, 12);
  short.writeUInt32LE(is64 ? 0xffffffff : offset, 16);
  short.writeUInt16LE(comment.length, 20);
  return Buffer.concat([record64, locator, short, comment]);
}

/** Nobody checks it here; NumPy's writer sets it. */
function checksum(bytes: Uint8Array): number {
  return typeof crc32 === 'function' ? crc32(bytes) : 0;
}
