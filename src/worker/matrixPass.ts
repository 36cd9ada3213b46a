import type { ChannelAxis, ChannelPlan, ChannelSums, PlannedSums } from '../core/statistics/channels';
import type { Units } from '../core/statistics/kernel';
import { addressOf } from './kernelExports';
import type { KernelExports } from './kernelExports';

/** Columns and rows that the module has room for in one call. */
const MOST_COLUMNS = 1 << 16;
const MOST_ROWS = 1 << 14;

/** float32 values in the module's memory. */
export interface ValueRun {
  readonly address: number;
  readonly firstElement: number;
  readonly count: number;
  readonly hasZeros: boolean;
}

/** Rows whose results the module holds. */
interface RowRun {
  readonly firstRow: number;
  readonly rows: number;
  readonly rowLength: number;
  readonly hasZeros: boolean;
}

/** Largest magnitudes, squares, sums and zeros by unit: the module's pass over a matrix, and what becomes of its results. */
export class MatrixPass {
  readonly #module: KernelExports;
  readonly #columnMaxima: Float32Array;
  readonly #columnSquares: Float32Array;
  readonly #columnSums: Float32Array;
  readonly #columnZeros: Uint32Array;
  readonly #rowMaxima: Float32Array;
  readonly #rowSquares: Float32Array;
  readonly #rowSums: Float32Array;
  readonly #rowZeros: Uint32Array;
  /** Whether runs with zeros have been added since columns were folded. */
  #columnsHaveZeros = false;
  /** Of the part that is being read. */
  #split: (SplitAxes & { readonly sums: PlannedSums }) | undefined;

  constructor(module: KernelExports) {
    const { buffer } = module.memory;
    this.#module = module;
    this.#columnMaxima = new Float32Array(buffer, addressOf(module, 'COLUMN_MAXIMA'), MOST_COLUMNS);
    this.#columnSquares = new Float32Array(buffer, addressOf(module, 'COLUMN_SQUARES'), MOST_COLUMNS);
    this.#columnSums = new Float32Array(buffer, addressOf(module, 'COLUMN_SUMS'), MOST_COLUMNS);
    this.#columnZeros = new Uint32Array(buffer, addressOf(module, 'COLUMN_ZEROS'), MOST_COLUMNS);
    this.#rowMaxima = new Float32Array(buffer, addressOf(module, 'ROW_MAXIMA'), MOST_ROWS);
    this.#rowSquares = new Float32Array(buffer, addressOf(module, 'ROW_SQUARES'), MOST_ROWS);
    this.#rowSums = new Float32Array(buffer, addressOf(module, 'ROW_SUMS'), MOST_ROWS);
    this.#rowZeros = new Uint32Array(buffer, addressOf(module, 'ROW_ZEROS'), MOST_ROWS);
  }

  /** Forgets a pass that was given up, or what else used the columns' memory. */
  clear(): void {
    this.#columnsHaveZeros = false;
    this.#module.clearColumns(MOST_COLUMNS);
  }

  /**
   * Values at `address` as rows of a matrix, whose columns are the units of one axis, and whose rows belong to units of the other.
   * Columns stay in the module until `fold`, once a chunk: of half floats, which come a quarter of a chunk at a time, folding each
   * time took a tenth of the pass.
   */
  add({ plan, sums }: Units, { address, firstElement, count, hasZeros }: ValueRun): void {
    if (this.#split?.sums !== sums) this.#split = { sums, ...splitAxes(plan, sums) };
    const { columns, rows, rowLength } = this.#split;
    const wide = rowLength > MOST_COLUMNS;
    let element = firstElement;
    let left = count;
    let at = address;
    while (left > 0) {
      const column = element % rowLength;
      const whole = column === 0 && left >= rowLength && !wide ? Math.min(MOST_ROWS, Math.floor(left / rowLength)) : 0;
      const taken = whole > 0 ? whole * rowLength : Math.min(left, rowLength - column, MOST_COLUMNS);
      if (whole > 0) this.#scanRows(at, whole, rowLength, hasZeros);
      else this.#scanPartialRow(at, wide ? 0 : column, taken, hasZeros);
      for (const { axis, sums: rowSums } of rows) this.#foldRows(axis, rowSums, { firstRow: Math.floor(element / rowLength), rows: Math.max(1, whole), rowLength, hasZeros });
      if (wide) this.#foldColumns(columns, column, taken, hasZeros);
      else this.#columnsHaveZeros ||= hasZeros;
      element += taken;
      left -= taken;
      at += 4 * taken;
    }
  }

  /** Adds what columns hold to the sums of the units that were given last. */
  fold(): void {
    if (!this.#split || this.#split.rowLength > MOST_COLUMNS) return;
    this.#foldColumns(this.#split.columns, 0, this.#split.rowLength, this.#columnsHaveZeros);
    this.#columnsHaveZeros = false;
  }

  #scanRows(address: number, rows: number, columns: number, hasZeros: boolean): void {
    this.#module.scanMatrix(address, rows, columns);
    if (hasZeros) this.#module.countZeros(address, rows, columns);
  }

  #scanPartialRow(address: number, firstColumn: number, columns: number, hasZeros: boolean): void {
    this.#module.scanPartialRow(address, firstColumn, columns);
    if (hasZeros) this.#module.countZerosOfPartialRow(address, firstColumn, columns);
  }

  /** What columns hold goes to their units, of which each has `inner` columns side by side; the first one held is `firstColumn` of a row. */
  #foldColumns(all: readonly ColumnAxis[], firstColumn: number, columns: number, hasZeros: boolean): void {
    for (const { inner, sums: { maxAbs, squares, sums, zeros } } of all) {
      let unit = Math.floor(firstColumn / inner);
      let left = inner - (firstColumn % inner);
      for (let column = 0; column < columns; column++) {
        const most = this.#columnMaxima[column]!;
        if (most > maxAbs[unit]!) maxAbs[unit] = most;
        squares[unit]! += this.#columnSquares[column]!;
        sums[unit]! += this.#columnSums[column]!;
        if (hasZeros) zeros[unit]! += this.#columnZeros[column]!;
        if (--left > 0) continue;
        left = inner;
        unit++;
      }
    }
    this.#module.clearColumns(columns);
  }

  #foldRows({ units, inner }: ChannelAxis, { maxAbs, squares, sums, zeros }: ChannelSums, { firstRow, rows, rowLength, hasZeros }: RowRun): void {
    const rowsEach = inner / rowLength;
    let unit = Math.floor(firstRow / rowsEach) % units;
    let left = rowsEach - (firstRow % rowsEach);
    for (let row = 0; row < rows; row++) {
      const most = this.#rowMaxima[row]!;
      if (most > maxAbs[unit]!) maxAbs[unit] = most;
      squares[unit]! += this.#rowSquares[row]!;
      sums[unit]! += this.#rowSums[row]!;
      if (hasZeros) zeros[unit]! += this.#rowZeros[row]!;
      if (--left > 0) continue;
      left = rowsEach;
      unit = unit + 1 === units ? 0 : unit + 1;
    }
  }
}

interface ColumnAxis {
  readonly inner: number;
  readonly sums: ChannelSums;
}

interface SplitAxes {
  readonly columns: readonly ColumnAxis[];
  readonly rows: readonly { readonly axis: ChannelAxis; readonly sums: ChannelSums }[];
  readonly rowLength: number;
}

/** Rows shorter than this cost more than the columns of a whole run of units: of 3 × 3 filters, 512 × 512 of them, five times as much. */
const SHORT_ROW = 256;

/**
 * The axis that varies fastest gives the columns, where its units lie side by side or are short (the 3 × 3 weights of a filter):
 * a row then has all of its units. Elsewhere rows are the longest runs that belong to one unit of each axis.
 */
function splitAxes(plan: ChannelPlan, sums: PlannedSums): SplitAxes {
  const axes = [{ axis: plan.output, sums: sums.output }, { axis: plan.input, sums: sums.input }].flatMap(({ axis, sums: own }) =>
    axis && own ? [{ axis, sums: own }] : [],
  );
  const fastest = axes.filter(({ axis }) => axis.inner < SHORT_ROW && (axis.units > 1 || axis.inner === 1)).sort((a, b) => a.axis.inner - b.axis.inner || b.axis.units - a.axis.units)[0];
  const beside = fastest && (fastest.axis.inner === 1 || fastest.axis.units * fastest.axis.inner <= MOST_COLUMNS) ? fastest : undefined;
  // A depthwise kernel may have one axis for both: its units are columns twice.
  const columns = axes.filter(({ axis }) => axis.axis === beside?.axis.axis);
  const others = axes.filter((each) => !columns.includes(each));
  const rowLength = beside ? beside.axis.units * beside.axis.inner : Math.min(...others.map(({ axis }) => axis.inner));
  // All rows belong to the only unit of a length-1 axis, wherever that axis lies.
  const rows = others.map((each) => (each.axis.units === 1 ? { ...each, axis: { ...each.axis, inner: rowLength } } : each));
  return { columns: columns.map(({ axis, sums: own }) => ({ inner: axis.inner, sums: own })), rows, rowLength };
}
