/** A spreadsheet opens about a million rows; five million numbers are some 60 MB of text. */
export const MOST_CSV_ROWS = 1_000_000;
export const MOST_CSV_VALUES = 5_000_000;

export interface CsvLayout {
  /** Axes before the last: their indices begin a row. */
  readonly leading: readonly number[];
  /** Numbers in a row: the last axis. */
  readonly columns: number;
  /** Rows that the tensor has, and those that are written. */
  readonly allRows: number;
  readonly rows: number;
}

/** A row for each index of the axes before the last; of a vector, and of very long rows, one for each number. */
export function csvLayout(shape: readonly number[]): CsvLayout {
  const last = shape.at(-1) ?? 1;
  const isLong = shape.length <= 1 || last > MOST_CSV_VALUES / 1000;
  const leading = isLong ? shape : shape.slice(0, -1);
  const columns = isLong ? 1 : last;
  const allRows = leading.reduce((product, size) => product * size, 1);
  return { leading, columns, allRows, rows: Math.min(allRows, MOST_CSV_ROWS, Math.floor(MOST_CSV_VALUES / columns)) };
}

export function csvHead({ leading, columns }: CsvLayout): string {
  const indices = leading.map((_, axis) => `axis ${axis}`);
  const values = columns === 1 ? ['value'] : Array.from({ length: columns }, (_, column) => String(column));
  return `${[...indices, ...values].join(',')}\n`;
}

/** Every digit that the number has; NaN and infinities as Python writes them. `row` counts from the first. */
export function csvRow({ leading }: CsvLayout, row: number, values: ArrayLike<number>): string {
  const indices: number[] = [];
  let rest = row;
  for (let axis = leading.length - 1; axis >= 0; axis--) {
    indices[axis] = rest % leading[axis]!;
    rest = Math.floor(rest / leading[axis]!);
  }
  return `${[...indices, ...Array.from(values, csvNumber)].join(',')}\n`;
}

function csvNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}
