import { isRecurrentKernel, recurrentKind } from '../layerFacts';
import type { Layer, Role, Tensor } from '../model';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { foldingOf, NO_FOLDING } from './folding';
import type { TensorContext } from './rule';
import { isDepthwise, isMatrix } from './words';

/** What is compared with one another: kernels by what their layer does, vectors by their role. */
export type Kind = 'dense' | 'convolution' | 'depthwise' | 'recurrent' | 'embedding' | 'head' | 'bias' | 'normScale' | 'normShift' | 'runningVariance';

/** In words, for messages: "the 12 convolutions of this model". */
export const KIND_WORDS: Readonly<Record<Kind | 'kernel', string>> = {
  dense: 'dense kernels', convolution: 'convolutions', depthwise: 'depthwise kernels', recurrent: 'recurrent kernels', embedding: 'embeddings',
  head: 'heads', bias: 'biases', normScale: 'normalization scales', normShift: 'normalization shifts', runningVariance: 'running variances', kernel: 'kernels',
};

export interface Peer {
  readonly kind: Kind;
  /** Weights that one output sums over. 1 for embeddings and vectors. */
  readonly fanIn: number;
  /**
   * How much a tensor amplifies: for kernels RMS·√fan_in, the root mean square norm of an output unit's weights (1 keeps the
   * scale of its input; 0.6 to 1.7 at initialization), with a following batch normalization folded in; for vectors and
   * embeddings the RMS. The largest single weight is left out: a spike is another rule's business. Not 0.
   */
  readonly scale: number;
  /** A following batch normalization is part of `scale`. */
  readonly isFolded: boolean;
}

/** Tensors that are comparable, with the middle and the spread of ln(scale). */
export interface PeerGroup {
  readonly kind: Kind | 'kernel';
  readonly size: number;
  /** exp of the median of ln(scale). */
  readonly medianScale: number;
  /** 1.4826 × the median absolute deviation of ln(scale), at least LEAST_SPREAD: what σ is for a bell curve. */
  readonly spread: number;
  /** ln(scale) of all members, ascending. */
  readonly logarithms: Float64Array;
  /** Too many lie far out for any of them to be an outlier: fixed filters among trained ones, two designs in one model. */
  readonly isMixture: boolean;
}

/** Tensors of fewer peers of their own kind say nothing of one another; kernels are then compared with all kernels, as RMS·√fan_in allows. */
const MIN_PEERS = 5;

/** The wide group: a median needs three. */
const MIN_KERNELS = 3;

/** A group of which more members than this lie far out is a mixture of designs, not one with outliers. One always may. */
const MIXTURE_SHARE = 0.1;
const FAR_OUT = 5;

/** Layers of one design may agree to the percent; a tenth more or less is no outlier even then. */
const LEAST_SPREAD = 0.1;

/** Of the median absolute deviation, so that it estimates σ of a bell curve. */
const MAD_TO_SIGMA = 1.4826;

/** Neighbours of a trained network's scales differ by a factor of two or three. */
const GAP = 5;

interface Peers {
  readonly peers: ReadonlyMap<TensorContext, Peer>;
  readonly groups: ReadonlyMap<Kind | 'kernel', PeerGroup>;
}

/** Once for a model: rules ask for every tensor, of which there may be twenty thousand. */
const known = new WeakMap<readonly TensorContext[], Peers>();

/** A tensor's scale; undefined where it has none to compare (all zeros, a scale that a normalization takes out, another role). */
export function peerOf(context: TensorContext): Peer | undefined {
  return peersOf(context).peers.get(context);
}

/** Those that a tensor is compared with, itself among them; undefined where they are too few. */
export function peerGroupOf(context: TensorContext): PeerGroup | undefined {
  const { peers, groups } = peersOf(context);
  const peer = peers.get(context);
  if (!peer) return undefined;
  const own = groups.get(peer.kind);
  if (own) return own;
  return isKernelKind(peer.kind) ? groups.get('kernel') : undefined;
}

/** In standard deviations of a bell curve: how far ln(scale) lies from its group's median. */
export function robustZ({ scale }: Peer, { medianScale, spread }: PeerGroup): number {
  return Math.log(scale / medianScale) / spread;
}

/** How many times the scale of the member next to it an extreme one has (or that one has its); 1 in the middle of the group. */
export function gapFactor({ scale }: Peer, { logarithms }: PeerGroup): number {
  const own = Math.log(scale);
  const last = logarithms.length - 1;
  if (last < 1) return 1;
  if (own >= logarithms[last]!) return Math.exp(own - logarithms[last - 1]!);
  return own <= logarithms[0]! ? Math.exp(logarithms[1]! - own) : 1;
}

/**
 * Whether a tensor lies outside what its peers do: `z` robust standard deviations away, or, where a few peers make a wide
 * spread, alone beyond a gap of GAP to the next one.
 */
export function standsOut(peer: Peer, group: PeerGroup, z: number): boolean {
  return !group.isMixture && (Math.abs(robustZ(peer, group)) >= z || gapFactor(peer, group) >= GAP);
}

/** Median, and 1.4826 × the median absolute deviation from it. NaN without values. */
export function robust(values: readonly number[]): { readonly median: number; readonly spread: number } {
  const median = medianOf(values);
  return { median, spread: MAD_TO_SIGMA * medianOf(values.map((value) => Math.abs(value - median))) };
}

/**
 * Whether the largest positive value is at least `factor` times the median of the positive ones, as far as can be told without
 * sorting: false is certain.
 */
export function mayExceedMedian(values: ArrayLike<number>, factor: number): boolean {
  let largest = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > largest) largest = values[i]!;
  const limit = largest / factor;
  let positive = 0;
  let above = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > 0) positive++;
    if (values[i]! > limit) above++;
  }
  return above <= positive / 2;
}

/** Of an even count the mean of the middle two; NaN without values. Linear time: models have some hundred thousand units. */
export function medianOf(values: ArrayLike<number>): number {
  const length = values.length;
  if (length === 0) return NaN;
  const work = Float64Array.from(values);
  const upper = select(work, length >> 1);
  if (length % 2 === 1) return upper;
  let lower = -Infinity;
  for (let i = 0; i < length >> 1; i++) if (work[i]! > lower) lower = work[i]!;
  return (lower + upper) / 2;
}

/** The value of a rank, counted from 0; leaves nothing greater before it and nothing smaller behind it (Hoare's quickselect). */
function select(values: Float64Array, rank: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = values[(left + right) >> 1]!;
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const swapped = values[i]!;
      values[i++] = values[j]!;
      values[j--] = swapped;
    }
    if (rank <= j) right = j;
    else if (rank >= i) left = i;
    else break;
  }
  return values[rank]!;
}

/** Weights that one output sums over; of a matrix that may lie either way the mean of both; undefined where the shape does not tell. */
export function fanInOf(tensor: Tensor): number | undefined {
  const { shape, axes, elements, role } = tensor;
  if (role === 'embedding') return 1;
  const outputs = axes?.output === undefined ? undefined : shape[axes.output];
  // Keras' depthwise kernels of a multiplier have no axis of filters; those of PyTorch have it first.
  if (outputs === undefined && isDepthwise(tensor)) return shape.slice(0, -2).reduce((product, size) => product * size, 1);
  if (outputs !== undefined && outputs > 0) return elements / outputs;
  return shape.length === 2 && axes === undefined ? Math.sqrt(elements) : undefined;
}

const VECTOR_KINDS: Partial<Readonly<Record<Role, Kind>>> = { bias: 'bias', normScale: 'normScale', normShift: 'normShift', runningVariance: 'runningVariance' };

/** undefined for what is not compared: adapters (one of each pair begins at zero), constants, optimizer state. */
export function kindOf(tensor: Tensor, layer: Layer): Kind | undefined {
  if (!isMatrix(tensor)) return VECTOR_KINDS[tensor.role];
  if (tensor.role === 'embedding' || tensor.role === 'head') return tensor.role;
  if (tensor.role === 'adapter') return undefined;
  if (isDepthwise(tensor)) return 'depthwise';
  if (isRecurrentKernel(tensor) || recurrentKind(layer)) return 'recurrent';
  return tensor.shape.length > 2 ? 'convolution' : 'dense';
}

function isKernelKind(kind: Kind): boolean {
  return kind === 'dense' || kind === 'convolution' || kind === 'depthwise' || kind === 'recurrent' || kind === 'head';
}

function peersOf({ peers }: TensorContext): Peers {
  const before = known.get(peers);
  if (before) return before;
  const computed = computePeers(peers);
  known.set(peers, computed);
  return computed;
}

function computePeers(contexts: readonly TensorContext[]): Peers {
  const peers = new Map<TensorContext, Peer>();
  const logarithms = new Map<Kind | 'kernel', number[]>();
  for (const context of contexts) {
    const peer = describe(context);
    if (!peer) continue;
    peers.set(context, peer);
    const kinds: (Kind | 'kernel')[] = isKernelKind(peer.kind) ? [peer.kind, 'kernel'] : [peer.kind];
    for (const kind of kinds) {
      const values = logarithms.get(kind);
      if (values) values.push(Math.log(peer.scale));
      else logarithms.set(kind, [Math.log(peer.scale)]);
    }
  }
  const groups = new Map<Kind | 'kernel', PeerGroup>();
  for (const [kind, values] of logarithms) {
    if (values.length >= (kind === 'kernel' ? MIN_KERNELS : MIN_PEERS)) groups.set(kind, groupOf(kind, values));
  }
  return { peers, groups };
}

function groupOf(kind: Kind | 'kernel', logarithms: readonly number[]): PeerGroup {
  const { median, spread: measured } = robust(logarithms);
  const spread = Math.max(measured, LEAST_SPREAD);
  const farOut = logarithms.filter((value) => Math.abs(value - median) > FAR_OUT * spread).length;
  return { kind, size: logarithms.length, medianScale: Math.exp(median), spread, logarithms: Float64Array.from(logarithms).sort(), isMixture: farOut > Math.max(1, MIXTURE_SHARE * logarithms.length) };
}

function describe(context: TensorContext): Peer | undefined {
  const { tensor, layer, statistics } = context;
  const kind = kindOf(tensor, layer);
  const fanIn = isMatrix(tensor) ? fanInOf(tensor) : 1;
  if (kind === undefined || fanIn === undefined || areCodes(tensor, layer)) return undefined;
  const folding = isKernelKind(kind) ? foldingOf(context) : NO_FOLDING;
  const factor = folding.kind === 'known' ? foldingFactor(context, folding.factors) : folding.kind === 'none' ? 1 : undefined;
  if (factor === undefined) return undefined;
  const scale = spikeFreeRms(statistics) * Math.sqrt(fanIn) * factor;
  return scale > 0 && Number.isFinite(scale) ? { kind, fanIn, scale, isFolded: folding.kind === 'known' } : undefined;
}

/** Codes whose scales stand in another tensor of their layer (FP8 of vLLM and DeepSeek, int8 of bitsandbytes): how large they are says nothing. */
function areCodes(tensor: Tensor, { config }: Layer): boolean {
  return isMatrix(tensor) && config?.['quantization'] !== undefined && tensor.quantization === undefined;
}

/** √ of the mean square without the largest weight. */
export function spikeFreeRms({ count, nan, positiveInfinity, negativeInfinity, l2Norm, min, max }: TensorStatistics): number {
  const finite = count - nan - positiveInfinity - negativeInfinity;
  const largest = Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0));
  if (l2Norm === null || finite === 0) return 0;
  if (finite < MIN_FOR_SPIKE) return l2Norm / Math.sqrt(finite);
  return Math.sqrt(Math.max(0, l2Norm * l2Norm - largest * largest) / (finite - 1));
}

/** Of fewer weights the largest is too big a part. */
const MIN_FOR_SPIKE = 64;

/** The median folded norm of the units that are alive, beside the root mean square of their norms as they are. */
function foldingFactor({ statistics }: TensorContext, factors: Float64Array): number | undefined {
  const norms = statistics.outputChannels!.l2Norm;
  const folded: number[] = [];
  let squares = 0;
  for (let unit = 0; unit < norms.length; unit++) {
    squares += norms[unit]! * norms[unit]!;
    const product = norms[unit]! * factors[unit]!;
    if (product > 0) folded.push(product);
  }
  return folded.length > 0 ? medianOf(folded) / Math.sqrt(squares / norms.length) : undefined;
}
