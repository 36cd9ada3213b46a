import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Spectrum } from '../../src/core/statistics/spectrum';
import { bell, uniform } from './numpyValues';

interface SpectrumCase {
  readonly shape: readonly number[];
  readonly singularValues: readonly number[];
  readonly variance: number;
  readonly frobeniusNorm: number;
  readonly effectiveRank: number;
  /** By the Python package. */
  readonly powerlaw: { readonly alpha: number; readonly xMin: number; readonly distance: number };
  /** By a few lines of numpy. */
  readonly fit: { readonly alpha: number; readonly xMin: number; readonly tail: number; readonly distance: number };
}

interface Fixture {
  readonly cases: Readonly<Record<string, SpectrumCase>>;
  readonly filterShares: readonly number[];
}

export const NUMPY_SPECTRA = JSON.parse(readFileSync(path.join(__dirname, '../fixtures/numpy/spectra.json'), 'utf8')) as Fixture;

function heavy(index: number): number {
  const u = 2 * uniform(index, 77) - 1;
  return u / (1 - u * u + 1e-3);
}

const MAKERS: Readonly<Record<string, (index: number) => number>> = {
  tall: bell,
  wide: bell,
  convolution: bell,
  heavy,
  spiked: (index) => bell(index) + 3 * (uniform(Math.floor(index / 128), 5) - 0.5) * (uniform(index % 128, 6) - 0.5),
  graded: (index) => bell(index) * 2 ** -Math.floor((index % 101) / 4),
};

/** The weights of a case, the same ones that numpy was given. */
export function spectrumValues(name: string): Float32Array<ArrayBuffer> {
  const { shape } = NUMPY_SPECTRA.cases[name]!;
  return Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => MAKERS[name]!(index));
}

/** A spectrum by its singular values, as a test writes it. The norm follows from them where they are all. */
export function handMadeSpectrum(values: ArrayLike<number>, { rows, columns, ...more }: Partial<Spectrum> = {}): Spectrum {
  const singularValues = Float64Array.from(values).sort().reverse();
  const squares = singularValues.reduce((sum, value) => sum + value * value, 0);
  const order = singularValues.length;
  return {
    rows: rows ?? order,
    columns: columns ?? order,
    singularValues,
    isPartial: false,
    frobeniusNorm: Math.sqrt(squares),
    variance: squares / ((rows ?? order) * (columns ?? order)),
    ...more,
  };
}
