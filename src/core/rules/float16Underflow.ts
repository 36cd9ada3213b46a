import { formatNumber, formatShare } from '../numberText';
import { decibels, roundingNoise } from '../statistics/quantizationNoise';
import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { countSmall } from './tails';
import { asShare, figure, percent } from './thresholds';
import { isMatrix } from './words';

/** Below, half floats lose bits one by one; their step is SUBNORMAL_STEP from here down to 0. */
const SMALLEST_NORMAL = 2 ** -14;
const SUBNORMAL_STEP = 2 ** -24;

/** Half a step: what lies below becomes 0. */
const FLUSHES_TO_ZERO = 2 ** -25;

const MIN_NONZERO = 100;

const WIDE_DTYPES = new Set(['float32', 'float64', 'bfloat16']);

export const float16Underflow = tensorRule({
  id: 'float16-underflow',
  title: 'Underflows float16',
  severity: 'info',
  why: 'Converted to float16, these weights lose most of their digits or become 0, and on hardware that flushes subnormal numbers all of them do.',
  whenNormal: 'Weights that decay and small filters give some; they matter where they carry the tensor.',
  yieldsTo: ['misread-bytes', 'all-zero-tensor', 'constant-tensor', 'dead-output-units', 'dead-input-channels'],
  // IEEE 754 binary16. TensorRT warns of any; 10 % and 40 dB are our own.
  thresholds: {
    infoFrom: percent(10, 'Share of the non-zero weights below 2^-14 from which on it is worth a note.'),
    warningBelow: figure(40, 'dB', [0, 100], 'Signal to rounding noise in float16 below which it is a warning: the tensor itself suffers, not only its smallest weights.'),
  },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && WIDE_DTYPES.has(tensor.dtype) && statistics.count - statistics.zeros >= MIN_NONZERO,

  check({ statistics }, { infoFrom, warningBelow }): Verdict | undefined {
    const { distribution, l2Norm, count, zeros } = statistics;
    const small = countSmall(distribution, SMALLEST_NORMAL);
    const share = small / (count - zeros);
    if (share < asShare(infoFrom) || l2Norm === null) return undefined;
    const flushed = countSmall(distribution, FLUSHES_TO_ZERO);
    // Squares of the smallest float32 numbers leave float64's range only together with the whole tensor.
    const noise = decibels(l2Norm * l2Norm, roundingNoise(distribution, SUBNORMAL_STEP, SMALLEST_NORMAL));
    const suffers = l2Norm === 0 || noise < warningBelow;
    return {
      severity: suffers ? 'warning' : 'info',
      message: `${formatShare(share)} of the non-zero weights are below 6.1e−5 and become subnormal in float16, ${formatShare(flushed / (count - zeros))} become 0.`,
      advice: suffers
        ? `The tensor would keep ${formatNumber(Math.max(0, noise))} dB of its precision. Scale the weights up and the output down by the same power of two, or keep the tensor in float32 or bfloat16.`
        : 'The large weights keep their precision: harmless in most cases. Set the tiny ones to zero before converting, so that slow subnormal arithmetic is avoided.',
      evidence: { subnormal: small, flushed, share, signalToNoiseDecibels: Number.isFinite(noise) ? noise : null, infoFrom, warningBelow },
    };
  },
});
