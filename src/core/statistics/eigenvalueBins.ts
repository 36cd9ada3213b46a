import type { SpectrumSummary } from './spectrumSummary';

/** Eigenvalues this far below the largest are rounding, or say nothing: they are counted, not drawn. */
export const SHOWN_DECADES = 8;

/** About as many eigenvalues a bin as make a shape: 200 have 25 bins, 4096 have 64. */
const MOST_BINS = 64;
const LEAST_BINS = 12;
const VALUES_A_BIN = 8;

/** Eigenvalues λ = σ² in bins that are even on log10 λ. */
export interface EigenvalueBins {
  /** log10 λ, one more than counts, ascending. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Eigenvalues too small to show, zeros among them. */
  readonly below: number;
}

export function eigenvalueBins({ singularValues }: Pick<SpectrumSummary, 'singularValues'>): EigenvalueBins {
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
