import { joinPieces } from './pieces';
import { SIMILAR_COSINE } from './tensorStatistics';
import type { SimilarUnits } from './tensorStatistics';
import { MOST_SAMPLED_UNITS, scrambled } from './unitSamples';
import type { SamplePlan, UnitSamples } from './unitSamples';

/** Pairs that a tensor keeps. */
export const MOST_SIMILAR_PAIRS = 256;

/** Chances that two like units have to meet: of pairs with a cosine of 0.99 one takes more than half, at 0.999 five in six, of copies all. */
const BANDS = 2;
const LEAST_BAND_BITS = 9;
const MOST_BAND_BITS = 15;
const BITS_AT_ONCE = 3;

/** Buckets beyond this size are not compared pair by pair: units of one sign, or nearly empty ones, all look alike. */
const MOST_BUCKET_UNITS = 8;

/** In a large bucket each unit meets as many of those that lie next to it in some fixed direction; copies lie there side by side. */
const NEIGHBOURS = 4;

/** Of all signature bits; pairs with a cosine of 0.99 differ in 4.5 % of them. */
const MOST_DIFFERING_BITS = 0.2;

/**
 * Vectors of few weights point the same way by chance: a filter with one weight that is not zero is like every other such filter. In
 * d dimensions two random directions come as close as sine² s with a probability of about s^((d - 1) / 2), and d is what the length is spread
 * over, (Σ|w|)² / Σw²: 17 of 27 normal weights, for which a cosine of 0.99 is enough. The limit leaves none in ten million pairs, many times over.
 */
const LEAST_DIGITS_AGAINST_CHANCE = 10;

/** Digits of sine² that single precision tells; beyond, two vectors are copies of each other. */
const MOST_SINE_DIGITS = 6;

/** The kept weights of all units. */
interface Sampled {
  readonly plan: SamplePlan;
  readonly values: Float32Array;
}

/**
 * Units that point the same way, found by locality-sensitive hashing (Charikar, "Similarity estimation techniques from rounding
 * algorithms", STOC 2002): a bit is the sign of a weight or, where most weights have the same one, tells which of two weights is larger; a
 * positive factor changes neither. Candidates are then compared by the cosine itself. Of units that are all alike, as many pairs are given as tie them
 * together, the most alike first. undefined where weights are missing.
 */
export function similarUnits({ plan, pieces }: UnitSamples): readonly SimilarUnits[] | undefined {
  const values = joinPieces(pieces, plan.weights.length * plan.units);
  return values && strongestTies(new PairFinder({ plan, values }).find(), plan.units);
}

class PairFinder {
  readonly #sampled: Sampled;
  readonly #signatures: Uint16Array[];
  readonly #mostDiffering: number;
  readonly #projections: Float64Array;
  readonly #seen = new Set<number>();
  readonly #found: SimilarUnits[] = [];

  constructor(sampled: Sampled) {
    const { units, weights } = sampled.plan;
    this.#sampled = sampled;
    const bits = bandBits(units, weights.length);
    const orders = bandOrders(weights.length);
    const sign = hasBothSigns(sampled.values) ? signSignatures : comparedSignatures;
    this.#signatures = Array.from({ length: BANDS }, (_, band) => sign(sampled, orders, band, bits));
    this.#mostDiffering = BANDS * bits * MOST_DIFFERING_BITS;
    this.#projections = new Float64Array(units).fill(NaN);
  }

  find(): SimilarUnits[] {
    for (const band of this.#signatures) for (const bucket of buckets(band)) this.#compareAll(bucket);
    return this.#found;
  }

  #compareAll(bucket: number[]): void {
    const isLarge = bucket.length > MOST_BUCKET_UNITS;
    const order = isLarge ? this.#inOneDirection(bucket) : bucket;
    const reach = isLarge ? NEIGHBOURS : order.length;
    for (let i = 0; i < order.length; i++) {
      for (let j = i + 1; j < order.length && j <= i + reach; j++) this.#compare(order[i]!, order[j]!);
    }
  }

  /** Without those that have no direction. */
  #inOneDirection(bucket: readonly number[]): number[] {
    const projections = this.#projections;
    for (const unit of bucket) if (Number.isNaN(projections[unit]!)) projections[unit] = projection(this.#sampled, unit);
    return bucket.filter((unit) => Number.isFinite(projections[unit]!)).sort((a, b) => projections[a]! - projections[b]! || a - b);
  }

  #compare(a: number, b: number): void {
    if (this.#differingBits(a, b) > this.#mostDiffering) return;
    const [first, second] = a < b ? [a, b] : [b, a];
    const pair = first * this.#sampled.plan.units + second;
    if (this.#seen.has(pair)) return;
    this.#seen.add(pair);
    const cosine = cosineOf(this.#sampled, first, second);
    if (cosine >= SIMILAR_COSINE) this.#found.push({ first, second, cosine, weights: this.#sampled.plan.weights.length });
  }

  #differingBits(a: number, b: number): number {
    let differing = 0;
    for (const band of this.#signatures) differing += setBits(band[a]! ^ band[b]!);
    return differing;
  }
}

/** Few enough that like units meet, and so many that of others about one pair in four units does; a bit takes two weights. */
function bandBits(units: number, weights: number): number {
  const wanted = Math.ceil((Math.log2(units) + 1) / BITS_AT_ONCE) * BITS_AT_ONCE;
  return Math.min(Math.max(LEAST_BAND_BITS, Math.min(MOST_BAND_BITS, wanted)), Math.floor(weights / 2 / BITS_AT_ONCE) * BITS_AT_ONCE);
}

/**
 * `bits` bits of every unit, a multiple of BITS_AT_ONCE, each from two weights of its own: a weight that two of them shared would make some
 * signatures likelier than others.
 */
function comparedSignatures({ plan, values }: Sampled, orders: readonly number[], band: number, bits: number): Uint16Array {
  const order = orders.slice(band * plan.weights.length);
  const words = new Int32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(plan.units);
  for (let bit = 0; bit < bits; bit += BITS_AT_ONCE) addBits(result, words, plan, order.slice(2 * bit, 2 * (bit + BITS_AT_ONCE)));
  return result;
}

const SIGN_PROBES = 256;
const LEAST_SHARE_OF_SIGN = 0.35;

/** Whether signs tell units apart: zeros count as positive. */
function hasBothSigns(values: Float32Array): boolean {
  const step = Math.max(1, Math.floor(values.length / SIGN_PROBES));
  let probes = 0;
  let negative = 0;
  for (let i = 0; i < values.length; i += step, probes++) if (values[i]! < 0) negative++;
  return negative >= LEAST_SHARE_OF_SIGN * probes && negative <= (1 - LEAST_SHARE_OF_SIGN) * probes;
}

/** The same from the signs of weights, which takes a third of the time. */
function signSignatures({ plan, values }: Sampled, order: readonly number[], band: number, bits: number): Uint16Array {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(plan.units);
  // No two bands have a weight in common: there are more than bits.
  for (let bit = band * bits; bit < (band + 1) * bits; bit += BITS_AT_ONCE) addSigns(result, words, plan, order.slice(bit, bit + BITS_AT_ONCE));
  return result;
}

function addSigns(signature: Uint16Array, words: Int32Array, { begins, steps }: SamplePlan, weights: readonly number[]): void {
  let [a = 0, b = 0, c = 0] = weights.map((k) => begins[k]!);
  const [aStep = 0, bStep = 0, cStep = 0] = weights.map((k) => steps[k]!);
  for (let unit = 0; unit < signature.length; unit++) {
    signature[unit] = (signature[unit]! << 3) | ((words[a]! >>> 29) & 4) | ((words[b]! >>> 30) & 2) | (words[c]! >>> 31);
    a = (a + aStep) | 0;
    b = (b + bStep) | 0;
    c = (c + cStep) | 0;
  }
}

/** Three comparisons a turn: loading and storing the signature takes as long as one. */
function addBits(signature: Uint16Array, words: Int32Array, { begins, steps }: SamplePlan, weights: readonly number[]): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = weights.map((k) => begins[k]!);
  const [aStep = 0, bStep = 0, cStep = 0, dStep = 0, eStep = 0, fStep = 0] = weights.map((k) => steps[k]!);
  for (let unit = 0; unit < signature.length; unit++) {
    signature[unit] = (signature[unit]! << 3)
      | (((ranked(words[a]!) - ranked(words[b]!)) >>> 29) & 4)
      | (((ranked(words[c]!) - ranked(words[d]!)) >>> 30) & 2)
      | ((ranked(words[e]!) - ranked(words[f]!)) >>> 31);
    a = (a + aStep) | 0;
    b = (b + bStep) | 0;
    c = (c + cStep) | 0;
    d = (d + dStep) | 0;
    e = (e + eStep) | 0;
    f = (f + fStep) | 0;
  }
}

/** Of a float32's bits a number of 31 bits that rises with it. A comparison of floats would be a branch that nobody can predict. */
function ranked(word: number): number {
  return (word ^ ((word >> 31) & 0x7fffffff)) >> 1;
}

/** By number of weights, of which there are MOST_SAMPLE at most: to make them takes as long as to use them. */
const orders = new Map<number, readonly number[]>();

/** 0..length - 1 for each band in another order, one after the other. */
function bandOrders(length: number): readonly number[] {
  const known = orders.get(length);
  if (known) return known;
  const made = Array.from({ length: BANDS }, (_, band) => inRandomOrder(length, band)).flat();
  orders.set(length, made);
  return made;
}

function inRandomOrder(length: number, seed: number): number[] {
  const keys = Array.from({ length }, (_, i) => scrambled(seed * length + i));
  return [...keys.keys()].sort((a, b) => keys[a]! - keys[b]!);
}

const heads = new Uint16Array(1 << MOST_BAND_BITS);
const nexts = new Uint16Array(MOST_SAMPLED_UNITS);

/** Units with the same signature, where there is more than one. */
function buckets(signature: Uint16Array): number[][] {
  // Lists by signature; 0 ends a list, unit u is u + 1.
  for (let unit = signature.length - 1; unit >= 0; unit--) {
    nexts[unit] = heads[signature[unit]!]!;
    heads[signature[unit]!] = unit + 1;
  }
  const found: number[][] = [];
  for (let unit = 0; unit < signature.length; unit++) {
    if (heads[signature[unit]!] === unit + 1 && nexts[unit] !== 0) found.push(listFrom(unit));
  }
  for (let unit = 0; unit < signature.length; unit++) heads[signature[unit]!] = 0;
  return found;
}

function listFrom(unit: number): number[] {
  const units: number[] = [];
  for (let next = unit + 1; next !== 0; next = nexts[next - 1]!) units.push(next - 1);
  return units;
}

function setBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555);
  bits = (bits & 0x3333) + ((bits >>> 2) & 0x3333);
  bits = (bits + (bits >>> 4)) & 0x0f0f;
  return (bits + (bits >>> 8)) & 0x1f;
}

/** Of a unit's direction onto a fixed one; the same for copies, up to a positive factor and rounding. Not finite where there is no direction. */
function projection({ plan, values }: Sampled, unit: number): number {
  let sum = 0;
  let squares = 0;
  for (let k = 0; k < plan.weights.length; k++) {
    const value = values[plan.begins[k]! + unit * plan.steps[k]!]!;
    sum += scrambled(k) & 1 ? value : -value;
    squares += value * value;
  }
  return squares > 0 ? sum / Math.sqrt(squares) : Infinity;
}

/** -1 where the two may be alike by chance, or have no direction. */
function cosineOf({ plan, values }: Sampled, first: number, second: number): number {
  const { weights, begins, steps } = plan;
  let product = 0;
  let firstSquares = 0;
  let secondSquares = 0;
  let firstSum = 0;
  let secondSum = 0;
  for (let k = 0; k < weights.length; k++) {
    const a = values[begins[k]! + first * steps[k]!]!;
    const b = values[begins[k]! + second * steps[k]!]!;
    product += a * b;
    firstSquares += a * a;
    secondSquares += b * b;
    firstSum += Math.abs(a);
    secondSum += Math.abs(b);
  }
  const cosine = Math.min(1, product / Math.sqrt(firstSquares) / Math.sqrt(secondSquares));
  const dimensions = Math.min(firstSum ** 2 / firstSquares, secondSum ** 2 / secondSquares);
  const digits = Math.min(MOST_SINE_DIGITS, -Math.log10(1 - cosine * cosine));
  // NaN where a weight is not finite, or all are zero.
  return ((dimensions - 1) / 2) * digits >= LEAST_DIGITS_AGAINST_CHANCE ? cosine : -1;
}

/** A forest: a pair whose units are already tied by more similar pairs says nothing new. */
function strongestTies(pairs: SimilarUnits[], units: number): SimilarUnits[] {
  if (pairs.length === 0) return [];
  pairs.sort((a, b) => b.cosine - a.cosine || a.first - b.first || a.second - b.second);
  const groups = Uint16Array.from({ length: units }, (_, unit) => unit);
  const groupOf = (unit: number): number => {
    let group = unit;
    // Each step halves the way for the next one who asks.
    while (groups[group] !== group) group = groups[group] = groups[groups[group]!]!;
    return group;
  };
  const ties: SimilarUnits[] = [];
  for (const pair of pairs) {
    const first = groupOf(pair.first);
    const second = groupOf(pair.second);
    if (first === second) continue;
    groups[second] = first;
    if (ties.push(pair) === MOST_SIMILAR_PAIRS) break;
  }
  return ties;
}
