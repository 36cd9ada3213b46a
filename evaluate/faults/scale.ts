import type { Tensor } from '../../src/core/model';
import { valuesOf, weightOf } from '../savedModel';
import type { Base, Fault } from './fault';
import { changed, changedIn, changeUnits, isKernel, isNormalized, isPlain, layerOf, magnitudeAt, normal, sizeOf, someOf } from './tensors';

/** A kernel among enough of its kind for a comparison, whose scale no normalization makes free. */
function isComparable(tensor: Tensor, base: Base): boolean {
  return isKernel(tensor, base) && !isNormalized(base, layerOf(base, tensor)) && base.model.tensors.filter((other) => isKernel(other, base)).length >= 4;
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
    name: 'incoherent matrix', rule: 'incoherence', orRules: ['extreme-spike'], strengths: [30, 50], unit: 'μ',
    fits: (tensor, base) => isKernel(tensor, base) && tensor.elements >= 5000,
    plant: (planting) => changed(planting, (values) => {
      for (const index of someOf(planting.random, 3, values.length)) values[index] = planting.strength * sizeOf(values);
    }),
  },
  {
    name: 'exploding scale', rule: 'exploding-variance', orRules: ['cross-layer-outlier', 'abnormal-norm'], least: 'warning', strengths: [30, 300], unit: '×',
    fits: isComparable,
    plant: (planting) => changed(planting, (values) => values.forEach((value, i) => (values[i] = value * planting.strength))),
  },
  {
    name: 'layer out of its kind', rule: 'abnormal-norm', orRules: ['cross-layer-outlier', 'exploding-variance'], strengths: [50], unit: '×',
    fits: isComparable,
    plant: (planting) => changed(planting, (values) => values.forEach((value, i) => (values[i] = value * planting.strength))),
  },
  {
    name: 'vanishing scale', rule: 'cross-layer-outlier', orRules: ['abnormal-norm'], strengths: [1e-3, 1e-4], unit: '×',
    fits: isComparable,
    plant: (planting) => changed(planting, (values) => values.forEach((value, i) => (values[i] = value * planting.strength))),
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
    fits: (tensor, base) => isKernel(tensor, base) && tensor.shape[tensor.axes!.output!]! >= 8,
    plant: (planting) => changeUnits(planting, 'output', 1, (old) => old * planting.strength),
  },
  {
    name: 'layer that the others dwarf', rule: 'cross-layer-outlier', orRules: ['abnormal-norm', 'exploding-variance'], strengths: [100], unit: '×',
    fits: isComparable,
    plant: ({ base, tensor, strength }) => changedIn(base.saved, tensor.name, (values) => values.forEach((value, i) => (values[i] = value * strength))),
  },
];

