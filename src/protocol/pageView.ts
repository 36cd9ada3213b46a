import { findingsByLayer, layerFigures } from '../core/layerFigures';
import type { Model } from '../core/model';
import type { Finding } from '../core/rules/rule';
import { sparklineCounts } from '../core/statistics/histogram';
import { QUANTILES } from '../core/statistics/tensorStatistics';
import type { ChannelStatistics, Distribution, Histogram, TensorStatistics } from '../core/statistics/tensorStatistics';
import type { LayerView, TensorView, UnitsView } from './pageContract';

/** The first picture of a tensor, until exact bins for the visible range are asked for. */
const PREVIEW_BINS = 160;
/** A model of thousands of tensors must still cross the port in one message of a few megabytes. */
const MANY_TENSORS = 1500;
const PREVIEW_BINS_OF_MANY = 24;
/** Of the window's bins, for each tail beyond it: enough to place the outliers. */
const TAIL_SHARE = 1 / 12;
const FLOAT32_DIGITS = 7;
/** Pairs that a chart can mark and a person will look at. */
const MOST_SIMILAR = 256;

/** How many bins `tensorView` should give a model's tensors. */
export function previewBins(model: Model): number {
  return model.tensors.length > MANY_TENSORS ? PREVIEW_BINS_OF_MANY : PREVIEW_BINS;
}

/** Units that travel with every tensor. A language model has ten thousand a tensor, which would make a message of 100 MB. */
const MOST_UNITS = 1024;

export interface TensorViewOptions {
  /** See previewBins. */
  readonly bins?: number;
  /** For the one tensor that is looked at. */
  readonly withUnits?: boolean;
}

/** What the page shows of a tensor, without its distribution: a few kilobytes at most where units are not asked for. */
export function tensorView(index: number, statistics: TensorStatistics, { bins = PREVIEW_BINS, withUnits = false }: TensorViewOptions = {}): TensorView {
  const { outputChannels, inputChannels, similarUnits } = statistics;
  const units = (outputChannels?.maxAbs.length ?? 0) + (inputChannels?.maxAbs.length ?? 0);
  const omitsUnits = !withUnits && units > (bins < PREVIEW_BINS ? 0 : MOST_UNITS);
  const { count, zeros, nearZeros, nan, positiveInfinity, negativeInfinity, min, max, mean } = statistics;
  const { standardDeviation, skewness, excessKurtosis, l1Norm, l2Norm, quantiles } = statistics;
  return {
    index,
    figures: {
      count, zeros, nearZeros, nan, positiveInfinity, negativeInfinity, min, max, mean,
      standardDeviation, skewness, excessKurtosis, l1Norm, l2Norm, quantiles,
      ...(statistics.sampled && { sampled: statistics.sampled }),
    },
    sparkline: sparklineCounts(statistics),
    histogram: previewHistogram(statistics, bins),
    ...(omitsUnits && { omitsUnits }),
    ...(!omitsUnits && outputChannels && { outputChannels: unitsView(outputChannels, statistics) }),
    ...(!omitsUnits && inputChannels && { inputChannels: unitsView(inputChannels, statistics) }),
    ...(!omitsUnits && similarUnits && similarUnits.length > 0 && { similarUnits: similarUnits.slice(0, MOST_SIMILAR) }),
  };
}

/** Figures of layers over their weights, in model order; of all where none are named. A model of 100,000 layers is asked several times a second. */
export function layerViews(model: Model, statistics: ReadonlyMap<number, TensorStatistics>, findings: readonly Finding[], layers: Iterable<number> = model.layers.keys()): LayerView[] {
  const byLayer = findingsByLayer(model, findings);
  return Array.from(layers, (index) => {
    const { parameters, sparsity, nearZero } = layerFigures(model, index, statistics);
    return { index, parameters, sparsity, nearZero, severity: byLayer.get(index)?.[0]?.severity ?? null };
  });
}

/** A unit of nothing but NaN has no largest magnitude either: its zeros tell it from a dead one. */
function unitsView({ maxAbs, l2Norm, zeros }: ChannelStatistics, { count, nan, positiveInfinity, negativeInfinity }: TensorStatistics): UnitsView {
  const weightsPerUnit = count / maxAbs.length;
  const allFinite = nan + positiveInfinity + negativeInfinity === 0;
  const dead: number[] = [];
  const notFinite: number[] = [];
  maxAbs.forEach((value, unit) => {
    if (value !== 0) return;
    if (allFinite || zeros?.[unit] === weightsPerUnit) dead.push(unit);
    else if (zeros?.[unit] === 0) notFinite.push(unit);
  });
  return { maxAbs: Array.from(maxAbs, shortened), l2Norm: Array.from(l2Norm, shortened), dead, notFinite };
}

/** Float32 has seven digits; written out as the float64 that it becomes, it would take eighteen. */
function shortened(value: number): number {
  return Number(value.toPrecision(FLOAT32_DIGITS));
}

/** The p0.1 to p99.9 window; the whole range where nearly all values are the same. Undefined without finite values. */
function window(statistics: TensorStatistics): { low: number; high: number } | undefined {
  const { min, max, quantiles } = statistics;
  if (min === null || max === null) return undefined;
  const low = quantiles[0] ?? min;
  const high = quantiles[QUANTILES.length - 1] ?? max;
  return low < high ? { low, high } : { low: min, high: max };
}

/** Exact counts over the whole range, in edges snapped to the distribution's own: fine inside the window, coarse in the tails. */
function previewHistogram(statistics: TensorStatistics, bins: number): Histogram {
  const { min, max, distribution, fineHistogram } = statistics;
  const span = window(statistics);
  if (min === null || max === null || !span) return { edges: [], counts: [] };
  if (fineHistogram) return fineHistogram;
  const tail = Math.ceil(bins * TAIL_SHARE);
  const targets = [...ramp(min, span.low, tail), ...ramp(span.low, span.high, bins), ...ramp(span.high, max, tail)];
  return snapped(distribution, targets, max);
}

function ramp(from: number, to: number, steps: number): number[] {
  if (!(to > from)) return [];
  return Array.from({ length: steps }, (_, i) => from + ((to - from) * (i + 1)) / steps);
}

/**
 * Counts between target edges, exact because each edge lies between two of the distribution's bins:
 * at its target where that is so, else at the lower bound of the bin that holds the target.
 */
function snapped({ lower, upper, counts }: Distribution, targets: readonly number[], max: number): Histogram {
  if (counts.length === 0) return { edges: [], counts: [] };
  const edges = [lower[0]!];
  const joined: number[] = [];
  let bin = 0;
  let sum = 0;
  for (const target of targets) {
    while (bin < counts.length && upper[bin]! < target) sum += counts[bin++]!;
    const edge = bin < counts.length ? Math.min(target, lower[bin]!) : target;
    if (edge >= max || edge <= edges[edges.length - 1]!) continue;
    edges.push(edge);
    joined.push(sum);
    sum = 0;
  }
  while (bin < counts.length) sum += counts[bin++]!;
  return { edges: [...edges, max], counts: [...joined, sum] };
}
