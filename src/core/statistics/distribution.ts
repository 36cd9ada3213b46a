import type { Tensor } from '../model';
import { codeDecoder } from './decode';
import type { PartialStatistics, PartialSums } from './partial';
import { compactValues, FLOAT64_KEY_SHIFT } from './table';
import type { Keys } from './table';
import type { Counts, Distribution, Values } from './tensorStatistics';

/**
 * Distinct values of a 16-bit tensor that are kept one by one. A large float16 tensor has some 30,000, and a model
 * thousands of tensors; beyond this, values that share sign, exponent and 7 bits of mantissa share a bin.
 */
export const MOST_EXACT_VALUES = 4096;

/** The finite part of a table, as a distribution, and what of it was not finite. */
export interface Decoded {
  readonly distribution: Distribution;
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
}

const MOST_CODES = 1 << 16;

/** Worked in again and again: fresh arrays for each tensor would be the most memory that an analysis takes. */
const scratchValues = new Float64Array(MOST_CODES);
const scratchCounts = new Float64Array(MOST_CODES);

/** Every finite code's real value, ascending, equal ones merged. */
export function decodeCodes(keys: Keys, counts: Counts, tensor: Pick<Tensor, 'dtype' | 'quantization'>): Decoded {
  const decode = codeDecoder(tensor);
  let length = 0;
  let nan = 0;
  let positiveInfinity = 0;
  let negativeInfinity = 0;
  const take = (i: number): void => {
    const value = decode(keys[i]!);
    const count = counts[i]!;
    if (value - value === 0) {
      // Adding 0 makes -0 the 0 that it counts as.
      scratchValues[length] = value + 0;
      scratchCounts[length++] = count;
    } else if (value > 0) positiveInfinity += count;
    else if (value < 0) negativeInfinity += count;
    else nan += count;
  };
  // So that plain values ascend: signed codes have their negative half first, and that of floats backwards.
  const firstNegative = negativeCodes(keys, tensor.dtype);
  if (isFloat(tensor.dtype)) for (let i = keys.length - 1; i >= firstNegative; i--) take(i);
  else for (let i = firstNegative; i < keys.length; i++) take(i);
  for (let i = 0; i < firstNegative; i++) take(i);
  return { distribution: mergedValues(scratchValues.subarray(0, length), scratchCounts.subarray(0, length)), nan, positiveInfinity, negativeInfinity };
}

function isFloat(dtype: Tensor['dtype']): boolean {
  return dtype === 'float16' || dtype === 'bfloat16';
}

/** Where the codes of negative numbers begin. */
function negativeCodes(keys: Keys, dtype: Tensor['dtype']): number {
  if (dtype === 'int8') return firstAtLeast(keys, 0x80);
  return isFloat(dtype) || dtype === 'int16' ? firstAtLeast(keys, 0x8000) : keys.length;
}

/** A negative scale turns the order round, and rounding may make one value of two codes. Works in the given arrays. */
function mergedValues(values: Float64Array, counts: Float64Array): Distribution {
  if (!isAscending(values)) sortTogether(values, counts);
  let length = 0;
  for (let i = 0; i < values.length; i++) {
    if (length > 0 && values[length - 1] === values[i]) counts[length - 1]! += counts[i]!;
    else {
      values[length] = values[i]!;
      counts[length++] = counts[i]!;
    }
  }
  return exactDistribution(compactValues(values.subarray(0, length)), compactCounts(counts.subarray(0, length)));
}

function sortTogether(values: Float64Array, counts: Float64Array): void {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const [oldValues, oldCounts] = [values.slice(), counts.slice()];
  order.forEach((from, to) => {
    values[to] = oldValues[from]!;
    counts[to] = oldCounts[from]!;
  });
}

function isAscending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i - 1]! > values[i]!) return false;
  return true;
}

export function exactDistribution(values: Values, counts: Counts): Distribution {
  return { exact: true, lower: values, upper: values, counts };
}

function compactCounts(counts: Float64Array): Counts {
  for (let i = 0; i < counts.length; i++) if (counts[i]! > 0xffffffff) return counts.slice();
  return new Uint32Array(counts);
}

/** Bins of bit patterns, with a bin for 0, narrowed to min and max. */
export function binnedDistribution(partial: PartialStatistics, sums: PartialSums): Distribution {
  const { table } = partial;
  if (table.kind !== 'float32' && table.kind !== 'float64') throw new Error(`a table of "${table.kind}" has no bins`);
  const { keys, counts } = table;
  const single = table.kind === 'float32';
  const signBit = single ? 0x8000 : 1 << (31 - FLOAT64_KEY_SHIFT);
  const firstNegative = firstAtLeast(keys, signBit);
  const zeroBins = sums.zeros > 0 ? 1 : 0;
  const length = keys.length + zeroBins;
  const Bound = single ? Float32Array : Float64Array;
  const lower = new Bound(length);
  const upper = new Bound(length);
  const bins = counts instanceof Float64Array ? new Float64Array(length) : new Uint32Array(length);
  const bound = single ? float32Bound : float64Bound;
  let at = 0;
  for (let i = keys.length - 1; i >= firstNegative; i--, at++) {
    const magnitude = keys[i]! - signBit;
    lower[at] = -bound(magnitude, true);
    upper[at] = -bound(magnitude, false);
    bins[at] = counts[i]!;
  }
  // Zero's bin is 0 at both ends, as the arrays are.
  if (zeroBins) bins[at++] = sums.zeros;
  for (let i = 0; i < firstNegative; i++, at++) {
    lower[at] = bound(keys[i]!, false);
    upper[at] = bound(keys[i]!, true);
    bins[at] = counts[i]!;
  }
  if (length > 0) {
    // Adding 0 makes -0 the 0 that it counts as.
    lower[0] = sums.min + 0;
    upper[length - 1] = sums.max + 0;
  }
  return { exact: false, lower, upper, counts: bins };
}

const words = new Uint32Array(2);
const single = new Float32Array(words.buffer, 0, 1);
const double = new Float64Array(words.buffer);

/** Least or greatest magnitude with these upper 15 bits; zero's own key begins at the least number above zero. */
function float32Bound(key: number, greatest: boolean): number {
  words[0] = greatest ? (key << 16) | 0xffff : key === 0 ? 1 : key << 16;
  return single[0]!;
}

function float64Bound(key: number, greatest: boolean): number {
  words[1] = greatest ? (key << FLOAT64_KEY_SHIFT) | ((1 << FLOAT64_KEY_SHIFT) - 1) : key << FLOAT64_KEY_SHIFT;
  words[0] = greatest ? 0xffffffff : key === 0 ? 1 : 0;
  return double[0]!;
}

/** Joins exact values that share sign, exponent and 7 bits of mantissa, where there are too many to keep. */
export function coarsened(distribution: Distribution): Distribution {
  const { exact, lower: values, counts } = distribution;
  if (!exact || values.length <= MOST_EXACT_VALUES) return distribution;
  const Bound = values instanceof Float32Array ? Float32Array : Float64Array;
  const lower = new Bound(values.length);
  const upper = new Bound(values.length);
  const bins = new Float64Array(values.length);
  let length = 0;
  let lastKey = NaN;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    double[0] = value;
    const key = value === 0 ? -1 : words[1]! >>> FLOAT64_KEY_SHIFT;
    if (key !== lastKey) {
      lower[length++] = value;
      lastKey = key;
    }
    upper[length - 1] = value;
    bins[length - 1]! += counts[i]!;
  }
  return { exact: false, lower: lower.slice(0, length), upper: upper.slice(0, length), counts: compactCounts(bins.subarray(0, length)) };
}

function firstAtLeast(ascending: Keys, key: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
