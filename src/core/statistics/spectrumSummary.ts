import type { FilterSpectrum, Spectrum } from './spectrum';
import { spectrumFigures } from './spectrumFigures';
import type { SpectrumFigures } from './spectrumFigures';

/** A spectrum in plain numbers, for the page and the report. */
export interface SpectrumSummary extends SpectrumFigures {
  readonly rows: number;
  readonly columns: number;
  readonly isPartial: boolean;
  /** Descending. */
  readonly singularValues: readonly number[];
  /** Of the weights; null where it is not known. */
  readonly variance: number | null;
  /** Largest singular value of the weights in random places; null where there are too many to shuffle. */
  readonly shuffledNorm: number | null;
  readonly filters?: FilterSpectrum;
}

export function summaryOf(spectrum: Spectrum): SpectrumSummary {
  const { rows, columns, isPartial, singularValues, variance, shuffled, filters } = spectrum;
  return {
    rows,
    columns,
    isPartial,
    ...spectrumFigures(spectrum),
    variance: variance ?? null,
    shuffledNorm: shuffled?.[0] ?? null,
    ...(filters && { filters }),
    singularValues: Array.from(singularValues),
  };
}
