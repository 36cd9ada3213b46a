import { formatInteger, formatNumber, formatShare } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { spectralOf } from './spectral';
import { figure } from './thresholds';

/** Fewer slices than this have a low entropy by chance: the study's own threshold of randomness settles about here. */
const MIN_SLICES = 100;

export const lowFilterDiversity = tensorRule({
  id: 'low-filter-diversity',
  title: 'Filters much alike',
  severity: 'info',
  why: 'Most 3 × 3 filters of the layer are multiples of a few patterns: it looks at less than it could, and needs fewer filters.',
  whenNormal: 'Late layers of large models, depthwise kernels, and layers of smoothing or edge filters.',
  yieldsTo: ['constant-tensor', 'duplicate-units', 'extreme-spike', 'absurd-magnitude', 'zero-flood', 'exact-sparsity'],
  thresholds: {
    infoBelow: figure(0.5, 'entropy (log10)', [0, 0.954], 'Entropy of the filters’ variance over their nine components below which a note is made; 0.954 is the most there can be.'),
    warningBelow: figure(0.1, 'entropy (log10)', [0, 0.954], 'Entropy below which it is a warning: nearly all filters are one pattern.'),
  },

  applies(context) {
    const filters = spectralOf(context)?.spectrum.filters;
    return filters !== undefined && filters.size[0] === 3 && filters.size[1] === 3 && filters.count >= MIN_SLICES;
  },

  check(context: TensorContext, { infoBelow, warningBelow }): Verdict | undefined {
    const { spectrum, figures } = spectralOf(context)!;
    const { count, varianceShares } = spectrum.filters!;
    const entropy = figures.filterEntropy!;
    const first = varianceShares[0]!;
    if (entropy >= infoBelow || first === 0) return undefined;
    return {
      severity: entropy < warningBelow ? 'warning' : 'info',
      message: `The ${formatInteger(count)} filters of 3 × 3 vary along few patterns: ${formatShare(first)} of their variance lies along one (entropy ${formatNumber(entropy)} of at most ${formatNumber(Math.log10(9))}).`,
      advice: 'Try fewer filters in this layer, or factor them; if the model underfits, a lower weight decay or a smaller stride before this layer gives the filters more to tell apart.',
      evidence: { entropy, filters: count, firstShare: first, varianceShares, infoBelow, warningBelow },
    };
  },
});
