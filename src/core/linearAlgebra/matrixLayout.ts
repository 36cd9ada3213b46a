import type { Tensor } from '../model';

/** A tensor as a matrix of its output units × everything else, told by how its elements lie: outer × units × inner. */
export interface MatrixLayout {
  readonly outer: number;
  readonly units: number;
  readonly inner: number;
}

/** The lines of the shorter side: line i begins at element start(i), and is `runs` runs of `length` elements `stride` apart. */
export interface Lines {
  readonly count: number;
  start(line: number): number;
  readonly runs: number;
  /** From the begin of one run to that of the next. */
  readonly runStride: number;
  readonly length: number;
  readonly stride: number;
}

/**
 * Output units where the format names their axis, else the first axis of an embedding and the last of everything else.
 * Undefined for tensors that are no matrix: fewer than two axes longer than 1.
 */
export function matrixLayout({ shape, axes, role, elements }: Pick<Tensor, 'shape' | 'axes' | 'role' | 'elements'>): MatrixLayout | undefined {
  if (elements === 0 || shape.filter((length) => length > 1).length < 2) return undefined;
  const axis = axes?.output ?? axes?.input ?? (role === 'embedding' ? 0 : shape.length - 1);
  const units = shape[axis];
  if (units === undefined || units < 2 || units === elements) return undefined;
  const inner = product(shape.slice(axis + 1));
  return { outer: elements / units / inner, units, inner };
}

export function restOf({ outer, inner }: MatrixLayout): number {
  return outer * inner;
}

export function linesOf(layout: MatrixLayout): Lines {
  const { outer, units, inner } = layout;
  if (units > restOf(layout)) {
    const start = (line: number): number => Math.floor(line / inner) * units * inner + (line % inner);
    return { count: restOf(layout), start, runs: 1, runStride: 0, length: units, stride: inner };
  }
  const start = (line: number): number => line * inner;
  if (inner === 1) return { count: units, start, runs: 1, runStride: 0, length: outer, stride: units };
  return { count: units, start, runs: outer, runStride: units * inner, length: inner, stride: 1 };
}

/** The spatial axes of a convolution's kernel, which are those that count neither inputs nor outputs; undefined where they are not two. */
export function spatialAxes({ shape, axes, role }: Pick<Tensor, 'shape' | 'axes' | 'role'>): readonly [number, number] | undefined {
  if (role !== 'kernel' || shape.length !== 4 || !axes) return undefined;
  const named = [axes.input, axes.output];
  // A depthwise kernel names one of its two channel axes: the other is its neighbour at the end or at the begin.
  const known = named.filter((axis) => axis !== undefined);
  const isAtEnd = known.every((axis) => axis >= 2);
  const isAtBegin = known.every((axis) => axis < 2);
  if (known.length === 0 || isAtEnd === isAtBegin) return undefined;
  return isAtEnd ? [0, 1] : [2, 3];
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((result, length) => result * length, 1);
}
