import { formatInteger, formatNumber, formatShare, plural } from '../numberText';
import { codeUse } from './codes';
import type { CodeUse } from './codes';
import { tensorRule } from './rule';
import type { Severity, Verdict } from './rule';
import { asShare, figure, percent } from './thresholds';
import { isMatrix } from './words';

/** Small tensors are quantized at no gain, and use few levels by their number. */
const MIN_ELEMENTS = 512;

/** A range is told by some dozen weights. */
const MIN_NONZERO = 64;

/** The entropy of fewer weights is that of their number. */
const MIN_FOR_ENTROPY = 1024;

/** Binary and ternary weights use the whole range with three levels at most. */
const CODED_LEVELS = 4;

export const unusedLevels = tensorRule({
  id: 'unused-levels',
  title: 'Unused levels',
  severity: 'warning',
  why: 'Nearly all weights share a few codes: the quantizer\'s range is far too wide for them, and their differences are rounded away.',
  whenNormal: 'Binary and ternary weights, which are a note; exact zeros of pruned weights are left out.',
  yieldsTo: ['all-zero-tensor', 'constant-tensor', 'quantization-scale', 'saturated-codes'],
  // gguf-guard's 2 bits, there for types of four bits and more; the span is our own.
  thresholds: {
    entropyBelow: figure(2, 'bits', [0, 16], 'Entropy of the codes of the non-zero weights below which it is a warning; eight-bit weights of a bell curve have 6 to 7 bits.'),
    spanBelow: percent(25, 'Share of the levels between the least and the greatest code in use below which it is a warning.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && /^u?int(?:8|16)$/.test(tensor.dtype) && statistics.count >= MIN_ELEMENTS && statistics.count - statistics.zeros >= MIN_NONZERO,

  check(context, { entropyBelow, spanBelow }): Verdict | undefined {
    const use = codeUse(context);
    if (!use) return undefined;
    const isPoor = use.nonZero >= MIN_FOR_ENTROPY && use.entropy < entropyBelow;
    if (!isPoor && use.span >= asShare(spanBelow)) return undefined;
    const { levels, used, span, entropy } = use;
    return {
      severity: severityFor(use, asShare(spanBelow)),
      message: `${plural(used, 'level')} of ${formatInteger(levels)} ${used === 1 ? 'is' : 'are'} in use, over ${formatShare(span)} of the range; the codes carry ${formatNumber(entropy)} bits a weight.`,
      advice: severityFor(use, asShare(spanBelow)) === 'info'
        ? 'Expected of binary or ternary weights; a packed type would be eight times smaller.'
        : span < asShare(spanBelow)
          ? 'Quantize again from the original with the range that the weights really have.'
          : 'A few large weights set the range: quantize again with a scale for each channel, or clip at a percentile.',
      evidence: { levels, usedLevels: used, span, entropyBits: entropy, entropyBelow, spanBelow },
    };
  },
});

function severityFor({ used, span }: CodeUse, spanBelow: number): Severity {
  return used <= CODED_LEVELS && span >= spanBelow ? 'info' : 'warning';
}
