import type { Tensor } from '../model';
import type { ChannelStatistics } from './tensorStatistics';

/** Units of one axis, of a run of elements. */
export interface ChannelSums {
  /** Index into the shape. */
  readonly axis: number;
  /** Largest magnitude of a unit's finite values. */
  readonly maxAbs: Float32Array;
  /** Sum of squares of a unit's finite values. */
  readonly squares: Float64Array;
  /** Sum of a unit's finite values. */
  readonly sums: Float64Array;
  readonly zeros: Uint32Array;
}

/** Element i belongs to unit floor(i / inner) mod units. */
export interface ChannelAxis {
  readonly axis: number;
  readonly units: number;
  readonly inner: number;
}

/** Vocabularies have more rows than this only where nobody would look at them one by one; 24 bytes a unit and part. */
export const MOST_UNITS = 1 << 18;

export interface ChannelPlan {
  readonly output?: ChannelAxis;
  readonly input?: ChannelAxis;
}

/** Of the axes that a plan has. */
export interface PlannedSums {
  readonly output: ChannelSums | undefined;
  readonly input: ChannelSums | undefined;
}

/** Which of a tensor's axes have their units counted; undefined where none has. */
export function channelPlan(tensor: Pick<Tensor, 'shape' | 'axes' | 'elements'>): ChannelPlan | undefined {
  const output = axisOf(tensor.shape, tensor.axes?.output);
  const input = axisOf(tensor.shape, tensor.axes?.input);
  if (tensor.elements === 0 || (!output && !input)) return undefined;
  return { ...(output && { output }), ...(input && { input }) };
}

function axisOf(shape: readonly number[], axis: number | undefined): ChannelAxis | undefined {
  if (axis === undefined) return undefined;
  const units = shape[axis];
  if (units === undefined || units > MOST_UNITS) return undefined;
  return { axis, units, inner: shape.slice(axis + 1).reduce((product, length) => product * length, 1) };
}

export function emptyChannels({ axis, units }: ChannelAxis): ChannelSums {
  return { axis, maxAbs: new Float32Array(units), squares: new Float64Array(units), sums: new Float64Array(units), zeros: new Uint32Array(units) };
}

/** Adds `values`, of which the first is element `firstElement` of the tensor; skips what is not finite. */
export function addToChannels(sums: ChannelSums, { units, inner }: ChannelAxis, values: ArrayLike<number>, firstElement: number): void {
  let unit = Math.floor(firstElement / inner) % units;
  let left = inner - (firstElement % inner);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const magnitude = Math.abs(value);
    if (magnitude === 0) sums.zeros[unit]!++;
    else if (magnitude < Infinity) {
      if (magnitude > sums.maxAbs[unit]!) sums.maxAbs[unit] = magnitude;
      sums.squares[unit]! += magnitude * magnitude;
      sums.sums[unit]! += value;
    }
    if (--left > 0) continue;
    left = inner;
    unit = unit + 1 === units ? 0 : unit + 1;
  }
}

export function addToPlanned(plan: ChannelPlan, sums: PlannedSums, values: ArrayLike<number>, firstElement: number): void {
  if (plan.output && sums.output) addToChannels(sums.output, plan.output, values, firstElement);
  if (plan.input && sums.input) addToChannels(sums.input, plan.input, values, firstElement);
}

export function mergeChannels(a: ChannelSums | undefined, b: ChannelSums | undefined): ChannelSums | undefined {
  if (!a || !b) return a ?? b;
  return {
    axis: a.axis,
    maxAbs: a.maxAbs.map((value, unit) => Math.max(value, b.maxAbs[unit]!)),
    squares: a.squares.map((value, unit) => value + b.squares[unit]!),
    sums: a.sums.map((value, unit) => value + b.sums[unit]!),
    zeros: a.zeros.map((value, unit) => value + b.zeros[unit]!),
  };
}

export function channelStatistics({ axis, maxAbs, squares, sums, zeros }: ChannelSums): ChannelStatistics {
  const l2Norm = new Float32Array(squares.length);
  for (let unit = 0; unit < l2Norm.length; unit++) l2Norm[unit] = Math.sqrt(squares[unit]!);
  return { axis, maxAbs, l2Norm, sum: new Float32Array(sums), zeros };
}
