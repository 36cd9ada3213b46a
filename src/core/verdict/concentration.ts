import type { TensorStatistics } from '../statistics/tensorStatistics';

/** How much of Σw² the largest weights hold, 0..1. */
export interface Concentration {
  /** In the largest 1 % of the weights by magnitude. */
  readonly largestHundredth: number;
  readonly largestTenth: number;
}

/** Of a normal distribution around 0: 2·(zφ(z) + Q(z)) at the z that 1 % and 10 % of the magnitudes exceed. */
export const BELL_CONCENTRATION: Concentration = { largestHundredth: 0.0845, largestTenth: 0.439 };

const known = new WeakMap<TensorStatistics, Concentration | null>();

/** null where no weight is non-zero. Within the width of the bin that the share cuts. */
export function concentrationOf(statistics: TensorStatistics): Concentration | null {
  const before = known.get(statistics);
  if (before !== undefined) return before;
  const found = count(statistics);
  known.set(statistics, found);
  return found;
}

function count(statistics: TensorStatistics): Concentration | null {
  const { distribution, l2Norm, nan, positiveInfinity, negativeInfinity } = statistics;
  const { lower, upper, counts } = distribution;
  const finite = statistics.count - nan - positiveInfinity - negativeInfinity;
  if (!l2Norm || finite === 0) return null;
  // In units of the largest magnitude: squares of float64 extremes overflow.
  const unit = Math.max(Math.abs(lower[0]!), Math.abs(upper[upper.length - 1]!));
  const total = (l2Norm / unit) ** 2;
  const limits = [finite / 100, finite / 10] as const;
  const shares: number[] = [];
  let left = 0;
  let right = counts.length - 1;
  let weights = 0;
  let squares = 0;
  while (left <= right && shares.length < limits.length) {
    const bin = Math.abs(lower[left]!) > Math.abs(upper[right]!) ? left++ : right--;
    const [a, b] = [lower[bin]! / unit, upper[bin]! / unit];
    const meanSquare = (a * a + a * b + b * b) / 3;
    while (shares.length < limits.length && weights + counts[bin]! >= limits[shares.length]!) {
      shares.push(Math.min(1, (squares + (limits[shares.length]! - weights) * meanSquare) / total));
    }
    weights += counts[bin]!;
    squares += counts[bin]! * meanSquare;
  }
  return { largestHundredth: shares[0] ?? 1, largestTenth: shares[1] ?? 1 };
}
