import { INPUT, RUNS, STATE, TABLE_A, TABLE_B } from './layout';
import { add, IRREGULAR, L1, M2, M3, M4, MAX, MEAN, MIN, N, NANS, NEGATIVE, PILOT, POSITIVE, SHIFT, TINY_NEGATIVE, TINY_POSITIVE, ZEROS } from './state';
import { lowest, MAGNITUDE_BITS, sumLanes } from './vectors';

/** Elements that share one pilot value. */
const BLOCK: i32 = 4096;

/**
 * Elements that one float32 accumulator set takes before it is promoted to float64: 32 additions a lane,
 * so that rounding stays near 1e-7 of the sum.
 */
const RUN: i32 = 128;
const RUN_STATE: usize = 5 * 16;

/** Deviations from the pilot between these bounds have fourth powers that float32 holds; other blocks go the float64 way. */
const SMALLEST_DEVIATION: f64 = 1e-8;
const LARGEST_DEVIATION: f64 = 1e9;

/** Values between these bounds have squares that float32 can sum over a chunk, as the pass by channels does. */
const SMALLEST_MAGNITUDE: f64 = 1e-15;
const LARGEST_MAGNITUDE: f64 = 1e12;

const PILOT_SAMPLES: i32 = 64;

/** Clears the results of float32 passes. */
export function reset(): void {
  memory.fill(STATE, 0, 128);
  store<f64>(MIN, Infinity);
  store<f64>(MAX, -Infinity);
  store<f64>(PILOT, NaN);
}

/**
 * Everything about `count` float32 values at INPUT: merges into STATE, counts upper halves in the tables.
 * Call `compact` before the tables' u32 can overflow.
 */
export function scanFloat32(count: i32): void {
  const whole = count & ~7;
  let done = 0;
  while (done < whole) {
    const size = min(BLOCK, whole - done);
    scanBlock(INPUT + (<usize>done << 2), size);
    done += size;
  }
  for (; done < count; done++) {
    const at = INPUT + (<usize>done << 2);
    const bin = <usize>load<u16>(at, 2) << 2;
    store<u32>(bin, load<u32>(bin, TABLE_A) + 1, TABLE_A);
  }
  if (whole < count && !slowBlock(INPUT + (<usize>whole << 2), count - whole)) add(IRREGULAR, 1);
  const small = <f64>countOf(0) + <f64>countOf(0x8000);
  if (small !== load<f64>(ZEROS) + load<f64>(TINY_POSITIVE) + load<f64>(TINY_NEGATIVE)) countSmall(count);
}

function countOf(key: usize): u32 {
  return load<u32>(key << 2, TABLE_A) + load<u32>(key << 2, TABLE_B);
}

/**
 * Tells zeros from the subnormal numbers that share their bins. Only chunks that have any are walked again: counting zeros
 * in the first walk cost every chunk 6 %.
 */
function countSmall(count: i32): void {
  const end = INPUT + (<usize>count << 2);
  const vectorEnd = INPUT + (<usize>(count & ~3) << 2);
  const zero = i32x4.splat(0);
  const magnitude = v128.load_splat<u32>(MAGNITUDE_BITS);
  const leastLarge = i32x4.splat(0x10000);
  let zeros = zero;
  let tinyPositive = zero;
  let tinyNegative = zero;
  let at: usize = INPUT;
  for (; at < vectorEnd; at += 16) {
    const x = v128.load(at);
    const bits = v128.and(x, magnitude);
    const isZero = i32x4.eq(bits, zero);
    const isTiny = v128.andnot(i32x4.lt_s(bits, leastLarge), isZero);
    const isNegative = i32x4.lt_s(x, zero);
    zeros = i32x4.sub(zeros, isZero);
    tinyNegative = i32x4.sub(tinyNegative, v128.and(isTiny, isNegative));
    tinyPositive = i32x4.sub(tinyPositive, v128.andnot(isTiny, isNegative));
  }
  add(ZEROS, <f64>sumLanes(zeros));
  add(TINY_POSITIVE, <f64>sumLanes(tinyPositive));
  add(TINY_NEGATIVE, <f64>sumLanes(tinyNegative));
  for (; at < end; at += 4) {
    const bits = load<u32>(at);
    const size = bits & 0x7fffffff;
    if (size > 0xffff) continue;
    add(size === 0 ? ZEROS : bits === size ? TINY_POSITIVE : TINY_NEGATIVE, 1);
  }
}

/**
 * `count` is a multiple of 8. Arithmetic (13 SIMD operations for four values) and counting (20 scalar ones) run in different
 * ports of the CPU: measured on Zen 3, counting alone goes 8.5 GB/s, arithmetic alone 8, and both in one loop 6.3, not 4.1.
 * That loop ends some 4.5 instructions a cycle, so what counts is their number: two vectors a turn (+8 %), an `and`
 * for the magnitude because V8 makes three instructions of f32x4.abs, pmin and pmax because it makes eight of min and max.
 */
function scanBlock(start: usize, count: i32): void {
  let pilot = load<f64>(PILOT);
  if (!(abs(pilot) < 3.0e38)) pilot = firstPilot(start, count);
  store<f32>(SHIFT, <f32>pilot);
  const shift = v128.load_splat<u32>(SHIFT);
  const zero = f32x4.splat(0);
  const magnitude = v128.load_splat<u32>(MAGNITUDE_BITS);
  let least = f32x4.splat(f32.MAX_VALUE);
  let most = f32x4.splat(-f32.MAX_VALUE);
  let at = start;
  let state = RUNS;
  const end = start + (<usize>count << 2);
  while (at < end) {
    let sum1 = zero;
    let sum2 = zero;
    let sum3 = zero;
    let sum4 = zero;
    let absolute = zero;
    const runEnd = min(at + (RUN << 2), end);
    for (; at < runEnd; at += 32) {
      let x = v128.load(at);
      let bin0 = <usize>load<u16>(at, 2) << 2;
      store<u32>(bin0, load<u32>(bin0, TABLE_A) + 1, TABLE_A);
      let bin1 = <usize>load<u16>(at, 6) << 2;
      store<u32>(bin1, load<u32>(bin1, TABLE_B) + 1, TABLE_B);
      let bin2 = <usize>load<u16>(at, 10) << 2;
      store<u32>(bin2, load<u32>(bin2, TABLE_A) + 1, TABLE_A);
      let bin3 = <usize>load<u16>(at, 14) << 2;
      store<u32>(bin3, load<u32>(bin3, TABLE_B) + 1, TABLE_B);
      least = f32x4.pmin(least, x);
      most = f32x4.pmax(most, x);
      absolute = f32x4.add(absolute, v128.and(x, magnitude));
      let d = f32x4.sub(x, shift);
      let d2 = f32x4.mul(d, d);
      sum1 = f32x4.add(sum1, d);
      sum2 = f32x4.add(sum2, d2);
      sum3 = f32x4.add(sum3, f32x4.mul(d2, d));
      sum4 = f32x4.add(sum4, f32x4.mul(d2, d2));
      x = v128.load(at, 16);
      bin0 = <usize>load<u16>(at, 18) << 2;
      store<u32>(bin0, load<u32>(bin0, TABLE_A) + 1, TABLE_A);
      bin1 = <usize>load<u16>(at, 22) << 2;
      store<u32>(bin1, load<u32>(bin1, TABLE_B) + 1, TABLE_B);
      bin2 = <usize>load<u16>(at, 26) << 2;
      store<u32>(bin2, load<u32>(bin2, TABLE_A) + 1, TABLE_A);
      bin3 = <usize>load<u16>(at, 30) << 2;
      store<u32>(bin3, load<u32>(bin3, TABLE_B) + 1, TABLE_B);
      least = f32x4.pmin(least, x);
      most = f32x4.pmax(most, x);
      absolute = f32x4.add(absolute, v128.and(x, magnitude));
      d = f32x4.sub(x, shift);
      d2 = f32x4.mul(d, d);
      sum1 = f32x4.add(sum1, d);
      sum2 = f32x4.add(sum2, d2);
      sum3 = f32x4.add(sum3, f32x4.mul(d2, d));
      sum4 = f32x4.add(sum4, f32x4.mul(d2, d2));
    }
    v128.store(state, sum1);
    v128.store(state, sum2, 16);
    v128.store(state, sum3, 32);
    v128.store(state, sum4, 48);
    v128.store(state, absolute, 64);
    state += RUN_STATE;
  }
  const low = <f64>lowest(least);
  const high = <f64>-lowest(f32x4.neg(most));
  const s1 = sumRuns(state, 0);
  const s2 = sumRuns(state, 16);
  const s3 = sumRuns(state, 32);
  const s4 = sumRuns(state, 48);
  const l1 = sumRuns(state, 64);
  const deviation = max(high - pilot, pilot - low);
  // s1 and s4 are NaN or infinite as soon as one value was, or one power overflowed.
  const regular = abs(s4) < Infinity && abs(s1) < Infinity && abs(l1) < Infinity
    && (deviation === 0 || (deviation > SMALLEST_DEVIATION && deviation < LARGEST_DEVIATION))
    && ordinary(low, high);
  if (!regular) {
    add(IRREGULAR, 1);
    slowBlock(start, count);
    return;
  }
  add(L1, l1);
  store<f64>(MIN, min(load<f64>(MIN), low));
  store<f64>(MAX, max(load<f64>(MAX), high));
  const n = <f64>count;
  mergeShifted(n, pilot, s1, s2, s3, s4);
  store<f64>(PILOT, <f64><f32>(pilot + s1 / n));
}

/** Near the block's mean, so that deviations are small; 0 where a sample is not finite. */
function firstPilot(start: usize, count: i32): f64 {
  const step = max(1, count / PILOT_SAMPLES);
  let sum: f64 = 0;
  let taken = 0;
  for (let i = 0; i < count && taken < PILOT_SAMPLES; i += step) {
    sum += <f64>load<f32>(start + (<usize>i << 2));
    taken++;
  }
  const mean = sum / <f64>taken;
  return abs(mean) < 3.0e38 ? <f64><f32>mean : 0;
}

function ordinary(low: f64, high: f64): bool {
  const magnitude = max(high, -low);
  return magnitude === 0 || (magnitude > SMALLEST_MAGNITUDE && magnitude < LARGEST_MAGNITUDE);
}

/**
 * Float64 throughout: blocks with NaN, infinities, overflowing or vanishing powers, and ends of less than eight values.
 * False where values are not finite or their magnitudes extreme.
 */
function slowBlock(start: usize, count: i32): bool {
  let n: f64 = 0;
  let sum: f64 = 0;
  let l1: f64 = 0;
  let low: f64 = Infinity;
  let high: f64 = -Infinity;
  const end = start + (<usize>count << 2);
  for (let at = start; at < end; at += 4) {
    const x = <f64>load<f32>(at);
    if (x !== x) add(NANS, 1);
    else if (x === Infinity) add(POSITIVE, 1);
    else if (x === -Infinity) add(NEGATIVE, 1);
    else {
      n += 1;
      sum += x;
      l1 += abs(x);
      low = min(low, x);
      high = max(high, x);
    }
  }
  if (n === 0) return false;
  add(L1, l1);
  store<f64>(MIN, min(load<f64>(MIN), low));
  store<f64>(MAX, max(load<f64>(MAX), high));
  const mean = sum / n;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  let s4: f64 = 0;
  for (let at = start; at < end; at += 4) {
    const d = <f64>load<f32>(at) - mean;
    if (!(abs(d) < Infinity)) continue;
    const d2 = d * d;
    s1 += d;
    s2 += d2;
    s3 += d2 * d;
    s4 += d2 * d2;
  }
  mergeShifted(n, mean, s1, s2, s3, s4);
  return n === <f64>count && ordinary(low, high);
}

/**
 * Merges `n` values with power sums s1..s4 of their deviations from `pilot` into STATE.
 * Pébay 2008 (SAND2008-6212), eqs. 3.1 and 2.1 for the change of origin.
 */
function mergeShifted(n: f64, pilot: f64, s1: f64, s2: f64, s3: f64, s4: f64): void {
  const offset = s1 / n;
  const mean = pilot + offset;
  const m2 = max(0, s2 - offset * s1);
  const m3 = s3 - 3 * offset * s2 + 2 * offset * offset * s1;
  const m4 = max(0, s4 - 4 * offset * s3 + 6 * offset * offset * s2 - 3 * offset * offset * offset * s1);
  const na = load<f64>(N);
  if (na === 0) {
    store<f64>(N, n);
    store<f64>(MEAN, mean);
    store<f64>(M2, m2);
    store<f64>(M3, m3);
    store<f64>(M4, m4);
    return;
  }
  const total = na + n;
  const delta = mean - load<f64>(MEAN);
  const a2 = load<f64>(M2);
  const a3 = load<f64>(M3);
  const d = delta / total;
  const product = na * n;
  store<f64>(N, total);
  add(MEAN, d * n);
  add(M4, m4 + delta * d * d * d * product * (na * na - product + n * n) + 6 * d * d * (na * na * m2 + n * n * a2) + 4 * d * (na * m3 - n * a3));
  add(M3, m3 + delta * d * d * product * (na - n) + 3 * d * (na * m2 - n * a2));
  add(M2, m2 + delta * d * product);
}

/** Sum of one of the five accumulators over all runs of a block, in float64. */
function sumRuns(end: usize, offset: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let at = RUNS + offset; at < end; at += RUN_STATE) {
    const lanes = v128.load(at);
    low = f64x2.add(low, f64x2.promote_low_f32x4(lanes));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i32>(lanes, lanes, 2, 3, 0, 1)));
  }
  const both = f64x2.add(low, high);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}
