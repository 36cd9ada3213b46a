/** A part of a partitioned variable along each axis; a length of -1 stands for all of it. */
export interface SliceExtent {
  readonly start: number;
  readonly length: number;
}

/**
 * The key under which the table keeps a part of a partitioned variable, as Latin-1: the name and the extents in an encoding that sorts as
 * they do (tensorflow/core/util/saved_tensor_slice_util.cc EncodeTensorNameSlice, tensorflow/core/lib/strings/ordered_code.cc).
 */
export function sliceKey(name: Uint8Array, extents: readonly SliceExtent[]): string {
  return [unsigned(0), text(name), unsigned(extents.length), ...extents.flatMap(({ start, length }) => [signed(start), signed(length)])].join('');
}

/** How many bytes, then the bytes, the highest first. */
function unsigned(value: number): string {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return String.fromCharCode(bytes.length, ...bytes);
}

/** Zero bytes and those of all ones are escaped; the end is marked. */
function text(name: Uint8Array): string {
  const escaped = [...name].map((byte) => (byte === 0 ? '\0\xff' : byte === 255 ? '\xff\0' : String.fromCharCode(byte)));
  return `${escaped.join('')}\0\x01`;
}

/** As many leading ones as there are bytes, then a zero and the number; the complement of all that for negative ones. */
function signed(value: number): string {
  const magnitude = value < 0 ? -value - 1 : value;
  let count = 1;
  while (magnitude >= 2 ** (7 * count - 1)) count++;
  const bytes: number[] = [];
  for (let i = 0, rest = magnitude; i < count; i++, rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  // Numbers that fit into float64 take up to eight bytes: all of the ones stand in the first.
  bytes[0]! |= 256 - 2 ** (8 - Math.min(count, 8));
  return String.fromCharCode(...bytes.map((byte) => (value < 0 ? ~byte & 255 : byte)));
}
