// Super-blocks of 256 weights: a half float scales the small integers that scale runs of 16 or 32 (ggml-common.h: block_q4_K and the like).
import type { DequantizeBlock } from './dequantize';
import { half, IQ4_VALUES } from './dequantizeSmall';

/** Eight scales and eight minima of 6 bits, in 12 bytes (`get_scale_min_k4`). */
function scaleOf(bytes: Uint8Array, at: number, run: number): number {
  return run < 4 ? bytes[at + run]! & 63 : (bytes[at + run + 4]! & 15) | ((bytes[at + run - 4]! >> 6) << 4);
}

function minOf(bytes: Uint8Array, at: number, run: number): number {
  return run < 4 ? bytes[at + run + 4]! & 63 : (bytes[at + run + 4]! >> 4) | ((bytes[at + run]! >> 6) << 4);
}

const q2K: DequantizeBlock = (block, at, target, out, scales) => {
  const { bytes } = block;
  const d = half(block, at + 80);
  const dmin = half(block, at + 82);
  scales.scale(d);
  scales.min(dmin);
  for (let run = 0; run < 16; run++) {
    const scale = d * (bytes[at + run]! & 15);
    const min = dmin * (bytes[at + run]! >> 4);
    // 32 bytes hold 128 weights: the pairs of bits of one place belong together.
    const codes = at + 16 + 32 * (run >> 3) + 16 * (run & 1);
    const shift = 2 * ((run >> 1) & 3);
    for (let i = 0; i < 16; i++) target[out + 16 * run + i] = scale * ((bytes[codes + i]! >> shift) & 3) - min;
  }
};

const q3K: DequantizeBlock = (block, at, target, out, scales) => {
  const { bytes } = block;
  const d = half(block, at + 108);
  scales.scale(d);
  for (let run = 0; run < 16; run++) {
    const low = (bytes[at + 96 + (run & 7)]! >> (run & 8 ? 4 : 0)) & 15;
    const high = (bytes[at + 104 + (run & 3)]! >> (2 * (run >> 2))) & 3;
    const scale = d * ((low | (high << 4)) - 32);
    const codes = at + 32 + 32 * (run >> 3) + 16 * (run & 1);
    const shift = 2 * ((run >> 1) & 3);
    const mask = at + 16 * (run & 1);
    for (let i = 0; i < 16; i++) {
      // A bit that is not set takes 4 away.
      const offset = (bytes[mask + i]! >> (run >> 1)) & 1 ? 0 : 4;
      target[out + 16 * run + i] = scale * (((bytes[codes + i]! >> shift) & 3) - offset);
    }
  }
};

const q4K: DequantizeBlock = (block, at, target, out, scales) => {
  const { bytes } = block;
  const d = half(block, at);
  const dmin = half(block, at + 2);
  scales.scale(d);
  scales.min(dmin);
  for (let run = 0; run < 8; run++) {
    const scale = d * scaleOf(bytes, at + 4, run);
    const min = dmin * minOf(bytes, at + 4, run);
    const codes = at + 16 + 32 * (run >> 1);
    const shift = 4 * (run & 1);
    for (let i = 0; i < 32; i++) target[out + 32 * run + i] = scale * ((bytes[codes + i]! >> shift) & 15) - min;
  }
};

const q5K: DequantizeBlock = (block, at, target, out, scales) => {
  const { bytes } = block;
  const d = half(block, at);
  const dmin = half(block, at + 2);
  scales.scale(d);
  scales.min(dmin);
  for (let run = 0; run < 8; run++) {
    const scale = d * scaleOf(bytes, at + 4, run);
    const min = dmin * minOf(bytes, at + 4, run);
    const codes = at + 48 + 32 * (run >> 1);
    const shift = 4 * (run & 1);
    for (let i = 0; i < 32; i++) {
      const high = (bytes[at + 16 + i]! >> run) & 1;
      target[out + 32 * run + i] = scale * (((bytes[codes + i]! >> shift) & 15) | (high << 4)) - min;
    }
  }
};

const q6K: DequantizeBlock = (block, at, target, out, scales) => {
  const { bytes, view } = block;
  const d = half(block, at + 208);
  scales.scale(d);
  for (let run = 0; run < 16; run++) {
    const scale = d * view.getInt8(at + 192 + run);
    const part = (run >> 1) & 3;
    const low = at + 64 * (run >> 3) + 32 * (part & 1) + 16 * (run & 1);
    const high = at + 128 + 32 * (run >> 3) + 16 * (run & 1);
    for (let i = 0; i < 16; i++) {
      const code = ((bytes[low + i]! >> (part & 2 ? 4 : 0)) & 15) | (((bytes[high + i]! >> (2 * part)) & 3) << 4);
      target[out + 16 * run + i] = scale * (code - 32);
    }
  }
};

/** What activations are quantized to: a float32 scale, and sums that are of no use here behind the codes. */
const q8K: DequantizeBlock = (block, at, target, out, scales) => {
  const d = block.view.getFloat32(at, true);
  scales.scale(d);
  for (let i = 0; i < 256; i++) target[out + i] = d * block.view.getInt8(at + 4 + i);
};

const iq4Xs: DequantizeBlock = (block, at, target, out, scales) => {
  const { bytes } = block;
  const d = half(block, at);
  const high = block.view.getUint16(at + 2, true);
  scales.scale(d);
  for (let run = 0; run < 8; run++) {
    const low = (bytes[at + 4 + (run >> 1)]! >> (4 * (run & 1))) & 15;
    const scale = d * ((low | (((high >> (2 * run)) & 3) << 4)) - 32);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 8 + 16 * run + i]!;
      target[out + 32 * run + i] = scale * IQ4_VALUES[byte & 15]!;
      target[out + 32 * run + 16 + i] = scale * IQ4_VALUES[byte >> 4]!;
    }
  }
};

const POWERS_OF_3 = [1, 3, 9, 27, 81] as const;

/** Five digits to base 3 in a byte, which is read as a fraction of 256: times 3^n shifts to digit n, times 3 makes it the carry. */
const tq1_0: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at + 52);
  scales.scale(d);
  let next = out;
  const digits = (first: number, count: number, places: number): void => {
    for (let place = 0; place < places; place++) {
      for (let i = 0; i < count; i++) {
        const shifted = (block.bytes[at + first + i]! * POWERS_OF_3[place]!) & 0xff;
        target[next++] = d * (((shifted * 3) >> 8) - 1);
      }
    }
  };
  digits(0, 32, 5);
  digits(32, 16, 5);
  digits(48, 4, 4);
};

const tq2_0: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at + 64);
  scales.scale(d);
  for (let i = 0; i < 256; i++) {
    const byte = block.bytes[at + 32 * (i >> 7) + (i & 31)]!;
    target[out + i] = d * (((byte >> (2 * ((i >> 5) & 3))) & 3) - 1);
  }
};

export const K_BLOCKS = { Q2_K: q2K, Q3_K: q3K, Q4_K: q4K, Q5_K: q5K, Q6_K: q6K, Q8_K: q8K, IQ4_XS: iq4Xs, TQ1_0: tq1_0, TQ2_0: tq2_0 } as const satisfies Record<string, DequantizeBlock>;
