/** Beyond this many singular values only the top of a spectrum is computed: the matrix of products alone would take 128 MiB and more. */
export const MOST_SINGULAR_VALUES = 4096;

/** How many of them then. */
export const TOP_SINGULAR_VALUES = 64;

/** Singular values of a matrix, and what is read from them. Computed on demand only. */
export interface Spectrum {
  /** The matrix that was decomposed: output units × everything else, rows × columns. */
  readonly rows: number;
  readonly columns: number;
  /** Descending. All min(rows, columns) of them, or the largest ones where `isPartial`. */
  readonly singularValues: Float64Array;
  readonly isPartial: boolean;
  /** √Σw², from the weights themselves. */
  readonly frobeniusNorm: number;
  /** Population variance of the weights, from the weights themselves. */
  readonly variance?: number;
  /** The largest singular values of the same weights in a random order (always the same one); absent where there are too many. */
  readonly shuffled?: Float64Array;
  /** Of a convolution's kernel, what its filters have in common. */
  readonly filters?: FilterSpectrum;
}

/** Principal components of the k×k slices of a kernel. */
export interface FilterSpectrum {
  /** Height and width. */
  readonly size: readonly [number, number];
  /** Slices whose largest weight is above NEAR_ZERO_RATIO of the kernel's; the others are left out. */
  readonly count: number;
  /** Of the slices about their mean, along each of the height × width components; descending, their sum is 1 (or 0). */
  readonly varianceShares: readonly number[];
}

export function orderOf({ rows, columns }: Pick<Spectrum, 'rows' | 'columns'>): number {
  return Math.min(rows, columns);
}
