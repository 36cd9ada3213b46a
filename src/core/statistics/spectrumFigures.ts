import { fitPowerLaw } from './powerLaw';
import type { PowerLaw } from './powerLaw';
import { orderOf } from './spectrum';
import type { FilterSpectrum, Spectrum } from './spectrum';

/** WeightWatcher fits no layer with fewer eigenvalues. */
export const LEAST_EIGENVALUES = 50;

/** A tail this far from its power law is none. Our own: random matrices lie at 0.1 to 0.2, trained layers mostly below 0.06. */
export const MOST_FIT_DISTANCE = 0.1;

/** Tails of fewer values fit anything. Our own. */
export const LEAST_TAIL = 10;

/** Singular values that one rounding of float32 could have made: unit roundoff of the weights as they are stored (Press et al.; numpy's matrix_rank). */
const FLOAT32_EPSILON = 2 ** -23;

/** Below this share of the largest, singular values are rounding of the squares that they come from. */
const RESOLUTION = 1e-7;

export interface MarchenkoPastur {
  /** The upper edge of the eigenvalues of W·Wᵀ, where all weights are independent: variance·(√rows + √columns)². */
  readonly edge: number;
  /** From where on an eigenvalue is no chance: the edge plus three deviations of the largest eigenvalue. */
  readonly certain: number;
  /** Eigenvalues above `certain`; at least as many where the spectrum is partial and all known ones are. */
  readonly beyond: number;
}

/** What is read from a spectrum. null where it does not follow from what is known. */
export interface SpectrumFigures {
  /** The largest singular value. */
  readonly spectralNorm: number;
  readonly frobeniusNorm: number;
  /** ‖W‖F² / σ₁². 1 to min(rows, columns). */
  readonly stableRank: number | null;
  /** exp(−Σ p ln p) with p = σ / Σσ (Roy & Vetterli, EUSIPCO 2007). Needs all values. */
  readonly effectiveRank: number | null;
  /** Values above σ₁ · max(rows, columns) · ε of float32. Needs all values. */
  readonly numericalRank: number | null;
  /** The smallest singular value; 0 where it lies below what can be told. */
  readonly smallest: number | null;
  /** σ₁ / smallest; null where the smallest is 0. */
  readonly condition: number | null;
  readonly marchenkoPastur: MarchenkoPastur | null;
  /** Of the eigenvalues σ²: a fit, or why there is none. */
  readonly powerLaw: PowerLaw | { readonly notApplicable: string };
  /** Entropy to base 10 of the filters' variance over their components, 0 to log10 of the positions. */
  readonly filterEntropy: number | null;
}

const known = new WeakMap<Spectrum, SpectrumFigures>();

/** Computed once a spectrum. */
export function spectrumFigures(spectrum: Spectrum): SpectrumFigures {
  const before = known.get(spectrum);
  if (before) return before;
  const figures = compute(spectrum);
  known.set(spectrum, figures);
  return figures;
}

function compute(spectrum: Spectrum): SpectrumFigures {
  const { singularValues, isPartial, frobeniusNorm, filters } = spectrum;
  const spectralNorm = singularValues[0] ?? 0;
  const smallest = isPartial ? null : smallestOf(singularValues);
  return {
    spectralNorm,
    frobeniusNorm,
    stableRank: spectralNorm > 0 ? (frobeniusNorm / spectralNorm) ** 2 : null,
    effectiveRank: isPartial || spectralNorm === 0 ? null : effectiveRank(singularValues),
    numericalRank: isPartial ? null : numericalRank(spectrum),
    smallest,
    condition: smallest === null || smallest === 0 ? null : spectralNorm / smallest,
    marchenkoPastur: marchenkoPastur(spectrum),
    powerLaw: powerLawOf(spectrum),
    filterEntropy: filters ? filterEntropy(filters) : null,
  };
}

function smallestOf(descending: Float64Array): number {
  const last = descending.at(-1) ?? 0;
  return last > RESOLUTION * (descending[0] ?? 0) ? last : 0;
}

function effectiveRank(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  let entropy = 0;
  for (const value of values) if (value > 0) entropy -= (value / sum) * Math.log(value / sum);
  return Math.exp(entropy);
}

function numericalRank({ singularValues, rows, columns }: Spectrum): number {
  const least = (singularValues[0] ?? 0) * Math.max(Math.max(rows, columns) * FLOAT32_EPSILON, RESOLUTION);
  return singularValues.reduce((rank, value) => rank + (value > least ? 1 : 0), 0);
}

/** Of Tracy & Widom's law for real matrices. */
const TRACY_WIDOM_DEVIATION = 1.268;

/** How many deviations above the edge the largest eigenvalue of a random matrix is taken for no chance. */
const CERTAIN_DEVIATIONS = 3;

/**
 * Marchenko & Pastur (1967) for the edge; for the chance beyond it Johnstone (Annals of Statistics 29, 2001):
 * (√(n − 1) + √m)·(1/√(n − 1) + 1/√m)^⅓, times the variance, is the scale on which the largest eigenvalue follows Tracy & Widom's law.
 */
export function marchenkoPastur({ rows, columns, variance, singularValues }: Spectrum): MarchenkoPastur | null {
  if (variance === undefined || variance === 0 || rows < 2 || columns < 2) return null;
  const long = Math.sqrt(Math.max(rows, columns) - 1);
  const short = Math.sqrt(Math.min(rows, columns));
  const edge = variance * (Math.sqrt(rows) + Math.sqrt(columns)) ** 2;
  const scale = variance * (long + short) * Math.cbrt(1 / long + 1 / short);
  const certain = edge + CERTAIN_DEVIATIONS * TRACY_WIDOM_DEVIATION * scale;
  let beyond = 0;
  while (beyond < singularValues.length && singularValues[beyond]! ** 2 > certain) beyond++;
  return { edge, certain, beyond };
}

function powerLawOf(spectrum: Spectrum): SpectrumFigures['powerLaw'] {
  const { singularValues, isPartial } = spectrum;
  if (isPartial) return { notApplicable: `only the ${singularValues.length} largest of ${orderOf(spectrum)} eigenvalues are known, and where the tail begins does not follow from these` };
  // Rounding is no eigenvalue.
  const least = RESOLUTION * (singularValues[0] ?? 0);
  const eigenvalues = singularValues.filter((value) => value > least).map((value) => value * value).reverse();
  if (eigenvalues.length < LEAST_EIGENVALUES) return { notApplicable: `${eigenvalues.length} eigenvalues above zero, and a tail needs ${LEAST_EIGENVALUES}` };
  const fit = fitPowerLaw(eigenvalues);
  if (!fit) return { notApplicable: 'all eigenvalues are equal' };
  if (fit.tail < LEAST_TAIL) return { notApplicable: `the best tail has ${fit.tail} eigenvalues, and fewer than ${LEAST_TAIL} fit anything` };
  if (fit.distance > MOST_FIT_DISTANCE) return { notApplicable: `the tail is no power law: its best fit is ${fit.distance.toFixed(2)} away, and at most ${MOST_FIT_DISTANCE} is good enough` };
  return fit;
}


/** Gavrikov & Keuper (CNN Filter DB, arXiv 2203.15331). */
function filterEntropy({ varianceShares }: FilterSpectrum): number {
  return varianceShares.reduce((entropy, share) => (share > 0 ? entropy - share * Math.log10(share) : entropy), 0);
}

/** WeightWatcher's published ranges of alpha, in words. */
export function alphaWords(alpha: number): string {
  if (alpha < 2) return 'below 2: over-trained, or held by a few directions';
  if (alpha <= 6) return '2 to 6: trained, the best layers near 2';
  if (alpha <= 8) return 'above 6: under-trained';
  return 'above 8: no tail that says anything';
}
