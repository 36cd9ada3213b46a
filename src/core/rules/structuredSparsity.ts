import { formatShare } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { isExplainedByUnits } from './sparsity';
import { asShare, percent } from './thresholds';
import { isMatrix } from './words';

const MIN_GROUPS = 16;

/** That scattered zeros alone make all groups look like this: rarer is no accident. */
const ACCIDENT = 1e-3;

export const structuredSparsity = tensorRule({
  id: 'structured-sparsity',
  title: '2:4 sparsity',
  severity: 'info',
  why: 'Two zeros in every four weights along the inputs: hardware with sparse matrix units (NVIDIA Ampere and later) computes this twice as fast.',
  whenNormal: 'Whenever it is there, it was made on purpose: chance leaves no such pattern.',
  yieldsTo: ['zero-flood', 'zero-run', 'all-zero-tensor'],
  thresholds: {
    groups: percent(99, 'Share of the aligned groups of four weights with at least two zeros from which on the tensor is called 2:4 sparse.'),
    mostZeros: percent(75, 'Share of zeros beyond which scattered zeros alone make nearly all groups look like this.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && (statistics.sparseGroups?.groups ?? 0) >= MIN_GROUPS,

  check(context: TensorContext, limits): Verdict | undefined {
    const { sparseGroups, zeros, count } = context.statistics;
    if (!sparseGroups || isExplainedByUnits(context)) return undefined;
    const { groups, atLeastHalfZero } = sparseGroups;
    const share = atLeastHalfZero / groups;
    const zeroShare = zeros / count;
    if (share < asShare(limits.groups) || zeroShare > asShare(limits.mostZeros)) return undefined;
    const byChance = chanceOfHalfZero(zeroShare);
    if (byChance ** groups > ACCIDENT) return undefined;
    return {
      message: `${formatShare(share)} of the groups of four weights hold two zeros or more (${formatShare(zeroShare)} of all weights are zero): 2:4 sparse.`,
      advice: 'Expected of a model pruned for sparse matrix units. Keep the pattern when you train on or convert it, and store it in a sparse format to gain from it.',
      evidence: { groups, atLeastHalfZero, share, zeroShare, infoFrom: asShare(limits.groups), mostZeros: asShare(limits.mostZeros), byChance },
    };
  },
});

/** That at least two of four weights are zero where each is with probability z: 6z²(1−z)² + 4z³(1−z) + z⁴. */
function chanceOfHalfZero(z: number): number {
  return 6 * z * z * (1 - z) ** 2 + 4 * z ** 3 * (1 - z) + z ** 4;
}
