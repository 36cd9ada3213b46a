import { factsOf } from '../layerFacts';
import { topologyOf } from '../layerTopology';
import type { Layer, Role } from '../model';
import type { TensorContext } from './rule';

/** Where the file does not say: Keras' default. */
const DEFAULT_EPSILON = 1e-3;

/** What a batch normalization does to a kernel's output units: nothing, a factor for each, or what the file does not tell. */
export type Folding = { readonly kind: 'none' | 'unknown' } | { readonly kind: 'known'; readonly factors: Float64Array };

export const NO_FOLDING: Folding = { kind: 'none' };
const UNKNOWN: Folding = { kind: 'unknown' };

/** Several rules ask. */
const known = new WeakMap<TensorContext, Folding>();

/** The factors |γ| / √(σ² + ε) that folding a following batch normalization into the kernel would give its output units. */
export function foldingOf(context: TensorContext): Folding {
  const before = known.get(context);
  if (before) return before;
  const folding = computeFolding(context);
  known.set(context, folding);
  return folding;
}

function computeFolding(context: TensorContext): Folding {
  const { model, layer, peers } = context;
  const norms = normalizationsOf(peers);
  const after = factsOf(model, layer).normalizationAfter;
  if (after) return foldingBy(context, norms.get(after) ?? []);
  if (isNormalizedOtherwise(context)) return UNKNOWN;
  // Graphs keep a normalization that was split into factors in the layer of its kernel.
  const within = norms.get(layer);
  return within ? foldingBy(context, within) : NO_FOLDING;
}

const NORM_ROLES: ReadonlySet<Role> = new Set<Role>(['normScale', 'runningVariance']);

const normsByLayer = new WeakMap<readonly TensorContext[], Map<Layer, TensorContext[]>>();

function normalizationsOf(contexts: readonly TensorContext[]): Map<Layer, TensorContext[]> {
  const before = normsByLayer.get(contexts);
  if (before) return before;
  const norms = new Map<Layer, TensorContext[]>();
  for (const context of contexts) {
    if (!NORM_ROLES.has(context.tensor.role)) continue;
    const own = norms.get(context.layer);
    if (own) own.push(context);
    else norms.set(context.layer, [context]);
  }
  normsByLayer.set(contexts, norms);
  return norms;
}

/** By what it sees itself, not by running statistics: layer, group and instance normalization take any scale out. */
function isNormalizedOtherwise({ model, layer }: TensorContext): boolean {
  return topologyOf(model).consumers.get(layer)?.some(({ className }) => className !== undefined && /Normalization/.test(className)) ?? false;
}

/** Without a variance, as where a graph's normalization was folded by half, the scale alone multiplies. */
function foldingBy({ statistics, tensor }: TensorContext, norm: readonly TensorContext[]): Folding {
  const units = statistics.outputChannels?.maxAbs.length;
  const gamma = norm.find((context) => context.tensor.role === 'normScale');
  const variance = norm.find((context) => context.tensor.role === 'runningVariance');
  const scales = gamma?.statistics.orderedValues;
  const variances = variance?.statistics.orderedValues;
  const isKnown = (gamma !== undefined || variance !== undefined) && (!gamma || scales?.length === units) && (!variance || variances?.length === units);
  if (units === undefined || !isKnown || tensor.axes?.output === undefined) return UNKNOWN;
  const epsilon = epsilonOf(variance?.layer);
  const factors = new Float64Array(units);
  for (let unit = 0; unit < units; unit++) {
    const deviation = variances ? Math.sqrt(Math.max(0, variances[unit]!) + epsilon) : 1;
    factors[unit] = Math.abs(scales?.[unit] ?? 1) / deviation;
  }
  return { kind: 'known', factors };
}

function epsilonOf(layer: Layer | undefined): number {
  const epsilon = layer?.config?.['epsilon'];
  return typeof epsilon === 'number' && epsilon > 0 ? epsilon : DEFAULT_EPSILON;
}
