import type { SpectrumSummary } from '../core/statistics/spectrumSummary';

/** Eigenvalues this far below the largest are rounding, or say nothing: they are counted, not drawn. */
const SHOWN_DECADES = 8;

/** About as many eigenvalues a bin as make a shape: 200 have 25 bins, 4096 have 64. */
const MOST_BINS = 64;
const LEAST_BINS = 12;
const VALUES_A_BIN = 8;

/** Points of a smooth curve. */
const CURVE_POINTS = 160;

/** Eigenvalues λ = σ² in bins that are even on log10 λ. */
export interface EigenvalueBins {
  /** log10 λ, one more than counts, ascending. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Eigenvalues too small to show, zeros among them. */
  readonly below: number;
}

export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export function eigenvalueBins({ singularValues }: SpectrumSummary): EigenvalueBins {
  const most = singularValues[0] ?? 0;
  if (most === 0) return { edges: [], counts: [], below: singularValues.length };
  const logarithms = singularValues.map((value) => 2 * Math.log10(value));
  const high = logarithms[0]!;
  const shown = logarithms.filter((value) => value >= high - SHOWN_DECADES);
  const low = shown.at(-1)!;
  // Equal values, as an orthogonal matrix has them, are one bar in the middle.
  const [from, to] = high - low < 0.02 ? [low - 0.5, high + 0.5] : [low, high];
  const count = Math.max(LEAST_BINS, Math.min(MOST_BINS, Math.round(shown.length / VALUES_A_BIN)));
  const width = (to - from) / count;
  const counts = new Array<number>(count).fill(0);
  for (const value of shown) counts[Math.min(count - 1, Math.floor((value - from) / width))]!++;
  return { edges: Array.from({ length: count + 1 }, (_, i) => from + i * width), counts, below: singularValues.length - shown.length };
}

/**
 * Eigenvalues a bin of `width` that independent weights of the same variance would have: Marchenko & Pastur's density
 * √((b − λ)(λ − a)) / (2π·v·λ) of W·Wᵀ, with a and b = v·(√long ∓ √short)²; its integral is the order.
 */
export function marchenkoPasturCurve({ rows, columns, variance }: SpectrumSummary, width: number): Curve | undefined {
  if (variance === null || variance === 0) return undefined;
  const long = Math.sqrt(Math.max(rows, columns));
  const short = Math.sqrt(Math.min(rows, columns));
  const upper = variance * (long + short) ** 2;
  const lower = Math.max(variance * (long - short) ** 2, upper * 10 ** -SHOWN_DECADES);
  const [from, to] = [Math.log10(lower), Math.log10(upper)];
  const x = Array.from({ length: CURVE_POINTS }, (_, i) => from + ((to - from) * i) / (CURVE_POINTS - 1));
  const low = variance * (long - short) ** 2;
  const y = x.map((at) => {
    const value = 10 ** at;
    // dλ = λ·ln 10·d(log10 λ): the λ of the density falls out.
    return (Math.sqrt(Math.max(0, (upper - value) * (value - low))) / (2 * Math.PI * variance)) * Math.LN10 * width;
  });
  return { x, y };
}

/** Eigenvalues a bin of `width` that the fitted tail has. */
export function powerLawCurve({ powerLaw, spectralNorm }: SpectrumSummary, width: number): Curve | undefined {
  if ('notApplicable' in powerLaw) return undefined;
  const { alpha, xMin, tail } = powerLaw;
  const [from, to] = [Math.log10(xMin), 2 * Math.log10(spectralNorm)];
  const x = Array.from({ length: CURVE_POINTS }, (_, i) => from + ((to - from) * i) / (CURVE_POINTS - 1));
  return { x, y: x.map((at) => tail * (alpha - 1) * (10 ** at / xMin) ** (1 - alpha) * Math.LN10 * width) };
}

/** log10 of the singular value that the fitted tail has at each rank, over log10 of the rank. */
export function powerLawRanks({ powerLaw }: SpectrumSummary): Curve | undefined {
  if ('notApplicable' in powerLaw) return undefined;
  const { alpha, xMin, tail } = powerLaw;
  const x = [0, Math.log10(tail)];
  return { x, y: x.map((rank) => 0.5 * (Math.log10(xMin) - (rank - Math.log10(tail)) / (alpha - 1))) };
}
