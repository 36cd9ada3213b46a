// Blocks of 16 to 128 weights with a scale of their own (ggml-common.h: block_q4_0 and the like).
import { decodeFloat16 } from './decode';
import type { BlockSource, DequantizeBlock } from './dequantize';

/** Of 4-bit codes: quantiles of a normal distribution, about (`kvalues_iq4nl`). */
export const IQ4_VALUES = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** Twice the values of float4 E2M1 (`kvalues_mxfp4`). */
export const E2M1_DOUBLED = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

export function half({ view }: BlockSource, at: number): number {
  return decodeFloat16(view.getUint16(at, true));
}

/** 32 codes of 4 bits: the first 16 in the low halves. */
function fourBits(table: Int8Array): DequantizeBlock {
  return (block, at, target, out, scales) => {
    const d = half(block, at);
    scales.scale(d);
    for (let i = 0; i < 16; i++) {
      const byte = block.bytes[at + 2 + i]!;
      target[out + i] = d * table[byte & 15]!;
      target[out + 16 + i] = d * table[byte >> 4]!;
    }
  };
}

const q4_1: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at);
  const m = half(block, at + 2);
  scales.scale(d);
  scales.min(m);
  for (let i = 0; i < 16; i++) {
    const byte = block.bytes[at + 4 + i]!;
    target[out + i] = d * (byte & 15) + m;
    target[out + 16 + i] = d * (byte >> 4) + m;
  }
};

const q5_0: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at);
  const high = block.view.getUint32(at + 2, true);
  scales.scale(d);
  for (let i = 0; i < 16; i++) {
    const byte = block.bytes[at + 6 + i]!;
    target[out + i] = d * (((byte & 15) | (((high >>> i) & 1) << 4)) - 16);
    target[out + 16 + i] = d * (((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
  }
};

const q5_1: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at);
  const m = half(block, at + 2);
  const high = block.view.getUint32(at + 4, true);
  scales.scale(d);
  scales.min(m);
  for (let i = 0; i < 16; i++) {
    const byte = block.bytes[at + 8 + i]!;
    target[out + i] = d * ((byte & 15) | (((high >>> i) & 1) << 4)) + m;
    target[out + 16 + i] = d * ((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) + m;
  }
};

/** A scale, `skipped` bytes of no use here (Q8_1: the sum of the codes), and 32 bytes. */
function eightBits(skipped: number): DequantizeBlock {
  return (block, at, target, out, scales) => {
    const d = half(block, at);
    scales.scale(d);
    for (let i = 0; i < 32; i++) target[out + i] = d * block.view.getInt8(at + 2 + skipped + i);
  };
}

/** 128 signs. */
const q1_0: DequantizeBlock = (block, at, target, out, scales) => {
  const d = half(block, at);
  scales.scale(d);
  for (let i = 0; i < 128; i++) target[out + i] = (block.bytes[at + 2 + (i >> 3)]! >> (i & 7)) & 1 ? d : -d;
};

const mxfp4: DequantizeBlock = (block, at, target, out, scales) => {
  // Halved, for codes that are doubled; the least one is subnormal.
  const d = 2 ** (block.bytes[at]! - 128);
  scales.scale(2 * d);
  for (let i = 0; i < 16; i++) {
    const byte = block.bytes[at + 1 + i]!;
    target[out + i] = d * E2M1_DOUBLED[byte & 15]!;
    target[out + 16 + i] = d * E2M1_DOUBLED[byte >> 4]!;
  }
};

/** float8 E4M3 without a sign: 0x7f is NaN by the standard, and 0 in ggml (`ggml_ue4m3_to_fp32`). */
function unsignedFloat8(code: number): number {
  const exponent = (code >> 3) & 15;
  const mantissa = code & 7;
  if ((code & 0x7f) === 0x7f) return code === 0x7f ? 0 : (1 + mantissa / 8) * 2 ** (exponent - 7);
  return exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7);
}

/** Four runs of 16, each with its own scale. */
const nvfp4: DequantizeBlock = (block, at, target, out, scales) => {
  for (let run = 0; run < 4; run++) {
    const scale = unsignedFloat8(block.bytes[at + run]!);
    const d = scale / 2;
    scales.scale(scale);
    for (let i = 0; i < 8; i++) {
      const byte = block.bytes[at + 4 + 8 * run + i]!;
      target[out + 16 * run + i] = d * E2M1_DOUBLED[byte & 15]!;
      target[out + 16 * run + 8 + i] = d * E2M1_DOUBLED[byte >> 4]!;
    }
  }
};

export const SMALL_BLOCKS = {
  Q1_0: q1_0,
  Q4_0: fourBits(Int8Array.from({ length: 16 }, (_, code) => code - 8)),
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q8_0: eightBits(0),
  Q8_1: eightBits(2),
  IQ4_NL: fourBits(IQ4_VALUES),
  MXFP4: mxfp4,
  NVFP4: nvfp4,
} as const satisfies Record<string, DequantizeBlock>;
