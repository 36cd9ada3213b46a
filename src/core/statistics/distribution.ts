import type { Tensor } from '../model';
import { firstAtLeast } from './ascending';
import { codeDecoder, floatsByCode } from './decode';
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
const scratchUpper = new Float64Array(MOST_CODES);

/** Every finite code's real value, ascending, equal ones merged. The distribution's arrays are good until the next call: see `kept`. */
export function decodeCodes(keys: Keys, counts: Counts, tensor: Pick<Tensor, 'dtype' | 'quantization'>): Decoded {
  const floats = floatsByCode(tensor.dtype);
  const decode = floats ? (code: number): number => floats[code]! : codeDecoder(tensor);
  // So that plain values ascend: signed codes have their negative half first, and that of floats backwards.
  const firstNegative = negativeCodes(keys, tensor.dtype);
  const negatives = keys.length - firstNegative;
  const [start, step] = floats ? [keys.length - 1, -1] : [firstNegative, 1];
  let length = 0;
  let nan = 0;
  let positiveInfinity = 0;
  let negativeInfinity = 0;
  let previous = -Infinity;
  let isAscending = true;
  for (let i = 0; i < keys.length; i++) {
    const at = i < negatives ? start + step * i : i - negatives;
    // Adding 0 makes -0 the 0 that it counts as.
    const value = decode(keys[at]!) + 0;
    const count = counts[at]!;
    if (value === previous) scratchCounts[length - 1]! += count;
    else if (value - value === 0) {
      if (value < previous) isAscending = false;
      previous = value;
      scratchValues[length] = value;
      scratchCounts[length++] = count;
    } else if (value > 0) positiveInfinity += count;
    else if (value < 0) negativeInfinity += count;
    else nan += count;
  }
  const values = scratchValues.subarray(0, length);
  const ownCounts = scratchCounts.subarray(0, length);
  return { distribution: isAscending ? exactDistribution(values, ownCounts) : sortedDistribution(values, ownCounts), nan, positiveInfinity, negativeInfinity };
}

/** Where the codes of negative numbers begin. */
function negativeCodes(keys: Keys, dtype: Tensor['dtype']): number {
  if (dtype === 'int8') return firstAtLeast(keys, 0x80);
  return floatsByCode(dtype) || dtype === 'int16' ? firstAtLeast(keys, 0x8000) : keys.length;
}

/** A negative scale turns the order round, and rounding may make one value of two codes. Works in the given arrays. */
function sortedDistribution(values: Float64Array, counts: Float64Array): Distribution {
  sortTogether(values, counts);
  let length = 0;
  for (let i = 0; i < values.length; i++) {
    if (length > 0 && values[length - 1] === values[i]) counts[length - 1]! += counts[i]!;
    else {
      values[length] = values[i]!;
      counts[length++] = counts[i]!;
    }
  }
  return exactDistribution(values.subarray(0, length), counts.subarray(0, length));
}

function sortTogether(values: Float64Array, counts: Float64Array): void {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const [oldValues, oldCounts] = [values.slice(), counts.slice()];
  order.forEach((from, to) => {
    values[to] = oldValues[from]!;
    counts[to] = oldCounts[from]!;
  });
}

export function exactDistribution(values: Values, counts: Counts): Distribution {
  return { exact: true, lower: values, upper: values, counts };
}

function compactCounts(counts: Counts): Counts {
  if (counts instanceof Uint32Array) return counts;
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

/**
 * A distribution to keep, in arrays of its own. Where there are too many exact values, those that share sign, exponent and
 * 7 bits of mantissa are joined, and the given arrays worked in.
 */
export function kept(distribution: Distribution): Distribution {
  const { exact, lower: values, counts } = distribution;
  if (!exact) return distribution;
  if (values.length <= MOST_EXACT_VALUES) return exactDistribution(compactValues(values), compactCounts(counts));
  let length = 0;
  for (let i = 0; i < values.length; length++) {
    const low = values[i]!;
    const limit = greatestOfBin(low);
    let high = low;
    let sum = 0;
    for (; i < values.length && values[i]! <= limit; i++) {
      high = values[i]!;
      sum += counts[i]!;
    }
    values[length] = low;
    counts[length] = sum;
    scratchUpper[length] = high;
  }
  return { exact: false, lower: compactValues(values.subarray(0, length)), upper: compactValues(scratchUpper.subarray(0, length)), counts: compactCounts(counts.subarray(0, length)) };
}

/** The greatest number that shares sign, exponent and 7 bits of mantissa with `value`; 0 shares them with nothing. */
function greatestOfBin(value: number): number {
  double[0] = value;
  const key = words[1]! >>> FLOAT64_KEY_SHIFT;
  if (value === 0) return 0;
  return value > 0 ? float64Bound(key, true) : -float64Bound(key - (1 << (31 - FLOAT64_KEY_SHIFT)), false);
}
