import { countOne } from './codes';
import { CODE_VALUES, DECODED } from './layout';
import { MAGNITUDE_BITS } from './vectors';

/** Sign, and the exponent and mantissa of a half float, where they come to lie 13 bits higher. */
const HALF_BITS = memory.data<u32>([0x8fffe000]);
/** 2^112 as a float32. */
const HALF_SCALE = memory.data<u32>([0x77800000]);
/** Carries out of the exponent of a half float that is not finite, into HALF_CARRY. */
const HALF_STEP = memory.data<u32>([0x00800000]);
const HALF_CARRY: i32 = 0x10000000;

/** 8-bit codes at `address` become float32 values at DECODED, by CODE_VALUES. */
export function decodeCodes8(address: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    store<f32>(i << 2, load<f32>(<usize>load<u8>(address + i) << 2, CODE_VALUES), DECODED);
  }
}

/**
 * Half floats at `address` are counted, and become float32 values at DECODED: counting waits for memory, decoding does not.
 * The bits move to where float32 has them; the product with 2^112 mends the exponent, of subnormal numbers too.
 * False where one was not finite: the values are then of no use.
 */
export function countAndDecodeFloat16(address: usize, count: i32): bool {
  const bits = v128.load_splat<u32>(HALF_BITS);
  const scale = v128.load_splat<u32>(HALF_SCALE);
  const step = v128.load_splat<u32>(HALF_STEP);
  let carries = i32x4.splat(0);
  const whole = <usize>(count & ~3);
  for (let i: usize = 0; i < whole; i += 4) {
    const at = address + (i << 1);
    countOne(load<u16>(at));
    countOne(load<u16>(at, 2));
    countOne(load<u16>(at, 4));
    countOne(load<u16>(at, 6));
    const half = v128.and(i32x4.shl(v128.load_ext<i16>(at), 13), bits);
    carries = v128.or(carries, i32x4.add(half, step));
    v128.store(i << 2, f32x4.mul(half, scale), DECODED);
  }
  for (let i = whole; i < <usize>count; i++) {
    const code = load<u16>(address + (i << 1));
    countOne(code);
    const half = v128.and(i32x4.splat(<i32><i16>code << 13), bits);
    carries = v128.or(carries, i32x4.add(half, step));
    store<f32>(i << 2, f32x4.extract_lane(f32x4.mul(half, scale), 0), DECODED);
  }
  return !v128.any_true(v128.and(carries, i32x4.splat(HALF_CARRY)));
}

/**
 * Bfloat16 values at `address` become float32 values at DECODED. Returns the largest magnitude, which is not finite where one is not.
 * Compared as integers, in whose order infinity and NaN come last.
 */
export function decodeBfloat16(address: usize, count: i32): f32 {
  const bits = v128.load_splat<u32>(MAGNITUDE_BITS);
  let most = i32x4.splat(0);
  for (let i: usize = 0; i < <usize>count; i += 4) {
    const x = i32x4.shl(v128.load_ext<u16>(address + (i << 1)), 16);
    most = i32x4.max_s(most, v128.and(x, bits));
    v128.store(i << 2, x, DECODED);
  }
  most = i32x4.max_s(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
  return reinterpret<f32>(max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)));
}
