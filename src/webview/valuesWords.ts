import type { Tensor } from '../core/model';
import { formatExact, formatInteger, formatNumber, formatShare, plural } from '../core/numberText';
import type { AxisWindow, Grid, GridRequest, Reduction } from '../core/values/grid';
import { placeText } from './valuesAxes';

export interface Range {
  readonly low: number;
  readonly high: number;
}

interface Named {
  readonly tensor: Tensor;
  /** "filter" or "unit". */
  readonly unit: string;
}

/** Elements of a window along its axis. */
export function sizeOf(window: AxisWindow | undefined): number {
  return window ? window.to - window.from : 1;
}

/** Where a cell stands. */
export function cellPlace(cell: number, { rows, columns }: Grid): { readonly tile: number; readonly row: number; readonly column: number } {
  return { tile: Math.floor(cell / (rows * columns)), row: Math.floor(cell / columns) % rows, column: cell % columns };
}

interface CellSubject {
  readonly grid: Grid;
  readonly request: GridRequest;
  /** Of each tile, where there are tiles. */
  readonly units: readonly number[] | undefined;
  /** Indices on the axes that the picture does not show. */
  readonly at: readonly number[];
  /** "filter" or "unit". */
  readonly unit: string;
  readonly norms: readonly number[] | undefined;
}

/** A cell's place and value, line by line. */
export function cellWords(cell: number, { grid, request, units, at, unit, norms }: CellSubject): string {
  const { tile, row, column } = cellPlace(cell, grid);
  const { rows, columns } = request;
  const found = grid.places?.[cell];
  const isWhole = grid.elements === grid.values.length;
  const [rowFrom, columnFrom] = isWhole ? [row, column] : found === undefined
    ? [Math.floor((row * sizeOf(rows)) / grid.rows), Math.floor((column * sizeOf(columns)) / grid.columns)]
    : [Math.floor(found / sizeOf(columns)), found % sizeOf(columns)];
  const place = [...at];
  if (rows) place[rows.axis] = rows.from + rowFrom;
  if (columns) place[columns.axis] = columns.from + columnFrom;
  if (units && request.tiles) place[request.tiles.axis] = units[tile]!;
  const value = grid.values[cell]!;
  const lines = [isWhole || found !== undefined ? `${placeText(place)} = ${formatExact(value)}` : `from ${placeText(place)} on: mean ${formatNumber(value)}`];
  if (found !== undefined) lines.push(`the largest of about ${formatInteger(grid.elements / grid.values.length)} weights`);
  if (grid.counts) lines.push(`${plural(grid.counts[cell]!, 'weight')} of the range here`);
  const norm = units && norms?.[units[tile]!];
  if (units) lines.unshift(`${unit} ${units[tile]!}${norm === undefined ? '' : ` · norm ${formatNumber(norm)}`}`);
  return lines.join('\n');
}

/** Says what a picture leaves out. */
export function gridSentence({ tensor, unit }: Named, { rows, columns, tiles }: GridRequest, grid: Grid, reduction: Reduction): string {
  const span = (word: string, window: AxisWindow | undefined): string | undefined => {
    if (!window) return undefined;
    const all = tensor.shape[window.axis]!;
    return `${word}: axis ${window.axis}${window.to - window.from < all ? `, ${formatInteger(window.from)} to ${formatInteger(window.to - 1)} of ${formatInteger(all)}` : ''}`;
  };
  const perCell = grid.elements / grid.values.length;
  const sentences = [
    [tiles && `one picture for each ${unit}`, span('rows', rows), span('columns', columns)].filter(Boolean).join('; '),
    perCell > 1 && `each cell shows ${reduction === 'mean' ? 'the mean' : 'the largest magnitude'} of about ${formatNumber(perCell)} weights`,
    grid.rowStep > 1 && `only every ${ordinal(grid.rowStep)} row was read`,
    grid.columnStep > 1 && `only every ${ordinal(grid.columnStep)} column was read`,
    grid.nan > 0 && `${formatInteger(grid.nan)} NaN`,
    grid.infinite > 0 && `${formatInteger(grid.infinite)} infinite`,
  ].filter((part): part is string => typeof part === 'string' && part !== '');
  return sentences.map((part) => `${part[0]!.toUpperCase()}${part.slice(1)}.`).join(' ');
}

function ordinal(n: number): string {
  const ending = n % 100 >= 11 && n % 100 <= 13 ? 'th' : ['th', 'st', 'nd', 'rd'][n % 10] ?? 'th';
  return `${formatInteger(n)}${ending}`;
}

export function rangeSentence({ low, high }: Range, here: number, total: number | undefined, elements: number): string {
  const span = `from ${formatNumber(low)} to ${formatNumber(high)}`;
  if (total === undefined) return `${formatInteger(here)} weights of this picture lie ${span}.`;
  return `${formatInteger(total)} of the ${formatInteger(elements)} weights (${formatShare(total / elements)}) lie ${span}, ${formatInteger(here)} of them on this picture.`;
}

/** The next float64. */
export function nextAbove(value: number): number {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return Number.MIN_VALUE;
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0]! += value > 0 ? 1n : -1n;
  return new Float64Array(bits.buffer)[0]!;
}
