// Results of float32 passes: fields of STATE, float64 each. The host has the same list (src/worker/wasmKernel.ts).
import { STATE } from './layout';

export const N: usize = STATE;
export const MEAN: usize = STATE + 8;
export const M2: usize = STATE + 16;
export const M3: usize = STATE + 24;
export const M4: usize = STATE + 32;
export const L1: usize = STATE + 40;
export const MIN: usize = STATE + 48;
export const MAX: usize = STATE + 56;
export const PILOT: usize = STATE + 64;
export const ZEROS: usize = STATE + 72;
export const NANS: usize = STATE + 80;
export const POSITIVE: usize = STATE + 88;
export const NEGATIVE: usize = STATE + 96;
/** Blocks that had non-finite values or extreme magnitudes. */
export const IRREGULAR: usize = STATE + 104;
/** Numbers too small to differ from zero in their upper half, which share zero's bins. */
export const TINY_POSITIVE: usize = STATE + 112;
export const TINY_NEGATIVE: usize = STATE + 120;
/** The pilot as float32, not a result: splat from here it stays in a register, splat from a local it was made anew in every turn. */
export const SHIFT: usize = STATE + 128;

// @ts-ignore: decorator
@inline
export function add(field: usize, value: f64): void {
  store<f64>(field, load<f64>(field) + value);
}
