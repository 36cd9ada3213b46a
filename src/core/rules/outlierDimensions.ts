import { plural } from '../numberText';
import { modelRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { asShare, figure, percent } from './thresholds';
import { MAX_LISTED_UNITS } from './words';

/** Of fewer layers half are too few to be a habit; of fewer dimensions 3σ is no rarity. */
const MIN_LAYERS = 4;
const MIN_DIMENSIONS = 32;

/** Among thousands of dimensions some are outliers of half the layers by their nature; more than these are no exceptions. */
const MOST_SHARE = 0.05;

export const outlierDimensions = modelRule({
  id: 'outlier-dimensions',
  title: 'Outlier dimensions',
  severity: 'info',
  why: 'Large transformers keep a few dimensions whose normalization scale is far from the others in layer after layer. Taking away or rounding just these breaks the model.',
  whenNormal: 'Always, in trained transformers: it is not a fault but a warning to those who prune or quantize.',
  thresholds: {
    deviations: figure(3, 'σ', [2, 20], 'Distance of γ from its mean over the layer from which on a dimension is an outlier.'),
    layers: percent(50, 'Share of the layers in which the same dimension has to be an outlier.'),
  },

  applies: ({ tensors }) => largestGroup(tensors).length >= MIN_LAYERS,

  check({ tensors }, { deviations, layers }): Verdict | undefined {
    const group = largestGroup(tensors);
    const width = group[0]!.statistics.count;
    const hits = new Uint32Array(width);
    for (const { statistics } of group) countOutliers(statistics.orderedValues!, deviations, hits);
    const found = [...hits.keys()].filter((dimension) => hits[dimension]! >= asShare(layers) * group.length).sort((a, b) => hits[b]! - hits[a]!);
    if (found.length === 0 || found.length > MOST_SHARE * width) return undefined;
    const names = found.slice(0, 5).map((dimension) => `${dimension} (${hits[dimension]} of ${group.length})`).join(', ');
    return {
      message: `${plural(found.length, 'dimension')} of ${width} ${found.length === 1 ? 'is an outlier' : 'are outliers'} of γ by ${deviations} σ in at least ${layers}\u2009% of ${plural(group.length, 'normalization')}: ${names}${found.length > 5 ? ', …' : ''}.`,
      advice: 'Leave these dimensions out when you prune, and give them a scale of their own (or more bits) when you quantize.',
      evidence: { dimensions: width, layers: group.length, deviations, shareOfLayers: asShare(layers), outliers: found.slice(0, MAX_LISTED_UNITS).map((dimension) => ({ dimension, layers: hits[dimension] })) },
    };
  },
});

/** Scales of normalizations over features, of the width that most of them have. */
function largestGroup(tensors: readonly TensorContext[]): readonly TensorContext[] {
  const batches = new Set(tensors.filter(({ tensor }) => tensor.role === 'runningVariance').map(({ layer }) => layer));
  const byWidth = new Map<number, TensorContext[]>();
  for (const context of tensors) {
    const { tensor, statistics, layer } = context;
    if (tensor.role !== 'normScale' || batches.has(layer) || !statistics.orderedValues || statistics.count < MIN_DIMENSIONS) continue;
    const group = byWidth.get(statistics.count);
    if (group) group.push(context);
    else byWidth.set(statistics.count, [context]);
  }
  return [...byWidth.values()].reduce((largest, group) => (group.length > largest.length ? group : largest), []);
}

function countOutliers(values: Float32Array, deviations: number, hits: Uint32Array): void {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  const sigma = Math.sqrt(Math.max(0, squares / values.length - mean * mean));
  if (!(sigma > 0)) return;
  values.forEach((value, dimension) => { if (Math.abs(value - mean) > deviations * sigma) hits[dimension]!++; });
}
