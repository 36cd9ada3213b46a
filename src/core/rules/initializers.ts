import { snakeCase } from '../formats/kerasFacets';
import { splitName } from '../formats/weightNames';
import type { Declared, Layer, Tensor } from '../model';
import { formatNumber } from '../numberText';
import { familyDeviation } from '../statistics/families';
import type { Family } from '../statistics/families';

/** What a weight is set to before training. */
export type Initializer =
  /** Drawn from one of these: the first is the likelier reading of what the file declares. */
  | { readonly kind: 'random'; readonly name: string; readonly candidates: readonly Family[] }
  | { readonly kind: 'constant'; readonly name: string; readonly value: number }
  | { readonly kind: 'orthogonal'; readonly name: string; readonly gain: number }
  | { readonly kind: 'identity'; readonly name: string; readonly gain: number };

export interface Fans {
  readonly in: number;
  readonly out: number;
}

type Mode = 'fanIn' | 'fanOut' | 'fanAvg';

/** Keras' named cases of VarianceScaling: scale, mode, distribution. TensorFlow.js writes them all as VarianceScaling. */
const SCALINGS: Readonly<Record<string, readonly [number, Mode, 'normal' | 'uniform']>> = {
  glorotuniform: [1, 'fanAvg', 'uniform'], glorotnormal: [1, 'fanAvg', 'normal'],
  xavieruniform: [1, 'fanAvg', 'uniform'], xaviernormal: [1, 'fanAvg', 'normal'],
  heuniform: [2, 'fanIn', 'uniform'], henormal: [2, 'fanIn', 'normal'],
  lecununiform: [1, 'fanIn', 'uniform'], lecunnormal: [1, 'fanIn', 'normal'],
};

/** TensorFlow and TensorFlow.js draw a truncated normal number again beyond this many standard deviations. */
const CUT = 2;

/** 0.87963: the standard deviation that the cut leaves of 1. Keras divides by it, TensorFlow.js does not. */
export const TRUNCATION_CORRECTION = familyDeviation(truncatedNormal(0, 1))!;

/** Keras' and TensorFlow.js' defaults where a configuration leaves them out. */
const DEFAULT_LIMIT = 0.05;
const DEFAULT_SIGMA = 0.05;

/** The initializer that the file declares for a weight of this layer; undefined where it declares none that is known here. */
export function declaredInitializer(layer: Layer, tensor: Tensor): Initializer | undefined {
  const declared = declarationFor(layer, tensor);
  return declared && initializerOf(declared, tensor.shape);
}

/** By the name of the weight; where a format only numbers its variables, by what it is for. */
export function declarationFor({ initializers }: Layer, { name, role }: Tensor): Declared | undefined {
  if (!initializers) return undefined;
  const { base } = splitName(name);
  if (Object.hasOwn(initializers, base)) return initializers[base];
  switch (role) {
    case 'kernel':
    case 'head':
      // A name of its own and yet no initializer of that name: another kernel's says nothing of it.
      return /^(?:recurrent|pointwise)_/.test(base) ? undefined : (initializers['kernel'] ?? initializers['depthwise_kernel']);
    case 'bias':
      return initializers['bias'];
    case 'embedding':
      return initializers['embeddings'];
    case 'normScale':
      return initializers['gamma'];
    case 'normShift':
      return initializers['beta'];
    default:
      return undefined;
  }
}

/** @param shape as Keras has it: inputs and outputs last. */
export function initializerOf({ name, config }: Declared, shape: readonly number[]): Initializer | undefined {
  const key = name.toLowerCase().replace(/[_\s]/g, '').replace(/initializer(?=v?\d?$)/, '').replace(/v[12]$/, '');
  const scaling = Object.hasOwn(SCALINGS, key) ? SCALINGS[key] : undefined;
  if (scaling) return scaled(wordsOf(...scaling), ...scaling, shape);
  const number = (field: string, fallback: number): number => (typeof config[field] === 'number' && Number.isFinite(config[field]) ? config[field] : fallback);
  switch (key) {
    case 'variancescaling':
      return varianceScaling(number('scale', 1), modeOf(config['mode']), config['distribution'], shape);
    case 'randomuniform':
    case 'uniform':
      return random(name, [uniform(number('minval', -DEFAULT_LIMIT), number('maxval', DEFAULT_LIMIT))]);
    case 'randomnormal':
    case 'normal':
      return random(name, [normal(number('mean', 0), number('stddev', DEFAULT_SIGMA))]);
    case 'truncatednormal':
      return random(name, [truncatedNormal(number('mean', 0), number('stddev', DEFAULT_SIGMA))]);
    case 'zeros':
    case 'zero':
      return { kind: 'constant', name, value: 0 };
    case 'ones':
    case 'one':
      return { kind: 'constant', name, value: 1 };
    case 'constant':
      return typeof config['value'] === 'number' || config['value'] === undefined ? { kind: 'constant', name, value: number('value', 0) } : undefined;
    case 'orthogonal':
      return { kind: 'orthogonal', name, gain: number('gain', 1) };
    case 'identity':
      return { kind: 'identity', name, gain: number('gain', 1) };
    default:
      return undefined;
  }
}

/**
 * Fans of a kernel as Keras and TensorFlow.js compute them (compute_fans): the last two dimensions are inputs and outputs
 * whatever the layer does with them, so that those of a transposed convolution are swapped; a depthwise kernel's outputs are
 * its multiplier.
 */
export function fansOf(shape: readonly number[]): Fans {
  if (shape.length < 2) return { in: shape[0] ?? 1, out: shape[0] ?? 1 };
  const field = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return { in: shape.at(-2)! * field, out: shape.at(-1)! * field };
}

/**
 * What frameworks use where nobody says otherwise, for kernels of files that declare nothing: Keras' Glorot uniform, PyTorch's
 * U(±1/√fan_in) of linear and convolutional layers, and N(0, 0.02) of transformers.
 */
export function frameworkDefaults({ role, shape, axes, elements }: Tensor): readonly Initializer[] {
  const transformers: Initializer = { kind: 'random', name: "transformers' normal (σ 0.02)", candidates: [normal(0, 0.02), truncatedNormal(0, 0.02)] };
  if (role === 'embedding') {
    const table: Initializer[] = [
      { kind: 'random', name: "Keras' uniform (±0.05)", candidates: [uniform(-DEFAULT_LIMIT, DEFAULT_LIMIT)] },
      { kind: 'random', name: "PyTorch's normal (σ 1)", candidates: [normal(0, 1)] },
    ];
    return [...table, transformers];
  }
  const keras = scaled("Keras' Glorot uniform", 1, 'fanAvg', 'uniform', shape);
  const outputs = axes?.output === undefined ? undefined : shape[axes.output];
  const limit = outputs ? 1 / Math.sqrt(elements / outputs) : undefined;
  const torch: Initializer[] = limit ? [{ kind: 'random', name: "PyTorch's uniform (±1/√fan-in)", candidates: [uniform(-limit, limit)] }] : [];
  return [...(keras ? [keras] : []), ...torch, transformers];
}

function random(name: string, candidates: readonly Family[]): Initializer | undefined {
  const isSound = candidates.every(({ location, scale }) => scale > 0 && Number.isFinite(scale) && Number.isFinite(location));
  return isSound ? { kind: 'random', name, candidates } : undefined;
}

function uniform(lower: number, upper: number): Family {
  return { name: 'uniform', location: (lower + upper) / 2, scale: (upper - lower) / 2 };
}

function normal(location: number, scale: number): Family {
  return { name: 'normal', location, scale };
}

/** @param scale standard deviation before the cut. */
function truncatedNormal(location: number, scale: number): Family {
  return { name: 'truncatedNormal', location, scale, cut: CUT };
}

/** VarianceScaling: variance = scale / fan. */
function scaled(name: string, scale: number, mode: Mode, distribution: unknown, shape: readonly number[]): Initializer | undefined {
  const fans = fansOf(shape);
  const fan = mode === 'fanIn' ? fans.in : mode === 'fanOut' ? fans.out : (fans.in + fans.out) / 2;
  const sigma = Math.sqrt(scale / Math.max(1, fan));
  if (distribution === 'uniform') return random(name, [uniform(-sigma * Math.sqrt(3), sigma * Math.sqrt(3))]);
  if (distribution === 'untruncated_normal' || distribution === 'untruncatedNormal') return random(name, [normal(0, sigma)]);
  // Keras widens the normal distribution by as much as the cut takes away; TensorFlow.js and early Keras do not.
  return random(name, [truncatedNormal(0, sigma / TRUNCATION_CORRECTION), truncatedNormal(0, sigma)]);
}

function varianceScaling(scale: number, mode: Mode, distribution: unknown, shape: readonly number[]): Initializer | undefined {
  return scaled(wordsOf(scale, mode, distribution), scale, mode, distribution, shape);
}

const PEOPLE: Readonly<Record<string, string>> = { '1 fanAvg': 'Glorot', '2 fanIn': 'He', '1 fanIn': 'LeCun' };

/** "He normal", or the scaling with its figures where nobody has given it a name. */
function wordsOf(scale: number, mode: Mode, distribution: unknown): string {
  const isUntruncated = typeof distribution === 'string' && /^untruncated/.test(distribution);
  const shape = distribution === 'uniform' ? 'uniform' : isUntruncated ? 'untruncated normal' : 'normal';
  const person = isUntruncated ? undefined : PEOPLE[`${scale} ${mode}`];
  return person ? `${person} ${shape}` : `VarianceScaling (scale ${formatNumber(scale)}, ${snakeCase(mode)}, ${shape})`;
}

function modeOf(value: unknown): Mode {
  if (value === 'fan_out' || value === 'fanOut') return 'fanOut';
  return value === 'fan_avg' || value === 'fanAvg' ? 'fanAvg' : 'fanIn';
}
