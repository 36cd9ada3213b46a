import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { kurtosisWithinUnits } from './tails';
import { figure } from './thresholds';
import { isFollowedByBatchNormalization, isMatrix } from './words';

/** Kurtosis of a normal distribution, which "excess" leaves out. */
const NORMAL_KURTOSIS = 3;

/** The fourth moment of fewer weights hangs on one of them. */
const MIN_NONZERO = 1000;

export const heavyTails = tensorRule({
  id: 'heavy-tails',
  title: 'Heavy tails',
  severity: 'info',
  why: 'Rare, very large weights carry the layer: it is fragile under pruning and coarse under quantization.',
  whenNormal: 'Trained layers have heavier tails than fresh ones; filters of different scale (folded batch normalization) are taken into account.',
  yieldsTo: ['extreme-spike', 'super-weight', 'absurd-magnitude', 'misread-bytes'],
  thresholds: {
    // Our own: uniform −1.2, normal 0, Laplace 3; healthy kernels that we measured stay below.
    infoFrom: figure(10, 'excess kurtosis', [0, 1e9], 'Excess kurtosis within units from which on a note is made.'),
    // gguf-guard's limit, there for tensors as a whole.
    warningFrom: figure(100, 'excess kurtosis', [0, 1e9], 'Excess kurtosis within units from which on it is a warning.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && statistics.count - statistics.zeros >= MIN_NONZERO,

  check(context, { infoFrom, warningFrom }): Verdict | undefined {
    const { excessKurtosis } = context.statistics;
    if (excessKurtosis === null) return undefined;
    const within = kurtosisWithinUnits(context.statistics, excessKurtosis + NORMAL_KURTOSIS) - NORMAL_KURTOSIS;
    if (within < infoFrom) return undefined;
    return {
      severity: within >= warningFrom ? 'warning' : 'info',
      message: `Excess kurtosis ${formatNumber(excessKurtosis)}${within < excessKurtosis * 0.9 ? `, ${formatNumber(within)} with the different scales of the units taken out` : ''}; a normal distribution has 0.`,
      advice: adviceFor(context),
      evidence: { excessKurtosis, withinUnits: within, infoFrom, warningFrom },
    };
  },
});

function adviceFor({ model, layer }: TensorContext): string {
  const quantize = 'Quantize per channel or clip at a percentile, and do not prune the large weights.';
  if (isFollowedByBatchNormalization(model, layer)) return `Batch normalization follows and evens out whole filters, not single weights. ${quantize} L2 regularization or a lower learning rate shortens the tails.`;
  return `To be expected in moderation after long training on sparse data. ${quantize} L2 regularization or gradient clipping shortens the tails.`;
}
