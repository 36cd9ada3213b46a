import type { Distribution } from '../statistics/tensorStatistics';

/** Counts in even bins between two values; values that stand for a whole step of a lattice are spread over that step. */
export interface Density {
  readonly low: number;
  readonly high: number;
  readonly counts: Float64Array;
}

/** Fewer bins hide a second hump, more show the chance in them. */
const FEWEST_BINS = 10;
const MOST_BINS = 48;

/** A valley is one where it lies this far below the lower of the humps beside it, and further than chance goes. */
const VALLEY_SHARE = 0.7;
const VALLEY_DEVIATIONS = 3;

/** A hump with less of the weights is an outlier's, not the distribution's. */
const SMALLEST_HUMP = 0.05;

interface DensityRequest {
  /** Less than `high`. */
  readonly low: number;
  readonly high: number;
  /** How many the distribution holds, about: fewer are shown in fewer bins. */
  readonly weights: number;
  /** Exact zeros that are no part of a spread would make a hump of their own. */
  readonly withZeros: boolean;
}

/** The density of what lies between `low` and `high`. */
export function densityOf(distribution: Distribution, { low, high, weights, withZeros }: DensityRequest): Density {
  const bins = Math.max(FEWEST_BINS, Math.min(MOST_BINS, Math.round(Math.sqrt(weights))));
  const counts = new Float64Array(bins);
  const scale = bins / (high - low);
  const { lower, upper, counts: own, exact } = distribution;
  const last = own.length - 1;
  for (let i = 0; i <= last; i++) {
    let from = lower[i]!;
    let to = upper[i]!;
    if (!withZeros && from === 0 && to === 0) continue;
    if (exact) {
      // Half way to its neighbours: levels of a quantized tensor would else beat with the bins.
      from = i > 0 ? (lower[i - 1]! + from) / 2 : from;
      to = i < last ? (to + lower[i + 1]!) / 2 : to;
    }
    spread(counts, (from - low) * scale, (to - low) * scale, own[i]!);
  }
  return { low, high, counts };
}

/** `count` evenly between two positions in units of bins; what lies outside is dropped. */
function spread(counts: Float64Array, from: number, to: number, count: number): void {
  const first = Math.floor(from);
  if (to < 0 || first >= counts.length) return;
  if (to - from < 1e-9 || Math.floor(to) === first) {
    if (first >= 0) counts[first]! += count;
    return;
  }
  const density = count / (to - from);
  for (let bin = Math.max(0, first); bin < counts.length && bin < to; bin++) counts[bin]! += density * (Math.min(to, bin + 1) - Math.max(from, bin));
}

/** Middles of the humps that stand out from chance, left to right: one for a bell, two for a bimodal distribution. Our own criteria. */
export function humpsOf({ low, high, counts }: Density): number[] {
  const smooth = smoothed(smoothed(counts));
  const peaks = [...smooth.keys()].filter((i) => smooth[i]! > 0 && smooth[i]! >= (smooth[i - 1] ?? 0) && smooth[i]! > (smooth[i + 1] ?? 0));
  const accepted: number[] = [];
  for (const peak of peaks.sort((a, b) => smooth[b]! - smooth[a]!)) {
    if (accepted.every((other) => hasValley(smooth, peak, other))) accepted.push(peak);
  }
  const humps = heavyEnough(smooth, accepted.sort((a, b) => a - b));
  return humps.map((bin) => low + ((bin + 0.5) * (high - low)) / counts.length);
}

/** Weights 1, 2, 1: most of the chance in neighbouring bins goes, a hump stays. */
function smoothed(counts: Float64Array): Float64Array {
  return counts.map((count, i) => ((counts[i - 1] ?? count) + 2 * count + (counts[i + 1] ?? count)) / 4);
}

function hasValley(smooth: Float64Array, peak: number, higher: number): boolean {
  const height = smooth[peak]!;
  const depth = smooth[valleyBetween(smooth, peak, higher)]!;
  return depth <= height * VALLEY_SHARE && height - depth >= VALLEY_DEVIATIONS * Math.sqrt(height);
}

function valleyBetween(smooth: Float64Array, a: number, b: number): number {
  let lowest = Math.min(a, b);
  for (let i = lowest; i <= Math.max(a, b); i++) if (smooth[i]! < smooth[lowest]!) lowest = i;
  return lowest;
}

/** Humps that hold enough between the valleys beside them. */
function heavyEnough(smooth: Float64Array, peaks: readonly number[]): readonly number[] {
  if (peaks.length < 2) return peaks;
  const borders = [0, ...peaks.slice(1).map((peak, i) => valleyBetween(smooth, peaks[i]!, peak)), smooth.length];
  const sum = (from: number, to: number): number => smooth.subarray(from, to).reduce((total, count) => total + count, 0);
  const total = sum(0, smooth.length);
  return peaks.filter((_, i) => sum(borders[i]!, borders[i + 1]!) >= SMALLEST_HUMP * total);
}
