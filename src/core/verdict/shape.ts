import { normalCumulative } from '../statistics/families';
import { finiteCount } from '../statistics/histogram';
import { QUANTILES } from '../statistics/tensorStatistics';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { densityOf, humpsOf } from './density';
import { levelsOf, MOST_TEETH, pileAtEnds, quantilesWithoutZeros } from './values';
import type { Piles } from './values';

/** In the order in which they are tried: the first whose criterion holds names the shape. */
export const SHAPE_KINDS = [
  'none', 'zero', 'constant', 'few', 'twoValues', 'mostlyZero', 'comb', 'clipped', 'humps', 'skewed', 'uniform', 'softFlat', 'shortTailed', 'heavyTailed', 'peaked', 'irregular', 'bell',
] as const;
export type ShapeKind = (typeof SHAPE_KINDS)[number];

/** What a distribution looks like. Figures are of the finite values, tails and humps of the non-zero ones. */
export interface Shape {
  readonly kind: ShapeKind;
  /** Exact zeros, 0..1. */
  readonly zeroShare: number;
  /** Evenly spaced values that hold everything, where there are few of them beside the weights: a quantized tensor. */
  readonly levels?: number;
  /** Middles of the humps, where there are several. */
  readonly humps?: readonly number[];
  readonly piles?: Piles;
  /** (p95 + p5 − 2·median) / (p95 − p5): 0 where both sides are alike, 0.56 for an exponential distribution. */
  readonly lean?: number;
  /** Width of the tails beside that of the middle half, as a multiple of a normal distribution's. */
  readonly tailWidth?: number;
  /** The furthest weight from the median, as a multiple of the distance of the tails' quantile; only where it is far. */
  readonly reach?: number;
}

/** Below this a histogram shows chance. */
const FEW_VALUES = 64;
const MOSTLY_ZERO_SHARE = 0.5;
const WEIGHTS_PER_TOOTH = 8;
const SKEWED_LEAN = 0.2;
/** The standard error of the lean of n normal numbers is 1/√n. */
const LEAN_DEVIATIONS = 4;
/** (max − min)/σ is √12 = 3.46 for a uniform distribution and above 4 for a bell of 64 or more. */
const UNIFORM_RANGE = [3.2, 3.7] as const;
/** Excess kurtosis is −1.2. */
const UNIFORM_KURTOSIS = [-1.35, -1] as const;
/** A flat distribution whose edges are soft: a normal cut at 2σ has −0.63. */
const SOFT_FLAT_KURTOSIS = -0.8;
/** Largest distance of the quantiles from a normal's, in shares of the weights, that is still called a bell. */
const BELL_DISTANCE = 0.04;
/** Zeros that are fewer do not move the quantiles. */
const FEW_ZEROS_SHARE = 0.005;

/** Which quantiles show the tails: the outermost with about twenty weights beyond. Limits are multiples of a normal's tail width. */
interface TailWindow {
  readonly fromWeights: number;
  /** Indices into QUANTILES. */
  readonly low: number;
  readonly high: number;
  /** (high − low) / (p75 − p25) of a normal distribution. */
  readonly normal: number;
  /** Uniform has 0.44, 0.57, 0.74; a normal cut at 2σ 0.68, 0.84, 0.94; Laplace 1.96, 1.63, 1.36; Student's t with 3 degrees of freedom 2.9, 1.72, 1.26. */
  readonly cut: number;
  readonly peaked: number;
  readonly heavy: number;
  /** From this reach on weights lie far outside: a normal distribution has less than 1.7, Laplace less than 2.5. */
  readonly far: number;
}

const TAIL_WINDOWS: readonly TailWindow[] = [
  { fromWeights: 20_000, low: 0, high: 8, normal: 4.582, cut: 0.82, peaked: 1.2, heavy: 1.8, far: 4 },
  { fromWeights: 2_000, low: 1, high: 7, normal: 3.449, cut: 0.9, peaked: 1.17, heavy: 1.5, far: 5 },
  { fromWeights: 0, low: 2, high: 6, normal: 2.439, cut: 0.85, peaked: 1.2, heavy: 1.45, far: 8 },
];

const known = new WeakMap<TensorStatistics, Shape>();

/** Classifies by the criteria of the constants above. Kept per statistics: every front asks, several times a second. */
export function shapeOf(statistics: TensorStatistics): Shape {
  const before = known.get(statistics);
  if (before) return before;
  const shape = classify(statistics);
  known.set(statistics, shape);
  return shape;
}

function classify(statistics: TensorStatistics): Shape {
  const { min, max, zeros } = statistics;
  const finite = finiteCount(statistics);
  if (finite === 0 || min === null || max === null) return { kind: 'none', zeroShare: 0 };
  const zeroShare = zeros / finite;
  if (min === max) return { kind: min === 0 ? 'zero' : 'constant', zeroShare };
  const levels = levelsOf(statistics.distribution, finite);
  const basics = { zeroShare, ...(levels !== undefined && { levels }) };
  if (levels === 2 && finite >= 2 * WEIGHTS_PER_TOOTH) return { kind: 'twoValues', ...basics };
  if (zeroShare >= MOSTLY_ZERO_SHARE) return { kind: 'mostlyZero', ...basics };
  if (levels !== undefined && levels <= MOST_TEETH && finite >= WEIGHTS_PER_TOOTH * levels) return { kind: 'comb', ...basics };
  if (finite < FEW_VALUES) return { kind: 'few', ...basics };
  const piles = pileAtEnds(statistics, finite);
  if (piles) return { kind: 'clipped', ...basics, piles };
  // Of a lattice 0 is one of the levels: without it there would be a hole in the middle.
  const isPlain = levels !== undefined || zeroShare <= FEW_ZEROS_SHARE;
  return { ...basics, ...outline(statistics, isPlain ? finite : finite - zeros, isPlain) };
}

/** Of what is spread out: humps, then lean, then tails. */
function outline(statistics: TensorStatistics, weights: number, withZeros: boolean): Omit<Shape, 'zeroShare' | 'levels'> {
  const quantiles = withZeros ? (statistics.quantiles as readonly number[]) : quantilesWithoutZeros(statistics.distribution);
  const [p5, p25, median, p75, p95] = quantiles.slice(2, 7) as [number, number, number, number, number];
  if (!(p95 > p5)) return { kind: 'irregular' };
  const lean = (p95 + p5 - 2 * median) / (p95 - p5);
  const humps = mayHaveHumps(statistics, (p75 - p25) / (p95 - p5), lean) ? humpsOf(humpDensity(statistics, quantiles, weights, withZeros)) : [];
  if (humps.length > 1) return { kind: 'humps', humps, lean };
  const tails = tailsOf(statistics, quantiles, weights);
  if (Math.abs(lean) >= Math.max(SKEWED_LEAN, LEAN_DEVIATIONS / Math.sqrt(weights))) return { kind: 'skewed', lean, ...tails };
  return { lean, ...tails, kind: flatKind(statistics) ?? kindByTails(tails.tailWidth, quantiles, weights) };
}

/** From p1 to p99 and a little beyond, so that a hump at the rim has both its sides. */
function humpDensity({ distribution }: TensorStatistics, quantiles: readonly number[], weights: number, withZeros: boolean): ReturnType<typeof densityOf> {
  const [low, high] = [quantiles[1]!, quantiles[7]!];
  const margin = (high - low) / 10;
  return densityOf(distribution, { low: low - margin, high: high + margin, weights, withZeros });
}

/**
 * Whether it is worth looking for humps, which walks over all bins: the middle half of one hump is 0.3 (Laplace) to 0.56
 * (uniform) of p5..p95, and the bimodality coefficient (skewness² + 1)/kurtosis of a normal is 1/3.
 */
function mayHaveHumps({ skewness, excessKurtosis }: TensorStatistics, middleShare: number, lean: number): boolean {
  if (middleShare > 0.45 || middleShare < 0.25 || Math.abs(lean) > 0.1) return true;
  return ((skewness ?? 0) ** 2 + 1) / ((excessKurtosis ?? 0) + 3) > 0.38;
}

function flatKind(statistics: TensorStatistics): ShapeKind | undefined {
  if (isUniform(statistics)) return 'uniform';
  return statistics.excessKurtosis! <= SOFT_FLAT_KURTOSIS ? 'softFlat' : undefined;
}

function isUniform({ min, max, standardDeviation, excessKurtosis }: TensorStatistics): boolean {
  const range = (max! - min!) / standardDeviation!;
  return range >= UNIFORM_RANGE[0] && range <= UNIFORM_RANGE[1] && excessKurtosis! >= UNIFORM_KURTOSIS[0] && excessKurtosis! <= UNIFORM_KURTOSIS[1];
}

function windowFor(weights: number): TailWindow {
  return TAIL_WINDOWS.find(({ fromWeights }) => weights >= fromWeights)!;
}

function tailsOf({ min, max }: TensorStatistics, quantiles: readonly number[], weights: number): { tailWidth: number; reach?: number } {
  const { low, high, normal, far } = windowFor(weights);
  const middle = quantiles[5]! - quantiles[3]!;
  const tails = quantiles[high]! - quantiles[low]!;
  const reach = (2 * Math.max(max! - quantiles[4]!, quantiles[4]! - min!)) / tails;
  return { tailWidth: middle > 0 ? tails / middle / normal : Infinity, ...(reach >= far && { reach }) };
}

function kindByTails(tailWidth: number, quantiles: readonly number[], weights: number): ShapeKind {
  const { cut, peaked, heavy, fromWeights } = windowFor(weights);
  // Of few weights the tails are known badly: the standard error of their width is about 2/√n.
  const slack = fromWeights === 0 ? 2 / Math.sqrt(weights) : 0;
  if (tailWidth < cut - slack) return 'shortTailed';
  if (tailWidth >= heavy + slack) return 'heavyTailed';
  if (tailWidth >= peaked + slack) return 'peaked';
  return distanceFromBell(quantiles) > BELL_DISTANCE + 1 / Math.sqrt(weights) ? 'irregular' : 'bell';
}

/** Kolmogorov–Smirnov's distance from a normal with the same median and quartiles, at the quantiles that are known. */
function distanceFromBell(quantiles: readonly number[]): number {
  const sigma = (quantiles[5]! - quantiles[3]!) / 1.349;
  return QUANTILES.reduce((most, q, i) => Math.max(most, Math.abs(normalCumulative((quantiles[i]! - quantiles[4]!) / sigma) - q)), 0);
}
