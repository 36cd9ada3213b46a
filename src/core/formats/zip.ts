import { Inflate } from 'fflate/browser';
import type { ByteSource } from '../byteSource';
import { FormatError, UnsupportedError } from '../errors';
import { quote } from './jsonValues';
import { readNear } from './nearReads';
import { entriesOf, findDirectory } from './zipDirectory';
import type { RawEntry } from './zipDirectory';

/** A file in an archive. `name` is only ever looked up, never followed: it may hold `..` or begin with a slash. */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'stored' | 'deflate' | 'other';
  readonly isEncrypted: boolean;
  readonly compressedBytes: number;
  /** Unpacked, as the directory says. */
  readonly bytes: number;
  /** Of the first stored byte. */
  readonly dataOffset: number;
}

/**
 * The most that deflate can do: a match of 258 bytes in two bits (https://zlib.net/zlib_tech.html). Arrays of zeros come near
 * it, so that only what goes beyond is no archive but a bomb.
 */
export const MAX_DEFLATE_RATIO = 1032;

const LOCAL_BYTES = 30;

/** Packed bytes that one step unpacks: at the very most to 4 MiB. */
const STEP_BYTES = 4 * 1024;
/** The first read of a packed head; each one after it is twice as large. */
const FIRST_READ_BYTES = 4 * 1024;
const MOST_READ_BYTES = 256 * 1024;
/** Packed streams are longer than what they hold only by a few bytes a block; a block is at most 64 KiB where it is not packed at all. */
const SLACK_BYTES = 256 * 1024;

/** Whether a file begins like an archive that has entries. */
export function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}

/**
 * The central directory, in its order, without folders. Two reads, and one of each run of local headers that lie near each other.
 * @throws FormatError where the archive is damaged, or its entries lie on each other; UnsupportedError for split archives.
 */
export async function readZipEntries(source: ByteSource, signal?: AbortSignal): Promise<readonly ZipEntry[]> {
  const directory = await findDirectory(source, signal);
  const raw = await entriesOf(source, directory, signal);
  const dataOffsets = await readDataOffsets(source, raw, signal);
  refuseOverlaps(source, raw, dataOffsets, directory.offset);
  return raw.flatMap((entry, index) => (entry.name.endsWith('/') && entry.bytes === 0 ? [] : [entryOf(entry, dataOffsets[index]!)]));
}

function entryOf({ name, method, isEncrypted, compressedBytes, bytes }: RawEntry, dataOffset: number): ZipEntry {
  return { name, method: method === 0 ? 'stored' : method === 8 ? 'deflate' : 'other', isEncrypted, compressedBytes, bytes, dataOffset };
}

/** The data lies behind a local header whose extra field may be another than the directory's: PyTorch pads with it. */
async function readDataOffsets(source: ByteSource, entries: readonly RawEntry[], signal?: AbortSignal): Promise<Float64Array> {
  const offsets = new Float64Array(entries.length);
  const ranges = entries.map(({ headerOffset }) => ({ offset: headerOffset, length: LOCAL_BYTES }));
  await readNear(source, ranges, (index, bytes) => {
    const entry = entries[index]!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < LOCAL_BYTES || view.getUint32(0, true) !== 0x04034b50) {
      throw damaged(source, `its directory says that ${quote(entry.name)} begins at byte ${entry.headerOffset}, and there is no entry`);
    }
    offsets[index] = entry.headerOffset + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  }, signal);
  return offsets;
}

/** Entries that share bytes make a small file unpack to a huge one, and no program writes them. */
function refuseOverlaps(source: ByteSource, entries: readonly RawEntry[], dataOffsets: Float64Array, end: number): void {
  const order = [...entries.keys()].sort((a, b) => entries[a]!.headerOffset - entries[b]!.headerOffset);
  order.forEach((index, place) => {
    const entry = entries[index]!;
    const next = order[place + 1];
    const limit = next === undefined ? end : entries[next]!.headerOffset;
    if (dataOffsets[index]! + entry.compressedBytes <= limit) return;
    throw damaged(source, next === undefined ? `${quote(entry.name)} reaches into its directory` : `${quote(entry.name)} and ${quote(entries[next]!.name)} lie on the same bytes`);
  });
}

/** Why an entry cannot be unpacked; undefined where it can be tried. Ends a sentence that begins with the entry. */
export function refusalOf(entry: ZipEntry): string | undefined {
  if (entry.isEncrypted) return 'is encrypted: unpack the archive with its password first';
  if (entry.method === 'other') return 'is packed in a way that Weightgram does not read: only stored and deflated entries are read. Pack the archive anew';
  if (entry.method === 'stored') return undefined;
  if (entry.bytes <= entry.compressedBytes * MAX_DEFLATE_RATIO) return undefined;
  return `is said to unpack ${entry.compressedBytes} bytes to ${entry.bytes}, more than ${MAX_DEFLATE_RATIO} times as many, which deflate cannot: the archive is damaged, or made to fill memory`;
}

/**
 * The first `length` bytes of an entry, or all where it is shorter. Never unpacks beyond; the caller bounds `length`.
 * @throws UnsupportedError for what `refusalOf` refuses; FormatError where the data is damaged or ends early.
 */
export async function inflateHead(source: ByteSource, entry: ZipEntry, length: number, signal?: AbortSignal): Promise<Uint8Array> {
  const refusal = refusalOf(entry);
  if (refusal !== undefined) throw new UnsupportedError(`${source.name}: its entry ${quote(entry.name)} ${refusal}.`);
  const wanted = Math.min(length, entry.bytes);
  if (entry.method === 'stored') return source.read(entry.dataOffset, wanted, signal);
  const head = new Uint8Array(wanted);
  let filled = 0;
  const inflate = new Inflate((bytes) => {
    const kept = bytes.subarray(0, wanted - filled);
    head.set(kept, filled);
    filled += kept.length;
  });
  const packedLimit = Math.min(entry.compressedBytes, 2 * wanted + SLACK_BYTES);
  let readBytes = FIRST_READ_BYTES;
  for (let offset = 0; offset < packedLimit && filled < wanted; readBytes = Math.min(2 * readBytes, MOST_READ_BYTES)) {
    const packed = await source.read(entry.dataOffset + offset, Math.min(readBytes, packedLimit - offset), signal);
    for (let step = 0; step < packed.length && filled < wanted; step += STEP_BYTES) push(source, entry, inflate, packed.subarray(step, step + STEP_BYTES));
    offset += packed.length;
  }
  if (filled < wanted) throw damaged(source, `its entry ${quote(entry.name)} should unpack to ${entry.bytes} bytes and ends after ${filled}`);
  return head;
}

function push(source: ByteSource, entry: ZipEntry, inflate: Inflate, packed: Uint8Array): void {
  try {
    inflate.push(packed);
  } catch (error) {
    throw damaged(source, `its entry ${quote(entry.name)} cannot be unpacked`, error);
  }
}

function damaged(source: ByteSource, what: string, cause?: unknown): FormatError {
  return new FormatError(`${source.name} is a damaged ZIP archive: ${what}. Fetch it again, or save the model anew.`, { cause });
}
