// What loops over vectors share.

// Vector constants that a loop needs come from memory: of a literal, the compiler would make one anew in every turn
// (four instructions each in V8; half the speed of decodeFloat16).
export const MAGNITUDE_BITS = memory.data<u32>([0x7fffffff]);

// @ts-ignore: decorator
@inline
export function lowest(v: v128): f32 {
  return min(min(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), min(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

// @ts-ignore: decorator
@inline
export function sumFloats(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}
