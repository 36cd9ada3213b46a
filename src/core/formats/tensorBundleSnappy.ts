/**
 * Unpacks a snappy block (github.com/google/snappy, format_description.txt). Written here because a block has to be bounded before anything
 * is allocated, and the format takes forty lines.
 * @param most bytes that it may unpack to.
 * @returns why it cannot be unpacked, as the end of a sentence.
 */
export function unsnappy(packed: Uint8Array, most: number): Uint8Array | string {
  const head = varint(packed, 0);
  if (!head) return 'its packed block does not say how long it is';
  if (head.value > most) return `one of its blocks is said to unpack to ${head.value} bytes; up to ${most} are read`;
  const out = new Uint8Array(head.value);
  let at = head.next;
  let filled = 0;
  while (at < packed.length) {
    const tag = packed[at++]!;
    if ((tag & 3) === 0) {
      const extra = (tag >> 2) - 59;
      let length = (tag >> 2) + 1;
      if (extra > 0) {
        if (at + extra > packed.length) return BROKEN;
        length = littleEndian(packed, at, extra) + 1;
        at += extra;
      }
      if (at + length > packed.length || filled + length > out.length) return BROKEN;
      out.set(packed.subarray(at, at + length), filled);
      at += length;
      filled += length;
      continue;
    }
    const offsetBytes = (tag & 3) === 1 ? 1 : (tag & 3) === 2 ? 2 : 4;
    if (at + offsetBytes > packed.length) return BROKEN;
    const length = offsetBytes === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = littleEndian(packed, at, offsetBytes) + (offsetBytes === 1 ? (tag >> 5) * 256 : 0);
    at += offsetBytes;
    if (offset === 0 || offset > filled || filled + length > out.length) return BROKEN;
    // Byte by byte: a copy may read what it has just written.
    for (let i = 0; i < length; i++, filled++) out[filled] = out[filled - offset]!;
  }
  return filled === out.length ? out : BROKEN;
}

const BROKEN = 'one of its packed blocks is broken';

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

/** An unsigned LEB128 number of up to 7 bytes, which is as much as a place in a file takes; undefined where it does not end. */
export function varint(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  let factor = 1;
  for (let i = 0; i < 7; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 127) * factor;
    if (byte < 128) return { value, next: at + i + 1 };
    factor *= 128;
  }
  return undefined;
}
