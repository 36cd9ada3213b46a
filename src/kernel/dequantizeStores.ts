// What the dequantizers share: half floats, and 16 codes on their way to 16 float32 values.

/** A half float. Its bits move to where float32 has them, and 2^112 mends the exponent, of subnormal numbers too. */
// @ts-ignore: decorator
@inline
export function half(at: usize): f32 {
  return halfOf(<u32>load<u16>(at));
}

// @ts-ignore: decorator
@inline
export function halfOf(bits: u32): f32 {
  const sign = (bits & 0x8000) << 16;
  const rest = (bits & 0x7fff) << 13;
  if (rest >= 0x0f800000) return reinterpret<f32>(sign | rest | 0x7f800000);
  return reinterpret<f32>(reinterpret<u32>(reinterpret<f32>(rest) * reinterpret<f32>(<u32>0x77800000)) | sign);
}

/** 16 signed bytes times `scale`. */
// @ts-ignore: decorator
@inline
export function storeScaled(out: usize, codes: v128, scale: v128): void {
  const low = i16x8.extend_low_i8x16_s(codes);
  const high = i16x8.extend_high_i8x16_s(codes);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), scale));
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), scale), 16);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), scale), 32);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), scale), 48);
}

/** 16 signed bytes times `scale`, plus `shift`. */
// @ts-ignore: decorator
@inline
export function storeShifted(out: usize, codes: v128, scale: v128, shift: v128): void {
  const low = i16x8.extend_low_i8x16_s(codes);
  const high = i16x8.extend_high_i8x16_s(codes);
  v128.store(out, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), scale), shift));
  v128.store(out, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), scale), shift), 16);
  v128.store(out, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), scale), shift), 32);
  v128.store(out, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), scale), shift), 48);
}

/** Where bit i of a 16-bit number is set, all bits of byte i. */
// @ts-ignore: decorator
@inline
export function bytesOfBits(bits: u32): v128 {
  const spread = v128.shuffle<i8>(i32x4.splat(bits), i32x4.splat(bits), 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  const places = i64x2.splat(0x8040201008040201);
  return i8x16.eq(v128.and(spread, places), places);
}
