import { formatInteger, plural } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { partOf } from './words';

/** Constants that are infinite on purpose: attention masks, "no threshold" (tensorflow/tfjs issues 7519 and 4764). */
const INFINITE_ON_PURPOSE = /mask|threshold|infinit|(^|[_/.])inf([_/.]|$)/i;

export const nonFiniteValues = tensorRule({
  id: 'non-finite-values',
  title: 'Non-finite values',
  severity: 'error',
  why: 'One NaN or infinity in a weight spreads to every output that depends on it.',
  whenNormal: 'Never in trained weights; constants such as attention masks and score thresholds may be infinite on purpose.',
  yieldsTo: ['quantization-scale', 'misread-bytes'],

  applies: ({ statistics }) => nonFinite(statistics) > 0,

  check(context): Verdict | undefined {
    const { statistics } = context;
    const { nan, positiveInfinity, negativeInfinity, count } = statistics;
    if (nan === 0 && isInfiniteOnPurpose(context)) return undefined;
    const total = nonFinite(statistics);
    const kinds = [
      nan > 0 ? `${formatInteger(nan)} NaN` : '',
      positiveInfinity > 0 ? `${formatInteger(positiveInfinity)} +Infinity` : '',
      negativeInfinity > 0 ? `${formatInteger(negativeInfinity)} −Infinity` : '',
    ].filter(Boolean);
    return {
      severity: isBesideTheModel(context) ? 'warning' : 'error',
      message: `${partOf(total, count)} ${total === 1 ? 'value is' : 'values are'} not finite: ${kinds.join(', ')}.`,
      advice: adviceFor(context, total === count),
      evidence: { count, nan, positiveInfinity, negativeInfinity },
    };
  },
});

function nonFinite({ nan, positiveInfinity, negativeInfinity }: TensorContext['statistics']): number {
  return nan + positiveInfinity + negativeInfinity;
}

/** An infinity of a constant, or of a tensor that its name calls a mask or a threshold. */
function isInfiniteOnPurpose({ tensor }: TensorContext): boolean {
  return tensor.role === 'constant' || (tensor.role === 'other' && INFINITE_ON_PURPOSE.test(tensor.name));
}

function isBesideTheModel({ tensor }: TensorContext): boolean {
  return tensor.role === 'constant' || tensor.role === 'optimizer';
}

function adviceFor({ tensor, statistics }: TensorContext, all: boolean): string {
  if (tensor.quantization && all) {
    return 'The quantization of this tensor is broken (scale or minimum is not finite), as when the original held an infinity: convert the model again, without quantizing this tensor.';
  }
  const scales = statistics.blockScales;
  const broken = (scales?.scale.nonFinite ?? 0) + (scales?.min?.nonFinite ?? 0);
  if (scales && broken > 0) {
    return `${plural(broken, 'scale')} of its ${formatInteger(scales.scale.count)} blocks ${broken === 1 ? 'is' : 'are'} not finite: the original held such a weight or one beyond a half float, or the file is damaged. Check the original, then quantize it again.`;
  }
  if (statistics.nan > 0) {
    return 'Training has diverged or the file is damaged. Go back to the last checkpoint without NaN; then lower the learning rate, clip gradients, or look for a division by zero or a logarithm of zero.';
  }
  return `Often an overflow of a narrow type (float16 ends at 65 504) or a diverged training. Convert from the wider original, or go back to an earlier checkpoint; ${plural(nonFinite(statistics), 'value')} cannot be repaired in place.`;
}
