import { finiteCount } from '../statistics/histogram';
import type { Distribution, TensorStatistics } from '../statistics/tensorStatistics';

/**
 * A magnitude that the share `q` of the non-zero weights does not exceed, from the outer ends of the distribution inwards;
 * within the width of a bin. null where no weight is non-zero.
 */
export function magnitudeQuantile({ distribution, zeros, ...counted }: TensorStatistics, q: number): number | null {
  const { lower, upper, counts } = distribution;
  const nonZero = finiteCount(counted) - zeros;
  if (nonZero === 0) return null;
  let left = 0;
  let right = counts.length - 1;
  let beyond = Math.floor(nonZero * (1 - q));
  while (left <= right) {
    const leftMagnitude = Math.max(Math.abs(lower[left]!), Math.abs(upper[left]!));
    const rightMagnitude = Math.max(Math.abs(lower[right]!), Math.abs(upper[right]!));
    const bin = leftMagnitude > rightMagnitude ? left++ : right--;
    if (isZeroBin(distribution, bin)) continue;
    if (counts[bin]! > beyond) return Math.max(leftMagnitude, rightMagnitude);
    beyond -= counts[bin]!;
  }
  return 0;
}

/**
 * The kurtosis (not excess) of weights with the different scales of their units taken out, so that filters of different
 * size (batch normalization folded in, dead filters) do not pass for heavy tails; at most the kurtosis given.
 *
 * Weights w = s·x, with a scale s for each unit of m weights, have kurtosis κ = κₓ·R, where R = E[s⁴] / E[s²]². The spread
 * of the units' norms shows R only through the chance in m weights: R_norms ≈ R·(1 + (κₓ − 1) / m). Solved for κₓ this is
 * κ·(1 − 1/m) / (R_norms − κ/m). Our own; of output units and input channels the one that explains more counts.
 */
export function kurtosisWithinUnits(statistics: TensorStatistics, kurtosis: number): number {
  const candidates = [statistics.outputChannels, statistics.inputChannels].map((channels) => {
    if (!channels || channels.l2Norm.length < 2) return kurtosis;
    const perUnit = statistics.count / channels.l2Norm.length;
    const denominator = spreadOf(channels.l2Norm) - kurtosis / perUnit;
    const within = (kurtosis * (1 - 1 / perUnit)) / denominator;
    return denominator > 0 ? within : kurtosis;
  });
  return Math.min(kurtosis, ...candidates);
}

/** E[s⁴] / E[s²]²: 1 where all norms are equal. */
function spreadOf(norms: Float32Array): number {
  let squares = 0;
  let fourthPowers = 0;
  for (const norm of norms) {
    const square = norm * norm;
    squares += square;
    fourthPowers += square * square;
  }
  return squares > 0 ? (fourthPowers * norms.length) / squares ** 2 : 1;
}

/** Values with |w| >= limit, from both ends of the distribution inwards. */
export function countBeyond({ lower, upper, counts }: Distribution, limit: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length && upper[i]! <= -limit; i++) sum += counts[i]!;
  for (let i = counts.length - 1; i >= 0 && lower[i]! >= limit; i--) sum += counts[i]!;
  return sum;
}

function isZeroBin({ lower, upper }: Distribution, bin: number): boolean {
  return lower[bin] === 0 && upper[bin] === 0;
}

/** Values with |w| >= limit; a bin that the limit cuts is not counted. */
export function countAtLeast({ lower, upper, counts }: Distribution, limit: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length && upper[i]! <= -limit; i++) sum += counts[i]!;
  for (let i = counts.length - 1; i >= 0 && lower[i]! >= limit; i--) sum += counts[i]!;
  return sum;
}

/** Values with 0 < |w| < limit; a bin that the limit cuts is not counted. */
export function countSmall({ lower, upper, counts }: Distribution, limit: number): number {
  let sum = 0;
  for (let i = firstAbove(lower, -limit); i < counts.length && upper[i]! < limit; i++) {
    if (lower[i] !== 0 || upper[i] !== 0) sum += counts[i]!;
  }
  return sum;
}

/** Index of the first element > x. */
function firstAbove(ascending: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}
