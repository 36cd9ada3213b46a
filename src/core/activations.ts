import type { Layer } from './model';

/**
 * What an activation does to negative inputs, which is what dead units and shifted biases turn on.
 * - `linear`: the file says that there is none.
 * - `rectifier`: exactly zero for them (ReLU, ReLU6).
 * - `leaky`: a small slope or a learned one (leaky ReLU, PReLU).
 * - `saturating`: levels off at a constant (ELU, SELU).
 * - `smooth`: nearly zero far below zero (GELU, SiLU, mish, softplus).
 * - `bounded`: between two constants (sigmoid, tanh, softmax).
 * - `other`: a function that is not known here.
 */
export type ActivationKind = 'linear' | 'rectifier' | 'leaky' | 'saturating' | 'smooth' | 'bounded' | 'other';

/** By name without case, underscores and the endings of versions: Keras functions and layers, TensorFlow and ONNX operations. */
const KINDS: Readonly<Record<string, ActivationKind>> = {
  linear: 'linear', identity: 'linear',
  relu: 'rectifier', relu6: 'rectifier', thresholdedrelu: 'rectifier',
  leakyrelu: 'leaky', prelu: 'leaky', rrelu: 'leaky',
  elu: 'saturating', selu: 'saturating', celu: 'saturating',
  gelu: 'smooth', gelunew: 'smooth', swish: 'smooth', silu: 'smooth', mish: 'smooth', softplus: 'smooth', hardswish: 'smooth', hardsilu: 'smooth',
  sigmoid: 'bounded', hardsigmoid: 'bounded', tanh: 'bounded', hardtanh: 'bounded', softsign: 'bounded', softmax: 'bounded', logsoftmax: 'bounded',
};

/** Layers (and operations) that do nothing but apply a function to each number. */
const ACTIVATION_LAYERS = new Set([
  'Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax',
  'Relu', 'Relu6', 'LeakyRelu', 'Elu', 'Selu', 'Sigmoid', 'Tanh', 'LogSoftmax', 'Softplus', 'Softsign', 'Prelu',
]);

export function activationKind(name: string): ActivationKind {
  const plain = name.toLowerCase().replace(/[_\s]/g, '');
  return Object.hasOwn(KINDS, plain) ? KINDS[plain]! : 'other';
}

export function isActivationLayer({ className }: Layer): boolean {
  return className !== undefined && ACTIVATION_LAYERS.has(className);
}

/** The function that an activation layer applies. Keras' ReLU layer is a leaky one where it declares a slope. */
export function functionOfLayer(layer: Layer): { readonly name: string; readonly kind: ActivationKind } {
  const name = layer.className === 'Activation' ? (layer.activation ?? 'Activation') : layer.className!;
  const slope = layer.config?.['negative_slope'];
  const isSloped = layer.className === 'ReLU' && typeof slope === 'number' && slope !== 0;
  return { name, kind: isSloped ? 'leaky' : activationKind(name) };
}
