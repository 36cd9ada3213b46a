import { formatInteger, formatShare } from '../numberText';
import { codeUse } from './codes';
import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { asShare, percent } from './thresholds';
import { isMatrix } from './words';

/** A per cent of fewer weights is a handful. */
const MIN_NONZERO = 512;

/** Weights of fewer levels are coded on purpose: binary, ternary. */
const FEWEST_LEVELS = 17;

export const saturatedCodes = tensorRule({
  id: 'saturated-codes',
  title: 'Saturated codes',
  severity: 'warning',
  why: 'Many weights have the least or the greatest code: the range was too narrow, and what lay beyond was cut to it.',
  whenNormal: 'Converters that clip at a percentile saturate a per mille of the weights on purpose.',
  yieldsTo: ['constant-tensor', 'quantization-scale'],
  // gguf-guard has 50 %; 1 % is our own: TensorFlow.js quantizes from minimum to maximum, where one weight has each end.
  thresholds: {
    warningFrom: percent(1, 'Share of the non-zero weights at the ends of the code range from which on it is a warning.'),
    errorFrom: percent(50, 'Share from which on it is an error.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && /^u?int(?:8|16)$/.test(tensor.dtype) && statistics.count - statistics.zeros >= MIN_NONZERO,

  check(context, { warningFrom, errorFrom }): Verdict | undefined {
    const use = codeUse(context);
    if (!use || use.used < FEWEST_LEVELS) return undefined;
    const share = use.atEnds / use.nonZero;
    if (share < asShare(warningFrom)) return undefined;
    return {
      severity: share >= asShare(errorFrom) ? 'error' : 'warning',
      message: `${formatInteger(use.atEnds)} weights (${formatShare(share)}) have the least or the greatest of the ${formatInteger(use.levels)} codes.`,
      advice: 'Quantize again from the float32 original with a wider range (minimum to maximum, or a scale for each channel).',
      evidence: { atEnds: use.atEnds, nonZero: use.nonZero, share, levels: use.levels, usedLevels: use.used, warningFrom, errorFrom },
    };
  },
});
