import { bytesPerElement } from '../../src/core/dtype';
import type { PlainDtype } from '../../src/core/dtype';
import { decodeValues } from '../../src/core/statistics/decode';

/** Bytes of a random tensor, and the values that they stand for. */
export interface TensorData {
  readonly dtype: PlainDtype;
  readonly shape: readonly number[];
  /** Little-endian, in row-major order. */
  readonly bytes: Uint8Array;
  readonly values: Float64Array;
}

/** Any bits: NaN, infinities and subnormal numbers among them; only booleans are 0 or 1. */
export function randomTensor(dtype: PlainDtype, shape: readonly number[], random: () => number): TensorData {
  const elements = shape.reduce((product, size) => product * size, 1);
  const length = elements * bytesPerElement(dtype);
  const bytes = Uint8Array.from({ length }, () => Math.floor(random() * (dtype === 'bool' ? 2 : 256)));
  return { dtype, shape, bytes, values: Float64Array.from(decodeValues(bytes, elements, { dtype })) };
}

/** Scalars, empty ones, and up to six dimensions. */
export function randomShape(random: () => number): number[] {
  const rank = Math.floor(random() * 7);
  return Array.from({ length: rank }, () => (random() < 0.05 ? 0 : 1 + Math.floor(random() * (rank > 3 ? 3 : 9))));
}

/** A C-ordered tensor's bytes in Fortran order. */
export function inFortranOrder({ dtype, shape, bytes }: TensorData): Uint8Array {
  const size = bytesPerElement(dtype);
  const result = new Uint8Array(bytes.length);
  const elements = bytes.length / size;
  for (let flat = 0; flat < elements; flat++) {
    let rest = flat;
    let place = 0;
    const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, length) => product * length, 1));
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    result.set(bytes.subarray(flat * size, flat * size + size), place * size);
  }
  return result;
}

/** Each element's bytes backwards; of complex numbers each part's. */
export function bigEndian(bytes: Uint8Array, dtype: PlainDtype): Uint8Array {
  const width = dtype === 'complex64' ? 4 : bytesPerElement(dtype);
  return bytes.map((_, i) => bytes[i - (i % width) + width - 1 - (i % width)]!);
}

export function sameValues(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (value: number, i: number) => Object.is(value + 0, b[i]! + 0));
}
