import { isWeight } from '../model';
import { formatNumber } from '../numberText';
import { isGgmlBlock } from '../statistics/dequantize';
import { finiteCount } from '../statistics/histogram';
import { countBeyond } from './tails';
import { tensorRule } from './rule';
import type { Severity, TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { largestMagnitude } from './units';
import { partOf } from './words';

/** From here on the numbers are no numbers: memory that nobody wrote to, or another type's bits. */
const UNINITIALIZED = 1e30;

/** A lone constant of a graph may be as large as it likes. */
const MIN_OTHER_ELEMENTS = 16;

/** Attention masks and their like are filled with the least number that there is. */
const HUGE_ON_PURPOSE = /mask|threshold|infinit|(^|[_/.])inf([_/.]|$)/i;

export const absurdMagnitude = tensorRule({
  id: 'absurd-magnitude',
  title: 'Absurd magnitude',
  severity: 'error',
  why: 'Numbers of this size come from damaged files, memory that was never written, or training that exploded; they drown everything else.',
  whenNormal: 'Statistics of raw inputs (money, timestamps) that a normalization layer keeps may be large; trained weights are not.',
  yieldsTo: ['misread-bytes', 'quantization-scale'],
  thresholds: {
    // aprender's limit (pull request 2039): the largest weight of eight real models is some 1e3.
    errorFrom: figure(1e6, '|w|', [1, 1e38], 'Largest magnitude of a weight, bias or shift from which on it is an error.'),
    meanWarningFrom: figure(1e6, '|μ|', [1, 1e38], 'Largest magnitude of a running mean from which on it is a warning.'),
    // The square of what a running mean may be.
    varianceWarningFrom: figure(1e12, 'σ²', [1, 1e38], 'Largest running variance from which on it is a warning.'),
  },

  applies: (context) => isWeight(context.tensor) && isFraction(context),

  check(context, limits): Verdict | undefined {
    const { statistics } = context;
    const largest = largestMagnitude(statistics);
    const judged = judgedBy(context, limits);
    if (!judged || largest < judged.from) return undefined;
    const beyond = countBeyond(statistics.distribution, judged.from);
    const finite = finiteCount(statistics);
    return {
      severity: largest >= UNINITIALIZED ? 'error' : judged.severity,
      message: `The largest magnitude is ${formatNumber(largest)}; ${partOf(Math.max(1, beyond), finite)} values reach ${formatNumber(judged.from)}.`,
      advice: adviceFor(largest, beyond / finite),
      evidence: { maxMagnitude: largest, beyond, count: statistics.count, from: judged.from, uninitializedFrom: UNINITIALIZED },
    };
  },
});

interface Judged {
  readonly from: number;
  readonly severity: Severity;
}

function judgedBy(context: TensorContext, limits: { errorFrom: number; meanWarningFrom: number; varianceWarningFrom: number }): Judged | undefined {
  switch (context.tensor.role) {
    case 'runningMean':
      return { from: limits.meanWarningFrom, severity: 'warning' };
    case 'runningVariance':
      return { from: limits.varianceWarningFrom, severity: 'warning' };
    case 'other':
      return isHugeOnPurpose(context) ? undefined : { from: UNINITIALIZED, severity: 'error' };
    case 'constant':
    case 'optimizer':
    case 'quantization':
      return undefined;
    default:
      return { from: limits.errorFrom, severity: 'error' };
  }
}

function isFraction({ tensor: { dtype, quantization } }: TensorContext): boolean {
  return quantization ? quantization.originalDtype === 'float32' : (dtype.includes('float') || dtype === 'complex64' || isGgmlBlock(dtype));
}

/** A mask holds few different numbers, and its name says so. */
function isHugeOnPurpose({ tensor, statistics }: TensorContext): boolean {
  return statistics.count < MIN_OTHER_ELEMENTS || statistics.distribution.counts.length <= 2 || HUGE_ON_PURPOSE.test(tensor.name);
}

function adviceFor(largest: number, share: number): string {
  if (largest >= UNINITIALIZED) return 'Such numbers are bits of something else: memory that was never written, a flipped exponent bit, or a damaged file. Compare with the original and copy or convert it again.';
  if (share > 0.5) return 'The whole tensor is scaled beyond reason: training exploded, or a scale was applied twice. Go back to an earlier checkpoint; lower the learning rate, clip gradients.';
  return 'Few numbers are out of all proportion: a flipped bit, or weights that exploded in training. Compare with an earlier checkpoint; lower the learning rate, clip gradients.';
}
