import { formatNumber } from '../numberText';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { magnitudeQuantile } from './tails';
import { figure } from './thresholds';
import { largestMagnitude } from './units';
import { isDepthwise, isMatrix } from './words';

/** p99 needs some weights beyond it. */
const MIN_NONZERO = 500;

const BULK_QUANTILE = 0.99;

export const extremeSpike = tensorRule({
  id: 'extreme-spike',
  title: 'Extreme spike',
  severity: 'warning',
  why: 'A few weights far beyond all others rule the layer, flatten its histogram and ruin coarse quantization.',
  whenNormal: 'Large language models have a handful of "super weights" that must not be touched; a corrupted number looks the same.',
  yieldsTo: ['absurd-magnitude', 'misread-bytes', 'super-weight'],
  // A million draws: normal 1.9, Laplace 2.9, Student t with 5 degrees of freedom 7, with 3 46; healthy kernels that we measured reach 11, but for silero's voice detection: one weight of 54.9 beside a p99 of 0.36.
  thresholds: {
    warningFrom: figure(20, '× p99 of |w|', [1, 1e9], 'Largest magnitude from which on it is a warning.'),
    depthwiseFrom: figure(100, '× p99 of |w|', [1, 1e9], 'The same for depthwise kernels, whose channels differ in scale by nature.'),
    errorFrom: figure(200, '× p99 of |w|', [1, 1e9], 'Largest magnitude from which on it is an error; one published network that works has 153.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && statistics.count - statistics.zeros >= MIN_NONZERO,

  check(context, { warningFrom, depthwiseFrom, errorFrom }): Verdict | undefined {
    const { statistics } = context;
    const largest = largestMagnitude(statistics);
    const bulk = magnitudeQuantile(statistics, BULK_QUANTILE);
    const suspicious = isDepthwise(context.tensor) ? depthwiseFrom : warningFrom;
    if (!bulk || largest / bulk < suspicious) return undefined;
    const ratio = largest / bulk;
    const isAlone = isAloneInItsUnit(statistics, largest);
    return {
      severity: !isAlone ? 'info' : ratio >= errorFrom ? 'error' : 'warning',
      message: `The largest magnitude, ${formatNumber(largest)}, is ${formatNumber(ratio)} times what 99 % of the non-zero weights stay below (${formatNumber(bulk)}).`,
      advice: isAlone ? adviceFor(context, ratio >= errorFrom, warningFrom) : LARGE_UNIT_ADVICE,
      evidence: { maxMagnitude: largest, p99Magnitude: bulk, ratio, isAlone, warningFrom: suspicious, errorFrom },
    };
  },
});

/** A weight that outweighs all others of its unit together is no part of a unit that is large as a whole. */
const ALONE_SHARE = 0.5;

const LARGE_UNIT_ADVICE =
  'The weights around it are large as well: a whole unit of this layer has another scale than the rest, as folding a normalization into the kernel leaves it. Quantize per channel; nothing is broken by itself.';

/** Whether the largest weight outweighs the rest of its output unit, and of its input channel; true where the units are not known. */
function isAloneInItsUnit({ outputChannels, inputChannels }: TensorStatistics, largest: number): boolean {
  return [outputChannels, inputChannels].every((channels) => {
    if (!channels || channels.maxAbs.length < 2) return true;
    const unit = channels.maxAbs.findIndex((most) => most >= Math.fround(largest));
    return unit < 0 || largest ** 2 >= ALONE_SHARE * channels.l2Norm[unit]! ** 2;
  });
}

function adviceFor({ statistics }: TensorContext, isError: boolean, healthyBelow: number): string {
  const where = Math.abs(statistics.max ?? 0) >= Math.abs(statistics.min ?? 0) ? 'maximum' : 'minimum';
  if (isError) {
    return `A healthy layer stays below ${formatNumber(healthyBelow)}. Look at the ${where}: a flipped bit, a wrong data type or an exploded gradient gives such a number. Compare with an earlier checkpoint; do not quantize per tensor.`;
  }
  return `A healthy layer stays below ${formatNumber(healthyBelow)}. Look which unit holds the ${where}; clip gradients or use weight decay while training, and quantize per channel.`;
}
