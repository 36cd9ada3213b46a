import { formatNumber } from '../numberText';
import type { Rule, Severity, TensorContext, Verdict } from './rule';
import { magnitudeQuantile } from './tails';
import { largestMagnitude } from './units';
import { isDepthwise, isMatrix } from './words';

/** max|w| / p99 of |w|. weightlens' limit; a million draws: normal 1.9, Laplace 2.9, Student t with 5 degrees of freedom 7, with 3 46. */
const ERROR_RATIO = 100;

/** Our own: healthy kernels that we measured reach 11. */
const WARNING_RATIO = 20;

/** p99 needs some ten weights beyond it. */
const MIN_NONZERO = 1000;

const BULK_QUANTILE = 0.99;

export const extremeSpike: Rule = {
  id: 'extreme-spike',
  title: 'Extreme spike',
  severity: 'warning',
  scope: 'tensor',
  why: 'A few weights far beyond all others rule the layer, flatten its histogram and ruin coarse quantization.',
  whenNormal: 'Large language models have a handful of "super weights" that must not be touched; a corrupted number looks the same.',

  applies: ({ tensor, statistics }) => isMatrix(tensor) && statistics.count - statistics.zeros >= MIN_NONZERO,

  check(context): Verdict | undefined {
    const { statistics } = context;
    const largest = largestMagnitude(statistics);
    const bulk = magnitudeQuantile(statistics, BULK_QUANTILE);
    const suspicious = isDepthwise(context.tensor) ? ERROR_RATIO : WARNING_RATIO;
    if (!bulk || largest / bulk < suspicious) return undefined;
    const ratio = largest / bulk;
    return {
      severity: severityFor(ratio),
      message: `The largest magnitude, ${formatNumber(largest)}, is ${formatNumber(ratio)} times what 99 % of the non-zero weights stay below (${formatNumber(bulk)}).`,
      advice: adviceFor(context, ratio),
      evidence: { maxMagnitude: largest, p99Magnitude: bulk, ratio, warningFrom: suspicious, errorFrom: ERROR_RATIO },
    };
  },
};

function severityFor(ratio: number): Severity {
  return ratio >= ERROR_RATIO ? 'error' : 'warning';
}

function adviceFor({ statistics }: TensorContext, ratio: number): string {
  const where = Math.abs(statistics.max ?? 0) >= Math.abs(statistics.min ?? 0) ? 'maximum' : 'minimum';
  if (ratio >= ERROR_RATIO) {
    return `A healthy layer stays below ${formatNumber(WARNING_RATIO)}. Look at the ${where}: a flipped bit, a wrong data type or an exploded gradient gives such a number. Compare with an earlier checkpoint; do not quantize per tensor.`;
  }
  return `A healthy layer stays below ${formatNumber(WARNING_RATIO)}. Look which unit holds the ${where}; clip gradients or use weight decay while training, and quantize per channel.`;
}
