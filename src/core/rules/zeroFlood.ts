import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { hasSparsity, isExplainedByUnits, isModelPruned, sparsityAdvice, zeroMessage, zeroShare } from './sparsity';
import { asShare, percent } from './thresholds';

export const zeroFlood = tensorRule({
  id: 'zero-flood',
  title: 'Flood of zeros',
  severity: 'warning',
  why: 'More zeros than training leaves in a dense layer: part of its data may be lost, or nearly all of it is unused.',
  whenNormal: 'Where most kernels of the model are sparse: it was pruned, and up to 99 % are passed over.',
  yieldsTo: ['zero-run', 'misread-bytes'],
  thresholds: {
    warningFrom: percent(80, 'Share of exact zeros in a kernel or adapter from which on it is a warning.'),
    embeddingWarningFrom: percent(50, 'The same for embeddings and heads, which hardly anybody prunes.'),
    corruptFrom: percent(99, 'From here on it is a warning in pruned models too.'),
    errorFrom: percent(99.99, 'From here on the layer does nothing: an error.'),
  },

  applies: hasSparsity,

  check(context, limits): Verdict | undefined {
    const share = zeroShare(context);
    const isDead = share >= asShare(limits.errorFrom);
    const isCorrupt = share >= asShare(limits.corruptFrom);
    const warningFrom = asShare(isLookedUp(context) ? limits.embeddingWarningFrom : limits.warningFrom);
    if (share < warningFrom && !isCorrupt && !isDead) return undefined;
    if (!isDead && isExplainedByUnits(context)) return undefined;
    if (!isCorrupt && !isDead && isModelPruned(context)) return undefined;
    const { zeros, count } = context.statistics;
    return {
      severity: isDead ? 'error' : 'warning',
      message: zeroMessage(context),
      advice: isCorrupt ? `Pruning seldom leaves less than 1 % of a layer: part of the data is probably lost in a copy or a conversion. ${sparsityAdvice(context)}` : sparsityAdvice(context),
      evidence: { zeros, count, share, warningFrom, corruptFrom: asShare(limits.corruptFrom), errorFrom: asShare(limits.errorFrom), modelIsPruned: isModelPruned(context) },
    };
  },
});

function isLookedUp({ tensor }: TensorContext): boolean {
  return tensor.role === 'embedding' || tensor.role === 'head';
}
