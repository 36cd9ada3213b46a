import type { Tensor } from '../core/model';
import { binOf } from '../core/statistics/histogram';
import type { Histogram, WindowHistogram } from '../core/statistics/tensorStatistics';
import type { TensorView } from '../protocol/pageContract';
import { clean, LINEAR, niceStep, symlog } from './scale';
import type { Scale } from './scale';

export type ValueAxis = 'auto' | 'full' | 'symlog';

/** Values that are whole steps from an origin: integers, and codes of a quantized tensor. */
export interface Lattice {
  readonly origin: number;
  readonly step: number;
}

/** Where the bars of a histogram stand. */
export interface BinPlan {
  readonly scale: Scale;
  /** Strictly ascending, at least two. */
  readonly edges: readonly number[];
}

export interface Window {
  readonly low: number;
  readonly high: number;
}

export interface PlanRequest {
  readonly figures: TensorView['figures'];
  readonly lattice?: Lattice | undefined;
  readonly axis: ValueAxis;
  /** At most so many bars. */
  readonly bins: number;
  /** What the person dragged out; the axis' own window where absent. */
  readonly zoom?: Window | undefined;
}

/** Fewer would hide that a small tensor has a shape at all. */
const MIN_BINS = 10;
/** Of a window that is a single value: wide enough for its bar to stand free. */
const CONSTANT_MARGIN = 0.5;

/** Without finite values the axis is empty: only the bars at its edges say something. */
export const EMPTY_PLAN: BinPlan = { scale: LINEAR, edges: [-1, 1] };

export function planBins({ figures, lattice, axis, bins, zoom }: PlanRequest): BinPlan {
  const whole = wholeRange(figures);
  if (!whole) return EMPTY_PLAN;
  const scale = axis === 'symlog' ? symlog(symlogThreshold(figures)) : LINEAR;
  const window = zoom ?? (axis === 'auto' ? autoWindow(figures) ?? whole : whole);
  const wanted = Math.max(MIN_BINS, Math.min(bins, Math.ceil(2 * Math.sqrt(figures.count))));
  const edges = scale.kind === 'linear' ? linearEdges(window, wanted, lattice) : scaledEdges(scale, window, wanted, lattice);
  return { scale, edges };
}

/** The values between which a lattice's bars are cut, so that no bar holds more codes than its neighbour. */
export function latticeOf(tensor: Tensor): Lattice | undefined {
  const { quantization, dtype } = tensor;
  if (quantization?.scheme === 'affine') {
    if (quantization.originalDtype === 'int32') return { origin: 0, step: 1 };
    const { min, scale } = quantization;
    return Number.isFinite(min) && scale > 0 && Number.isFinite(scale) ? { origin: min, step: scale } : undefined;
  }
  return quantization === undefined && /^(u?int|bool)/.test(dtype) ? { origin: 0, step: 1 } : undefined;
}

function wholeRange({ min, max }: TensorView['figures']): Window | undefined {
  if (min === null || max === null) return undefined;
  if (min < max) return { low: min, high: max };
  const margin = min === 0 ? 1 : Math.abs(min) * CONSTANT_MARGIN;
  return { low: min - margin, high: max + margin };
}

/** p0.1 to p99.9; undefined where nearly all weights are one value. */
function autoWindow({ quantiles }: TensorView['figures']): Window | undefined {
  const low = quantiles[0];
  const high = quantiles.at(-1);
  return typeof low === 'number' && typeof high === 'number' && low < high ? { low, high } : undefined;
}

/** A quarter of the interquartile range keeps the bulk nearly linear; a thousandth of the largest magnitude where the bulk is one value. */
function symlogThreshold({ quantiles, min, max }: TensorView['figures']): number {
  const bulk = ((quantiles[5] ?? 0) - (quantiles[3] ?? 0)) / 4;
  if (bulk > 0) return bulk;
  return Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0)) / 1000 || 1;
}

function linearEdges({ low, high }: Window, bins: number, lattice: Lattice | undefined): number[] {
  if (lattice) {
    const { origin, step } = lattice;
    const levels = Math.max(1, Math.ceil((high - low) / bins / step - 1e-9));
    const first = Math.floor((low - origin) / step + 1e-6);
    const last = Math.ceil((high - origin) / step - 1e-6);
    const count = Math.floor((last - first) / levels) + 1;
    return ascending(Array.from({ length: count + 1 }, (_, i) => origin + (first + i * levels - 0.5) * step));
  }
  const step = niceStep((high - low) / bins);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return ascending(Array.from({ length: last - first + 1 }, (_, i) => clean((first + i) * step)));
}

/** Even on the axis, with an edge at zero. */
function scaledEdges(scale: Scale, { low, high }: Window, bins: number, lattice: Lattice | undefined): number[] {
  const step = (scale.to(high) - scale.to(low)) / bins;
  const first = Math.floor(scale.to(low) / step + 1e-9);
  const last = Math.ceil(scale.to(high) / step - 1e-9);
  const edges = Array.from({ length: last - first + 1 }, (_, i) => scale.from((first + i) * step));
  if (!lattice) return ascending(edges);
  const { origin, step: level } = lattice;
  return ascending(edges.map((edge, i) => origin + (Math.round((edge - origin) / level) + (i === edges.length - 1 ? 0.5 : -0.5)) * level));
}

/** float64 cannot tell edges apart that lie closer than its last digit. */
function ascending(edges: number[]): number[] {
  const distinct = edges.filter((edge, i) => Number.isFinite(edge) && (i === 0 || edge > edges[i - 1]!));
  if (distinct.length >= 2) return distinct;
  const value = distinct[0] ?? 0;
  const margin = Math.abs(value) * 1e-6 || 1e-6;
  return [value - margin, value + margin];
}

/**
 * What the first picture of a tensor says about other bins: values inside one of its bins are taken as evenly spread,
 * so that these counts are close, and replaced by exact ones as soon as they come.
 */
export function rebin(histogram: Histogram, zeros: number, edges: readonly number[]): WindowHistogram {
  const counts = new Array<number>(edges.length - 1).fill(0);
  const [first, last] = [edges[0]!, edges[edges.length - 1]!];
  const outside = { below: 0, above: 0 };
  histogram.counts.forEach((count, i) => {
    const [lower, upper] = [histogram.edges[i]!, histogram.edges[i + 1]!];
    const isLast = i === histogram.counts.length - 1;
    const holdsZero = lower <= 0 && (0 < upper || (isLast && upper === 0));
    if (holdsZero && zeros > 0) put(0, Math.min(zeros, count), edges, counts, outside);
    const rest = holdsZero ? Math.max(0, count - zeros) : count;
    if (rest > 0) spread(lower, upper, rest, edges, counts, outside);
  });
  return { edges, counts, below: first > -Infinity ? outside.below : 0, above: last < Infinity ? outside.above : 0 };
}

interface Outside {
  below: number;
  above: number;
}

function put(value: number, count: number, edges: readonly number[], counts: number[], outside: Outside): void {
  if (value < edges[0]!) outside.below += count;
  else if (value > edges[edges.length - 1]!) outside.above += count;
  else counts[binOf(edges, value)]! += count;
}

function spread(lower: number, upper: number, count: number, edges: readonly number[], counts: number[], outside: Outside): void {
  if (!(upper > lower)) {
    put(lower, count, edges, counts, outside);
    return;
  }
  const [first, last] = [edges[0]!, edges[edges.length - 1]!];
  const density = count / (upper - lower);
  outside.below += density * Math.max(0, Math.min(first, upper) - lower);
  outside.above += density * Math.max(0, upper - Math.max(last, lower));
  if (upper <= first || lower >= last) return;
  for (let i = binOf(edges, Math.max(lower, first)); i < counts.length && edges[i]! < upper; i++) {
    counts[i]! += density * Math.max(0, Math.min(upper, edges[i + 1]!) - Math.max(lower, edges[i]!));
  }
}
