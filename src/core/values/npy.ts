import { isNumeric } from '../dtype';
import type { Tensor } from '../model';
import type { DeliveredTensor } from '../delivered';

/** The header's length counts in a multiple of this (numpy/lib/format.py, ARRAY_ALIGN). */
const ALIGN = 64;
const PREFIX_BYTES = 10;
/** Version 1.0 has two bytes for the length of its header. */
const MOST_HEADER = 0xffff;

export type NpyType = '<f4' | '<f8';

/**
 * What holds every value of a tensor exactly. float32 for all whose values a float32 holds: floats of 32 bits and fewer, integers of 16 and fewer,
 * and quantized ones, which are defined as float32. float64 for the rest; integers of 64 bits beyond 2^53 are rounded to it.
 */
export function npyType({ dtype, quantization }: Pick<DeliveredTensor, 'dtype' | 'quantization'>): NpyType {
  if (quantization) return quantization.originalDtype === 'float32' ? '<f4' : '<f8';
  switch (dtype) {
    case 'float64':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
    case 'complex64':
      return '<f8';
    default:
      return '<f4';
  }
}

/** Magic, version 1.0 and the dictionary of a C-ordered array (numpy/lib/format.py). @throws RangeError for a shape of thousands of axes. */
export function npyHeader(type: NpyType, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((PREFIX_BYTES + dictionary.length + 1) / ALIGN) * ALIGN - PREFIX_BYTES;
  if (length > MOST_HEADER) throw new RangeError('the shape does not fit into a .npy header');
  const header = new Uint8Array(PREFIX_BYTES + length);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 0xff, length >> 8]);
  header.set(new TextEncoder().encode(`${dictionary.padEnd(length - 1)}\n`), PREFIX_BYTES);
  return header;
}

/** Whether values can be shown and saved. */
export function hasValues(tensor: Tensor): boolean {
  return isNumeric(tensor.dtype) && tensor.unreadable === undefined && tensor.elements > 0;
}
