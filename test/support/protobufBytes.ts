/** Protobuf messages by hand, for files that no library would write. */

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** An int64 as it is stored: negative ones take ten bytes. */
export function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const bits = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? bits | 0x80 : bits);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

function tag(number: number, wireType: number): Uint8Array {
  return varint(BigInt(number * 8 + wireType));
}

export function varintField(number: number, value: bigint | number): Uint8Array {
  return joined([tag(number, 0), varint(BigInt(value))]);
}

export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  return joined([tag(number, 2), varint(BigInt(bytes.length)), bytes]);
}

export function textField(number: number, text: string): Uint8Array {
  return bytesField(number, new TextEncoder().encode(text));
}

/** A message that is a field of another one. */
export function messageField(number: number, ...fields: readonly Uint8Array[]): Uint8Array {
  return bytesField(number, joined(fields));
}

export function floatField(number: number, value: number): Uint8Array {
  return joined([tag(number, 5), new Uint8Array(Float32Array.of(value).buffer)]);
}

export function doubleField(number: number, value: number): Uint8Array {
  return joined([tag(number, 1), new Uint8Array(Float64Array.of(value).buffer)]);
}
