import { blockOf } from '../core/dtype';
import type { GgmlBlock } from '../core/statistics/dequantize';

/** A run of numbers in a block. */
interface Field {
  readonly at: number;
  readonly width: 2 | 4;
  readonly count: number;
}

const half = (at: number): Field => ({ at, width: 2, count: 1 });

/**
 * Numbers of more than one byte in each block, as a big-endian machine writes them: what ggml's quantizers store as such, be it
 * through an array of bytes (the high bits of Q5_0, the words of IQ2_XXS).
 */
const FIELDS: Readonly<Record<GgmlBlock, readonly Field[]>> = {
  Q1_0: [half(0)],
  Q4_0: [half(0)],
  Q4_1: [half(0), half(2)],
  Q5_0: [half(0), { at: 2, width: 4, count: 1 }],
  Q5_1: [half(0), half(2), { at: 4, width: 4, count: 1 }],
  Q8_0: [half(0)],
  Q8_1: [half(0), half(2)],
  Q2_K: [half(80), half(82)],
  Q3_K: [half(108)],
  Q4_K: [half(0), half(2)],
  Q5_K: [half(0), half(2)],
  Q6_K: [half(208)],
  Q8_K: [{ at: 0, width: 4, count: 1 }, { at: 260, width: 2, count: 16 }],
  IQ1_S: [half(0), { at: 34, width: 2, count: 8 }],
  IQ1_M: [{ at: 48, width: 2, count: 4 }],
  IQ2_XXS: [half(0), { at: 2, width: 4, count: 16 }],
  IQ2_XS: [half(0), { at: 2, width: 2, count: 32 }],
  IQ2_S: [half(0)],
  IQ3_XXS: [half(0), { at: 66, width: 4, count: 8 }],
  IQ3_S: [half(0)],
  IQ4_NL: [half(0)],
  IQ4_XS: [half(0), half(2)],
  TQ1_0: [half(52)],
  TQ2_0: [half(64)],
  MXFP4: [],
  NVFP4: [],
};

/** Swaps the numbers of whole blocks, in place. */
export function blocksToLittleEndian(bytes: Uint8Array, dtype: GgmlBlock): void {
  const size = blockOf(dtype).bytes;
  for (const { at, width, count } of FIELDS[dtype]) {
    for (let start = at; start < bytes.length; start += size) {
      for (let i = start; i < start + count * width; i += width) swap(bytes, i, width);
    }
  }
}

function swap(bytes: Uint8Array, at: number, width: 2 | 4): void {
  for (let low = at, high = at + width - 1; low < high; low++, high--) {
    const byte = bytes[low]!;
    bytes[low] = bytes[high]!;
    bytes[high] = byte;
  }
}
