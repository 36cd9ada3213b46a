// Blocks of 16 to 128 weights with a scale of their own (ggml-common.h: block_q4_0 and the like).
import { bytesOfBits, half, storeScaled, storeShifted } from './dequantizeStores';
import { INPUT, MINS, RAW, SCALES } from './layout';

/** Of 4-bit codes: `kvalues_iq4nl` of ggml. */
export const IQ4_VALUES = memory.data<i8>([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]);

/** Twice the values of float4 E2M1. */
const E2M1_DOUBLED = memory.data<i8>([0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]);

/** What a half float's scale and 16 bytes are: 32 codes of 4 bits, the first 16 in the low halves. */
export function q4_0(blocks: i32): void {
  const low = i8x16.splat(15);
  const zero = i8x16.splat(8);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 18, out += 128) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    const scale = f32x4.splat(d);
    const codes = v128.load(at, 2);
    storeScaled(out, i8x16.sub(v128.and(codes, low), zero), scale);
    storeScaled(out + 64, i8x16.sub(i8x16.shr_u(codes, 4), zero), scale);
  }
}

export function iq4Nl(blocks: i32): void {
  const low = i8x16.splat(15);
  const values = v128.load(IQ4_VALUES);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 18, out += 128) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    const scale = f32x4.splat(d);
    const codes = v128.load(at, 2);
    storeScaled(out, i8x16.swizzle(values, v128.and(codes, low)), scale);
    storeScaled(out + 64, i8x16.swizzle(values, i8x16.shr_u(codes, 4)), scale);
  }
}

export function q4_1(blocks: i32): void {
  const low = i8x16.splat(15);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 20, out += 128) {
    const d = half(at);
    const m = half(at + 2);
    store<f32>(i << 2, d, SCALES);
    store<f32>(i << 2, m, MINS);
    const codes = v128.load(at, 4);
    storeShifted(out, v128.and(codes, low), f32x4.splat(d), f32x4.splat(m));
    storeShifted(out + 64, i8x16.shr_u(codes, 4), f32x4.splat(d), f32x4.splat(m));
  }
}

export function q5_0(blocks: i32): void {
  const low = i8x16.splat(15);
  const zero = i8x16.splat(16);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 22, out += 128) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    const scale = f32x4.splat(d);
    const codes = v128.load(at, 6);
    // A fifth bit that is not set leaves 16 to be taken away.
    const first = v128.andnot(zero, bytesOfBits(load<u16>(at, 2)));
    const second = v128.andnot(zero, bytesOfBits(load<u16>(at, 4)));
    storeScaled(out, i8x16.sub(v128.and(codes, low), first), scale);
    storeScaled(out + 64, i8x16.sub(i8x16.shr_u(codes, 4), second), scale);
  }
}

export function q5_1(blocks: i32): void {
  const low = i8x16.splat(15);
  const fifth = i8x16.splat(16);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 24, out += 128) {
    const d = half(at);
    const m = half(at + 2);
    store<f32>(i << 2, d, SCALES);
    store<f32>(i << 2, m, MINS);
    const codes = v128.load(at, 8);
    const first = v128.and(fifth, bytesOfBits(load<u16>(at, 4)));
    const second = v128.and(fifth, bytesOfBits(load<u16>(at, 6)));
    storeShifted(out, v128.or(v128.and(codes, low), first), f32x4.splat(d), f32x4.splat(m));
    storeShifted(out + 64, v128.or(i8x16.shr_u(codes, 4), second), f32x4.splat(d), f32x4.splat(m));
  }
}

export function q8_0(blocks: i32): void {
  eightBits(blocks, 2);
}

/** Between scale and codes lies a sum of the codes, of no use here. */
export function q8_1(blocks: i32): void {
  eightBits(blocks, 4);
}

// @ts-ignore: decorator
@inline
function eightBits(blocks: i32, codesAt: usize): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += codesAt + 32, out += 128) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    const scale = f32x4.splat(d);
    storeScaled(out, v128.load(at + codesAt), scale);
    storeScaled(out + 64, v128.load(at + codesAt, 16), scale);
  }
}

/** 128 signs. */
export function q1_0(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 18) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    const scale = f32x4.splat(d);
    for (let run: usize = 0; run < 16; run += 2, out += 64) {
      // 1 where the bit is set, else -1.
      const set = bytesOfBits(load<u16>(at + run, 2));
      storeScaled(out, v128.or(v128.not(set), i8x16.splat(1)), scale);
    }
  }
}

export function mxfp4(blocks: i32): void {
  const low = i8x16.splat(15);
  const values = v128.load(E2M1_DOUBLED);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 17, out += 128) {
    const exponent = <u32>load<u8>(at);
    // A power of two, halved for codes that are doubled; the two least are subnormal.
    const d = reinterpret<f32>(exponent < 2 ? 0x00200000 << exponent : (exponent - 1) << 23);
    store<f32>(i << 2, d + d, SCALES);
    const scale = f32x4.splat(d);
    const codes = v128.load(at, 1);
    storeScaled(out, i8x16.swizzle(values, v128.and(codes, low)), scale);
    storeScaled(out + 64, i8x16.swizzle(values, i8x16.shr_u(codes, 4)), scale);
  }
}

/** Four runs of 16 codes, each with a scale in float8 E4M3 without a sign. */
export function nvfp4(blocks: i32): void {
  const low = i8x16.splat(15);
  const values = v128.load(E2M1_DOUBLED);
  let at = RAW;
  let out = INPUT;
  let scales = SCALES;
  for (let i = 0; i < blocks; i++, at += 36) {
    for (let run: usize = 0; run < 4; run++, out += 64, scales += 4) {
      const d = unsignedFloat8(load<u8>(at + run));
      store<f32>(scales, d);
      const codes = v128.load64_zero(at + 4 + (run << 3));
      // The second eight are the high halves of the first.
      const both = v128.shuffle<i64>(v128.and(codes, low), i8x16.shr_u(codes, 4), 0, 2);
      storeScaled(out, i8x16.swizzle(values, both), f32x4.splat(d * 0.5));
    }
  }
}

/** 0x7f is NaN by the standard, and 0 in ggml. */
function unsignedFloat8(code: u32): f32 {
  if (code === 0x7f) return 0;
  const exponent = (code >> 3) & 15;
  const mantissa = code & 7;
  if (exponent === 0) return <f32>mantissa * <f32>0.001953125;
  return reinterpret<f32>(((exponent + 120) << 23) | (mantissa << 20));
}
