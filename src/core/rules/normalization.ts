import { isBatchNormalization } from '../layerFacts';
import type { Layer, Model, Role } from '../model';
import type { LayerContext } from './rule';

/** The vectors of one normalization layer, a value a channel. */
export interface Normalization {
  readonly layer: Layer;
  /** Added to the variance before the square root is taken. */
  readonly epsilon: number;
  readonly channels: number;
  readonly gamma?: Float32Array;
  readonly beta?: Float32Array;
  readonly mean?: Float32Array;
  readonly variance?: Float32Array;
}

/** Defaults of batch normalization in Keras and TensorFlow-Slim, of FusedBatchNorm in TensorFlow's graphs, and of PyTorch and ONNX. */
const KERAS_EPSILON = 1e-3;
const GRAPH_EPSILON = 1e-4;
const OTHER_EPSILON = 1e-5;

/** undefined where the layer normalizes nothing, or where its vectors are not known value by value or differ in length. */
export function normalizationOf({ model, layer, tensors }: LayerContext): Normalization | undefined {
  const values = (role: Role): Float32Array | undefined => tensors.find(({ tensor }) => tensor.role === role)?.statistics.orderedValues;
  const gamma = values('normScale');
  const beta = values('normShift');
  const mean = values('runningMean');
  const variance = values('runningVariance');
  const known = [gamma, beta, mean, variance].filter((vector) => vector !== undefined);
  const channels = known[0]?.length;
  if (channels === undefined || known.some((vector) => vector.length !== channels)) return undefined;
  return { layer, epsilon: epsilonOf(model, layer), channels, ...(gamma && { gamma }), ...(beta && { beta }), ...(mean && { mean }), ...(variance && { variance }) };
}

/** What the file declares, else the default of the framework that its format comes from. */
export function epsilonOf({ format }: Model, layer: Layer): number {
  const declared = declaredEpsilon(layer);
  if (declared !== undefined) return declared;
  if (/FusedBatchNorm/.test(layer.className ?? '')) return GRAPH_EPSILON;
  return format.startsWith('tfjs') ? KERAS_EPSILON : OTHER_EPSILON;
}

export function declaredEpsilon({ config }: Layer): number | undefined {
  const epsilon = config?.['epsilon'];
  return typeof epsilon === 'number' && epsilon >= 0 ? epsilon : undefined;
}

/** By its class, or by the running variance that only a normalization over batches keeps. */
export function normalizesBatches({ layer, tensors }: Pick<LayerContext, 'layer' | 'tensors'>): boolean {
  if (isBatchNormalization(layer)) return true;
  return layer.className !== 'Normalization' && tensors.some(({ tensor }) => tensor.role === 'runningVariance') && tensors.some(({ tensor }) => tensor.role === 'runningMean');
}

/** Indices of the channels of which this holds. */
export function channelsWhere({ channels }: Normalization, holds: (channel: number) => boolean): number[] {
  const found: number[] = [];
  for (let channel = 0; channel < channels; channel++) if (holds(channel)) found.push(channel);
  return found;
}
