import type { Tensor } from '../model';
import { cumulative, familyDeviation } from '../statistics/families';
import type { Family } from '../statistics/families';
import { kolmogorovDistance } from '../statistics/fits';
import { finiteCount } from '../statistics/histogram';
import type { ChannelStatistics, Distribution, TensorStatistics } from '../statistics/tensorStatistics';

/** How well a tensor agrees with the distribution that it would have been drawn from. */
export interface InitialFit {
  readonly family: Family;
  readonly matches: boolean;
  /** What disagrees first. */
  readonly failed?: 'values' | 'range' | 'mean' | 'standard deviation' | 'kurtosis' | 'distribution' | 'units';
  /** Standard deviation of the weights over that of the distribution. */
  readonly deviationRatio: number;
  /** How far the ratio may be from 1. */
  readonly deviationBand: number;
  /** Kolmogorov's distance × √n. */
  readonly kolmogorov: number;
}

/** Standard errors that the standard deviation may be off: 0.05 % of drawn tensors are beyond. */
const DEVIATION_ERRORS = 3.5;

/** Standard errors of mean and kurtosis: less than one drawn tensor in a thousand is beyond. */
const MEAN_ERRORS = 4;
const KURTOSIS_ERRORS = 5;

/** Of the squared standard score of a unit; the scores of few units are skewed, so that this is some three in a thousand of eight. */
const UNIT_ERRORS = 5;
const MIN_UNITS = 8;

/**
 * So many weights of n would lie beyond the largest one: with e^−12 none does by chance. For a normal distribution, which
 * has no ends, so few must not lie beyond it.
 */
const MOST_MISSING_BEYOND = 12;
const FEWEST_BEYOND = 1e-4;

/** Rounding of limits and of the generators: float32 numbers carry 24 bits. */
const RELATIVE_TOLERANCE = 1e-6;

/** No generator of random numbers is better than this, however many weights there are. */
const DEVIATION_FLOOR = 2e-4;
const DISTANCE_FLOOR = 3e-4;

/**
 * Tests whether weights may have been drawn from a distribution: range (none beyond its ends, and the ends reached as n
 * weights reach them), mean, standard deviation within 3.5·√((κ + 2)/4n) with κ the excess kurtosis, Kolmogorov–Smirnov, and
 * the spread of the units' norms and sums, which training moves first. Rounding to codes or half floats is allowed for.
 *
 * @param ksLimit critical value of D·√n.
 */
export function fitInitial(tensor: Tensor, statistics: TensorStatistics, family: Family, ksLimit: number): InitialFit {
  const n = finiteCount(statistics);
  const sigma = familyDeviation(family)!;
  const kurtosis = kurtosisOf(family);
  const deviationRatio = (statistics.standardDeviation ?? 0) / sigma;
  const step = stepOf(tensor, statistics);
  const deviationBand = DEVIATION_ERRORS * Math.sqrt((kurtosis - 1) / (4 * n)) + DEVIATION_FLOOR + (step(sigma) / sigma) ** 2 / 6;
  const figures = { family, deviationRatio, deviationBand };
  const failed = ((): InitialFit['failed'] => {
    if (n < statistics.count || n === 0) return 'values';
    if (!isInRange(statistics, family, n, step)) return 'range';
    if (Math.abs(statistics.mean! - family.location) > (MEAN_ERRORS * sigma) / Math.sqrt(n) + RELATIVE_TOLERANCE * sigma) return 'mean';
    if (Math.abs(deviationRatio - 1) > deviationBand) return 'standard deviation';
    if (Math.abs((statistics.excessKurtosis ?? 0) + 3 - kurtosis) > KURTOSIS_ERRORS * Math.sqrt(24 / n)) return 'kurtosis';
    if (!areUnitsAlike(statistics.outputChannels, family, sigma, kurtosis, n) || !areUnitsAlike(statistics.inputChannels, family, sigma, kurtosis, n)) return 'units';
    return undefined;
  })();
  if (failed) return { ...figures, matches: false, failed, kolmogorov: NaN };
  const distance = kolmogorovDistance({ distribution: widened(statistics.distribution, step) }, family);
  const matches = distance <= Math.max(ksLimit / Math.sqrt(n), DISTANCE_FLOOR);
  return { ...figures, matches, ...(!matches && { failed: 'distribution' as const }), kolmogorov: distance * Math.sqrt(n) };
}

/** Whether a distribution has ends, which a single step of training crosses. */
export function hasEnds({ name }: Family): boolean {
  return name !== 'normal';
}

/** Not excess: 3 for a normal distribution. */
export function kurtosisOf(family: Family): number {
  switch (family.name) {
    case 'uniform':
      return 1.8;
    case 'truncatedNormal':
      return truncatedKurtosis(family.cut);
    default:
      return 3;
  }
}

/** E[xᵏ] = (k − 1)·E[xᵏ⁻²] − 2·cᵏ⁻¹·φ(c) / (1 − 2Φ(−c)) for a standard normal number cut at ±c, by partial integration. */
function truncatedKurtosis(cut: number): number {
  const edge = (2 * Math.exp((-cut * cut) / 2)) / Math.sqrt(2 * Math.PI) / (1 - 2 * cumulative({ name: 'normal', location: 0, scale: 1 }, -cut));
  const variance = 1 - cut * edge;
  return (3 * variance - cut ** 3 * edge) / variance ** 2;
}

function isInRange(statistics: TensorStatistics, family: Family, n: number, step: (x: number) => number): boolean {
  const [min, max] = [statistics.min!, statistics.max!];
  if (hasEnds(family)) {
    const reach = family.scale * (family.name === 'truncatedNormal' ? family.cut : 1);
    const slack = reach * RELATIVE_TOLERANCE;
    if (max > family.location + reach + slack + step(max) || min < family.location - reach - slack - step(min)) return false;
  }
  const above = n * (1 - cumulative(family, max + step(max)));
  const below = n * cumulative(family, min - step(min));
  if (above > MOST_MISSING_BEYOND || below > MOST_MISSING_BEYOND) return false;
  return hasEnds(family) || (n * (1 - cumulative(family, max - step(max))) > FEWEST_BEYOND && n * cumulative(family, min + step(min)) > FEWEST_BEYOND);
}

/**
 * Over U units of m weights, the mean of the squared standard scores is 1 ± √(2/U): of a unit's sum of squares (mean m·σ²,
 * variance m·σ⁴·(κ − 1)) and of its sum (variance m·σ²).
 */
function areUnitsAlike(channels: ChannelStatistics | undefined, family: Family, sigma: number, kurtosis: number, n: number): boolean {
  const units = channels?.l2Norm.length ?? 0;
  if (!channels || units < MIN_UNITS || family.location !== 0) return true;
  const m = n / units;
  const variance = sigma * sigma;
  let squares = 0;
  let sums = 0;
  for (let unit = 0; unit < units; unit++) {
    squares += (channels.l2Norm[unit]! ** 2 - m * variance) ** 2 / (m * variance ** 2 * (kurtosis - 1));
    sums += (channels.sum?.[unit] ?? 0) ** 2 / (m * variance);
  }
  // The squares of few weights have heavy tails of their own: excess kurtosis of up to 12 / m.
  const limit = (tails: number): number => 1 + UNIT_ERRORS * Math.sqrt((2 + tails / m) / units);
  return squares / units <= limit(12) && sums / units <= limit(0);
}

/** Half the distance between the numbers that a tensor can hold near x. */
function stepOf({ dtype, quantization }: Tensor, { unusedMantissaBits = 0 }: TensorStatistics): (x: number) => number {
  if (quantization?.scheme === 'affine') {
    const half = Math.abs(quantization.scale) / 2;
    return () => half;
  }
  const bits = quantization?.scheme === 'float16' || dtype === 'float16' ? 10 : dtype === 'bfloat16' ? 7 : 23 - unusedMantissaBits;
  if (bits >= 23) return () => 0;
  // Of half floats: subnormal below 2^−14.
  return (x) => powerOfTwo(Math.max(exponentOf(x), -14) - bits - 1);
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const FLOAT64_BIAS = 1023;

/** floor(log2 |x|) of a normal float64; of all smaller ones −1023. Ten times as fast as the logarithm, which a model of 20,000 tensors asks for millions of times. */
function exponentOf(x: number): number {
  double[0] = x;
  return ((words[1]! >>> 20) & 0x7ff) - FLOAT64_BIAS;
}

/** For exponents of normal numbers. */
function powerOfTwo(exponent: number): number {
  words[0] = 0;
  words[1] = (exponent + FLOAT64_BIAS) << 20;
  return double[0]!;
}

/** Each bin with the numbers that were rounded into it. */
function widened(distribution: Distribution, step: (x: number) => number): Distribution {
  if (step(1) === 0) return distribution;
  const { lower, upper, counts } = distribution;
  const [below, above] = [new Float64Array(lower.length), new Float64Array(upper.length)];
  for (let i = 0; i < below.length; i++) {
    below[i] = lower[i]! - step(lower[i]!);
    above[i] = upper[i]! + step(upper[i]!);
  }
  return { exact: false, counts, lower: below, upper: above };
}
