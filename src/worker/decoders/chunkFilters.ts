import { inflateSync } from 'node:zlib';
import { FormatError, messageOf } from '../../core/errors';
import type { ChunkFilter } from '../../core/model';

export interface ChunkContext {
  /** Begins messages: the file's tensor. */
  readonly name: string;
  readonly elementBytes: number;
  /** Of the chunk before filters. */
  readonly chunkBytes: number;
}

/** Fletcher's checksum is stored behind the chunk; a compressed one may be somewhat longer than it was. */
const MAX_GROWTH_BYTES = 1024;

/**
 * Undoes what HDF5 did to a chunk: the last filter first, but for those that its mask leaves out.
 * @throws FormatError where a chunk is damaged, or unpacks to more than its shape takes.
 */
export function unfiltered(stored: Uint8Array, filters: readonly ChunkFilter[], mask: number, context: ChunkContext): Uint8Array {
  let bytes = stored;
  for (let i = filters.length - 1; i >= 0; i--) {
    // Masks have 32 bits; a shift by more would begin anew.
    if (i < 32 && (mask >>> i) & 1) continue;
    bytes = undo(filters[i]!, bytes, context);
  }
  if (bytes.length < context.chunkBytes) throw damagedChunk(context, `unpacks to ${bytes.length} bytes in place of ${context.chunkBytes}`);
  return bytes;
}

function undo(filter: ChunkFilter, bytes: Uint8Array, context: ChunkContext): Uint8Array {
  switch (filter) {
    case 'deflate':
      return inflated(bytes, context);
    case 'lzf':
      return unpackLzf(bytes, context);
    case 'shuffle':
      return unshuffled(bytes, context.elementBytes);
    case 'fletcher32':
      return checked(bytes, context);
  }
}

function damagedChunk({ name }: ChunkContext, how: string): FormatError {
  return new FormatError(`A chunk of ${JSON.stringify(name)} is damaged: it ${how}. Fetch the file again, or save the model anew.`);
}

function inflated(bytes: Uint8Array, context: ChunkContext): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: context.chunkBytes + MAX_GROWTH_BYTES });
  } catch (error) {
    throw damagedChunk(context, `cannot be inflated (${messageOf(error)})`);
  }
}

/** All first bytes of the elements, then all second ones, …; bytes that fill no element stand at the end as they were (H5Zshuffle.c). */
function unshuffled(bytes: Uint8Array, elementBytes: number): Uint8Array {
  if (elementBytes <= 1) return bytes;
  const count = Math.floor(bytes.length / elementBytes);
  const result = new Uint8Array(bytes.length);
  for (let lane = 0; lane < elementBytes; lane++) {
    const from = lane * count;
    for (let i = 0, to = lane; i < count; i++, to += elementBytes) result[to] = bytes[from + i]!;
  }
  result.set(bytes.subarray(count * elementBytes), count * elementBytes);
  return result;
}

/**
 * LibLZF (lzf_d.c): a control byte below 32 is followed by that many literals and one; else its upper three bits are a length
 * and its lower five with the next byte a distance back.
 */
function unpackLzf(bytes: Uint8Array, context: ChunkContext): Uint8Array {
  const result = new Uint8Array(context.chunkBytes + MAX_GROWTH_BYTES);
  let at = 0;
  let filled = 0;
  while (at < bytes.length) {
    const control = bytes[at++]!;
    if (control < 32) {
      const length = control + 1;
      if (at + length > bytes.length || filled + length > result.length) throw damagedChunk(context, 'is not packed with LZF, as it should be');
      result.set(bytes.subarray(at, at + length), filled);
      at += length;
      filled += length;
      continue;
    }
    let length = control >> 5;
    if (length === 7) length += bytes[at++] ?? 0;
    length += 2;
    const from = filled - ((control & 31) << 8) - (bytes[at++] ?? 0) - 1;
    if (from < 0 || at > bytes.length || filled + length > result.length) throw damagedChunk(context, 'is not packed with LZF, as it should be');
    // What is copied may overlap what is written: byte by byte.
    for (let i = 0; i < length; i++) result[filled + i] = result[from + i]!;
    filled += length;
  }
  return result.subarray(0, filled);
}

/** The checksum stands in the last four bytes; those of old versions of HDF5 have their halves turned round (H5Zfletcher32.c). */
function checked(bytes: Uint8Array, context: ChunkContext): Uint8Array {
  if (bytes.length < 4) throw damagedChunk(context, 'has no room for its checksum');
  const data = bytes.subarray(0, bytes.length - 4);
  const stored = new DataView(bytes.buffer, bytes.byteOffset + data.length, 4).getUint32(0, true);
  const sum = fletcher32(data);
  const turned = (((sum & 0x00ff00ff) << 8) | ((sum >>> 8) & 0x00ff00ff)) >>> 0;
  if (stored !== sum && stored !== turned) throw damagedChunk(context, 'does not have the checksum that was stored with it');
  return data;
}

/** So many pairs leave both sums below 2^32. */
const PAIRS_A_FOLD = 360;

/** Over big-endian pairs of bytes, an odd last byte as the upper one (H5checksum.c, H5_checksum_fletcher32). */
export function fletcher32(bytes: Uint8Array): number {
  let first = 0;
  let second = 0;
  const pairs = bytes.length >> 1;
  const fold = (sum: number): number => (sum & 0xffff) + (sum >>> 16);
  for (let pair = 0; pair < pairs; ) {
    const end = Math.min(pairs, pair + PAIRS_A_FOLD);
    for (; pair < end; pair++) {
      first += (bytes[pair * 2]! << 8) | bytes[pair * 2 + 1]!;
      second += first;
    }
    first = fold(first);
    second = fold(second);
  }
  if (bytes.length % 2 === 1) {
    first += bytes[bytes.length - 1]! << 8;
    second += first;
    first = fold(first);
    second = fold(second);
  }
  return ((fold(second) << 16) | fold(first)) >>> 0;
}
