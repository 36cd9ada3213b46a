import { activationKind, functionOfLayer, isActivationLayer } from './activations';
import type { ActivationKind } from './activations';
import { topologyOf } from './layerTopology';
import type { Topology } from './layerTopology';
import type { Layer, Model, Tensor } from './model';

/** What is applied to a layer's output. */
export interface Activation {
  /** As the file writes it: relu, LeakyReLU, ... */
  readonly name: string;
  readonly kind: ActivationKind;
  /** The layer that says so: the layer itself, or one behind it. */
  readonly layer: string;
  /** A batch normalization stands between the layer and its activation. */
  readonly isNormalizedFirst: boolean;
}

export interface Dropout {
  /** The layer that drops, which is the layer itself for the dropout of recurrent layers. */
  readonly layer: string;
  /** Share of the inputs that are dropped in training, 0..1; absent where the file does not say. */
  readonly rate?: number;
}

/** What the model file says of one layer. A fact that does not follow from the file is absent: nothing is guessed. */
export interface LayerFacts {
  readonly activation?: Activation;
  /** The batch normalization that alone takes this layer's output, with nothing between that changes it. The kernel's scale is free then. */
  readonly normalizationAfter?: Layer;
  /** The batch normalization whose output is all that this layer takes, with nothing between that changes it (no activation). */
  readonly normalizationBefore?: Layer;
  /** Of the inputs of this layer, or of its outputs before the next layer with weights reads them. */
  readonly dropout?: Dropout;
  /** `unknown` where the file keeps no training configuration (graph models, bare weights). */
  readonly regularization: 'declared' | 'none' | 'unknown';
  readonly isDepthwise: boolean;
  /** Groups of channels that do not see each other; 1 for plain convolutions, absent where the file does not say. */
  readonly groups?: number;
  readonly isEmbedding: boolean;
  readonly recurrent?: RecurrentKind;
  /** The biases of the LSTM's forget gates start at 1 (Keras' default). */
  readonly hasForgetBias: boolean;
  /** No layer with a kernel comes after this one, which has one. */
  readonly isHead: boolean;
}

export type RecurrentKind = 'LSTM' | 'GRU' | 'SimpleRNN' | 'ConvLSTM';

/** Layers without weights that are walked through in search of an activation or a dropout. */
const MAX_HOPS = 6;

const cache = new WeakMap<Model, Map<string, LayerFacts>>();

/** Facts about a layer of this model. Kept by model: asking for every layer of a model takes linear time. */
export function factsOf(model: Model, layer: Layer): LayerFacts {
  const known = cache.get(model) ?? new Map<string, LayerFacts>();
  cache.set(model, known);
  const facts = known.get(layer.name) ?? gather(model, topologyOf(model), layer);
  known.set(layer.name, facts);
  return facts;
}

/** Whether the file says which layer takes the output of which. */
export function hasTopology(model: Model): boolean {
  return topologyOf(model).isKnown;
}

/** Other tensors that lie on the very same bytes of the file: tied weights. */
export function tiedTensors(model: Model, tensor: Tensor): readonly Tensor[] {
  return (topologyOf(model).tied.get(tensor) ?? []).filter((other) => other !== tensor);
}

/** Normalizes over batches: it keeps running statistics, so that at inference it is one factor and one shift a channel. */
export function isBatchNormalization({ className }: Layer): boolean {
  return className !== undefined && /^(?:Sync)?BatchNorm(?:alization(?:V[12])?|[123]d)?$|^_?FusedBatchNorm/.test(className);
}

/** The matrix that a recurrent layer multiplies its own state with, not its input. */
export function isRecurrentKernel({ name, role }: Tensor): boolean {
  return role === 'kernel' && /(?:^|[/._])(?:recurrent_(?:kernel|weights)|weight_hh_l\d+(?:_reverse)?)(?:_\d+)?(?::\d+)?$/.test(name);
}

export function recurrentKind({ className }: Layer): RecurrentKind | undefined {
  const match = /^(?:CuDNN)?(?:(ConvLSTM)\dD|(LSTM|GRU|SimpleRNN))(?:Cell)?$|^(?:Block)?(LSTM|GRU)Block(?:Cell)?|^Block(LSTM)/.exec(className ?? '');
  return match?.slice(1).find(Boolean) as RecurrentKind | undefined;
}

function gather(model: Model, topology: Topology, layer: Layer): LayerFacts {
  const recurrent = recurrentKind(layer);
  const after = directNormalization(topology, layer, 'after');
  const before = directNormalization(topology, layer, 'before');
  const activation = activationOf(topology, layer, after);
  const dropout = dropoutOf(topology, layer);
  const groups = layer.config?.['groups'];
  return {
    ...(activation && { activation }),
    ...(after && { normalizationAfter: after }),
    ...(before && { normalizationBefore: before }),
    ...(dropout && { dropout }),
    // Keras writes the initializers of every layer that has weights: where they stand, a regularizer would stand too.
    regularization: layer.regularizers ? 'declared' : layer.initializers ? 'none' : 'unknown',
    isDepthwise: /^(?:Fused|_Fused)?Depthwise/.test(layer.className ?? ''),
    ...(typeof groups === 'number' && { groups }),
    isEmbedding: layer.tensors.some((index) => model.tensors[index]?.role === 'embedding'),
    ...(recurrent && { recurrent }),
    hasForgetBias: recurrent !== undefined && /LSTM/.test(recurrent) && layer.config?.['unit_forget_bias'] === true,
    isHead: topology.heads.has(layer),
  };
}

/** The layer's own activation, or the one that alone takes its output, at most behind a batch normalization. */
function activationOf(topology: Topology, layer: Layer, normalization: Layer | undefined): Activation | undefined {
  if (layer.activation !== undefined && !isActivationLayer(layer)) {
    const kind = activationKind(layer.activation);
    // The operations of a graph name what is done to their result, be it behind a normalization.
    if (kind !== 'linear') return { name: layer.activation, kind, layer: layer.name, isNormalizedFirst: normalization !== undefined };
  }
  let isNormalizedFirst = false;
  let at: Layer | undefined = layer;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    at = onlyConsumer(topology, at);
    if (!at) break;
    if (isActivationLayer(at)) return { ...functionOfLayer(at), layer: at.name, isNormalizedFirst };
    if (isBatchNormalization(at)) {
      isNormalizedFirst = true;
      if (at.activation !== undefined) return { name: at.activation, kind: activationKind(at.activation), layer: at.name, isNormalizedFirst };
    } else if (!isTransparent(at)) break;
  }
  const isDeclaredLinear = layer.activation !== undefined && !isActivationLayer(layer);
  return isDeclaredLinear ? { name: layer.activation, kind: 'linear', layer: layer.name, isNormalizedFirst: false } : undefined;
}

function directNormalization(topology: Topology, layer: Layer, direction: 'before' | 'after'): Layer | undefined {
  // A function of the layer's own stands between it and what follows.
  if (direction === 'after' && hasOwnFunction(topology, layer)) return undefined;
  let at: Layer | undefined = layer;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    at = direction === 'after' ? onlyConsumer(topology, at) : onlySource(topology, at);
    if (!at) return undefined;
    if (isBatchNormalization(at)) return direction === 'before' && hasOwnFunction(topology, at) ? undefined : at;
    if (!isIdentity(at)) return undefined;
  }
  return undefined;
}

function hasOwnFunction(topology: Topology, layer: Layer): boolean {
  if (isActivationLayer(layer)) return true;
  if (layer.activation === undefined || activationKind(layer.activation) === 'linear') return false;
  // A convolution of a graph carries the name of the activation behind its normalization, which carries it as well.
  const next = onlyConsumer(topology, layer);
  const isPassedOn = next !== undefined && /^_?FusedBatchNorm/.test(next.className ?? '') && next.activation === layer.activation;
  return !isPassedOn;
}

function dropoutOf(topology: Topology, layer: Layer): Dropout | undefined {
  for (const key of ['dropout', 'recurrent_dropout']) {
    const rate = layer.config?.[key];
    if (typeof rate === 'number' && rate > 0) return { layer: layer.name, rate };
  }
  return nearbyDropout(topology, layer, onlySource) ?? nearbyDropout(topology, layer, onlyConsumer);
}

function nearbyDropout(topology: Topology, layer: Layer, step: typeof onlyConsumer): Dropout | undefined {
  let at: Layer | undefined = layer;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    at = step(topology, at);
    if (!at || topology.hasKernel.has(at)) return undefined;
    if (/Dropout/.test(at.className ?? '')) {
      const rate = at.config?.['rate'] ?? at.config?.['p'];
      return { layer: at.name, ...(typeof rate === 'number' && { rate }) };
    }
  }
  return undefined;
}

function onlyConsumer({ consumers }: Topology, layer: Layer): Layer | undefined {
  const next = consumers.get(layer);
  return next?.length === 1 ? next[0] : undefined;
}

function onlySource({ sources }: Topology, layer: Layer): Layer | undefined {
  const before = sources.get(layer);
  return before?.length === 1 ? before[0] : undefined;
}

/** Hands its input on unchanged when the model is used, not trained. */
function isIdentity({ className = '' }: Layer): boolean {
  return /Dropout(?:[123]D)?$|^Gaussian(?:Noise|Dropout)$|^ActivityRegularization$|^Identity$|^Masking$/.test(className);
}

/** Lets every number through as it is, be it in another place. */
function isTransparent(layer: Layer): boolean {
  return isIdentity(layer) || /^(?:Reshape|Flatten|Permute|ZeroPadding[123]D|Cropping[123]D|UpSampling[123]D|RepeatVector)$/.test(layer.className ?? '');
}
