import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { hasSparsity, isExplainedByUnits, isModelPruned, sparsityAdvice, zeroMessage, zeroShare } from './sparsity';
import { asShare, percent } from './thresholds';

export const exactSparsity = tensorRule({
  id: 'exact-sparsity',
  title: 'Exact zeros',
  severity: 'info',
  why: 'Weights of exactly zero do no work: the layer could be smaller, or stored in a sparse format.',
  whenNormal: 'After pruning or L1 training most kernels of a model are sparse; quantization rounds small weights to zero.',
  yieldsTo: ['zero-flood', 'zero-run', 'structured-sparsity', 'misread-bytes'],
  thresholds: {
    infoFrom: percent(50, 'Share of the weights that are exactly zero from which on a note is made.'),
  },

  applies: hasSparsity,

  check(context, limits): Verdict | undefined {
    const share = zeroShare(context);
    if (share < asShare(limits.infoFrom) || isExplainedByUnits(context)) return undefined;
    const { zeros, count } = context.statistics;
    return {
      message: zeroMessage(context),
      advice: sparsityAdvice(context),
      evidence: { zeros, count, share, infoFrom: asShare(limits.infoFrom), modelIsPruned: isModelPruned(context) },
    };
  },
});
