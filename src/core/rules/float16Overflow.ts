import type { Role } from '../model';
import { formatNumber, plural } from '../numberText';
import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { countAtLeast } from './tails';
import { figure } from './thresholds';
import { largestMagnitude } from './units';

/** Half of the step between 65504, the largest half float, and what would be the next: from here on rounding gives infinity. */
const ROUNDS_TO_INFINITY = 65_520;

const JUDGED: ReadonlySet<Role> = new Set<Role>(['kernel', 'embedding', 'head', 'adapter', 'bias', 'normScale', 'normShift', 'runningMean', 'runningVariance']);

/** Converters fold or keep these in float32. */
const RUNNING: ReadonlySet<Role> = new Set<Role>(['runningMean', 'runningVariance']);

const WIDE_DTYPES = new Set(['float32', 'float64', 'bfloat16']);

export const float16Overflow = tensorRule({
  id: 'float16-overflow',
  title: 'Overflows float16',
  severity: 'warning',
  why: 'Converted to float16, these numbers become infinite, and every output that they reach becomes infinite or NaN.',
  whenNormal: 'Running variances of inputs that were not scaled; models that are never converted.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude'],
  // IEEE 754 binary16.
  thresholds: { from: figure(ROUNDS_TO_INFINITY, '|w|', [1, 3.4e38], 'Magnitude from which on a number has no place in float16; binary16 rounds 65 520 and more to infinity.') },

  applies: ({ tensor, statistics }) => JUDGED.has(tensor.role) && WIDE_DTYPES.has(tensor.dtype) && statistics.max !== null,

  check({ tensor, statistics }, { from }): Verdict | undefined {
    const largest = largestMagnitude(statistics);
    if (largest < from) return undefined;
    const values = Math.max(1, countAtLeast(statistics.distribution, from));
    return {
      severity: RUNNING.has(tensor.role) ? 'info' : 'warning',
      message: `${plural(values, 'value')} up to ${formatNumber(largest)} ${values === 1 ? 'is' : 'are'} beyond what float16 holds (65\u2009504).`,
      advice: RUNNING.has(tensor.role)
        ? 'Scale the inputs of the model (to 0..1, or to unit variance), or keep the normalization in float32 when converting.'
        : 'Keep this tensor in float32 or bfloat16 when converting. Weights of this size are mostly a fault: look for training that ran away, or inputs that were not scaled.',
      evidence: { maxMagnitude: largest, values, from },
    };
  },
});
