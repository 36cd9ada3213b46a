import type { ScannedTensor } from '../delivered';
import type { Tensor } from '../model';
import { channelStatistics } from './channels';
import { binnedDistribution, decodeCodes, exactDistribution, kept } from './distribution';
import { knownExtremes } from './extremes';
import { momentsOf } from './moments';
import type { Moments } from './moments';
import { observedFigures } from './observe';
import type { NonFinite, PartialStatistics } from './partial';
import { quantilesOf } from './quantiles';
import { NEAR_ZERO_RATIO } from './tensorStatistics';
import type { Distribution, Histogram, TensorStatistics } from './tensorStatistics';

/** Even bins of a fine histogram. */
export const FINE_BINS = 512;

/** A bin wider than this share of [min, max] is too coarse for a chart of a hundred bars. */
const COARSE_SHARE = 1 / 100;

/** Every figure, from all parts of a tensor merged. */
export function finish(partial: PartialStatistics, tensor: Pick<ScannedTensor, 'dtype' | 'quantization' | 'decodedFrom'>, nearZeroRatio: number = NEAR_ZERO_RATIO): TensorStatistics {
  const { distribution, moments, nonFinite, zeros } = resolve(partial, tensor);
  const { lower, upper } = distribution;
  const min = lower[0] ?? null;
  const max = upper[upper.length - 1] ?? null;
  return {
    count: partial.count,
    zeros,
    nearZeros: nearZerosOf(distribution, nearZeroRatio),
    ...nonFinite,
    min,
    max,
    ...figuresOf(moments, min !== null && min === max),
    quantiles: quantilesOf(distribution),
    distribution: kept(distribution),
    ...(partial.outputChannels && { outputChannels: channelStatistics(partial.outputChannels) }),
    ...(partial.inputChannels && { inputChannels: channelStatistics(partial.inputChannels) }),
    ...knownExtremes(distribution, moments.count),
    ...(partial.observed && observedFigures(partial.observed, tensor, partial.count, zeros)),
  };
}

interface Resolved {
  readonly distribution: Distribution;
  readonly moments: Moments;
  readonly nonFinite: NonFinite;
  readonly zeros: number;
}

/** What every figure follows from. The arrays may be good until the next call only: see `kept`. */
export function resolve(partial: PartialStatistics, tensor: Pick<Tensor, 'dtype' | 'quantization'>): Resolved {
  const { table, sums } = partial;
  if (table.kind === 'values') {
    return resolveExact(exactDistribution(table.values, table.counts), partial.nonFinite ?? { nan: 0, positiveInfinity: 0, negativeInfinity: 0 });
  }
  if (table.kind === 'codes') {
    const { distribution, nan, positiveInfinity, negativeInfinity } = decodeCodes(table.keys, table.counts, tensor);
    return resolveExact(distribution, { nan, positiveInfinity, negativeInfinity });
  }
  if (!sums) throw new Error('a table of bit patterns comes without sums');
  const { nan, positiveInfinity, negativeInfinity } = sums;
  return { distribution: binnedDistribution(partial, sums), moments: sums.moments, nonFinite: { nan, positiveInfinity, negativeInfinity }, zeros: sums.zeros };
}

function resolveExact(distribution: Distribution, nonFinite: NonFinite): Resolved {
  const zero = distribution.lower.indexOf(0);
  return { distribution, moments: momentsOf(distribution.lower, distribution.counts), nonFinite, zeros: zero < 0 ? 0 : distribution.counts[zero]! };
}

type Figures = Pick<TensorStatistics, 'mean' | 'standardDeviation' | 'skewness' | 'excessKurtosis' | 'l1Norm' | 'l2Norm'>;

const NO_FIGURES: Figures = { mean: null, standardDeviation: null, skewness: null, excessKurtosis: null, l1Norm: null, l2Norm: null };

/** Population figures. Of a constant tensor skewness and excess kurtosis are 0: it leans to no side and has no tails. */
function figuresOf({ count, mean, m2, m3, m4, absoluteSum }: Moments, constant: boolean): Figures {
  if (count === 0) return NO_FIGURES;
  const variance = constant ? 0 : m2 / count;
  const even = variance === 0 || !Number.isFinite(variance);
  return {
    mean,
    standardDeviation: Math.sqrt(variance),
    skewness: even ? 0 : m3 / count / (variance * Math.sqrt(variance)),
    excessKurtosis: even ? 0 : m4 / count / variance / variance - 3,
    l1Norm: absoluteSum,
    l2Norm: Math.sqrt((constant ? 0 : m2) + count * mean * mean),
  };
}

/**
 * Finite values with |w| <= ratio × max|w|. A bin that the threshold cuts counts where its middle is near zero:
 * what is miscounted lies within 1 % of the threshold.
 */
export function nearZerosOf(distribution: Distribution, ratio: number): number {
  const { lower, upper, counts } = distribution;
  const threshold = ratio * largestMagnitude(distribution);
  let sum = 0;
  for (let i = firstMiddleFrom(distribution, -threshold); i < counts.length && (lower[i]! + upper[i]!) / 2 <= threshold; i++) sum += counts[i]!;
  return sum;
}

/** Bins ascend, and so do their middles. */
function firstMiddleFrom({ lower, upper }: Distribution, value: number): number {
  let low = 0;
  let high = lower.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lower[middle]! + upper[middle]!) / 2 < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function largestMagnitude({ lower, upper }: Pick<Distribution, 'lower' | 'upper'>): number {
  return upper.length === 0 ? 0 : Math.max(-lower[0]!, upper[upper.length - 1]!);
}

/** The same statistics for another idea of what is near zero. */
export function withNearZeroRatio(statistics: TensorStatistics, ratio: number): TensorStatistics {
  return { ...statistics, nearZeros: nearZerosOf(statistics.distribution, ratio) };
}

/** Whether the bins are too coarse beside the range of the values: the tensor is worth a second look. */
export function needsFineHistogram({ distribution, min, max }: TensorStatistics): boolean {
  if (distribution.exact || min === null || max === null || min === max) return false;
  const { lower, upper } = distribution;
  const limit = (max - min) * COARSE_SHARE;
  for (let i = 0; i < lower.length; i++) if (upper[i]! - lower[i]! > limit) return true;
  return false;
}

/** With the counts of a second look, from which quantiles of a narrow distribution follow more closely. */
export function withFineHistogram(statistics: TensorStatistics, fineHistogram: Histogram): TensorStatistics {
  const { edges, counts } = fineHistogram;
  const fine: Distribution = { exact: false, lower: Float64Array.from(edges.slice(0, -1)), upper: Float64Array.from(edges.slice(1)), counts: Float64Array.from(counts) };
  return { ...statistics, fineHistogram, quantiles: quantilesOf(fine) };
}
