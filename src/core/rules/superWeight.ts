import { formatNumber } from '../numberText';
import { spikeFreeRms } from './peers';
import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { countAtLeast } from './tails';
import { figure } from './thresholds';
import { largestMagnitude } from './units';
import { isMatrix } from './words';

/** The second matrix of a transformer's feed-forward block, as the common families name it. */
const DOWN_PROJECTION = /(?:^|[/._])(?:down_proj|ffn_down|dense_4h_to_h|fc2|w2|wo|(?:mlp[/._]c_proj)|(?:output[/._]dense))(?=[/._:]|$)/;

/** The paper finds at most six in a model; more large weights are a heavy tail. */
const MOST_SUPER_WEIGHTS = 6;

/** Our own: real ones reach some tens; a flipped exponent bit gives far more, and stays an extreme spike. */
const LARGEST_PLAUSIBLE = 100;

/** Below this a matrix has no bulk to stand out of. */
const MIN_ELEMENTS = 4096;

export const superWeight = tensorRule({
  id: 'super-weight',
  title: 'Super weight',
  severity: 'info',
  why: 'Single weights of early feed-forward blocks carry a language model: zero one, and it talks nonsense.',
  whenNormal: 'In trained language models: most have a handful of them.',
  // Our own: a million normal draws reach 5 σ, heavy-tailed kernels some 20 σ.
  thresholds: { from: figure(50, '× the RMS', [10, 1e6], 'Magnitude of the largest weight from which on it counts as a super weight.') },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && tensor.elements >= MIN_ELEMENTS && DOWN_PROJECTION.test(tensor.name) && largestMagnitude(statistics) <= LARGEST_PLAUSIBLE,

  check({ statistics }, { from }): Verdict | undefined {
    const largest = largestMagnitude(statistics);
    const sigma = spikeFreeRms(statistics);
    if (sigma === 0 || largest < from * sigma) return undefined;
    const weights = countAtLeast(statistics.distribution, from * sigma);
    if (weights > MOST_SUPER_WEIGHTS) return undefined;
    return {
      message: `${weights > 1 ? `${weights} weights stand` : 'One weight stands'} out of this projection: ${formatNumber(largest)} is ${formatNumber(largest / sigma)} times the root mean square of the others (${formatNumber(sigma)}).`,
      advice: 'Expected of a trained language model. Never prune it or clip it; keep it in float16 when quantizing. One forward pass tells for certain: a super weight makes a huge activation that stays to the last layer.',
      evidence: { maxMagnitude: largest, rootMeanSquare: sigma, ratio: largest / sigma, weights, from },
    };
  },
});
