import { factsOf } from '../layerFacts';
import type { Layer, Role } from '../model';
import { fitInitial, hasEnds } from './initialFit';
import type { InitialFit } from './initialFit';
import { declaredInitializer, frameworkDefaults } from './initializers';
import type { Initializer } from './initializers';
import { tensorsByLayer } from './layerGroups';
import type { TensorContext } from './rule';
import { isMatrix } from './words';

/** One weight of a layer that agrees with its initializer. */
export interface InitialWeight {
  readonly context: TensorContext;
  readonly initializer: Initializer;
  /** Of weights that are drawn at random. */
  readonly fit?: InitialFit;
}

/**
 * What a layer's weights say of its training.
 * - `initial`: every weight of the layer is what its initializer makes.
 * - `partly`: so are its vectors and some of its kernels, but not all: a recurrent layer's input kernel, say.
 * - `moved`: neither.
 */
export interface LayerInitialization {
  readonly layer: Layer;
  readonly state: 'initial' | 'partly' | 'moved';
  /** Whether the file declares the initializers, or frameworks' defaults were tried. */
  readonly isDeclared: boolean;
  /** Kernels at their initializers; empty where the layer has moved. */
  readonly kernels: readonly InitialWeight[];
  /** Weights of these kernels, or of all where the layer has moved. */
  readonly weights: number;
}

export interface ModelInitialization {
  /** By layer, those that can be judged only. */
  readonly layers: ReadonlyMap<Layer, LayerInitialization>;
  readonly initial: readonly LayerInitialization[];
  /** Those that were trained, be it in part. */
  readonly moved: readonly LayerInitialization[];
  /** Whether anything proves that the model was trained: a kernel that is not what the file declares, or a vector that is not as it starts. */
  readonly looksTrained: boolean;
}

/** The default critical value of D·√n: one drawn tensor in a thousand is beyond (Kolmogorov's limiting distribution). */
export const KS_DISTANCE = 1.95;

/** A model looks untrained where more than this share of its layers agree with their initializers. */
export const UNTRAINED_SHARE = 0.8;

/** One layer is spoken of by itself. */
const FEWEST_LAYERS = 2;

/** Fewer weights agree with many distributions. */
export const FEWEST_TESTABLE = 64;

/**
 * A normal distribution has no ends that training would cross: fewer weights than this, without a bias of their own to tell,
 * are taken for trained where the normalization behind them is. Our own.
 */
const FEWEST_WITHOUT_ENDS = 1024;

/** Our own: as many as a warning takes. */
const FEWEST_ALONE = 512;

/** Row norms of an orthogonal matrix are 1 but for rounding. */
const ORTHOGONAL_TOLERANCE = 1e-3;

const TRAINED_VECTORS: ReadonlySet<Role> = new Set<Role>(['bias', 'normScale', 'normShift']);

interface Cached {
  readonly ksLimit: number;
  readonly result: ModelInitialization;
}

const cache = new WeakMap<readonly TensorContext[], Cached>();

/** @param peers all tensors of a model with numbers. Computed once for each such array. */
export function initializationOf(peers: readonly TensorContext[], ksLimit: number): ModelInitialization {
  const known = cache.get(peers);
  if (known?.ksLimit === ksLimit) return known.result;
  const result = judgeModel(peers, ksLimit);
  cache.set(peers, { ksLimit, result });
  return result;
}

function judgeModel(peers: readonly TensorContext[], ksLimit: number): ModelInitialization {
  const byLayer = tensorsByLayer(peers);
  const layers = new Map<Layer, LayerInitialization>();
  for (const [layer, contexts] of byLayer) {
    const verdict = judgeLayer(layer, contexts, byLayer, ksLimit);
    if (verdict) layers.set(layer, verdict);
  }
  const all = [...layers.values()];
  const moved = all.filter(({ state }) => state !== 'initial');
  // Of a file that declares nothing, a kernel unlike the frameworks' defaults may have begun in another way.
  const looksTrained = moved.some(({ isDeclared }) => isDeclared) || peers.some((peer) => TRAINED_VECTORS.has(peer.tensor.role) && !isVectorInitial(peer));
  return { layers, initial: all.filter(({ state }) => state === 'initial'), moved, looksTrained };
}

function judgeLayer(layer: Layer, contexts: readonly TensorContext[], byLayer: ReadonlyMap<Layer, readonly TensorContext[]>, ksLimit: number): LayerInitialization | undefined {
  const kernels = contexts.filter(({ tensor }) => isMatrix(tensor));
  // While a file is still being read, or where a part of it cannot be, nothing is known of the layer as a whole.
  if (kernels.length === 0 || contexts.length < layer.tensors.length) return undefined;
  const weights = weightsOf(kernels);
  if (weights < FEWEST_TESTABLE) return undefined;
  const readings = kernels.map((context) => ({ context, initializers: initializersFor(context) }));
  if (readings.some(({ initializers }) => initializers.length === 0)) return undefined;
  const isDeclared = kernels.every(({ tensor }) => declaredInitializer(layer, tensor) !== undefined);
  const initial = readings.flatMap(({ context, initializers }) => firstMatch(context, initializers, ksLimit) ?? []);
  const isWhole = initial.length === kernels.length;
  if (isWhole && initial.every(({ initializer }) => initializer.kind === 'constant')) return undefined;
  const proven = isWhole ? initial : initial.filter(isProofAlone);
  const isInitial = proven.length > 0 && contexts.every(isVectorInitial) && !isBelied(layer, initial, contexts, byLayer);
  if (!isInitial) return { layer, isDeclared, weights, state: 'moved', kernels: [] };
  return { layer, isDeclared, weights: weightsOf(proven.map(({ context }) => context)), state: isWhole ? 'initial' : 'partly', kernels: proven };
}

function weightsOf(contexts: readonly TensorContext[]): number {
  return contexts.reduce((sum, { statistics }) => sum + statistics.count, 0);
}

/** Whether a kernel by itself, beside others that have moved, can hardly agree by chance. */
function isProofAlone({ context, fit }: InitialWeight): boolean {
  if (!fit) return false;
  return context.statistics.count >= (hasEnds(fit.family) ? FEWEST_ALONE : FEWEST_WITHOUT_ENDS);
}

function initializersFor({ layer, tensor }: TensorContext): readonly Initializer[] {
  const declared = declaredInitializer(layer, tensor);
  if (declared) return [declared];
  // A file that declares some initializers and not this one uses one that is not known here.
  return layer.initializers ? [] : frameworkDefaults(tensor);
}

function firstMatch(context: TensorContext, initializers: readonly Initializer[], ksLimit: number): InitialWeight | undefined {
  for (const initializer of initializers) {
    const match = matchOf(context, initializer, ksLimit);
    if (match) return match;
  }
  return undefined;
}

function matchOf(context: TensorContext, initializer: Initializer, ksLimit: number): InitialWeight | undefined {
  switch (initializer.kind) {
    case 'random': {
      const fit = initializer.candidates.map((family) => fitInitial(context.tensor, context.statistics, family, ksLimit)).find(({ matches }) => matches);
      return fit && { context, initializer, fit };
    }
    case 'constant':
      return isConstant(context, initializer.value) ? { context, initializer } : undefined;
    case 'orthogonal':
      return hasOrthogonalNorms(context, initializer.gain) ? { context, initializer } : undefined;
    case 'identity':
      return isIdentityMatrix(context, initializer.gain) ? { context, initializer } : undefined;
  }
}

/** Biases, slopes and normalization vectors of the layer itself: running statistics say nothing of training its weights. */
export function isVectorInitial(context: TensorContext): boolean {
  const { layer, tensor } = context;
  switch (tensor.role) {
    case 'bias':
      return isBiasInitial(context);
    case 'normScale':
      // Zero where the last scale of a residual branch starts there, which not every file declares.
      return isVectorOf(context, 1) || isVectorOf(context, 0);
    case 'normShift':
      return isVectorOf(context, 0);
    case 'other': {
      const declared = declaredInitializer(layer, tensor);
      return declared?.kind !== 'constant' || isConstant(context, declared.value);
    }
    default:
      return true;
  }
}

function isBiasInitial(context: TensorContext): boolean {
  const { layer, tensor, statistics } = context;
  const { hasForgetBias } = factsOf(context.model, layer);
  // Keras joins zeros, ones for the forget gates, and zeros.
  if (hasForgetBias && isConstantOfShares(context, [[0, 3 / 4], [1, 1 / 4]])) return true;
  const declared = declaredInitializer(layer, tensor);
  if (declared?.kind !== 'random') return isConstant(context, declared?.kind === 'constant' ? declared.value : 0) || isTorchBias(context);
  const { min, max } = statistics;
  return declared.candidates.some((family) => !hasEnds(family) || (Math.abs(min! - family.location) <= family.scale * 2 && Math.abs(max! - family.location) <= family.scale * 2));
}

/** PyTorch draws biases from U(±1/√fan_in), as it does weights; only where the file declares nothing. */
function isTorchBias({ layer, statistics, peers }: TensorContext): boolean {
  if (layer.initializers) return false;
  const kernel = peers.find((peer) => peer.layer === layer && isMatrix(peer.tensor));
  const outputs = kernel?.tensor.axes?.output === undefined ? undefined : kernel.tensor.shape[kernel.tensor.axes.output];
  if (!kernel || !outputs || statistics.standardDeviation === 0) return false;
  const limit = 1 / Math.sqrt(kernel.tensor.elements / outputs);
  return statistics.count > 1 && Math.max(-statistics.min!, statistics.max!) <= limit * (1 + ORTHOGONAL_TOLERANCE) && statistics.standardDeviation! > limit / 4;
}

function isVectorOf(context: TensorContext, fallback: number): boolean {
  const declared = declaredInitializer(context.layer, context.tensor);
  return isConstant(context, declared?.kind === 'constant' ? declared.value : fallback);
}

export function isConstant({ tensor, statistics: { min, max } }: TensorContext, value: number): boolean {
  if (min === null || max === null) return false;
  const step = tensor.quantization?.scheme === 'affine' ? Math.abs(tensor.quantization.scale) / 2 : Math.abs(value) * ORTHOGONAL_TOLERANCE;
  return Math.abs(min - value) <= step && Math.abs(max - value) <= step;
}

function isConstantOfShares({ statistics: { distribution, count } }: TensorContext, shares: readonly (readonly [number, number])[]): boolean {
  const { lower, counts } = distribution;
  return lower.length === shares.length && shares.every(([value, share], i) => lower[i] === value && counts[i] === count * share);
}

/** Rows or columns, whichever are fewer, of a matrix [inputs, outputs] are orthonormal; their norms show it but for their angles. */
function hasOrthogonalNorms({ tensor, statistics }: TensorContext, gain: number): boolean {
  const columns = tensor.shape.at(-1) ?? 1;
  const rows = tensor.elements / columns;
  const expected = Math.abs(gain) * Math.sqrt(Math.min(rows, columns));
  if (Math.abs((statistics.l2Norm ?? 0) / expected - 1) > ORTHOGONAL_TOLERANCE) return false;
  const last = tensor.shape.length - 1;
  const axis = columns <= rows ? last : tensor.shape.length === 2 ? 0 : undefined;
  const channels = [statistics.outputChannels, statistics.inputChannels].find((known) => known !== undefined && known.axis === axis);
  return channels?.l2Norm.every((norm) => Math.abs(norm / gain - 1) <= ORTHOGONAL_TOLERANCE) ?? false;
}

function isIdentityMatrix({ tensor: { shape }, statistics: { distribution, count } }: TensorContext, gain: number): boolean {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows !== columns || rows === undefined) return false;
  const { lower, upper, counts } = distribution;
  const isPair = lower.length === 2 && lower.every((value, i) => value === upper[i]);
  const zero = lower.indexOf(0);
  return isPair && zero >= 0 && counts[zero] === count - rows && lower[1 - zero] === Math.fround(gain);
}

/**
 * Whether weights that may have been drawn at random are known to have been trained all the same: the normalization behind
 * them was, and neither ends of a distribution nor a bias speak for them.
 */
function isBelied(layer: Layer, initial: readonly InitialWeight[], contexts: readonly TensorContext[], byLayer: ReadonlyMap<Layer, readonly TensorContext[]>): boolean {
  if (layer.trainable === false || contexts.some(({ tensor }) => tensor.role === 'bias')) return false;
  const isSure = initial.some(({ context, fit }) => fit === undefined || hasEnds(fit.family) || context.statistics.count >= FEWEST_WITHOUT_ENDS);
  const next = factsOf(contexts[0]!.model, layer).normalizationAfter;
  return !isSure && next !== undefined && !(byLayer.get(next) ?? []).every(isVectorInitial);
}

export function isWholeModelInitial({ initial, moved }: ModelInitialization, share = UNTRAINED_SHARE): boolean {
  return initial.length >= FEWEST_LAYERS && initial.length > (initial.length + moved.length) * share;
}
