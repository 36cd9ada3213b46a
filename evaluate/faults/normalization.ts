import type { Tensor } from '../../src/core/model';
import { weightOf, valuesOf } from '../savedModel';
import type { SavedModel } from '../savedModel';
import type { Base, Fault } from './fault';
import { changed, changedIn, isPlain, layerOf, someOf } from './tensors';

function isBatchNormalization(base: Base, tensor: Tensor): boolean {
  return isPlain(tensor) && layerOf(base, tensor).className === 'BatchNormalization';
}

function isVariance(tensor: Tensor, base: Base): boolean {
  return tensor.role === 'runningVariance' && isBatchNormalization(base, tensor);
}

function isScale(tensor: Tensor, base: Base): boolean {
  return tensor.role === 'normScale' && isBatchNormalization(base, tensor);
}

/** Whether nothing below zero passes behind this layer. */
function isBeforeRelu({ model }: Base, layer: string): boolean {
  return model.layers.some(({ className, activation, inputs }) => inputs?.includes(layer) && (className === 'ReLU' || (className === 'Activation' && activation === 'relu')));
}

/** Whether this layer's output is added to something else. */
function isBranchEnd({ model }: Base, layer: string): boolean {
  return model.layers.some(({ className, inputs }) => className === 'Add' && inputs?.includes(layer));
}

function siblings(base: Base, tensor: Tensor): Record<'gamma' | 'beta' | 'moving_mean' | 'moving_variance', string> {
  const name = (part: string): string => base.model.tensors.find((other) => other.layer === tensor.layer && other.name.endsWith(`/${part}`))!.name;
  return { gamma: name('gamma'), beta: name('beta'), moving_mean: name('moving_mean'), moving_variance: name('moving_variance') };
}

function setSome({ base, tensor, random }: Parameters<Fault['plant']>[0], count: number, value: (i: number) => number): SavedModel {
  return changedIn(base.saved, tensor.name, (values) => someOf(random, count, values.length).forEach((index) => (values[index] = value(index))));
}

export const NORMALIZATION: readonly Fault[] = [
  {
    name: 'negative variance', rule: 'running-variance', least: 'error', strengths: [-0.01, -10], unit: 'variance',
    fits: isVariance,
    plant: (planting) => setSome(planting, 1, () => planting.strength),
  },
  {
    name: 'variance that is no number', rule: 'running-variance', orRules: ['non-finite-values'], least: 'error', strengths: [1, 4], unit: 'channels',
    fits: isVariance,
    plant: (planting) => setSome(planting, planting.strength, () => NaN),
  },
  {
    name: 'vanishing variance', rule: 'running-variance', least: 'info', strengths: [1e-6, 0], unit: 'variance',
    fits: isVariance,
    plant: (planting) => setSome(planting, 2, () => planting.strength),
  },
  {
    name: 'statistics never updated', rule: 'running-statistics-at-init', orRules: ['untrained-model'], least: 'warning', strengths: [1], unit: 'layer',
    fits: isVariance,
    plant: ({ base, tensor }) => {
      const { moving_mean: mean, moving_variance: variance } = siblings(base, tensor);
      return changedIn(changedIn(base.saved, mean, (values) => values.fill(0)), variance, (values) => values.fill(1));
    },
    subjects: ({ base, tensor }) => Object.values(siblings(base, tensor)),
  },
  {
    name: 'scales near zero', rule: 'small-normalization-scale', strengths: [0.3, 0.8], unit: 'of the channels',
    fits: isScale,
    plant: (planting) => setSome(planting, Math.ceil(planting.strength * planting.tensor.elements), () => planting.random.next() * 5e-4),
  },
  {
    name: 'channels that are never active', rule: 'dead-normalized-channels', strengths: [-4, -8], unit: 'β / |γ|',
    fits: (tensor, base) => isScale(tensor, base) && isBeforeRelu(base, layerOf(base, tensor).name),
    plant: (planting) => {
      const { base, tensor, random, strength } = planting;
      const { gamma, beta } = siblings(base, tensor);
      const scales = valuesOf(weightOf(base.saved, gamma));
      const dead = someOf(random, Math.ceil(0.3 * scales.length), scales.length);
      return changedIn(base.saved, beta, (values) => dead.forEach((channel) => (values[channel] = strength * Math.max(0.05, Math.abs(scales[channel]!)))));
    },
    subjects: ({ base, tensor }) => Object.values(siblings(base, tensor)),
  },
  {
    name: 'branch that adds nothing', rule: 'zero-residual-scale', orRules: ['all-zero-tensor'], least: 'warning', strengths: [0], unit: 'γ',
    fits: (tensor, base) => isScale(tensor, base) && isBranchEnd(base, layerOf(base, tensor).name),
    plant: (planting) => changed(planting, (values) => values.fill(0)),
  },
  {
    name: 'channel amplified by folding', rule: 'fold-amplification', strengths: [300, 3000], unit: '× the median',
    fits: isScale,
    plant: ({ base, tensor, strength, random }) => {
      const { gamma, moving_variance: variance } = siblings(base, tensor);
      const channel = random.integer(tensor.elements);
      const small = changedIn(base.saved, variance, (values) => (values[channel] = Math.max(2e-3, values[channel]!)));
      return changedIn(small, gamma, (values) => {
        const typical = values.map(Math.abs).sort()[values.length >> 1]!;
        values[channel] = typical * strength;
      });
    },
    subjects: ({ base, tensor }) => Object.values(siblings(base, tensor)),
  },
  {
    name: 'outlier dimension', rule: 'outlier-dimensions', strengths: [8, 30], unit: '× γ',
    fits: (tensor, base) => tensor.role === 'normScale' && /norm/.test(tensor.name) && base.model.tensors.filter(({ role }) => role === 'normScale').length >= 4 && !isScale(tensor, base) && isPlain(tensor),
    plant: ({ base, strength, random, tensor }) => {
      const dimension = random.integer(tensor.elements);
      const scales = base.model.tensors.filter(({ role, elements }) => role === 'normScale' && elements === tensor.elements);
      return scales.reduce((model, { name }) => changedIn(model, name, (values) => (values[dimension] = values[dimension]! * strength)), base.saved);
    },
    subjects: ({ base }) => [base.model.name, ...base.model.tensors.filter(({ role }) => role === 'normScale').map(({ name }) => name)],
  },
];
