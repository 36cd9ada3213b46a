import { formatNumber, formatShare } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { MIN_VALUES, sizeWords, spectralOf } from './spectral';
import { asShare, percent } from './thresholds';

export const lowEffectiveRank = tensorRule({
  id: 'low-effective-rank',
  title: 'Low effective rank',
  severity: 'warning',
  why: 'The layer uses a small part of its dimensions: it has collapsed, or could be replaced by two much thinner ones.',
  whenNormal: 'Kernels that were made from low-rank factors, merged adapters, and fixed filters.',
  yieldsTo: ['rank-loss', 'constant-tensor'],
  thresholds: {
    warningBelow: percent(5, 'Effective rank as a share of min(rows, columns) below which it is a warning.'),
  },

  applies(context) {
    const spectral = spectralOf(context);
    return spectral !== undefined && spectral.order >= MIN_VALUES;
  },

  check(context: TensorContext, { warningBelow }): Verdict | undefined {
    const { spectrum, figures, order } = spectralOf(context)!;
    const { effectiveRank } = figures;
    if (effectiveRank === null || effectiveRank / order >= asShare(warningBelow)) return undefined;
    return {
      message: `The effective rank is ${formatNumber(effectiveRank)} of ${order} (${formatShare(effectiveRank / order)}; ${sizeWords(spectrum)}).`,
      advice: `Replace the layer by two with about ${Math.ceil(effectiveRank)} units between them and compare the accuracy, or train it again with a lower learning rate or less weight decay if it should use its width.`,
      evidence: { effectiveRank, order, share: effectiveRank / order, warningBelow: asShare(warningBelow) },
    };
  },
});
