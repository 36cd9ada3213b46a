import { formatNumber, formatShare } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { SPARSE_SHARE } from './sparsity';
import { asShare, percent } from './thresholds';
import { deadUnits, hasUnits, isAllZero, largestMagnitude } from './units';
import { isDepthwise, isFollowedByBatchNormalization, isMatrix, regularizerWords } from './words';

/** The largest of fewer weights is an accident, and so is a share of it. */
const MIN_ELEMENTS = 512;

export const nearZeroMass = tensorRule({
  id: 'near-zero-mass',
  title: 'Mass near zero',
  severity: 'info',
  why: 'Most weights do next to nothing beside a few large ones: much of the capacity may be unused.',
  whenNormal: 'Trained networks keep many weights near zero, the more so with L1 or L2; with batch normalization the scale of a kernel means little.',
  yieldsTo: ['extreme-spike', 'absurd-magnitude', 'misread-bytes'],
  // Healthy kernels that we measured have 1–45 %.
  thresholds: {
    infoFrom: percent(50, 'Share of the weights near zero from which on a note is made.'),
    warningFrom: percent(90, 'Share of the weights near zero from which on it is a warning.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && !isDepthwise(tensor) && statistics.count >= MIN_ELEMENTS && !isAllZero(statistics),

  check(context, limits): Verdict | undefined {
    const { statistics, nearZeroRatio } = context;
    const { count, zeros, nearZeros } = statistics;
    const share = judgedShare(context);
    if (share < asShare(limits.infoFrom)) return undefined;
    const isNearlyAll = share >= asShare(limits.warningFrom);
    const threshold = largestMagnitude(statistics) * nearZeroRatio;
    return {
      severity: isNearlyAll ? 'warning' : 'info',
      message: `${formatShare(nearZeros / count)} of the weights are near zero, |w| ≤ ${formatNumber(threshold)} (${formatShare(nearZeroRatio)} of the largest); ${formatShare(zeros / count)} are exactly zero.`,
      advice: adviceFor(context, isNearlyAll),
      evidence: { count, zeros, nearZeros, share: nearZeros / count, threshold, nearZeroRatio, infoFrom: asShare(limits.infoFrom), warningFrom: asShare(limits.warningFrom) },
    };
  },
});

/** What other rules speak of is left out: exact zeros from half of the weights on, and units that are dead or near dead. */
function judgedShare(context: TensorContext): number {
  const { count, zeros, nearZeros, outputChannels } = context.statistics;
  if (zeros / count >= SPARSE_SHARE) return (nearZeros - zeros) / (count - zeros);
  if (!hasUnits(context, outputChannels)) return nearZeros / count;
  const { exact, near, units } = deadUnits(context, outputChannels);
  const dead = ((exact.length + near.length) / units) * count;
  return dead < count ? Math.max(0, nearZeros - dead) / (count - dead) : 0;
}

function adviceFor({ model, layer }: TensorContext, isNearlyAll: boolean): string {
  const experiment = `Set these ${isNearlyAll ? 'weights' : 'small weights'} to zero and measure: if accuracy holds, the layer can be pruned or made smaller.`;
  const regularizer = regularizerWords(layer);
  if (regularizer) return `Expected to a degree: the layer declares ${regularizer}. ${experiment}`;
  if (isFollowedByBatchNormalization(model, layer)) {
    return `Batch normalization follows, so the kernel's scale means little, and a few strong weights set the measure here. ${experiment}`;
  }
  return `Common in trained networks to a degree: a pattern needs few strong weights. ${experiment} Dropout makes more units work; L2 evens the weights out.`;
}
