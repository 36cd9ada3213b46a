import { formatNumber, formatShare } from '../numberText';
import { SPARSE_SHARE } from './exactSparsity';
import type { Rule, TensorContext, Verdict } from './rule';
import { deadUnits, hasUnits, isAllZero, largestMagnitude } from './units';
import { isDepthwise, isFollowedByBatchNormalization, isMatrix, regularizerWords } from './words';

/** Of the weights of a tensor. Healthy kernels that we measured have 1–45 %. */
const MANY_SHARE = 0.5;
const NEARLY_ALL_SHARE = 0.9;

/** The largest of fewer weights is an accident, and so is a share of it. */
const MIN_ELEMENTS = 512;

export const nearZeroMass: Rule = {
  id: 'near-zero-mass',
  title: 'Mass near zero',
  severity: 'info',
  scope: 'tensor',
  why: 'Most weights do next to nothing beside a few large ones: much of the capacity may be unused.',
  whenNormal: 'Trained networks keep many weights near zero, the more so with L1 or L2; with batch normalization the scale of a kernel means little.',

  applies: ({ tensor, statistics }) => isMatrix(tensor) && !isDepthwise(tensor) && statistics.count >= MIN_ELEMENTS && !isAllZero(statistics),

  check(context): Verdict | undefined {
    const { statistics, nearZeroRatio } = context;
    const { count, zeros, nearZeros } = statistics;
    const share = judgedShare(context);
    if (share < MANY_SHARE) return undefined;
    const threshold = largestMagnitude(statistics) * nearZeroRatio;
    return {
      severity: share >= NEARLY_ALL_SHARE ? 'warning' : 'info',
      message: `${formatShare(nearZeros / count)} of the weights are near zero, |w| ≤ ${formatNumber(threshold)} (${formatShare(nearZeroRatio)} of the largest); ${formatShare(zeros / count)} are exactly zero.`,
      advice: adviceFor(context, share),
      evidence: { count, zeros, nearZeros, share: nearZeros / count, threshold, nearZeroRatio, infoFrom: MANY_SHARE, warningFrom: NEARLY_ALL_SHARE },
    };
  },
};

/** What other rules speak of is left out: exact zeros from half of the weights on, and units that are dead or near dead. */
function judgedShare(context: TensorContext): number {
  const { count, zeros, nearZeros, outputChannels } = context.statistics;
  if (zeros / count >= SPARSE_SHARE) return (nearZeros - zeros) / (count - zeros);
  if (!hasUnits(context, outputChannels)) return nearZeros / count;
  const { exact, near, units } = deadUnits(context, outputChannels);
  const dead = ((exact.length + near.length) / units) * count;
  return dead < count ? Math.max(0, nearZeros - dead) / (count - dead) : 0;
}

function adviceFor({ model, layer }: TensorContext, share: number): string {
  const experiment = `Set these ${share >= NEARLY_ALL_SHARE ? 'weights' : 'small weights'} to zero and measure: if accuracy holds, the layer can be pruned or made smaller.`;
  const regularizer = regularizerWords(layer);
  if (regularizer) return `Expected to a degree: the layer declares ${regularizer}. ${experiment}`;
  if (isFollowedByBatchNormalization(model, layer)) {
    return `Batch normalization follows, so the kernel's scale means little, and a few strong weights set the measure here. ${experiment}`;
  }
  return `Common in trained networks to a degree: a pattern needs few strong weights. ${experiment} Dropout makes more units work; L2 evens the weights out.`;
}
