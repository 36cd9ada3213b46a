import type { Tensor } from '../core/model';
import { formatInteger } from '../core/numberText';

export interface PlaneAxes {
  readonly rows: number | undefined;
  readonly columns: number | undefined;
}

/** The two longest axes, of equals those that count units, then the later ones; in the order of the shape. Of a convolution its channels, wherever they stand. */
export function planeOf({ shape, axes }: Pick<Tensor, 'shape' | 'axes'>): PlaneAxes {
  const isChannel = (axis: number): number => Number(axis === axes?.output || axis === axes?.input);
  const longest = shape.map((size, axis) => ({ size, axis })).sort((a, b) => b.size - a.size || isChannel(b.axis) - isChannel(a.axis) || b.axis - a.axis).slice(0, 2).map(({ axis }) => axis).sort((a, b) => a - b);
  return longest.length < 2 ? { rows: undefined, columns: longest[0] } : { rows: longest[0], columns: longest[1] };
}

export interface GalleryAxes extends PlaneAxes {
  readonly unit: number;
  readonly rows: number;
  readonly columns: number;
}

/** A tile longer than this is a heat map of its own. */
const MOST_TILE_SIDE = 64;

/** A picture for each filter of a convolution; undefined for what has no filters, or filters of one number. */
export function galleryOf({ shape, axes }: Pick<Tensor, 'shape' | 'axes'>): GalleryAxes | undefined {
  const { output, input } = axes ?? {};
  if (output === undefined || shape.length < 3) return undefined;
  const others = shape.map((_, axis) => axis).filter((axis) => axis !== output);
  const spatial = others.filter((axis) => axis !== input);
  const [rows, columns] = (spatial.length >= 2 ? spatial : others).slice(-2);
  if (rows === undefined || columns === undefined) return undefined;
  const [height, width] = [shape[rows]!, shape[columns]!];
  return height * width > 1 && Math.max(height, width) <= MOST_TILE_SIDE ? { unit: output, rows, columns } : undefined;
}

/** "axis 3 · outputs (64)" */
export function axisLabel({ shape, axes }: Pick<Tensor, 'shape' | 'axes'>, axis: number): string {
  const role = axis === axes?.output ? ' · outputs' : axis === axes?.input ? ' · inputs' : '';
  return `axis ${axis}${role} (${formatInteger(shape[axis])})`;
}

/** "[3, 0, 17]" */
export function placeText(at: readonly number[]): string {
  return at.length === 0 ? '' : `[${at.join(', ')}]`;
}

/** Axes that stand still while two, and that of the filters, are shown. */
export function stillAxes({ shape }: Pick<Tensor, 'shape'>, shown: readonly (number | undefined)[]): number[] {
  return shape.map((_, axis) => axis).filter((axis) => !shown.includes(axis) && shape[axis]! > 1);
}
