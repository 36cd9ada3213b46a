import type { Tensor } from '../model';
import { firstAtLeast } from './ascending';
import type { Piece } from './pieces';
import { valueReader } from './valueReader';

/** Comparing more units takes longer than reading them, and a vocabulary is not a set of filters. */
export const MOST_SAMPLED_UNITS = 8192;

/** Below 27 weights, filters that have nothing to do with each other are alike by chance: random 3×3×1 ones reach a cosine of 0.9. */
export const LEAST_UNIT_WEIGHTS = 27;

/** Enough that a cosine of 0.99 between samples is not one of 0.95 between units: four standard errors (Fisher's z) for the smaller size. */
const LEAST_SAMPLE = 32;
const MOST_SAMPLE = 64;

/** Copying this share of the weights, into memory that is new, costs a few percent of the pass. */
const SAMPLE_SHARE = 1 / 32;

/** Sparsity that hardware makes use of lies in groups of four weights along the inputs. */
const GROUP = 4;

/**
 * Which weights are kept of each output unit: the same of all units. The tensor's elements are ordered [outer][unit][inner], and a
 * unit's weights are numbered as if it were alone: outer × inner of them.
 * Kept weights stand in the order of the tensor's elements: weight k of unit u is number begins[k] + u × steps[k].
 */
export interface SamplePlan {
  readonly units: number;
  readonly inner: number;
  /** Numbers of the kept weights, ascending. */
  readonly weights: Uint32Array;
  readonly begins: Uint32Array;
  readonly steps: Uint32Array;
  /** Indices into `weights` of groups of four neighbours along the inputs, one group after the other; empty where inputs do not come in fours. */
  readonly groups: Uint16Array;
}

/** Kept weights of a part of a tensor. */
export interface UnitSamples {
  readonly plan: SamplePlan;
  readonly pieces: readonly Piece[];
}

/** Kernels of the same shape come again and again in a model, and a plan takes as long as scanning a small one. */
const plans = new Map<string, SamplePlan | undefined>();
const MOST_PLANS = 256;

/** undefined where units are too many, too small, or not known. */
export function samplePlan({ shape, axes, role }: Pick<Tensor, 'shape' | 'axes' | 'role'>): SamplePlan | undefined {
  if (axes?.output === undefined || (role !== 'kernel' && role !== 'head' && role !== 'embedding')) return undefined;
  const key = `${shape.join()} ${axes.output} ${axes.input}`;
  if (plans.has(key)) return plans.get(key);
  if (plans.size === MOST_PLANS) plans.clear();
  const plan = planFor(shape, axes.output, axes.input);
  plans.set(key, plan);
  return plan;
}

function planFor(shape: readonly number[], output: number, input: number | undefined): SamplePlan | undefined {
  const units = shape[output] ?? 0;
  const unitWeights = product(shape.filter((_, axis) => axis !== output));
  if (units < 2 || units > MOST_SAMPLED_UNITS || unitWeights < LEAST_UNIT_WEIGHTS) return undefined;
  const inner = product(shape.slice(output + 1));
  const inputs = inputsOf(shape, output, input);
  const chosen = inputs ? inGroups(unitWeights, inputs) : evenly(unitWeights, sampleSize(unitWeights));
  const weights = Uint32Array.from(chosen).sort();
  const groups = inputs ? Uint16Array.from(chosen.map((weight) => firstAtLeast(weights, weight))) : new Uint16Array(0);
  return { units, inner, weights, groups, ...places(weights, units, inner) };
}

interface Inputs {
  readonly length: number;
  /** Between neighbours, in a unit's own numbers. */
  readonly step: number;
}

/** Where the inputs come in fours. */
function inputsOf(shape: readonly number[], output: number, input: number | undefined): Inputs | undefined {
  const length = input === undefined || input === output ? 0 : shape[input]!;
  if (input === undefined || length === 0 || length % GROUP !== 0) return undefined;
  return { length, step: product(shape.filter((_, axis) => axis > input && axis !== output)) };
}

function sampleSize(unitWeights: number): number {
  return Math.min(unitWeights, Math.max(LEAST_SAMPLE, Math.min(MOST_SAMPLE, Math.floor(unitWeights * SAMPLE_SHARE))));
}

/** One number of each of `count` even stretches of 0..length - 1, not always at the same place: filters repeat with the kernel's width. */
function evenly(length: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const first = Math.floor((i * length) / count);
    const end = Math.floor(((i + 1) * length) / count);
    return first + (scrambled(i) % (end - first));
  });
}

function inGroups(unitWeights: number, { length, step }: Inputs): number[] {
  const count = Math.floor(sampleSize(unitWeights) / GROUP);
  const perOuter = (length / GROUP) * step;
  return evenly(unitWeights / GROUP, count).flatMap((group) => {
    const outer = Math.floor(group / perOuter);
    const within = group % perOuter;
    const first = outer * length * step + Math.floor(within / step) * GROUP * step + (within % step);
    return [first, first + step, first + 2 * step, first + 3 * step];
  });
}

/** Spreads consecutive numbers over all of 32 bits (the end of MurmurHash3, Austin Appleby, public domain). */
export function scrambled(i: number): number {
  let h = Math.imul(i + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Weights of the same `outer` stand together: all of unit 0, then all of unit 1, and so on. */
function places(weights: Uint32Array, units: number, inner: number): Pick<SamplePlan, 'begins' | 'steps'> {
  const begins = new Uint32Array(weights.length);
  const steps = new Uint32Array(weights.length);
  for (let first = 0; first < weights.length; ) {
    const end = endOfSlab(weights, first, inner);
    for (let k = first; k < end; k++) {
      begins[k] = first * units + (k - first);
      steps[k] = end - first;
    }
    first = end;
  }
  return { begins, steps };
}

/** The end of those weights from `first` on that have the same `outer`. */
function endOfSlab(weights: Uint32Array, first: number, inner: number): number {
  const outer = Math.floor(weights[first]! / inner);
  let end = first + 1;
  while (end < weights.length && Math.floor(weights[end]! / inner) === outer) end++;
  return end;
}

/** Keeps the planned weights as chunks go by. */
export class SampleObserver {
  readonly #plan: SamplePlan;
  readonly #tensor: Tensor;
  /** From the first kept weight of the part to the last one of the tensor: memory that is not written to is not taken. */
  #values: Float32Array | undefined;
  #first = 0;
  #filled = 0;

  constructor(plan: SamplePlan, tensor: Tensor) {
    this.#plan = plan;
    this.#tensor = tensor;
  }

  /** The bytes of `count` elements. */
  see(bytes: Uint8Array, firstElement: number, count: number): void {
    const first = keptBefore(this.#plan, firstElement);
    const end = keptBefore(this.#plan, firstElement + count);
    if (first === end) return;
    if (!this.#values) {
      this.#values = new Float32Array(this.#plan.weights.length * this.#plan.units - first);
      this.#first = first;
    }
    const target = this.#values.subarray(this.#filled, this.#filled + end - first);
    if (this.#plan.inner === 1) this.#copyRows(bytes, firstElement, count, target);
    else this.#pick(bytes, firstElement, count, target);
    this.#filled += target.length;
  }

  result(): UnitSamples {
    const values = this.#values;
    if (!values) return { plan: this.#plan, pieces: [] };
    return { plan: this.#plan, pieces: [{ first: this.#first, values: this.#filled === values.length ? values : values.slice(0, this.#filled) }] };
  }

  /** Units side by side: one weight of all of them is a row, and rows that adjoin are copied at once. */
  #copyRows(bytes: Uint8Array, firstElement: number, count: number, values: Float32Array): void {
    const { units, weights } = this.#plan;
    const { copy } = valueReader(bytes, this.#tensor);
    const endElement = firstElement + count;
    let filled = 0;
    for (let k = firstAtLeast(weights, Math.floor(firstElement / units)); k < weights.length && weights[k]! * units < endElement; ) {
      let next = k + 1;
      while (next < weights.length && weights[next]! - weights[k]! === next - k) next++;
      const from = Math.max(firstElement, weights[k]! * units);
      const to = Math.min(endElement, (weights[next - 1]! + 1) * units);
      copy(from - firstElement, to - firstElement, values, filled);
      filled += to - from;
      k = next;
    }
  }

  #pick(bytes: Uint8Array, firstElement: number, count: number, values: Float32Array): void {
    const { units, inner, weights } = this.#plan;
    const { at } = valueReader(bytes, this.#tensor);
    const slabElements = units * inner;
    let filled = 0;
    for (let first = 0; first < weights.length && filled < values.length; ) {
      const end = endOfSlab(weights, first, inner);
      const outer = Math.floor(weights[first]! / inner);
      // Elements of the slab, counted from the chunk's first one.
      const slab = outer * slabElements - firstElement;
      const firstUnit = Math.max(0, Math.floor(-slab / inner));
      const endUnit = Math.min(units, Math.ceil((count - slab) / inner));
      for (let unit = firstUnit; unit < endUnit; unit++) {
        const base = slab + unit * inner - outer * inner;
        for (let k = first; k < end; k++) {
          const element = base + weights[k]!;
          if (element >= 0 && element < count) values[filled++] = at(element);
        }
      }
      first = end;
    }
  }
}

/** How many kept weights lie before an element. */
function keptBefore({ units, inner, weights }: SamplePlan, element: number): number {
  const outer = Math.floor(element / (units * inner));
  const unit = Math.floor(element / inner) % units;
  const first = firstAtLeast(weights, outer * inner);
  const end = firstAtLeast(weights, (outer + 1) * inner);
  const within = firstAtLeast(weights, outer * inner + (element % inner));
  return first * units + unit * (end - first) + (within - first);
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total * length, 1);
}
