import { firstAtLeast } from './ascending';
import type { Distribution, Histogram, TensorStatistics, WindowHistogram } from './tensorStatistics';

/** Bins of a sparkline: as many as still read in a table row. */
export const SPARKLINE_BINS = 24;

/** The window's ends are multiples of the largest 1, 2 or 5 × 10^k that keeps this many steps in it. */
const WINDOW_STEPS = 20;

/** The finest bins that are known, in ascending order. */
function bestBins(statistics: TensorStatistics): Distribution {
  const fine = statistics.fineHistogram;
  if (!fine) return statistics.distribution;
  return {
    exact: false,
    lower: Float64Array.from(fine.edges.slice(0, -1)),
    upper: Float64Array.from(fine.edges.slice(1)),
    counts: Float64Array.from(fine.counts),
  };
}

/**
 * The report's histogram: exact counts over [min, max] in about `bins` even bins.
 * An edge that would cut a bin of the distribution moves to that bin's nearer border, so that counts stay exact.
 * Without finite values both arrays are empty.
 */
export function reportHistogram(statistics: TensorStatistics, bins: number): Histogram {
  const { min, max } = statistics;
  if (min === null || max === null) return { edges: [], counts: [] };
  if (min === max) return { edges: [min, min], counts: [finiteCount(statistics)] };
  const fine = statistics.fineHistogram;
  return fine ? regroup(fine, bins) : snappedHistogram(statistics.distribution, min, max, bins);
}

/** Joins neighbouring bins until there are `bins` or fewer. */
function regroup(fine: Histogram, bins: number): Histogram {
  const groups = Math.max(1, Math.min(bins, fine.counts.length));
  const edges: number[] = [];
  const counts: number[] = [];
  for (let group = 0; group < groups; group++) {
    const first = Math.round((group * fine.counts.length) / groups);
    const end = Math.round(((group + 1) * fine.counts.length) / groups);
    edges.push(fine.edges[first]!);
    let sum = 0;
    for (let bin = first; bin < end; bin++) sum += fine.counts[bin]!;
    counts.push(sum);
  }
  edges.push(fine.edges[fine.counts.length]!);
  return { edges, counts };
}

function snappedHistogram(distribution: Distribution, min: number, max: number, bins: number): Histogram {
  const edges = [min];
  for (const ideal of evenEdges(min, max, bins).slice(1, -1)) {
    const edge = snap(distribution, ideal);
    if (edge > edges[edges.length - 1]! && edge < max) edges.push(edge);
  }
  edges.push(max);
  return { edges, counts: countByLower(distribution, edges) };
}

/** `ideal` where it cuts no bin, else the nearer border of the bin that it cuts. */
function snap({ lower, upper }: Distribution, ideal: number): number {
  const next = firstAtLeast(lower, ideal);
  const cut = next - 1;
  if (cut < 0 || upper[cut]! < ideal) return ideal;
  const below = lower[cut]!;
  const above = lower[next] ?? Infinity;
  return ideal - below <= above - ideal ? below : above;
}

/** Counts of whole bins by where they begin; the last bin of the histogram is closed. */
function countByLower({ lower, counts }: Distribution, edges: readonly number[]): number[] {
  const sums = new Array<number>(edges.length - 1).fill(0);
  let bin = 0;
  for (let i = 0; i < lower.length; i++) {
    while (bin < sums.length - 1 && lower[i]! >= edges[bin + 1]!) bin++;
    sums[bin]! += counts[i]!;
  }
  return sums;
}

/** `bins` + 1 strictly ascending edges; fewer where [low, high] has not that many float64 numbers. */
export function evenEdges(low: number, high: number, bins: number): number[] {
  const edges = [low];
  for (let i = 1; i < bins; i++) {
    const t = i / bins;
    // Not low + t × (high - low): the difference of two float64 extremes overflows.
    const edge = low * (1 - t) + high * t;
    if (edge > edges[edges.length - 1]! && edge < high) edges.push(edge);
  }
  edges.push(high);
  return edges;
}

/**
 * Counts of even bins over p0.1..p99.9, rounded: a bin of the distribution that is cut gives each side its part.
 * All in the middle bin for a constant tensor; all zero without finite values.
 */
export function sparklineCounts(statistics: TensorStatistics, bins = SPARKLINE_BINS): number[] {
  const counts = new Array<number>(bins).fill(0);
  const { low, high } = quantileWindow(statistics);
  if (low === null || high === null) return counts;
  if (!(low < high)) {
    counts[bins >> 1] = finiteCount(statistics);
    return counts;
  }
  const distribution = bestBins(statistics);
  const edges = Array.from({ length: bins + 1 }, (_, i) => low * (1 - i / bins) + high * (i / bins));
  // The window is closed at both ends: a value that is p0.1 itself belongs to the first bar.
  const upTo = countsUpTo(distribution, edges);
  for (let i = 0; i < bins; i++) counts[i] = Math.max(0, Math.round(upTo[i + 1]! - upTo[i]!));
  return counts;
}

/** How many values lie below each of ascending edges, at or below the last one; one walk over the distribution. A bin that is cut gives its part. */
export function countsUpTo({ lower, upper, counts }: Distribution, edges: readonly number[]): number[] {
  let bin = 0;
  let whole = 0;
  return edges.map((edge, i) => {
    const isLast = i === edges.length - 1;
    while (bin < counts.length && upper[bin]! <= edge && (lower[bin]! < edge || isLast)) whole += counts[bin++]!;
    const isCut = bin < counts.length && lower[bin]! < edge;
    return isCut ? whole + (counts[bin]! * (edge - lower[bin]!)) / (upper[bin]! - lower[bin]!) : whole;
  });
}

/** p0.1–p99.9, each widened to the border of the bin that it lies in: of a bin that stands for one value nothing is cut off. */
function quantileWindow(statistics: TensorStatistics): { low: number | null; high: number | null } {
  const low = statistics.quantiles[0] ?? null;
  const high = statistics.quantiles[statistics.quantiles.length - 1] ?? null;
  if (low === null || high === null) return { low: null, high: null };
  const { lower, upper } = bestBins(statistics);
  const first = firstAtLeast(upper, low);
  const after = firstAtLeast(lower, high);
  const last = lower[after] === high ? after : after - 1;
  return { low: Math.min(low, lower[first] ?? low), high: Math.max(high, upper[last] ?? high) };
}

/**
 * The axis that outliers cannot flatten: p0.1–p99.9, widened to round numbers.
 * { -1, 1 } without finite values; a constant tensor gets room on both sides.
 */
export function automaticWindow(statistics: TensorStatistics): { low: number; high: number } {
  const { low, high } = quantileWindow(statistics);
  const { min, max } = statistics;
  if (low === null || high === null || min === null || max === null) return { low: -1, high: 1 };
  if (!(low < high)) {
    const middle = low;
    // Small beside the data's range where there is one, else beside the value itself.
    const room = max > min ? (max - min) / WINDOW_STEPS : Math.abs(middle) / 2 || 1;
    return { low: middle - room, high: middle + room };
  }
  const step = roundStep((high - low) / WINDOW_STEPS);
  return { low: roundedDown(low, step), high: -roundedDown(-high, step) };
}

/** The largest of 1, 2, 5 × 10^k that is not above `size`. */
function roundStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  const factor = size / power >= 5 ? 5 : size / power >= 2 ? 2 : 1;
  return factor * power;
}

/** The largest multiple of `step` that is not above `value`, without the noise of binary fractions where possible. */
function roundedDown(value: number, step: number): number {
  const multiple = Math.floor(value / step) * step;
  const rounded = Number(multiple.toPrecision(12));
  return (rounded <= value ? rounded : multiple) + 0;
}

/** Share of finite values <= x, 0..1; within a bin interpolated. 0 without finite values. */
export function cumulativeShare(statistics: TensorStatistics, x: number): number {
  const total = finiteCount(statistics);
  return total === 0 ? 0 : countUpTo(bestBins(statistics), x) / total;
}

/** How many values lie at or below `x`; a bin that `x` cuts counts by the part of its width. */
function countUpTo({ lower, upper, counts }: Distribution, x: number): number {
  let sum = 0;
  for (let i = 0; i < lower.length; i++) {
    const low = lower[i]!;
    if (low > x) break;
    const high = upper[i]!;
    sum += high <= x ? counts[i]! : (counts[i]! * (x - low)) / (high - low);
  }
  return sum;
}

/** Exact counts of a distribution whose values are all known, between ascending edges. */
export function countExactValues(distribution: Distribution, edges: ArrayLike<number>): WindowHistogram {
  const bins = Math.max(0, edges.length - 1);
  const counts = new Array<number>(bins).fill(0);
  let below = 0;
  let above = 0;
  for (let i = 0; i < distribution.lower.length; i++) {
    const value = distribution.lower[i]!;
    const count = distribution.counts[i]!;
    const bin = binOf(edges, value);
    if (bin < 0) below += count;
    else if (bin >= bins) above += count;
    else counts[bin]! += count;
  }
  return { edges: Array.from(edges), counts, below, above };
}

/** Index of the bin that holds `value`: -1 below the first edge, edges.length - 1 above the last one, which is closed. */
export function binOf(edges: ArrayLike<number>, value: number): number {
  const last = edges.length - 1;
  if (!(value >= edges[0]!)) return -1;
  if (value === edges[last]!) return last - 1;
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Elements that are neither NaN nor infinite. */
export function finiteCount(statistics: Pick<TensorStatistics, 'count' | 'nan' | 'positiveInfinity' | 'negativeInfinity'>): number {
  return statistics.count - statistics.nan - statistics.positiveInfinity - statistics.negativeInfinity;
}
