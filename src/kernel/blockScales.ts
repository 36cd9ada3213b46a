import { MINS, MIN_COUNTS, MIN_STATE, SCALES, SCALE_COUNTS, SCALE_STATE } from './layout';
import { lowest, MAGNITUDE_BITS, sumLanes } from './vectors';

/** Fields of SCALE_STATE and MIN_STATE, float64 each; the host has the same list (src/worker/blockKernel.ts). */
const COUNT: usize = 0;
const ZEROS: usize = 8;
const NON_FINITE: usize = 16;
const LEAST: usize = 24;
const MOST: usize = 32;
const SUM: usize = 40;
const SQUARES: usize = 48;

/** Sign, exponent and 5 bits of mantissa: a bin is 3 % of its value wide. */
const KEY_SHIFT: i32 = 18;
const KEYS: usize = 1 << 14;

/** Forgets the scales of all blocks. */
export function clearScales(): void {
  clear(SCALE_STATE, SCALE_COUNTS);
  clear(MIN_STATE, MIN_COUNTS);
}

function clear(state: usize, counts: usize): void {
  memory.fill(state, 0, 56);
  store<f64>(state + LEAST, Infinity);
  store<f64>(state + MOST, -Infinity);
  memory.fill(counts, 0, KEYS << 2);
}

/** Adds the `count` scales that `dequantize` left, and as many minima where the type has them. */
export function addScales(count: i32, withMins: bool): void {
  addAll(SCALES, count, SCALE_STATE, SCALE_COUNTS);
  if (withMins) addAll(MINS, count, MIN_STATE, MIN_COUNTS);
}

function addAll(values: usize, count: i32, state: usize, counts: usize): void {
  const magnitude = v128.load_splat<u32>(MAGNITUDE_BITS);
  const infinity = f32x4.splat(Infinity);
  const none = f32x4.splat(0);
  const one = i32x4.splat(1);
  let zeros = i32x4.splat(0);
  let nonFinite = zeros;
  let least = infinity;
  let most = f32x4.splat(-Infinity);
  let sumLow = f64x2.splat(0);
  let sumHigh = sumLow;
  let squaresLow = sumLow;
  let squaresHigh = sumLow;
  const whole = values + (<usize>(count & ~3) << 2);
  for (let at = values; at < whole; at += 16) {
    const x = v128.load(at);
    // All bits of a lane are set where it is so: -1.
    const isFinite = f32x4.lt(v128.and(x, magnitude), infinity);
    nonFinite = i32x4.add(nonFinite, i32x4.add(isFinite, one));
    zeros = i32x4.sub(zeros, f32x4.eq(x, none));
    least = f32x4.pmin(least, v128.bitselect(x, infinity, isFinite));
    most = f32x4.pmax(most, v128.bitselect(x, f32x4.neg(infinity), isFinite));
    const finite = v128.and(x, isFinite);
    const low = f64x2.promote_low_f32x4(finite);
    const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(finite, finite, 2, 3, 0, 1));
    sumLow = f64x2.add(sumLow, low);
    sumHigh = f64x2.add(sumHigh, high);
    squaresLow = f64x2.add(squaresLow, f64x2.mul(low, low));
    squaresHigh = f64x2.add(squaresHigh, f64x2.mul(high, high));
    countKey(counts, load<u32>(at));
    countKey(counts, load<u32>(at, 4));
    countKey(counts, load<u32>(at, 8));
    countKey(counts, load<u32>(at, 12));
  }
  add(state + COUNT, <f64>count);
  add(state + ZEROS, <f64>sumLanes(zeros));
  add(state + NON_FINITE, <f64>sumLanes(nonFinite));
  add(state + SUM, total(sumLow, sumHigh));
  add(state + SQUARES, total(squaresLow, squaresHigh));
  widen(state, <f64>lowest(least), <f64>-lowest(f32x4.neg(most)));
  for (let at = whole; at < values + (<usize>count << 2); at += 4) addOne(load<f32>(at), state, counts);
}

function addOne(value: f32, state: usize, counts: usize): void {
  countKey(counts, reinterpret<u32>(value));
  if (!(abs(value) < Infinity)) {
    add(state + NON_FINITE, 1);
    return;
  }
  const x = <f64>value;
  if (x === 0) add(state + ZEROS, 1);
  add(state + SUM, x);
  add(state + SQUARES, x * x);
  widen(state, x, x);
}

function widen(state: usize, least: f64, most: f64): void {
  store<f64>(state + LEAST, min(load<f64>(state + LEAST), least));
  store<f64>(state + MOST, max(load<f64>(state + MOST), most));
}

// @ts-ignore: decorator
@inline
function countKey(counts: usize, bits: u32): void {
  const bin = counts + (<usize>(bits >> KEY_SHIFT) << 2);
  store<u32>(bin, load<u32>(bin) + 1);
}

// @ts-ignore: decorator
@inline
function total(a: v128, b: v128): f64 {
  const both = f64x2.add(a, b);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}

// @ts-ignore: decorator
@inline
function add(field: usize, value: f64): void {
  store<f64>(field, load<f64>(field) + value);
}
