// Super-blocks of 256 weights: a half float scales the small integers that scale runs of 16 or 32 (ggml-common.h: block_q4_K and the like).
import { half, storeScaled, storeShifted } from './dequantizeStores';
import { IQ4_VALUES } from './dequantizeSmall';
import { INPUT, MINS, RAW, SCALES } from './layout';

/** Eight scales and eight minima of 6 bits, in 12 bytes. */
// @ts-ignore: decorator
@inline
function scaleOf(at: usize, run: usize): f32 {
  const code: u32 = run < 4 ? <u32>load<u8>(at + run) & 63 : (<u32>load<u8>(at + run, 4) & 15) | ((<u32>load<u8>(at + run - 4) >> 6) << 4);
  return <f32>(<i32>code);
}

// @ts-ignore: decorator
@inline
function minOf(at: usize, run: usize): f32 {
  const code: u32 = run < 4 ? <u32>load<u8>(at + run, 4) & 63 : (<u32>load<u8>(at + run, 4) >> 4) | ((<u32>load<u8>(at + run) >> 6) << 4);
  return <f32>(<i32>code);
}

export function q2K(blocks: i32): void {
  const two = i8x16.splat(3);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 84) {
    const d = half(at + 80);
    const dmin = half(at + 82);
    store<f32>(i << 2, d, SCALES);
    store<f32>(i << 2, dmin, MINS);
    for (let run: usize = 0; run < 16; run++, out += 64) {
      const both = <i32>load<u8>(at + run);
      const scale = d * <f32>(both & 15);
      const min = dmin * <f32>(both >> 4);
      // 32 bytes hold 128 weights: the pairs of bits of one place belong together.
      const codes = v128.load(at + ((run >> 3) << 5) + ((run & 1) << 4), 16);
      const own = v128.and(i16x8.shr_u(codes, <i32>((run & 6))), two);
      storeShifted(out, own, f32x4.splat(scale), f32x4.splat(-min));
    }
  }
}

export function q3K(blocks: i32): void {
  const two = i8x16.splat(3);
  const four = i8x16.splat(4);
  const none = i8x16.splat(0);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 110) {
    const d = half(at + 108);
    store<f32>(i << 2, d, SCALES);
    for (let run: usize = 0; run < 16; run++, out += 64) {
      const low = (<i32>load<u8>(at + (run & 7), 96) >> <i32>((run & 8) >> 1)) & 15;
      const high = (<i32>load<u8>(at + (run & 3), 104) >> <i32>((run >> 2) << 1)) & 3;
      const scale = d * <f32>((low | (high << 4)) - 32);
      const half16 = (run & 1) << 4;
      const codes = v128.load(at + ((run >> 3) << 5) + half16, 32);
      const own = v128.and(i16x8.shr_u(codes, <i32>(run & 6)), two);
      // A bit that is not set takes 4 away.
      const set = v128.and(v128.load(at + half16), i8x16.splat(<i8>((<i32>1) << <i32>(run >> 1))));
      storeScaled(out, i8x16.sub(own, v128.and(i8x16.eq(set, none), four)), f32x4.splat(scale));
    }
  }
}

export function q4K(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 144, out += 1024) {
    const d = half(at);
    const dmin = half(at + 2);
    store<f32>(i << 2, d, SCALES);
    store<f32>(i << 2, dmin, MINS);
    q4KPair(at, 0, out, d, dmin);
    q4KPair(at, 2, out + 256, d, dmin);
    q4KPair(at, 4, out + 512, d, dmin);
    q4KPair(at, 6, out + 768, d, dmin);
  }
}

/** Two runs: the low and the high halves of 32 bytes. */
// @ts-ignore: decorator
@inline
function q4KPair(at: usize, run: usize, out: usize, d: f32, dmin: f32): void {
  const low = i8x16.splat(15);
  const codes = v128.load(at + (run << 4), 16);
  const more = v128.load(at + (run << 4), 32);
  const scale = f32x4.splat(d * scaleOf(at + 4, run));
  const shift = f32x4.splat(-(dmin * minOf(at + 4, run)));
  storeShifted(out, v128.and(codes, low), scale, shift);
  storeShifted(out + 64, v128.and(more, low), scale, shift);
  const nextScale = f32x4.splat(d * scaleOf(at + 4, run + 1));
  const nextShift = f32x4.splat(-(dmin * minOf(at + 4, run + 1)));
  storeShifted(out + 128, v128.and(i16x8.shr_u(codes, 4), low), nextScale, nextShift);
  storeShifted(out + 192, v128.and(i16x8.shr_u(more, 4), low), nextScale, nextShift);
}

export function q5K(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 176, out += 1024) {
    const d = half(at);
    const dmin = half(at + 2);
    store<f32>(i << 2, d, SCALES);
    store<f32>(i << 2, dmin, MINS);
    q5KPair(at, 0, out, d, dmin);
    q5KPair(at, 2, out + 256, d, dmin);
    q5KPair(at, 4, out + 512, d, dmin);
    q5KPair(at, 6, out + 768, d, dmin);
  }
}

// @ts-ignore: decorator
@inline
function q5KPair(at: usize, run: usize, out: usize, d: f32, dmin: f32): void {
  const low = i8x16.splat(15);
  const fifth = i8x16.splat(16);
  const place = i8x16.splat(<i8>((<i32>1) << <i32>run));
  const next = i8x16.splat(<i8>((<i32>1) << <i32>(run + 1)));
  const high = v128.load(at, 16);
  const moreHigh = v128.load(at, 32);
  const codes = v128.load(at + (run << 4), 48);
  const more = v128.load(at + (run << 4), 64);
  const scale = f32x4.splat(d * scaleOf(at + 4, run));
  const shift = f32x4.splat(-(dmin * minOf(at + 4, run)));
  storeShifted(out, v128.or(v128.and(codes, low), withBit(high, place, fifth)), scale, shift);
  storeShifted(out + 64, v128.or(v128.and(more, low), withBit(moreHigh, place, fifth)), scale, shift);
  const nextScale = f32x4.splat(d * scaleOf(at + 4, run + 1));
  const nextShift = f32x4.splat(-(dmin * minOf(at + 4, run + 1)));
  storeShifted(out + 128, v128.or(v128.and(i16x8.shr_u(codes, 4), low), withBit(high, next, fifth)), nextScale, nextShift);
  storeShifted(out + 192, v128.or(v128.and(i16x8.shr_u(more, 4), low), withBit(moreHigh, next, fifth)), nextScale, nextShift);
}

/** `value` where the bit at `place` is set. */
// @ts-ignore: decorator
@inline
function withBit(bits: v128, place: v128, value: v128): v128 {
  return v128.and(i8x16.eq(v128.and(bits, place), place), value);
}

export function q6K(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 210, out += 1024) {
    const d = half(at + 208);
    store<f32>(i << 2, d, SCALES);
    q6KQuarter(at, at + 128, at + 192, out, d);
    q6KQuarter(at + 16, at + 144, at + 193, out + 64, d);
    q6KQuarter(at + 64, at + 160, at + 200, out + 512, d);
    q6KQuarter(at + 80, at + 176, at + 201, out + 576, d);
  }
}

/** Four runs of 16, every other one: 2 × 16 bytes have their lower 4 bits, and 16 bytes the upper 2. */
// @ts-ignore: decorator
@inline
function q6KQuarter(low: usize, high: usize, scales: usize, out: usize, d: f32): void {
  const lower = i8x16.splat(15);
  const upper = i8x16.splat(0x30);
  const zero = i8x16.splat(32);
  const first = v128.load(low);
  const second = v128.load(low, 32);
  const bits = v128.load(high);
  storeScaled(out, i8x16.sub(v128.or(v128.and(first, lower), v128.and(i16x8.shl(bits, 4), upper)), zero), f32x4.splat(d * <f32>load<i8>(scales)));
  storeScaled(out + 128, i8x16.sub(v128.or(v128.and(second, lower), v128.and(i16x8.shl(bits, 2), upper)), zero), f32x4.splat(d * <f32>load<i8>(scales, 2)));
  storeScaled(out + 256, i8x16.sub(v128.or(v128.and(i16x8.shr_u(first, 4), lower), v128.and(bits, upper)), zero), f32x4.splat(d * <f32>load<i8>(scales, 4)));
  storeScaled(out + 384, i8x16.sub(v128.or(v128.and(i16x8.shr_u(second, 4), lower), v128.and(i16x8.shr_u(bits, 2), upper)), zero), f32x4.splat(d * <f32>load<i8>(scales, 6)));
}

/** A float32 scale, 256 bytes, and sums that are of no use here. */
export function q8K(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 292) {
    const d = load<f32>(at);
    store<f32>(i << 2, d, SCALES);
    const scale = f32x4.splat(d);
    for (let run: usize = 0; run < 256; run += 16, out += 64) storeScaled(out, v128.load(at + run, 4), scale);
  }
}

export function iq4Xs(blocks: i32): void {
  const low = i8x16.splat(15);
  const values = v128.load(IQ4_VALUES);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 136) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    const high = <i32>load<u16>(at, 2);
    for (let run: usize = 0; run < 8; run++, out += 128) {
      const lower = (<i32>load<u8>(at + (run >> 1), 4) >> <i32>((run & 1) << 2)) & 15;
      const scale = f32x4.splat(d * <f32>((lower | (((high >> <i32>(run << 1)) & 3) << 4)) - 32));
      const codes = v128.load(at + (run << 4), 8);
      storeScaled(out, i8x16.swizzle(values, v128.and(codes, low)), scale);
      storeScaled(out + 64, i8x16.swizzle(values, v128.and(i16x8.shr_u(codes, 4), low)), scale);
    }
  }
}

/** Five digits to base 3 in a byte, which is read as a fraction of 256: times 3^n shifts to digit n, times 3 makes it the carry. */
export function tq1_0(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 54, out += 1024) {
    const d = half(at + 52);
    store<f32>(i << 2, d, SCALES);
    const scale = f32x4.splat(d);
    let first = v128.load(at);
    let second = v128.load(at, 16);
    let third = v128.load(at, 32);
    for (let place: usize = 0; place < 5; place++) {
      storeScaled(out + (place << 7), digits(first), scale);
      storeScaled(out + (place << 7) + 64, digits(second), scale);
      storeScaled(out + 640 + (place << 6), digits(third), scale);
      first = tripled(first);
      second = tripled(second);
      third = tripled(third);
    }
    // Four bytes of four digits each: 1, 3, 9 and 27 times the same word.
    const word = load<u32>(at, 48);
    let digit = word;
    let last = i32x4.splat(word);
    digit = tripledWord(digit);
    last = i32x4.replace_lane(last, 1, digit);
    digit = tripledWord(digit);
    last = i32x4.replace_lane(last, 2, digit);
    digit = tripledWord(digit);
    last = i32x4.replace_lane(last, 3, digit);
    storeScaled(out + 960, digits(last), scale);
  }
}

/** The carry of three times each byte, less one. */
// @ts-ignore: decorator
@inline
function digits(bytes: v128): v128 {
  const three = i16x8.splat(3);
  const low = i16x8.shr_u(i16x8.mul(i16x8.extend_low_i8x16_u(bytes), three), 8);
  const high = i16x8.shr_u(i16x8.mul(i16x8.extend_high_i8x16_u(bytes), three), 8);
  return i8x16.sub(i8x16.narrow_i16x8_u(low, high), i8x16.splat(1));
}

// @ts-ignore: decorator
@inline
function tripled(bytes: v128): v128 {
  return i8x16.add(bytes, i8x16.add(bytes, bytes));
}

/** Each of four bytes by itself. */
// @ts-ignore: decorator
@inline
function tripledWord(word: u32): u32 {
  return i32x4.extract_lane(tripled(i32x4.splat(word)), 0);
}

export function tq2_0(blocks: i32): void {
  const two = i8x16.splat(3);
  const one = i8x16.splat(1);
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 66) {
    const d = half(at + 64);
    store<f32>(i << 2, d, SCALES);
    const scale = f32x4.splat(d);
    for (let run: usize = 0; run < 16; run++, out += 64) {
      const codes = v128.load(at + ((run >> 3) << 5) + ((run & 1) << 4));
      storeScaled(out, i8x16.sub(v128.and(i16x8.shr_u(codes, <i32>(run & 6)), two), one), scale);
    }
  }
}
