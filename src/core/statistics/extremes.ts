import type { Distribution, TensorStatistics, WindowHistogram } from './tensorStatistics';

/** Values at one end of the range count as many from here on: one in a thousand, and no handful. */
const LEAST_SHARE = 1 / 1000;
const LEAST_COUNT = 8;

/** A wall holds several times what any of the next bins does; in a bell or an even spread the last bin is one among others. */
const WALL_FACTOR = 3;
const BINS_BESIDE = 4;

type Extremes = Pick<TensorStatistics, 'atMin' | 'atMax'>;

/** Values that equal the least or the greatest one, where the distribution itself tells and they are many. */
export function knownExtremes({ lower, upper, counts }: Distribution, finite: number): Extremes {
  const last = counts.length - 1;
  const known = (bin: number): number => (lower[bin] === upper[bin] ? (counts[bin] ?? 0) : 0);
  return extremes(known(0), known(last), finite);
}

/** Whether so many values lie in an end's bin that it is worth counting how many lie at the very end. */
export function needsExtremeCounts(statistics: TensorStatistics): boolean {
  const { distribution: { exact, lower, upper, counts }, min, max, fineHistogram } = statistics;
  // Beside a narrow range far from zero, bins are too coarse to tell a wall.
  if (exact || fineHistogram || min === null || max === null || min === max) return false;
  const least = leastCount(finiteOf(statistics));
  const last = counts.length - 1;
  const isWall = (end: number, inwards: 1 | -1): boolean => {
    if (lower[end] === upper[end] || counts[end]! < least) return false;
    let most = 0;
    for (let i = 1; i <= BINS_BESIDE; i++) most = Math.max(most, counts[end + i * inwards] ?? 0);
    return counts[end]! >= WALL_FACTOR * most;
  };
  return isWall(0, 1) || isWall(last, -1);
}

/** Edges to count between: what equals `min` is below the first one, what equals `max` lies in the second bin. */
export function extremeEdges({ min, max }: TensorStatistics): number[] {
  return [nextAbove(min!), max!, Infinity];
}

/** With what was counted between those edges. */
export function withExtremeCounts(statistics: TensorStatistics, { below, counts }: Pick<WindowHistogram, 'below' | 'counts'>): TensorStatistics {
  return { ...statistics, ...extremes(below, counts[1] ?? 0, finiteOf(statistics)) };
}

function extremes(atMin: number, atMax: number, finite: number): Extremes {
  const least = leastCount(finite);
  return { ...(atMin >= least && { atMin }), ...(atMax >= least && { atMax }) };
}

function leastCount(finite: number): number {
  return Math.max(LEAST_COUNT, LEAST_SHARE * finite);
}

function finiteOf({ count, nan, positiveInfinity, negativeInfinity }: TensorStatistics): number {
  return count - nan - positiveInfinity - negativeInfinity;
}

const double = new Float64Array(1);
const word = new BigInt64Array(double.buffer);

/** The least float64 above `value`, which is finite. */
function nextAbove(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  double[0] = value;
  word[0]! += value > 0 ? 1n : -1n;
  return double[0];
}
