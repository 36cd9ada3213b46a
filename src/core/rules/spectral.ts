import { orderOf } from '../statistics/spectrum';
import type { Spectrum } from '../statistics/spectrum';
import { spectrumFigures } from '../statistics/spectrumFigures';
import type { SpectrumFigures } from '../statistics/spectrumFigures';
import type { TensorContext } from './rule';
import { isMatrix } from './words';

/** A spectrum of fewer values is no distribution: WeightWatcher's README asks for as many. */
export const MIN_VALUES = 50;

export interface Spectral {
  readonly spectrum: Spectrum;
  readonly figures: SpectrumFigures;
  /** min(rows, columns). */
  readonly order: number;
}

/** Of kernels, embeddings, heads and adapters whose spectrum somebody asked for; undefined for all others, and for zeros only. */
export function spectralOf({ tensor, spectrum }: TensorContext): Spectral | undefined {
  if (!spectrum || !isMatrix(tensor)) return undefined;
  const figures = spectrumFigures(spectrum);
  return figures.spectralNorm > 0 ? { spectrum, figures, order: orderOf(spectrum) } : undefined;
}

/** "512 × 1024". */
export function sizeWords({ rows, columns }: Spectrum): string {
  return `${rows} × ${columns}`;
}
