// GGUF's blocks at RAW become float32 values at INPUT, and what they scale with float32 values at SCALES and MINS: bit for bit the
// reference's (src/core/statistics/dequantize.ts says why). Types go by their numbers in ggml.h.
import { iq1M, iq1S, iq2S, iq2Xs, iq2Xxs, iq3S, iq3Xxs } from './dequantizeGrids';
import { iq4Xs, q2K, q3K, q4K, q5K, q6K, q8K, tq1_0, tq2_0 } from './dequantizeK';
import { iq4Nl, mxfp4, nvfp4, q1_0, q4_0, q4_1, q5_0, q5_1, q8_0, q8_1 } from './dequantizeSmall';

/** How many whole blocks, of a type that there is. */
export function dequantize(type: i32, blocks: i32): void {
  switch (type) {
    case 2:
      return q4_0(blocks);
    case 3:
      return q4_1(blocks);
    case 6:
      return q5_0(blocks);
    case 7:
      return q5_1(blocks);
    case 8:
      return q8_0(blocks);
    case 9:
      return q8_1(blocks);
    case 10:
      return q2K(blocks);
    case 11:
      return q3K(blocks);
    case 12:
      return q4K(blocks);
    case 13:
      return q5K(blocks);
    case 14:
      return q6K(blocks);
    case 15:
      return q8K(blocks);
    case 16:
      return iq2Xxs(blocks);
    case 17:
      return iq2Xs(blocks);
    case 18:
      return iq3Xxs(blocks);
    case 19:
      return iq1S(blocks);
    case 20:
      return iq4Nl(blocks);
    case 21:
      return iq3S(blocks);
    case 22:
      return iq2S(blocks);
    case 23:
      return iq4Xs(blocks);
    case 29:
      return iq1M(blocks);
    case 34:
      return tq1_0(blocks);
    case 35:
      return tq2_0(blocks);
    case 39:
      return mxfp4(blocks);
    case 40:
      return nvfp4(blocks);
    case 41:
      return q1_0(blocks);
  }
}
