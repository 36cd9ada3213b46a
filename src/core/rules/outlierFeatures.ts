import { formatNumber, plural } from '../numberText';
import { mayExceedMedian, medianOf } from './peers';
import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { figure } from './thresholds';
import { isDepthwise, MAX_LISTED_UNITS } from './words';

/** A median of fewer inputs says little. */
const MIN_INPUTS = 16;

/** An input of fewer weights has no norm beside its largest one. */
const MIN_INPUT_WEIGHTS = 8;

/** More inputs than this are no outliers: the layer chooses among its inputs, and lets most be. */
const MOST_OUTLIERS_SHARE = 0.1;

/** An input's norm must stand out too, by this part of the limit: one large weight is an extreme spike. */
const NORM_PART = 0.5;

export const outlierFeatures = tensorRule({
  id: 'outlier-features',
  title: 'Outlier input features',
  severity: 'info',
  why: 'A few inputs are read far more strongly than the others: they decide the output, and their weights set the scale for quantizing all others.',
  whenNormal: 'Inputs of different units that were not standardized, and channels that carry a bias or a global signal.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'extreme-spike', 'dead-input-channels'],
  // Our own. The 6.0 of LLM.int8 is a limit for activations and says nothing of weights.
  thresholds: { from: figure(10, '× the median input', [1, 1e6], 'Largest weight of an input beside that of the median input from which on it is worth a note.') },

  applies: ({ tensor, statistics }) => (tensor.role === 'kernel' || tensor.role === 'head') && !isDepthwise(tensor) && isWide(statistics.inputChannels?.maxAbs.length ?? 0, statistics.count),

  check({ statistics }, { from }): Verdict | undefined {
    const { maxAbs, l2Norm } = statistics.inputChannels!;
    if (!mayExceedMedian(maxAbs, from)) return undefined;
    const medianMax = medianOf(maxAbs);
    const medianNorm = medianOf(l2Norm);
    if (!(medianMax > 0 && medianNorm > 0)) return undefined;
    const inputs: number[] = [];
    let ratio = 0;
    for (let input = 0; input < maxAbs.length; input++) {
      if (maxAbs[input]! < from * medianMax || l2Norm[input]! < from * NORM_PART * medianNorm) continue;
      inputs.push(input);
      ratio = Math.max(ratio, maxAbs[input]! / medianMax);
    }
    if (inputs.length === 0 || inputs.length > MOST_OUTLIERS_SHARE * maxAbs.length) return undefined;
    return {
      message: `${plural(inputs.length, 'input channel')} of ${maxAbs.length} ${inputs.length === 1 ? 'is' : 'are'} read with weights up to ${formatNumber(ratio)} times those of the median input: ${inputs.slice(0, 3).join(', ')}${inputs.length > 3 ? ', …' : ''}.`,
      advice: 'Look what these inputs carry. Standardize inputs of different units; scale the channel into the layer before it (smoothing) or keep it in higher precision when quantizing activations.',
      evidence: { inputs: maxAbs.length, unitIndices: inputs.slice(0, MAX_LISTED_UNITS), ratio, medianMaxMagnitude: medianMax, from },
    };
  },
});

function isWide(inputs: number, weights: number): boolean {
  return inputs >= MIN_INPUTS && weights / inputs >= MIN_INPUT_WEIGHTS;
}
