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
}
