import { isNumeric } from '../dtype';
import { isWeight } from '../model';
import type { Model } from '../model';
import type { TensorStatistics } from '../statistics/tensorStatistics';

/** What is compared of one tensor: figures that do not depend on its name, its axes and their order. */
interface Trait {
  readonly elements: number;
  readonly zeros: number;
  /** NaN and infinities. */
  readonly nonFinite: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly standardDeviation: number;
}

/** Sums in another order differ in their last digits: shares of the standard deviation. Two trainings differ in the first. */
const TOLERANCE = 1e-6;

/** Of all weights of a model, in an order that only the values decide. */
export type WeightTraits = readonly Trait[];

/** Undefined where a weight was not read in full: then nothing can be said. */
export function traitsOf(model: Model, statistics: ReadonlyMap<number, TensorStatistics>): WeightTraits | undefined {
  const traits: Trait[] = [];
  for (const [index, tensor] of model.tensors.entries()) {
    if (!isWeight(tensor) || !isNumeric(tensor.dtype) || tensor.elements === 0) continue;
    const figures = statistics.get(index);
    if (!figures || figures.sampled) return undefined;
    traits.push({
      elements: tensor.elements, zeros: figures.zeros, nonFinite: figures.nan + figures.positiveInfinity + figures.negativeInfinity,
      min: figures.min ?? 0, max: figures.max ?? 0, mean: figures.mean ?? 0, standardDeviation: figures.standardDeviation ?? 0,
    });
  }
  return traits.length === 0 ? undefined : traits.sort((a, b) => a.elements - b.elements || a.min - b.min || a.max - b.max || a.zeros - b.zeros || a.mean - b.mean);
}

/**
 * Whether two models hold the same weights, whatever they are called and however they lie. Tells by figures: the extremes, zeros and values
 * that are not finite of every tensor are the same to the last bit, and mean and deviation but for the order of a sum.
 */
export function areSameWeights(a: WeightTraits, b: WeightTraits): boolean {
  return a.length === b.length && a.every((one, i) => isSame(one, b[i]!));
}

function isSame(a: Trait, b: Trait): boolean {
  const slack = TOLERANCE * Math.max(a.standardDeviation, Math.abs(a.mean) * Number.EPSILON);
  return a.elements === b.elements && a.zeros === b.zeros && a.nonFinite === b.nonFinite && a.min === b.min && a.max === b.max
    && Math.abs(a.mean - b.mean) <= slack && Math.abs(a.standardDeviation - b.standardDeviation) <= slack;
}
