import type { Layer, Tensor } from '../../src/core/model';
import type { Random } from '../../test/support/random';
import { float32Weight, replaceWeight, valuesOf, weightOf } from '../savedModel';
import type { SavedModel } from '../savedModel';
import type { Base, Planting } from './fault';

/** Layers whose weights a rule may judge: smaller ones are told little of. */
export const LEAST_WEIGHTS = 512;

/** Stored as the numbers that they are. */
export function isPlain({ dtype, quantization }: Tensor): boolean {
  return dtype === 'float32' && quantization === undefined;
}

/** A kernel of a convolution, dense or recurrent layer with known axes, stored as float32. */
export function isKernel(tensor: Tensor, base: Base): boolean {
  return isPlain(tensor) && tensor.role === 'kernel' && tensor.elements >= LEAST_WEIGHTS && hasBothAxes(tensor) && isTrainable(layerOf(base, tensor));
}

export function hasBothAxes({ axes }: Tensor): boolean {
  return axes?.input !== undefined && axes.output !== undefined;
}

export function isEmbedding(tensor: Tensor): boolean {
  return isPlain(tensor) && tensor.role === 'embedding';
}

export function layerOf({ model }: Base, tensor: Tensor): Layer {
  return model.layers[tensor.layer]!;
}

function isTrainable({ trainable }: Layer): boolean {
  return trainable !== false;
}

/** Whether a batch normalization takes this layer's output: then the kernel's scale is free. */
export function isNormalized({ model }: Base, { name }: Layer): boolean {
  return model.layers.some((next) => next.className === 'BatchNormalization' && next.inputs?.includes(name));
}

/** The last layer with weights. */
export function isHead(base: Base, tensor: Tensor): boolean {
  return base.model.tensors.every((other) => other.layer <= tensor.layer);
}

/** The model with the tensor's values changed in place. Stored as float32. */
export function changed({ base, tensor }: Pick<Planting, 'base' | 'tensor'>, change: (values: Float32Array) => void): SavedModel {
  return changedIn(base.saved, tensor.name, change);
}

export function changedIn(model: SavedModel, name: string, change: (values: Float32Array) => void): SavedModel {
  const values = valuesOf(weightOf(model, name));
  change(values);
  return replaceWeight(model, name, ({ shape }) => float32Weight(name, shape, values));
}

/** The model with the tensor's stored bytes changed. */
export function damaged({ base, tensor }: Planting, change: (bytes: Uint8Array) => Uint8Array): SavedModel {
  return replaceWeight(base.saved, tensor.name, (weight) => ({ ...weight, bytes: change(weight.bytes.slice()) }));
}

/** Indices of the elements of one unit of an axis. */
export function unitIndices({ shape }: Pick<Tensor, 'shape'>, axis: number, unit: number): number[] {
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const units = shape[axis]!;
  const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1);
  return Array.from({ length: outer }, (_, block) => Array.from({ length: inner }, (__, i) => (block * units + unit) * inner + i)).flat();
}

/** Different numbers below a limit. */
export function someOf(random: Random, count: number, below: number): number[] {
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, below)) chosen.add(random.integer(below));
  return [...chosen];
}

/** Units of an axis, each of whose weights is changed. */
export function changeUnits(planting: Planting, axis: 'input' | 'output', count: number, change: (old: number) => number): SavedModel {
  const { tensor, random } = planting;
  const at = tensor.axes?.[axis];
  if (at === undefined) throw new Error(`${tensor.name} has no ${axis} axis`);
  const units = someOf(random, count, tensor.shape[at]!);
  return changed(planting, (values) => {
    for (const unit of units) for (const index of unitIndices(tensor, at, unit)) values[index] = change(values[index]!);
  });
}

/** Root of the mean square: the size of a typical weight. */
export function sizeOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

export function largestOf(values: Float32Array): number {
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

/** The magnitude below which this share of the weights lies. */
export function magnitudeAt(values: Float32Array, share: number): number {
  const sorted = values.map(Math.abs).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** Normal random number (Box and Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
