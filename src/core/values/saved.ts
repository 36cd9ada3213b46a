export type ValuesFormat = 'npy' | 'csv';

/** What was written of a tensor. */
export interface SavedValues {
  /** Rows that were written, and those that there are; null for formats that hold all. */
  readonly rows: number | null;
  readonly allRows: number | null;
}
