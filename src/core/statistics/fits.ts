import { cumulative, digamma, studentQuantile } from './families';
import type { Family } from './families';
import { QUANTILES } from './tensorStatistics';
import type { Distribution, TensorStatistics } from './tensorStatistics';

/** A family with the parameters that suit a tensor best, and how far the two lie apart. */
export interface Fit {
  readonly family: Family;
  /** Kolmogorov's: the largest difference of the two cumulative shares, 0..1. */
  readonly distance: number;
  /** Exact zeros were left out: the curve is one of the other weights. */
  readonly excludesZeros: boolean;
  /** Weights that the curve stands for: finite ones, without zeros where those are left out. */
  readonly weights: number;
}

/** From this share of exact zeros on no smooth curve describes a tensor with them. */
const MANY_ZEROS = 0.02;

/** Fewer values than this fit every curve. */
const MIN_WEIGHTS = 30;

/** Normal, Laplace, Student t and uniform, the nearest first; empty where there is too little to fit, or one value only. */
export function fitsOf(statistics: TensorStatistics): readonly Fit[] {
  const sample = sampleOf(statistics);
  if (!sample) return [];
  const families = [normalFamily(sample), laplaceFamily(sample), studentFamily(sample), uniformFamily(sample)];
  return families
    .map((family) => ({ family, distance: sampleDistance(sample, family), excludesZeros: sample.excludesZeros, weights: sample.total }))
    .sort((a, b) => a.distance - b.distance);
}

/** One of the families alone; undefined where there is too little to fit. */
export function fitOf(statistics: TensorStatistics, name: 'normal' | 'laplace' | 'studentT' | 'uniform'): Fit | undefined {
  const sample = sampleOf(statistics);
  if (!sample) return undefined;
  const family = FITTERS[name](sample);
  return { family, distance: sampleDistance(sample, family), excludesZeros: sample.excludesZeros, weights: sample.total };
}

const FITTERS = { normal: normalFamily, laplace: laplaceFamily, studentT: studentFamily, uniform: uniformFamily };

/**
 * Kolmogorov's distance between the finite values and a given family, over the borders of the bins: exact where every bin is
 * one value, else too small by less than the fullest bin's share. 0 without finite values.
 */
export function kolmogorovDistance({ distribution }: Pick<TensorStatistics, 'distribution'>, family: Family): number {
  const { lower, upper, counts } = distribution;
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  let before = 0;
  let distance = 0;
  for (let i = 0; i < counts.length; i++) {
    const after = before + counts[i]!;
    const shareBelow = cumulative(family, lower[i]!);
    const shareUpTo = lower[i] === upper[i] ? shareBelow : cumulative(family, upper[i]!);
    distance = Math.max(distance, Math.abs(before / total - shareBelow), Math.abs(after / total - shareUpTo));
    before = after;
  }
  return distance;
}

/** A tensor's weights in some hundred groups of neighbouring bins. */
interface Sample {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Mean of the weights in a group, within its bins' width. */
  readonly middle: Float64Array;
  readonly counts: Float64Array;
  readonly total: number;
  readonly excludesZeros: boolean;
  /** Of the weights of the sample. */
  readonly mean: number;
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
}

/** Groups close at this share of the weights, or at this share of the width from p5 to p95: finer than any figure here can tell. */
const GROUP_MASS = 1 / 256;
const GROUP_WIDTH = 1 / 100;

function sampleOf(statistics: TensorStatistics): Sample | undefined {
  const { min, max, zeros, mean, standardDeviation, quantiles } = statistics;
  if (min === null || max === null || mean === null || standardDeviation === null || !(max > min) || !Number.isFinite(max - min)) return undefined;
  const finite = statistics.count - statistics.nan - statistics.positiveInfinity - statistics.negativeInfinity;
  const excludesZeros = zeros >= finite * MANY_ZEROS;
  const total = excludesZeros ? finite - zeros : finite;
  if (total < MIN_WEIGHTS) return undefined;
  const width = (quantileOf(quantiles, 0.95) - quantileOf(quantiles, 0.05)) * GROUP_WIDTH;
  const groups = grouped(statistics.distribution, excludesZeros, total * GROUP_MASS, width);
  if (groups.counts.length < 2) return undefined;
  // The zeros left out give nothing to the sums of first and second powers.
  const meanWithout = (mean * finite) / total;
  const square = ((standardDeviation ** 2 + mean ** 2) * finite) / total;
  const deviation = excludesZeros ? Math.sqrt(Math.max(0, square - meanWithout ** 2)) : standardDeviation;
  return { ...groups, total, excludesZeros, mean: meanWithout, deviation, min, max };
}

function quantileOf(quantiles: TensorStatistics['quantiles'], q: (typeof QUANTILES)[number]): number {
  return quantiles[QUANTILES.indexOf(q)] ?? 0;
}

type Groups = Pick<Sample, 'lower' | 'upper' | 'middle' | 'counts'>;

function grouped({ lower, upper, counts }: Distribution, withoutZeros: boolean, mass: number, width: number): Groups {
  const groups = { lower: new Float64Array(counts.length), upper: new Float64Array(counts.length), middle: new Float64Array(counts.length), counts: new Float64Array(counts.length) };
  let last = -1;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    const low = lower[i]!;
    const high = upper[i]!;
    if (count === 0 || (withoutZeros && low === 0 && high === 0)) continue;
    // A gap is no part of a group: the cumulative share stands still there.
    const joins = last >= 0 && groups.counts[last]! + count <= mass && high - groups.lower[last]! <= width;
    if (!joins) groups.lower[++last] = low;
    groups.upper[last] = high;
    groups.middle[last]! += count * (low + (high - low) / 2);
    groups.counts[last]! += count;
  }
  const length = last + 1;
  const middle = groups.middle.subarray(0, length);
  for (let i = 0; i < length; i++) middle[i]! /= groups.counts[i]!;
  return { lower: groups.lower.subarray(0, length), upper: groups.upper.subarray(0, length), middle, counts: groups.counts.subarray(0, length) };
}

function sampleDistance({ lower, upper, counts, total }: Sample, family: Family): number {
  let before = 0;
  let distance = 0;
  for (let i = 0; i < counts.length; i++) {
    const below = Math.abs(before / total - cumulative(family, lower[i]!));
    before += counts[i]!;
    const above = Math.abs(before / total - cumulative(family, upper[i]!));
    distance = Math.max(distance, below, above);
  }
  return distance;
}

/** Maximum likelihood: mean and population deviation. */
function normalFamily({ mean, deviation }: Sample): Family {
  return { name: 'normal', location: mean, scale: deviation };
}

/** Maximum likelihood: the least and the greatest value. */
function uniformFamily({ min, max }: Sample): Family {
  return { name: 'uniform', location: min + (max - min) / 2, scale: (max - min) / 2 };
}

/** Maximum likelihood: the median, and the mean distance from it. */
function laplaceFamily(sample: Sample): Family {
  const location = sampleQuantile(sample, 0.5);
  let sum = 0;
  for (let i = 0; i < sample.counts.length; i++) sum += sample.counts[i]! * Math.abs(sample.middle[i]! - location);
  return { name: 'laplace', location, scale: sum / sample.total };
}

/** Beyond 100 degrees of freedom nobody tells Student's t from a bell curve; below 0.6 its tails leave float32. */
const FEWEST_DEGREES = 0.6;
const MOST_DEGREES = 100;

/** The likelihood is flat near its top: more steps change the third digit of ν. */
const MOST_STEPS = 40;
const SETTLED = 1e-3;

/** Maximum likelihood by ECM (Liu & Rubin, Statistica Sinica 5, 1995), from where the quantiles point. */
function studentFamily(sample: Sample): Family {
  const { middle, counts, total } = sample;
  let location = sampleQuantile(sample, 0.5);
  let degrees = degreesByQuantiles(sample);
  let scale = (sampleQuantile(sample, 0.75) - sampleQuantile(sample, 0.25)) / 2 / studentQuantile(0.75, degrees) || sample.deviation;
  for (let step = 0; step < MOST_STEPS; step++) {
    let weightSum = 0;
    let weightedSum = 0;
    let logs = 0;
    for (let i = 0; i < counts.length; i++) {
      const z = (middle[i]! - location) / scale;
      const weight = (degrees + 1) / (degrees + z * z);
      weightSum += counts[i]! * weight;
      weightedSum += counts[i]! * weight * middle[i]!;
      logs += counts[i]! * (Math.log(weight) - weight);
    }
    const nextLocation = weightedSum / weightSum;
    let squares = 0;
    for (let i = 0; i < counts.length; i++) {
      const z = (middle[i]! - location) / scale;
      const deviation = middle[i]! - nextLocation;
      squares += (counts[i]! * (degrees + 1) * deviation * deviation) / (degrees + z * z);
    }
    const nextScale = Math.sqrt(squares / total);
    const nextDegrees = likeliestDegrees(degrees, logs / total);
    const isSettled = Math.abs(nextDegrees - degrees) < SETTLED * degrees && Math.abs(nextScale - scale) < SETTLED * scale;
    if (!(nextScale > 0)) break;
    [location, scale, degrees] = [nextLocation, nextScale, nextDegrees];
    if (isSettled) break;
  }
  return { name: 'studentT', location, scale, degrees };
}

/** The root of the likelihood's derivative in ν, the mean of (ln u − u) over the weights given; it falls with ν. */
function likeliestDegrees(degrees: number, meanLogs: number): number {
  const constant = 1 + meanLogs + digamma((degrees + 1) / 2) - Math.log((degrees + 1) / 2);
  let low = Math.log(FEWEST_DEGREES);
  let high = Math.log(MOST_DEGREES);
  for (let i = 0; i < 24; i++) {
    const middle = (low + high) / 2;
    const half = Math.exp(middle) / 2;
    if (Math.log(half) - digamma(half) + constant > 0) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** ν at which t's p1–p99 is as many times its p25–p75 as the sample's; a table's lookup, good enough to begin with. */
function degreesByQuantiles(sample: Sample): number {
  const inner = sampleQuantile(sample, 0.75) - sampleQuantile(sample, 0.25);
  const outer = sampleQuantile(sample, 0.99) - sampleQuantile(sample, 0.01);
  const ratio = inner > 0 ? outer / inner : Infinity;
  return WIDTH_RATIOS.find(([, width]) => ratio >= width)?.[0] ?? MOST_DEGREES;
}

/** [ν, t.99 / t.75], the heaviest tails first. */
const WIDTH_RATIOS: readonly (readonly [number, number])[] = [1, 1.5, 2, 3, 4, 5, 7, 10, 15, 25, 50].map((degrees) => [degrees, studentQuantile(0.99, degrees) / studentQuantile(0.75, degrees)]);

/** Within the groups evenly spread. */
function sampleQuantile({ lower, upper, counts, total }: Sample, q: number): number {
  let left = q * total;
  for (let i = 0; i < counts.length; i++) {
    if (left <= counts[i]!) return lower[i]! + (upper[i]! - lower[i]!) * (left / counts[i]!);
    left -= counts[i]!;
  }
  return upper[upper.length - 1]!;
}
