// Super-blocks whose codes are indices into codebooks of 4 or 8 weights (ggml-common.h: block_iq2_xxs and the like). The host has put
// the codebooks at GRIDS.
import { bytesOfBits, half, halfOf, storeScaled } from './dequantizeStores';
import { EVEN_SIGNS, GRID_IQ1_S, GRID_IQ2_S, GRID_IQ2_XS, GRID_IQ2_XXS, GRID_IQ3_S, GRID_IQ3_XXS, INPUT, RAW, SCALES } from './layout';

/** Eight signs from seven bits. */
// @ts-ignore: decorator
@inline
function evenSigns(bits: u32): u32 {
  return <u32>load<u8>(<usize>(bits & 127), EVEN_SIGNS);
}

/** 16 weights, negative where a bit of `signs` is set. */
// @ts-ignore: decorator
@inline
function signed(weights: v128, signs: u32): v128 {
  const negative = bytesOfBits(signs);
  return i8x16.sub(v128.xor(weights, negative), negative);
}

/** Two entries of eight weights. */
// @ts-ignore: decorator
@inline
function pair(grid: usize, first: u32, second: u32): v128 {
  return v128.load64_lane(grid + (<usize>second << 3), v128.load64_zero(grid + (<usize>first << 3)), 1);
}

/** Four entries of four weights. */
// @ts-ignore: decorator
@inline
function four(grid: usize, first: u32, second: u32, third: u32, fourth: u32): v128 {
  let weights = v128.load32_zero(grid + (<usize>first << 2));
  weights = v128.load32_lane(grid + (<usize>second << 2), weights, 1);
  weights = v128.load32_lane(grid + (<usize>third << 2), weights, 2);
  return v128.load32_lane(grid + (<usize>fourth << 2), weights, 3);
}

export function iq2Xxs(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 66) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    for (let run: usize = 0; run < 64; run += 8, out += 128) {
      const rest = load<u32>(at + run, 6);
      const scale = f32x4.splat(d * (<f32>0.5 + <f32>(<i32>(rest >> 28))) * <f32>0.25);
      storeScaled(out, signed(pair(GRID_IQ2_XXS, load<u8>(at + run, 2), load<u8>(at + run, 3)), evenSigns(rest) | (evenSigns(rest >> 7) << 8)), scale);
      storeScaled(out + 64, signed(pair(GRID_IQ2_XXS, load<u8>(at + run, 4), load<u8>(at + run, 5)), evenSigns(rest >> 14) | (evenSigns(rest >> 21) << 8)), scale);
    }
  }
}

export function iq2Xs(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 74) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    for (let two: usize = 0; two < 16; two++, out += 64) {
      const first = <u32>load<u16>(at + (two << 2), 2);
      const second = <u32>load<u16>(at + (two << 2), 4);
      const code = (<i32>load<u8>(at + (two >> 1), 66) >> <i32>((two & 1) << 2)) & 15;
      const scale = f32x4.splat(d * (<f32>0.5 + <f32>code) * <f32>0.25);
      storeScaled(out, signed(pair(GRID_IQ2_XS, first & 511, second & 511), evenSigns(first >> 9) | (evenSigns(second >> 9) << 8)), scale);
    }
  }
}

export function iq2S(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 82) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    for (let two: usize = 0; two < 16; two++, out += 64) {
      const high = <u32>load<u8>(at + (two >> 1), 66) >> <u32>((two & 1) << 2);
      const first = <u32>load<u8>(at + (two << 1), 2) | ((high & 3) << 8);
      const second = <u32>load<u8>(at + (two << 1), 3) | ((high & 12) << 6);
      const code = (<i32>load<u8>(at + (two >> 1), 74) >> <i32>((two & 1) << 2)) & 15;
      const scale = f32x4.splat(d * (<f32>0.5 + <f32>code) * <f32>0.25);
      storeScaled(out, signed(pair(GRID_IQ2_S, first, second), load<u16>(at + (two << 1), 34)), scale);
    }
  }
}

export function iq3Xxs(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 98) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    for (let run: usize = 0; run < 8; run++, out += 128) {
      const rest = load<u32>(at + (run << 2), 66);
      const codes = at + (run << 3);
      const scale = f32x4.splat(d * (<f32>0.5 + <f32>(<i32>(rest >> 28))) * <f32>0.5);
      const first = four(GRID_IQ3_XXS, load<u8>(codes, 2), load<u8>(codes, 3), load<u8>(codes, 4), load<u8>(codes, 5));
      const second = four(GRID_IQ3_XXS, load<u8>(codes, 6), load<u8>(codes, 7), load<u8>(codes, 8), load<u8>(codes, 9));
      storeScaled(out, signed(first, evenSigns(rest) | (evenSigns(rest >> 7) << 8)), scale);
      storeScaled(out + 64, signed(second, evenSigns(rest >> 14) | (evenSigns(rest >> 21) << 8)), scale);
    }
  }
}

export function iq3S(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 110) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    for (let sixteen: usize = 0; sixteen < 16; sixteen++, out += 64) {
      const codes = at + (sixteen << 2);
      const high = (<u32>load<u8>(at + (sixteen >> 1), 66) >> <u32>((sixteen & 1) << 2)) << 8;
      const code = (<i32>load<u8>(at + (sixteen >> 2), 106) >> <i32>((sixteen & 2) << 1)) & 15;
      const odd: i32 = 1 + (code << 1);
      const scale = f32x4.splat(d * <f32>odd);
      const weights = four(
        GRID_IQ3_S,
        <u32>load<u8>(codes, 2) | (high & 0x100),
        <u32>load<u8>(codes, 3) | ((high >> 1) & 0x100),
        <u32>load<u8>(codes, 4) | ((high >> 2) & 0x100),
        <u32>load<u8>(codes, 5) | ((high >> 3) & 0x100),
      );
      storeScaled(out, signed(weights, load<u16>(at + (sixteen << 1), 74)), scale);
    }
  }
}

/** Eight times the 16 weights of two entries, each of which is moved by an eighth up, or down where `down` says so (0 or −1). */
// @ts-ignore: decorator
@inline
function moved(first: u32, second: u32, down: v128): v128 {
  const weights = i16x8.shl(v128.and(pair(GRID_IQ1_S, first, second), i8x16.splat(31)), 3);
  return i8x16.add(weights, v128.or(down, i8x16.splat(1)));
}

export function iq1S(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 50) {
    const d = half(at);
    store<f32>(i << 2, d, SCALES);
    for (let run: usize = 0; run < 8; run++, out += 128) {
      const high = <u32>load<u16>(at + (run << 1), 34);
      const codes = at + (run << 2);
      const down = i8x16.splat(high & 0x8000 ? -1 : 0);
      const scale = f32x4.splat(d * <f32>(<i32>(2 * ((high >> 12) & 7) + 1)) * <f32>0.125);
      storeScaled(out, moved(<u32>load<u8>(codes, 2) | ((high & 7) << 8), <u32>load<u8>(codes, 3) | (((high >> 3) & 7) << 8), down), scale);
      storeScaled(out + 64, moved(<u32>load<u8>(codes, 4) | (((high >> 6) & 7) << 8), <u32>load<u8>(codes, 5) | (((high >> 9) & 7) << 8), down), scale);
    }
  }
}

/** The one type whose scale lies in four pieces, in the upper bits of the words of the runs' scales. */
export function iq1M(blocks: i32): void {
  let at = RAW;
  let out = INPUT;
  for (let i: usize = 0; i < <usize>blocks; i++, at += 56) {
    const d = halfOf((<u32>load<u8>(at, 49) >> 4) | (<u32>load<u8>(at, 51) & 0xf0) | ((<u32>load<u8>(at, 53) & 0xf0) << 4) | ((<u32>load<u8>(at, 55) & 0xf0) << 8));
    store<f32>(i << 2, d, SCALES);
    for (let two: usize = 0; two < 16; two++, out += 64) {
      const word = <u32>load<u16>(at + ((two >> 2) << 1), 48);
      const scale = d * <f32>(<i32>(2 * ((word >> (3 * <u32>(two & 3))) & 7) + 1)) * <f32>0.125;
      const high = <u32>load<u8>(at + two, 32);
      const down = v128.shuffle<i64>(i8x16.splat(high & 8 ? -1 : 0), i8x16.splat(high & 0x80 ? -1 : 0), 0, 2);
      storeScaled(out, moved(<u32>load<u8>(at + (two << 1)) | ((high & 7) << 8), <u32>load<u8>(at + (two << 1), 1) | ((high & 0x70) << 4), down), f32x4.splat(scale));
    }
  }
}
