import { axisOrder } from '../delivered';
import { FormatError } from '../errors';
import type { Tensor } from '../model';

/** What of a tensor says where its elements lie. */
export interface StoredShape {
  readonly shape: Tensor['shape'];
  readonly encoding?: Tensor['encoding'] | undefined;
}

/** How elements that fall into one cell become one number. */
export type Reduction = 'maxMagnitude' | 'mean';
export const REDUCTIONS: readonly Reduction[] = ['maxMagnitude', 'mean'];

/** Indices from..to-1 of one axis. */
export interface AxisWindow {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
}

/** A rectangle of a tensor, or the same rectangle at several indices of another axis. All axes are those of Tensor.shape. */
export interface GridRequest {
  /** Absent where the tensor has no second axis: then there is one row. */
  readonly rows?: AxisWindow;
  /** Absent for a single number. */
  readonly columns?: AxisWindow;
  /** Where the other axes stand; one number an axis, of which those of rows, columns and tiles are not looked at. */
  readonly at: readonly number[];
  /** One rectangle for each of these indices, in this order. */
  readonly tiles?: { readonly axis: number; readonly indices: readonly number[] };
  readonly mostRows: number;
  readonly mostColumns: number;
  readonly reduction: Reduction;
  /** Elements with low ≤ value ≤ high are counted by cell. */
  readonly range?: { readonly low: number; readonly high: number };
}

/** What a request comes to. Cells are in order of tiles, rows and columns. */
export interface Grid {
  readonly tiles: number;
  /** Cells, not elements. */
  readonly rows: number;
  readonly columns: number;
  /** Of each `step` rows one was read: a rectangle of more elements than MOST_GRID_ELEMENTS. 1 where all were. */
  readonly rowStep: number;
  readonly columnStep: number;
  /** NaN where a cell holds NaN, an infinity where it holds one. */
  readonly values: Float64Array;
  /** Of which element a cell shows the value: its row × columns of the window + column. Absent where each cell is one element, and for means. */
  readonly places?: Float64Array;
  /** Elements in the asked range by cell. */
  readonly counts?: Float64Array;
  readonly elements: number;
  readonly nan: number;
  readonly infinite: number;
  /** Of the finite elements that were read; null where there are none. */
  readonly min: number | null;
  readonly max: number | null;
}

/** Read, decoded and folded in half a second. Of a larger rectangle every n-th row is read, and the picture says so. */
export const MOST_GRID_ELEMENTS = 2 ** 25;

/** More than any screen has pixels for; 8 bytes each cross two ports. */
export const MOST_CELLS = 2 ** 20;

/** Along one axis as the file has it: which indices are read, and what they add to the number of the cell. */
export interface Pick {
  /** Elements from one index to the next. */
  readonly stride: number;
  readonly from: number;
  readonly step: number;
  readonly count: number;
  /** The indices, ascending, where they are no range. */
  readonly list?: readonly number[];
  /** By place in `list`. */
  readonly listCells?: readonly number[];
  /** `count` indices fall evenly into so many cells. */
  readonly cells: number;
  readonly cellStride: number;
}

export interface GridPlan {
  /** Slowest axis of the file first; never empty. */
  readonly picks: readonly Pick[];
  readonly tiles: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStep: number;
  readonly columnStep: number;
  /** Elements a row of the window has. */
  readonly windowColumns: number;
  readonly rowPick: number;
  readonly columnPick: number;
}

/** The axes of `shape` in the order in which the file has them, the slowest first. */
export function storedOrder({ shape, encoding }: StoredShape): readonly number[] {
  return axisOrder(encoding) ?? shape.map((_, axis) => axis);
}

/** Elements from one index of an axis to the next, in the file. By axis of `shape`. */
export function storedStrides(tensor: StoredShape): readonly number[] {
  const strides = new Array<number>(tensor.shape.length).fill(1);
  let stride = 1;
  for (const axis of [...storedOrder(tensor)].reverse()) {
    strides[axis] = stride;
    stride *= tensor.shape[axis]!;
  }
  return strides;
}

/** @throws FormatError where the request does not fit the tensor. */
export function planGrid(tensor: StoredShape & { readonly name: string }, request: GridRequest): GridPlan {
  const { shape } = tensor;
  check(tensor, request);
  const tileCount = request.tiles?.indices.length ?? 1;
  const rowCount = sizeOf(request.rows);
  const columnCount = sizeOf(request.columns);
  const excess = Math.ceil((tileCount * rowCount * columnCount) / MOST_GRID_ELEMENTS);
  // Whole rows are left out, as reading a part of each row costs as much as all of it.
  const rowStep = Math.max(1, Math.min(rowCount, excess));
  const columnStep = Math.max(1, Math.ceil(excess / rowStep));
  const readRows = Math.ceil(rowCount / rowStep);
  const readColumns = Math.ceil(columnCount / columnStep);
  const rows = Math.max(1, Math.min(readRows, request.mostRows));
  const columns = Math.max(1, Math.min(readColumns, request.mostColumns));
  const strides = storedStrides(tensor);
  const pickOf = (axis: number): Pick => {
    const stride = strides[axis]!;
    if (axis === request.rows?.axis) return { stride, from: request.rows.from, step: rowStep, count: readRows, cells: rows, cellStride: columns };
    if (axis === request.columns?.axis) return { stride, from: request.columns.from, step: columnStep, count: readColumns, cells: columns, cellStride: 1 };
    if (axis === request.tiles?.axis) return { stride, from: 0, step: 1, count: tileCount, cells: tileCount, cellStride: rows * columns, ...ascending(request.tiles.indices, rows * columns) };
    return { stride, from: request.at[axis]!, step: 1, count: 1, cells: 1, cellStride: 0 };
  };
  const order = storedOrder(tensor);
  const picks = shape.length === 0 ? [{ stride: 1, from: 0, step: 1, count: 1, cells: 1, cellStride: 0 }] : order.map(pickOf);
  return {
    picks, tiles: tileCount, rows, columns, rowStep, columnStep, windowColumns: columnCount,
    rowPick: request.rows ? order.indexOf(request.rows.axis) : -1,
    columnPick: request.columns ? order.indexOf(request.columns.axis) : -1,
  };
}

function ascending(indices: readonly number[], cellStride: number): { list: readonly number[]; listCells: readonly number[] } {
  const sorted = indices.map((index, place) => ({ index, place })).sort((a, b) => a.index - b.index);
  return { list: sorted.map(({ index }) => index), listCells: sorted.map(({ place }) => place * cellStride) };
}

function sizeOf(window: AxisWindow | undefined): number {
  return window ? window.to - window.from : 1;
}

function check({ name, shape }: { readonly name: string; readonly shape: readonly number[] }, { rows, columns, tiles, at, mostRows, mostColumns }: GridRequest): void {
  const isIndex = (value: number | undefined, size: number | undefined): boolean => Number.isSafeInteger(value) && value! >= 0 && size !== undefined && value! < size;
  const isWindow = (window: AxisWindow | undefined): boolean =>
    window === undefined || (isIndex(window.axis, shape.length) && isIndex(window.from, shape[window.axis]) && Number.isSafeInteger(window.to) && window.to > window.from && window.to <= shape[window.axis]!);
  const axes = [rows?.axis, columns?.axis, tiles?.axis].filter((axis) => axis !== undefined);
  const isSound = isWindow(rows) && isWindow(columns) && new Set(axes).size === axes.length
    && (tiles === undefined || (isIndex(tiles.axis, shape.length) && tiles.indices.length > 0 && tiles.indices.every((index) => isIndex(index, shape[tiles.axis]))))
    && at.length === shape.length && at.every((index, axis) => axes.includes(axis) || isIndex(index, shape[axis]))
    && isIndex(mostRows - 1, MOST_CELLS) && isIndex(mostColumns - 1, MOST_CELLS) && (tiles?.indices.length ?? 1) * Math.min(sizeOf(rows), mostRows) * Math.min(sizeOf(columns), mostColumns) <= MOST_CELLS;
  if (!isSound) throw new FormatError(`${name} has no such values: its shape is ${shape.join(' × ') || 'a single number'}. Open the model again.`);
}
