import type { Tensor } from '../model';
import { resolve } from './finish';
import { countsUpTo } from './histogram';
import type { PartialStatistics } from './partial';
import type { Sampled } from './evenSample';
import type { TensorStatistics } from './tensorStatistics';

/** Of a two-sided 95 % interval. */
const ALPHA = 0.05;

/** Student's t, 97.5 %, by degrees of freedom: those that SAMPLE_GROUPS leaves. */
const T_15 = 2.1314;

/**
 * How far a sample's figures may be from the whole tensor's. Runs are clusters of neighbours that may be alike, so the number of
 * values says too little, and the spread between even groups of runs is asked instead (random groups: Wolter, Introduction to
 * Variance Estimation, 2nd ed. 2007, ch. 2).
 *
 * `meanError` = t × sqrt((1 − f) × Σ(mᵢ − m)² / (G (G − 1))), with f the share that was read.
 * `shareError` = sqrt((1 − f) × ln(2 / α) / (2 n)): Dvoretzky, Kiefer and Wolfowitz with Massart's constant (Ann. Probab. 18, 1990),
 * with Kish's effective size n = p (1 − p) / Var(p) in place of the number of values (Survey Sampling, 1965, 8.2), the least of those
 * at QUANTILES, but no fewer than there are runs: a value drawn from each would do as well.
 *
 * Even spreading makes the true error smaller than that of the random runs which both assume.
 */
export function sampleErrors(
  groups: readonly PartialStatistics[],
  whole: Pick<TensorStatistics, 'count' | 'quantiles'>,
  tensor: Pick<Tensor, 'dtype' | 'quantization' | 'elements'>,
  runs: number,
): Pick<Sampled, 'shareError' | 'meanError'> {
  const unread = 1 - whole.count / tensor.elements;
  const points = whole.quantiles.filter((value): value is number => value !== null);
  const figures = groups.map((group) => figuresOf(group, tensor, points)).filter(({ finite }) => finite > 0);
  if (figures.length < 2) return { shareError: Math.min(1, bound(unread, runs)), meanError: null };
  const meanError = T_15 * Math.sqrt(unread * varianceOfMean(figures.map(({ mean }) => mean)));
  const sizes = points.map((_, point) => effectiveSize(figures.map(({ shares }) => shares[point]!)));
  const size = Math.min(whole.count, ...sizes);
  return { shareError: Math.min(1, bound(unread, Math.max(runs, size))), meanError };
}

interface GroupFigures {
  readonly finite: number;
  readonly mean: number;
  /** Of its values, those below each point. */
  readonly shares: readonly number[];
}

function figuresOf(group: PartialStatistics, tensor: Pick<Tensor, 'dtype' | 'quantization'>, points: readonly number[]): GroupFigures {
  const { distribution, moments } = resolve(group, tensor);
  const shares = countsUpTo(distribution, points).map((count) => count / moments.count);
  return { finite: moments.count, mean: moments.mean, shares };
}

function effectiveSize(shares: readonly number[]): number {
  const share = shares.reduce((sum, value) => sum + value, 0) / shares.length;
  const variance = varianceOfMean(shares);
  return variance > 0 && share > 0 && share < 1 ? (share * (1 - share)) / variance : Infinity;
}

/** Of the mean of independent numbers. */
function varianceOfMean(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length * (values.length - 1));
}

function bound(unread: number, size: number): number {
  return Math.sqrt((unread * Math.log(2 / ALPHA)) / (2 * size));
}
