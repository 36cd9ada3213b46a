import { formatNumber } from '../numberText';
import { medianOf } from './peers';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { asShare, figure, percent } from './thresholds';
import { deadUnits, hasUnits, MIN_COMPARED_UNIT_WEIGHTS } from './units';
import { isDepthwise, isFollowedByBatchNormalization, MAX_LISTED_UNITS, partOf } from './words';

/** The median of fewer norms is an accident. */
const MIN_UNITS = 8;

/** One weak unit is in every other layer of the networks that we measured. */
const MIN_WEAK = 2;

export const weakUnits = tensorRule({
  id: 'weak-units',
  title: 'Weak units',
  severity: 'info',
  why: 'Units whose weights are all small beside those of their neighbours hardly change the output: the first to prune.',
  whenNormal: 'Before a normalization, which rescales them, and in layers that follow inputs of different scale.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude'],
  thresholds: {
    ratio: figure(0.05, '× the median', [0, 1], 'Norm of a unit below which it is weak, beside the median norm of the units that are not dead.'),
    infoFrom: percent(1, 'Share of the units that are weak from which on a note is made.'),
  },

  applies(context) {
    const { tensor, statistics, model, layer } = context;
    if ((tensor.role !== 'kernel' && tensor.role !== 'head') || isDepthwise(tensor)) return false;
    const units = statistics.outputChannels;
    if (!hasUnits(context, units) || units.l2Norm.length < MIN_UNITS) return false;
    return statistics.count / units.l2Norm.length >= MIN_COMPARED_UNIT_WEIGHTS && !isFollowedByBatchNormalization(model, layer);
  },

  check(context: TensorContext, { ratio, infoFrom }): Verdict | undefined {
    const channels = context.statistics.outputChannels;
    if (!channels) return undefined;
    const norms = channels.l2Norm;
    if (!mayHaveWeak(norms, ratio)) return undefined;
    const median = medianOf(norms.filter((norm) => norm > 0));
    const { near } = deadUnits(context, channels);
    const isNearDead = new Set(near);
    const weak: number[] = [];
    norms.forEach((norm, unit) => { if (norm > 0 && norm < ratio * median && !isNearDead.has(unit)) weak.push(unit); });
    if (weak.length < MIN_WEAK || weak.length < asShare(infoFrom) * norms.length) return undefined;
    return {
      message: `${partOf(weak.length, norms.length)} output units have a norm below ${formatNumber(ratio * median)}, ${formatNumber(ratio)} times the median of all.`,
      advice: 'Set them to zero and measure: if accuracy holds, make the layer narrower. If the layer is fresh from training with weight decay, they were on their way to die.',
      evidence: { units: norms.length, weak: weak.length, medianNorm: median, ratio, infoFrom: asShare(infoFrom), unitIndices: weak.slice(0, MAX_LISTED_UNITS), unitIndicesComplete: weak.length <= MAX_LISTED_UNITS },
    };
  },
});

/** The median is at most the largest norm: most layers are told without sorting. */
function mayHaveWeak(norms: Float32Array, ratio: number): boolean {
  let least = Infinity;
  let largest = 0;
  for (let unit = 0; unit < norms.length; unit++) {
    const norm = norms[unit]!;
    if (norm > largest) largest = norm;
    if (norm > 0 && norm < least) least = norm;
  }
  return least < ratio * largest;
}
