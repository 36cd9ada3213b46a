import type { ByteSource } from '../byteSource';
import { FormatError, throwIfCancelled, UnsupportedError } from '../errors';
import { unsnappy, varint } from './tensorBundleSnappy';

/** LevelDB's, at the end of every table. */
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** Two places of up to 20 bytes, and the magic. */
export const FOOTER_BYTES = 48;
/** Behind each block: how it is packed, and a checksum. */
const TRAILER_BYTES = 5;
/** TensorFlow writes blocks of 256 KiB; the entry of the object graph alone may be longer. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
/** Of all blocks unpacked: snappy packs a run of 64 bytes into three, so that a small file could unpack to a huge one. */
const MAX_TABLE_BYTES = 1024 * 1024 * 1024;
const MAX_ENTRIES = 2_000_000;
/** Of one name, and of all: a name may be spelt in three bytes where it begins as the one before. */
const MAX_KEY_BYTES = 4096;
const MAX_ALL_KEY_BYTES = 512 * 1024 * 1024;

/** Latin-1 keys: some are no text. A view of the value that is good until the next block. */
export interface TableEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

interface Place {
  readonly offset: number;
  readonly length: number;
}

export function hasTableFooter(tail: Uint8Array): boolean {
  return tail.length >= MAGIC.length && MAGIC.every((byte, i) => tail[tail.length - MAGIC.length + i] === byte);
}

/**
 * The entries of a table in LevelDB's format (tensorflow/core/lib/io/table_format.txt), in the order of their keys, a block at a time. Checksums are
 * not compared: what is wrong shows where it is read.
 */
export async function* tableEntries(source: ByteSource, signal?: AbortSignal): AsyncGenerator<readonly TableEntry[]> {
  const table = new Table(source, signal);
  let count = 0;
  let behind = 0;
  for (const { value } of table.entriesIn(await table.block(await table.indexPlace()))) {
    const place = placeAt(value, 0);
    if (!place || place.offset < behind) throw table.damaged('its blocks lie on each other');
    behind = place.offset + place.length;
    const entries = table.entriesIn(await table.block(place));
    count += entries.length;
    if (count > MAX_ENTRIES) throw new UnsupportedError(`${source.name} has more than ${MAX_ENTRIES} entries, which Weightgram does not read. Split the checkpoint.`);
    yield entries;
  }
}

class Table {
  #unpacked = 0;
  #keyBytes = 0;

  constructor(
    private readonly source: ByteSource,
    private readonly signal?: AbortSignal,
  ) {}

  async indexPlace(): Promise<Place> {
    const { source } = this;
    if (source.size < FOOTER_BYTES) throw this.damaged(`it is ${source.size} bytes long, shorter than the end of a checkpoint's index`);
    const footer = await source.read(source.size - FOOTER_BYTES, FOOTER_BYTES, this.signal);
    if (!hasTableFooter(footer)) throw this.damaged('it does not end as a checkpoint\'s index does');
    const meta = placeAt(footer, 0);
    const index = meta && placeAt(footer, meta.next);
    if (!index) throw this.damaged('its end does not say where its index lies');
    return index;
  }

  async block({ offset, length }: Place): Promise<Uint8Array> {
    throwIfCancelled(this.signal);
    const { source } = this;
    if (offset + length + TRAILER_BYTES > source.size - FOOTER_BYTES) throw this.damaged(`a block of ${length} bytes at ${offset} goes beyond its end`);
    if (length > MAX_BLOCK_BYTES) throw this.damaged(`a block is ${length} bytes long; up to ${MAX_BLOCK_BYTES} are read`);
    const stored = await source.read(offset, length + 1, this.signal);
    const bytes = stored.subarray(0, length);
    const packing = stored[length];
    const block = packing === 0 ? bytes : packing === 1 ? unsnappy(bytes, MAX_BLOCK_BYTES) : `its blocks are packed in a way of number ${packing}`;
    if (typeof block === 'string') throw this.damaged(block);
    this.#unpacked += block.length;
    if (this.#unpacked > MAX_TABLE_BYTES) throw new UnsupportedError(`${source.name} unpacks to more than ${MAX_TABLE_BYTES} bytes, which Weightgram does not read. Split the checkpoint.`);
    return block;
  }

  /** Keys share their begin with the one before; where they are restarted is for searching, which nothing here does. */
  entriesIn(block: Uint8Array): TableEntry[] {
    if (block.length < 4) throw this.damaged('a block has no list of restarts');
    const restarts = new DataView(block.buffer, block.byteOffset + block.length - 4, 4).getUint32(0, true);
    const end = block.length - 4 - 4 * restarts;
    if (end < 0) throw this.damaged(`a block of ${block.length} bytes has ${restarts} restarts`);
    const entries: TableEntry[] = [];
    let key: Uint8Array = new Uint8Array();
    for (let at = 0; at < end; ) {
      const shared = varint(block, at);
      const unshared = shared && varint(block, shared.next);
      const length = unshared && varint(block, unshared.next);
      if (!shared || !unshared || !length || shared.value > key.length || length.next + unshared.value + length.value > end) throw this.damaged('an entry goes beyond its block');
      if (shared.value + unshared.value > MAX_KEY_BYTES) throw this.damaged(`a name is ${shared.value + unshared.value} bytes long`);
      const own = new Uint8Array(shared.value + unshared.value);
      this.#keyBytes += own.length;
      if (this.#keyBytes > MAX_ALL_KEY_BYTES) throw this.damaged(`its names take more than ${MAX_ALL_KEY_BYTES} bytes`);
      own.set(key.subarray(0, shared.value));
      own.set(block.subarray(length.next, length.next + unshared.value), shared.value);
      key = own;
      at = length.next + unshared.value + length.value;
      entries.push({ key, value: block.subarray(at - length.value, at) });
      // Each takes three bytes at least; a block of nothing else would fill memory.
      if (entries.length > MAX_ENTRIES) throw this.damaged(`a block has more than ${MAX_ENTRIES} entries`);
    }
    return entries;
  }

  damaged(what: string): FormatError {
    return new FormatError(`${this.source.name} is no sound index of a checkpoint: ${what}. Copy the checkpoint again, or save it anew.`);
  }
}

function placeAt(bytes: Uint8Array, at: number): (Place & { readonly next: number }) | undefined {
  const offset = varint(bytes, at);
  const length = offset && varint(bytes, offset.next);
  return length && { offset: offset.value, length: length.value, next: length.next };
}
