import { INPUT } from './layout';

/** Which bits are set in any of `count` 32-bit words at INPUT. */
export function orOfWords(count: i32): i32 {
  let set = i32x4.splat(0);
  const whole = INPUT + (<usize>(count & ~3) << 2);
  for (let at: usize = INPUT; at < whole; at += 16) set = v128.or(set, v128.load(at));
  let bits = i32x4.extract_lane(set, 0) | i32x4.extract_lane(set, 1) | i32x4.extract_lane(set, 2) | i32x4.extract_lane(set, 3);
  for (let at = whole; at < INPUT + (<usize>count << 2); at += 4) bits |= load<i32>(at);
  return bits;
}
