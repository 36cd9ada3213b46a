import { SHOWN_DECADES } from '../core/statistics/eigenvalueBins';
import type { SpectrumSummary } from '../core/statistics/spectrumSummary';

/** Points of a smooth curve. */
const CURVE_POINTS = 160;

export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
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
