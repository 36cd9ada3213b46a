import type { BlockScaleSink } from './dequantize';
import { quantilesOf } from './quantiles';
import { mergeTables } from './table';
import type { Table } from './table';
import { QUANTILES } from './tensorStatistics';
import type { BlockScales, Distribution, ScaleFigures } from './tensorStatistics';

/** What the scales of a run of blocks sum up to. Plain data: crosses ports. */
export interface ScaleSums {
  readonly count: number;
  readonly zeros: number;
  readonly nonFinite: number;
  /** Of finite scales, as the sums; Infinity and -Infinity where there are none. */
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly squares: number;
  /** How often which upper 14 bits occur (sign, exponent, 5 bits of mantissa); kind `codes`. */
  readonly table: Table;
}

export interface BlockScaleSums {
  readonly scale: ScaleSums;
  /** Of the types that take away a minimum, or add it. */
  readonly min?: ScaleSums;
}

/** float32 bits right of these tell values of one bin apart: a bin is up to 1/32 of its value wide. */
export const SCALE_KEY_SHIFT = 18;
export const SCALE_KEYS = 1 << (32 - SCALE_KEY_SHIFT);

/** Keys and counts of the bins that are not empty. */
export function scaleTable(counts: Uint32Array): Table {
  const keys = new Uint16Array(SCALE_KEYS);
  let length = 0;
  for (let key = 0; key < SCALE_KEYS; key++) if (counts[key]! > 0) keys[length++] = key;
  return { kind: 'codes', keys: keys.slice(0, length), counts: Uint32Array.from(keys.subarray(0, length), (key) => counts[key]!) };
}

/** The twin of src/kernel/blockScales.ts. */
export class ScaleCollector implements BlockScaleSink {
  readonly #scales = new ScaleCounter();
  readonly #mins = new ScaleCounter();

  scale(value: number): void {
    this.#scales.add(value);
  }

  min(value: number): void {
    this.#mins.add(value);
  }

  result(): BlockScaleSums {
    const min = this.#mins.result();
    return { scale: this.#scales.result(), ...(min.count > 0 && { min }) };
  }
}

const single = new Float32Array(1);
const word = new Uint32Array(single.buffer);

class ScaleCounter {
  readonly #counts = new Uint32Array(SCALE_KEYS);
  #count = 0;
  #zeros = 0;
  #nonFinite = 0;
  #min = Infinity;
  #max = -Infinity;
  #sum = 0;
  #squares = 0;

  add(value: number): void {
    single[0] = value;
    const scale = single[0];
    this.#count++;
    this.#counts[word[0]! >>> SCALE_KEY_SHIFT]!++;
    if (!Number.isFinite(scale)) {
      this.#nonFinite++;
      return;
    }
    if (scale === 0) this.#zeros++;
    if (scale < this.#min) this.#min = scale;
    if (scale > this.#max) this.#max = scale;
    this.#sum += scale;
    this.#squares += scale * scale;
  }

  result(): ScaleSums {
    return { count: this.#count, zeros: this.#zeros, nonFinite: this.#nonFinite, min: this.#min, max: this.#max, sum: this.#sum, squares: this.#squares, table: scaleTable(this.#counts) };
  }
}

/** Of two parts of a tensor, in any order. */
export function mergeBlockScales(a: BlockScaleSums, b: BlockScaleSums): BlockScaleSums {
  return { scale: mergeSums(a.scale, b.scale), ...(a.min && b.min && { min: mergeSums(a.min, b.min) }) };
}

function mergeSums(a: ScaleSums, b: ScaleSums): ScaleSums {
  return {
    count: a.count + b.count,
    zeros: a.zeros + b.zeros,
    nonFinite: a.nonFinite + b.nonFinite,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    sum: a.sum + b.sum,
    squares: a.squares + b.squares,
    table: mergeTables(a.table, b.table),
  };
}

export function finishBlockScales({ scale, min }: BlockScaleSums): BlockScales {
  return { scale: figuresOf(scale), ...(min && { min: figuresOf(min) }) };
}

function figuresOf({ count, zeros, nonFinite, min, max, sum, squares, table }: ScaleSums): ScaleFigures {
  const finite = count - nonFinite;
  if (finite === 0) return { count, zeros, nonFinite, min: null, max: null, mean: null, standardDeviation: null, quantiles: QUANTILES.map(() => null) };
  const mean = sum / finite;
  return {
    count,
    zeros,
    nonFinite,
    min,
    max,
    mean,
    // Half floats have 11 bits: of equal scales the difference is rounding alone.
    standardDeviation: min === max ? 0 : Math.sqrt(Math.max(0, squares / finite - mean * mean)),
    quantiles: quantilesOf(distributionOf(table, min, max)),
  };
}

const EXPONENT_KEYS = 0x1fe0;
const SIGN_KEY = 0x2000;

/** Finite scales, ascending; no bin reaches beyond the extremes. */
function distributionOf(table: Table, min: number, max: number): Distribution {
  if (table.kind === 'values') throw new Error('scales are counted by their bits');
  const order = [...table.keys.keys()].filter((i) => (table.keys[i]! & EXPONENT_KEYS) !== EXPONENT_KEYS);
  // The bits of negative numbers ascend as these descend.
  order.sort((a, b) => rank(table.keys[a]!) - rank(table.keys[b]!));
  const bounds = order.map((i) => rangeOf(table.keys[i]!));
  const within = (value: number): number => Math.min(max, Math.max(min, value));
  return {
    exact: false,
    lower: Float64Array.from(bounds, ([low]) => within(low)),
    upper: Float64Array.from(bounds, ([, high]) => within(high)),
    counts: Float64Array.from(order, (i) => table.counts[i]!),
  };
}

function rank(key: number): number {
  return key < SIGN_KEY ? key : SIGN_KEY - 1 - key;
}

function rangeOf(key: number): readonly [number, number] {
  word[0] = key << SCALE_KEY_SHIFT;
  const near = single[0]!;
  word[0] = (key << SCALE_KEY_SHIFT) | ((1 << SCALE_KEY_SHIFT) - 1);
  const far = single[0]!;
  // Zeros share the bin of what is too small for a scale.
  if ((key & (SIGN_KEY - 1)) === 0) return [0, 0];
  return key < SIGN_KEY ? [near, far] : [far, near];
}
