import { blockOf } from '../../core/dtype';
import type { NumericDtype } from '../../core/dtype';
import type { Encoding } from '../../core/model';
import type { Decoder } from './decoder';

/** Values between zeros: `indices` ascend. Elements that share bytes are set a part of a byte at a time. */
export const sparse: Decoder<Extract<Encoding, { kind: 'sparse' }>> = (files, tensor, { indices }) => {
  const block = blockOf(tensor.dtype as NumericDtype);
  return {
    read(byteOffset, target) {
      target.fill(0);
      const first = (byteOffset / block.bytes) * block.elements;
      const end = first + (target.length / block.bytes) * block.elements;
      const from = lowerBound(indices, first);
      const to = lowerBound(indices, end);
      if (from === to) return;
      // Values of types whose elements share bytes begin within one.
      const fromBlock = Math.floor(from / block.elements);
      const stored = new Uint8Array((Math.ceil(to / block.elements) - fromBlock) * block.bytes);
      files.read(tensor, fromBlock * block.bytes, stored);
      for (let i = from; i < to; i++) {
        const place = indices[i]! - first;
        if (block.elements === 1) {
          const at = (i - from) * block.bytes;
          target.set(stored.subarray(at, at + block.bytes), place * block.bytes);
        } else {
          const value = (stored[(i >> 1) - fromBlock]! >> (4 * (i & 1))) & 15;
          target[place >> 1]! |= value << (4 * (place & 1));
        }
      }
    },
  };
};

/** The first place at or behind `element`. */
function lowerBound(indices: Float64Array, element: number): number {
  let low = 0;
  let high = indices.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (indices[middle]! < element) low = middle + 1;
    else high = middle;
  }
  return low;
}
