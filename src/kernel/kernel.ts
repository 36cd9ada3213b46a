// The inner loops, compiled to one WebAssembly SIMD module. No allocator, no imports: the host copies file bytes to
// INPUT, calls a pass, and reads the results from STATE, KEYS and COUNTS (layout.ts).
// Its twin in plain TypeScript is src/core/statistics/twin.ts: same figures, and the oracle of the tests.
import {
  CODE_VALUES, COLUMN_MAXIMA, COLUMN_SQUARES, COUNTS, DECODED, EDGE_COUNTS, EDGE_FIRST, EDGE_LAST, EDGES, INPUT, KEYS, ROW_MAXIMA, ROW_SQUARES,
  RUNS, STATE, TABLE_A, TABLE_B,
} from './layout';

export {
  CODE_VALUES, COLUMN_MAXIMA, COLUMN_SQUARES, COUNTS, DECODED, DECODED_BYTES, EDGE_COUNTS, EDGE_FIRST, EDGE_LAST, EDGES, INPUT, INPUT_BYTES, KEYS,
  ROW_MAXIMA, ROW_SQUARES, STATE,
} from './layout';

// Vector constants that a loop needs come from memory: of a literal, the compiler would make one anew in every turn
// (four instructions each in V8; half the speed of decodeFloat16).
const MAGNITUDE_BITS = memory.data<u32>([0x7fffffff]);
/** Sign, and the exponent and mantissa of a half float, where they come to lie 13 bits higher. */
const HALF_BITS = memory.data<u32>([0x8fffe000]);
/** 2^112 as a float32. */
const HALF_SCALE = memory.data<u32>([0x77800000]);
/** Carries out of the exponent of a half float that is not finite, into HALF_CARRY. */
const HALF_STEP = memory.data<u32>([0x00800000]);
const HALF_CARRY: i32 = 0x10000000;
const INFINITY_BITS = memory.data<u32>([0x7f800000]);

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

// Fields of STATE, float64 each. The host has the same list (src/worker/wasmKernel.ts).
const N: usize = STATE;
const MEAN: usize = STATE + 8;
const M2: usize = STATE + 16;
const M3: usize = STATE + 24;
const M4: usize = STATE + 32;
const L1: usize = STATE + 40;
const MIN: usize = STATE + 48;
const MAX: usize = STATE + 56;
const PILOT: usize = STATE + 64;
const ZEROS: usize = STATE + 72;
const NANS: usize = STATE + 80;
const POSITIVE: usize = STATE + 88;
const NEGATIVE: usize = STATE + 96;
/** Blocks that had non-finite values or extreme magnitudes. */
const IRREGULAR: usize = STATE + 104;
/** Numbers too small to differ from zero in their upper half, which share zero's bins. */
const TINY_POSITIVE: usize = STATE + 112;
const TINY_NEGATIVE: usize = STATE + 120;

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
  const unsigned = load<f64>(ZEROS) + load<f64>(TINY_POSITIVE) + load<f64>(TINY_NEGATIVE);
  if (<f64>countOf(0) + <f64>countOf(0x8000) !== unsigned) countTiny(count);
}

function countOf(key: usize): u32 {
  return load<u32>(key << 2, TABLE_A) + load<u32>(key << 2, TABLE_B);
}

function countTiny(count: i32): void {
  const end = INPUT + (<usize>count << 2);
  for (let at: usize = INPUT; at < end; at += 4) {
    const bits = load<u32>(at);
    const magnitude = bits & 0x7fffffff;
    if (magnitude === 0 || magnitude > 0xffff) continue;
    add(bits === magnitude ? TINY_POSITIVE : TINY_NEGATIVE, 1);
  }
}

/**
 * `count` is a multiple of 8. Arithmetic (15 SIMD operations for four values) and counting (20 scalar ones) run in different
 * ports of the CPU: measured on Zen 3, counting alone goes 8.5 GB/s, arithmetic alone 8, and both in one loop 6.3, not 4.1.
 * That loop ends some 4.5 instructions a cycle, so what counts is their number: two vectors a turn (+8 %), an `and`
 * for the magnitude because V8 makes three instructions of f32x4.abs, pmin and pmax because it makes eight of min and max.
 */
function scanBlock(start: usize, count: i32): void {
  let pilot = load<f64>(PILOT);
  if (!(abs(pilot) < 3.0e38)) pilot = firstPilot(start, count);
  const shift = f32x4.splat(<f32>pilot);
  const zero = f32x4.splat(0);
  const magnitude = v128.load_splat<u32>(MAGNITUDE_BITS);
  let least = f32x4.splat(f32.MAX_VALUE);
  let most = f32x4.splat(-f32.MAX_VALUE);
  let zeros = i32x4.splat(0);
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
      zeros = i32x4.sub(zeros, f32x4.eq(x, zero));
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
      zeros = i32x4.sub(zeros, f32x4.eq(x, zero));
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
  add(ZEROS, <f64>sumLanes(zeros));
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
  let zeros: f64 = 0;
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
      if (x === 0) zeros += 1;
      low = min(low, x);
      high = max(high, x);
    }
  }
  if (n === 0) return false;
  add(ZEROS, zeros);
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

// @ts-ignore: decorator
@inline
function add(field: usize, value: f64): void {
  store<f64>(field, load<f64>(field) + value);
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

function lowest(v: v128): f32 {
  return min(min(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), min(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

function sumLanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

/**
 * Counts `count` 16-bit codes at INPUT. In one table: half floats have some 20,000 codes, of which two neighbours are seldom
 * equal, and twice the memory would cost 30 %.
 */
export function countCodes16(count: i32): void {
  let at: usize = INPUT;
  const end = INPUT + (<usize>count << 1);
  const wholeEnd = INPUT + (<usize>(count & ~3) << 1);
  for (; at < wholeEnd; at += 8) {
    const bin0 = <usize>load<u16>(at) << 2;
    store<u32>(bin0, load<u32>(bin0, TABLE_A) + 1, TABLE_A);
    const bin1 = <usize>load<u16>(at, 2) << 2;
    store<u32>(bin1, load<u32>(bin1, TABLE_A) + 1, TABLE_A);
    const bin2 = <usize>load<u16>(at, 4) << 2;
    store<u32>(bin2, load<u32>(bin2, TABLE_A) + 1, TABLE_A);
    const bin3 = <usize>load<u16>(at, 6) << 2;
    store<u32>(bin3, load<u32>(bin3, TABLE_A) + 1, TABLE_A);
  }
  for (; at < end; at += 2) {
    const bin = <usize>load<u16>(at) << 2;
    store<u32>(bin, load<u32>(bin, TABLE_A) + 1, TABLE_A);
  }
}

/** Counts `count` 8-bit codes at INPUT. */
export function countCodes8(count: i32): void {
  let at: usize = INPUT;
  const end = INPUT + <usize>count;
  const wholeEnd = INPUT + <usize>(count & ~3);
  for (; at < wholeEnd; at += 4) {
    const bin0 = <usize>load<u8>(at) << 2;
    store<u32>(bin0, load<u32>(bin0, TABLE_A) + 1, TABLE_A);
    const bin1 = <usize>load<u8>(at, 1) << 2;
    store<u32>(bin1, load<u32>(bin1, TABLE_B) + 1, TABLE_B);
    const bin2 = <usize>load<u8>(at, 2) << 2;
    store<u32>(bin2, load<u32>(bin2, TABLE_A) + 1, TABLE_A);
    const bin3 = <usize>load<u8>(at, 3) << 2;
    store<u32>(bin3, load<u32>(bin3, TABLE_B) + 1, TABLE_B);
  }
  for (; at < end; at++) {
    const bin = <usize>load<u8>(at) << 2;
    store<u32>(bin, load<u32>(bin, TABLE_A) + 1, TABLE_A);
  }
}

/** Moves the bins that are not empty to KEYS and COUNTS, ascending by key, and clears the tables. Returns how many. */
export function compact(): i32 {
  let found = 0;
  const none = i32x4.splat(0);
  for (let key: usize = 0; key < 65536; key += 4) {
    const at = key << 2;
    const sums = i32x4.add(v128.load(at, TABLE_A), v128.load(at, TABLE_B));
    if (!v128.any_true(sums)) continue;
    v128.store(at, none, TABLE_A);
    v128.store(at, none, TABLE_B);
    found = emit(found, key, i32x4.extract_lane(sums, 0));
    found = emit(found, key + 1, i32x4.extract_lane(sums, 1));
    found = emit(found, key + 2, i32x4.extract_lane(sums, 2));
    found = emit(found, key + 3, i32x4.extract_lane(sums, 3));
  }
  return found;
}

// @ts-ignore: decorator
@inline
function emit(found: i32, key: usize, count: i32): i32 {
  if (count === 0) return found;
  store<u16>(KEYS + (<usize>found << 1), <u16>key);
  store<u32>(COUNTS + (<usize>found << 2), count);
  return found + 1;
}

/**
 * Largest magnitude and sum of squares by column and by row of `rows` × `columns` finite float32 values.
 * Columns accumulate from call to call (the host clears and promotes them), rows are those of this call.
 * Four rows at once: each column's accumulators are loaded and stored a quarter as often.
 */
export function scanMatrix(address: usize, rows: i32, columns: i32): void {
  let row = 0;
  for (; row + 4 <= rows; row += 4) scanFourRows(address + ((<usize>row * columns) << 2), row, columns);
  for (; row < rows; row++) scanRow(address + ((<usize>row * columns) << 2), row, 0, columns);
}

/** The same of a part of one row, which begins at `firstColumn`; its results are those of row 0. */
export function scanPartialRow(address: usize, firstColumn: i32, columns: i32): void {
  scanRow(address, 0, <usize>firstColumn << 2, columns);
}

function scanFourRows(first: usize, row: i32, columns: i32): void {
  const pitch = <usize>columns << 2;
  const second = first + pitch;
  const third = second + pitch;
  const fourth = third + pitch;
  let most0 = f32x4.splat(0);
  let most1 = most0;
  let most2 = most0;
  let most3 = most0;
  let squares0 = most0;
  let squares1 = most0;
  let squares2 = most0;
  let squares3 = most0;
  const bits = v128.load_splat<u32>(MAGNITUDE_BITS);
  const whole = <usize>(columns & ~3) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    let x = v128.load(first + at);
    let square = f32x4.mul(x, x);
    let magnitude = v128.and(x, bits);
    let squares = square;
    let most = f32x4.pmax(v128.load(at, COLUMN_MAXIMA), magnitude);
    most0 = f32x4.pmax(most0, magnitude);
    squares0 = f32x4.add(squares0, square);
    x = v128.load(second + at);
    square = f32x4.mul(x, x);
    magnitude = v128.and(x, bits);
    squares = f32x4.add(squares, square);
    most = f32x4.pmax(most, magnitude);
    most1 = f32x4.pmax(most1, magnitude);
    squares1 = f32x4.add(squares1, square);
    x = v128.load(third + at);
    square = f32x4.mul(x, x);
    magnitude = v128.and(x, bits);
    squares = f32x4.add(squares, square);
    most = f32x4.pmax(most, magnitude);
    most2 = f32x4.pmax(most2, magnitude);
    squares2 = f32x4.add(squares2, square);
    x = v128.load(fourth + at);
    square = f32x4.mul(x, x);
    magnitude = v128.and(x, bits);
    squares = f32x4.add(squares, square);
    most = f32x4.pmax(most, magnitude);
    most3 = f32x4.pmax(most3, magnitude);
    squares3 = f32x4.add(squares3, square);
    v128.store(at, most, COLUMN_MAXIMA);
    v128.store(at, f32x4.add(v128.load(at, COLUMN_SQUARES), squares), COLUMN_SQUARES);
  }
  finishRow(first, row, 0, columns, most0, squares0);
  finishRow(second, row + 1, 0, columns, most1, squares1);
  finishRow(third, row + 2, 0, columns, most2, squares2);
  finishRow(fourth, row + 3, 0, columns, most3, squares3);
}

/** `base` is the byte offset of the first column in the columns' results. */
function scanRow(start: usize, row: i32, base: usize, columns: i32): void {
  let mosts = f32x4.splat(0);
  let squares = mosts;
  const bits = v128.load_splat<u32>(MAGNITUDE_BITS);
  const whole = <usize>(columns & ~3) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    const x = v128.load(start + at);
    const square = f32x4.mul(x, x);
    const magnitude = v128.and(x, bits);
    mosts = f32x4.pmax(mosts, magnitude);
    squares = f32x4.add(squares, square);
    v128.store(base + at, f32x4.pmax(v128.load(base + at, COLUMN_MAXIMA), magnitude), COLUMN_MAXIMA);
    v128.store(base + at, f32x4.add(v128.load(base + at, COLUMN_SQUARES), square), COLUMN_SQUARES);
  }
  finishRow(start, row, base, columns, mosts, squares);
}

/** The last one to three columns of a row, and the row's own results. */
function finishRow(start: usize, row: i32, base: usize, columns: i32, mosts: v128, squares: v128): void {
  let most = -lowest(f32x4.neg(mosts));
  let sum = (f32x4.extract_lane(squares, 0) + f32x4.extract_lane(squares, 1)) + (f32x4.extract_lane(squares, 2) + f32x4.extract_lane(squares, 3));
  for (let column = columns & ~3; column < columns; column++) {
    const at = <usize>column << 2;
    const x = load<f32>(start + at);
    const magnitude = abs(x);
    const square = x * x;
    most = max(most, magnitude);
    sum += square;
    const result = base + at;
    store<f32>(result, max(load<f32>(result, COLUMN_MAXIMA), magnitude), COLUMN_MAXIMA);
    store<f32>(result, load<f32>(result, COLUMN_SQUARES) + square, COLUMN_SQUARES);
  }
  store<f32>(<usize>row << 2, most, ROW_MAXIMA);
  store<f32>(<usize>row << 2, sum, ROW_SQUARES);
}

/** Clears the results of the first `columns` columns. */
export function clearColumns(columns: i32): void {
  memory.fill(COLUMN_MAXIMA, 0, <usize>columns << 2);
  memory.fill(COLUMN_SQUARES, 0, <usize>columns << 2);
}

/** 8-bit codes at `address` become float32 values at DECODED, by CODE_VALUES. */
export function decodeCodes8(address: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    store<f32>(i << 2, load<f32>(<usize>load<u8>(address + i) << 2, CODE_VALUES), DECODED);
  }
}

/**
 * Half floats at `address` become float32 values at DECODED. Writes up to three values more.
 * The bits move to where float32 has them; the product with 2^112 mends the exponent, of subnormal numbers too.
 * False where one was not finite: the values are then of no use.
 */
export function decodeFloat16(address: usize, count: i32): bool {
  const bits = v128.load_splat<u32>(HALF_BITS);
  const scale = v128.load_splat<u32>(HALF_SCALE);
  const step = v128.load_splat<u32>(HALF_STEP);
  let carries = i32x4.splat(0);
  for (let i: usize = 0; i < <usize>count; i += 4) {
    const half = v128.and(i32x4.shl(v128.load_ext<i16>(address + (i << 1)), 13), bits);
    carries = v128.or(carries, i32x4.add(half, step));
    v128.store(i << 2, f32x4.mul(half, scale), DECODED);
  }
  return !v128.any_true(v128.and(carries, i32x4.splat(HALF_CARRY)));
}

/** Bfloat16 values at `address` become float32 values at DECODED; what is not finite becomes 0. Returns the largest magnitude. */
export function decodeBfloat16(address: usize, count: i32): f32 {
  const bits = v128.load_splat<u32>(MAGNITUDE_BITS);
  const infinity = v128.load_splat<u32>(INFINITY_BITS);
  let most = f32x4.splat(0);
  for (let i: usize = 0; i < <usize>count; i += 4) {
    const x = i32x4.shl(v128.load_ext<u16>(address + (i << 1)), 16);
    const value = v128.and(x, i32x4.lt_s(v128.and(x, bits), infinity));
    most = f32x4.pmax(most, v128.and(value, bits));
    v128.store(i << 2, value, DECODED);
  }
  return -lowest(f32x4.neg(most));
}

/**
 * Counts `count` float32 values at INPUT by how many of `edges` EDGES are at or below them.
 * The upper half of a value says most: only where an edge cuts its bin is there a search.
 */
export function countEdges(count: i32, edges: i32): void {
  const end = INPUT + (<usize>count << 2);
  const last = load<f64>(EDGES + (<usize>(edges - 1) << 3));
  for (let at: usize = INPUT; at < end; at += 4) {
    const key = <usize>load<u16>(at, 2) << 1;
    let low = <i32>load<u16>(key, EDGE_FIRST);
    let high = <i32>load<u16>(key, EDGE_LAST);
    if (low < high) {
      const x = <f64>load<f32>(at);
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (load<f64>(EDGES + (<usize>(middle - 1) << 3)) <= x) low = middle;
        else high = middle - 1;
      }
      if (low === edges && x === last) low--;
    }
    const bin = <usize>low << 2;
    store<u32>(bin, load<u32>(bin, EDGE_COUNTS) + 1, EDGE_COUNTS);
  }
}
