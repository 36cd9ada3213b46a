import type { Tensor } from '../../src/core/model';
import { valuesOf, weightOf } from '../savedModel';
import type { SavedModel } from '../savedModel';
import type { Base, Fault, Planting } from './fault';
import { changed, changeUnits, isHead, isKernel, isNormalized, isPlain, layerOf, magnitudeAt, normal, sizeOf } from './tensors';

/** A kernel among enough of its kind for a comparison, whose scale no normalization makes free. */
function isComparable(tensor: Tensor, base: Base): boolean {
  return isKernel(tensor, base) && !isNormalized(base, layerOf(base, tensor)) && base.model.tensors.filter((other) => isKernel(other, base)).length >= 4;
}

/** RMS·√fan_in, which keeps the size of what passes where it is about 1. */
function amplification(values: Float32Array, tensor: Tensor): number {
  return sizeOf(values) * Math.sqrt(tensor.elements / tensor.shape[tensor.axes!.output!]!);
}

/** A layer that multiplies by less than this does not explode, whatever its peers do. */
const MIN_AMPLIFICATION = 1;

function amplifications(base: Base): number[] {
  return base.model.tensors.filter((other) => isKernel(other, base)).map((other) => amplification(valuesOf(weightOf(base.saved, other.name)), other));
}

function scaledTo(planting: Planting, target: number): SavedModel {
  return changed(planting, (values) => {
    const factor = target / amplification(values, planting.tensor);
    values.forEach((value, i) => (values[i] = value * factor));
  });
}

const VECTORS = new Set(['bias', 'normScale', 'normShift']);

function vectorsLike({ model }: Base, { role }: Tensor): readonly Tensor[] {
  return model.tensors.filter((other) => other.role === role);
}

function kernelBeside(base: Base, bias: Tensor): Tensor | undefined {
  return base.model.tensors.find((other) => other.layer === bias.layer && isKernel(other, base));
}

/** Weights out of proportion. */
export const SCALE: readonly Fault[] = [
  {
    name: 'single spike', rule: 'extreme-spike', orRules: ['absurd-magnitude'], least: 'warning', strengths: [40, 300], unit: '× the 99th percentile',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => (values[planting.random.integer(values.length)] = planting.strength * magnitudeAt(values, 0.99))),
  },
  {
    name: 'heavy tails', rule: 'heavy-tails', strengths: [3, 5], unit: 'power of the weights',
    fits: (tensor, base) => isKernel(tensor, base) && tensor.elements >= 2000,
    plant: (planting) => changed(planting, (values) => {
      const size = sizeOf(values);
      // Scattered, so that no unit is larger than the others as a whole.
      values.forEach((_, i) => (values[i] = size * Math.sign(normal(planting.random)) * Math.abs(normal(planting.random)) ** planting.strength));
    }),
  },
  {
    name: 'many outliers', rule: 'outlier-share', orRules: ['heavy-tails'], strengths: [0.03, 0.05], unit: 'of the weights ten times as large',
    fits: (tensor, base) => isKernel(tensor, base) && tensor.elements >= 2000,
    plant: (planting) => changed(planting, (values) => {
      const size = sizeOf(values);
      values.forEach((_, i) => (values[i] = size * normal(planting.random) * (planting.random.chance(planting.strength) ? 10 : 1)));
    }),
  },
  {
    name: 'super weight', rule: 'super-weight', orRules: ['extreme-spike'], strengths: [80, 200], unit: 'σ',
    fits: (tensor) => isPlain(tensor) && /down_proj/.test(tensor.name) && tensor.elements >= 1000,
    plant: (planting) => changed(planting, (values) => (values[planting.random.integer(values.length)] = planting.strength * sizeOf(values))),
  },
  {
    name: 'outlier feature', rule: 'outlier-features', orRules: ['channel-range-disparity'], strengths: [20, 60], unit: '× an input channel',
    fits: (tensor, base) => isKernel(tensor, base) && tensor.shape[tensor.axes!.input!]! >= 16,
    plant: (planting) => changeUnits(planting, 'input', 1, (old) => old * planting.strength),
  },
  {
    name: 'incoherent matrix', rule: 'incoherence', orRules: ['extreme-spike'], strengths: [33, 45], unit: 'μ',
    // One weight of thirty times the rest makes heavy tails of any smaller matrix, which is the graver thing to say.
    fits: (tensor) => isPlain(tensor) && (tensor.role === 'kernel' || tensor.role === 'embedding') && tensor.elements >= 1e5,
    plant: (planting) => changed(planting, (values) => (values[planting.random.integer(values.length)] = planting.strength * sizeOf(values))),
  },
  {
    name: 'exploding scale', rule: 'exploding-variance', orRules: ['cross-layer-outlier'], least: 'warning', strengths: [40, 400], unit: '× the largest of its peers',
    fits: isComparable,
    plant: (planting) => scaledTo(planting, planting.strength * Math.max(MIN_AMPLIFICATION, ...amplifications(planting.base))),
  },
  {
    name: 'vanishing scale', rule: 'cross-layer-outlier', orRules: ['float16-underflow'], strengths: [1 / 30, 1 / 1000], unit: '× the smallest of its peers',
    // First and last layers follow the scale of inputs and outputs.
    fits: (tensor, base) => isComparable(tensor, base) && !isHead(base, tensor) && base.model.tensors.find(({ role }) => role === 'kernel') !== tensor,
    plant: (planting) => scaledTo(planting, planting.strength * Math.min(...amplifications(planting.base))),
  },
  {
    name: 'vector out of its kind', rule: 'abnormal-norm', orRules: ['bias-outlier'], strengths: [50, 500], unit: '× the largest of its peers',
    fits: (tensor, base) => VECTORS.has(tensor.role) && isPlain(tensor) && tensor.elements >= 8 && vectorsLike(base, tensor).length >= 6,
    plant: (planting) => {
      const { base, tensor, strength, random } = planting;
      const sizes = vectorsLike(base, tensor).map(({ name }) => sizeOf(valuesOf(weightOf(base.saved, name))));
      const target = strength * Math.max(1, ...sizes);
      return changed(planting, (values) => values.forEach((_, i) => (values[i] = target * (1 + 0.1 * normal(random)))));
    },
  },
  {
    name: 'bias out of proportion', rule: 'bias-outlier', strengths: [60, 500], unit: '× the scale of the sum before it',
    fits: (tensor, base) => tensor.role === 'bias' && isPlain(tensor) && !isNormalized(base, layerOf(base, tensor)) && kernelBeside(base, tensor) !== undefined && !/LSTM|GRU/.test(layerOf(base, tensor).className ?? ''),
    plant: (planting) => {
      const { base, tensor, random, strength } = planting;
      const kernel = kernelBeside(base, tensor)!;
      const fanIn = kernel.elements / kernel.shape[kernel.axes!.output!]!;
      const scale = Math.sqrt(fanIn) * sizeOf(valuesOf(weightOf(base.saved, kernel.name)));
      return changed(planting, (values) => (values[random.integer(values.length)] = strength * scale));
    },
  },
  {
    name: 'mean off zero', rule: 'non-zero-mean', strengths: [1.5, 4], unit: 'σ',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => {
      const shift = planting.strength * sizeOf(values);
      values.forEach((value, i) => (values[i] = value + shift));
    }),
  },
  {
    name: 'clipped weights', rule: 'clipped-weights', strengths: [0.8, 0.95], unit: 'quantile of |w| where they are cut',
    fits: isKernel,
    plant: (planting) => changed(planting, (values) => {
      const limit = magnitudeAt(values, planting.strength);
      values.forEach((value, i) => (values[i] = Math.min(limit, Math.max(-limit, value))));
    }),
  },
  {
    name: 'channels of very different range', rule: 'channel-range-disparity', orRules: ['outlier-features', 'fold-amplification'], strengths: [40, 400], unit: '× an output channel',
    fits: (tensor, base) => isKernel(tensor, base) && tensor.shape[tensor.axes!.output!]! >= 8 && !isNormalized(base, layerOf(base, tensor)),
    plant: (planting) => changeUnits(planting, 'output', 1, (old) => old * planting.strength),
  },
];

