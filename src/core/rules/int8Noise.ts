import { formatNumber } from '../numberText';
import { INT8_LARGEST_CODE, int8Noise as noiseOf } from '../statistics/quantizationNoise';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { channelRangeDisparity, isQuantizedAlready, isRangeKnown, rangeDisparity, rangesOf } from './channelRangeDisparity';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { largestMagnitude } from './units';
import { isDepthwise, isMatrix } from './words';

/** Small tensors are kept in float32 by every converter that counts. */
const MIN_NONZERO = 512;

export const int8Noise = tensorRule({
  id: 'int8-noise',
  title: 'Hard to quantize to int8',
  severity: 'warning',
  why: 'Rounding to 255 levels would change this layer\'s weights so much that accuracy suffers.',
  whenNormal: 'Heavy-tailed kernels lose some with one scale for all; with a scale for each channel nearly every healthy layer keeps 30 dB.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'extreme-spike', 'constant-tensor', 'super-weight'],
  // Per tensor and per channel: normal 39 and 42 dB, Laplace 34 and 38, Student t of 3 degrees 9 and 31. 25 dB is our own.
  thresholds: { below: figure(25, 'dB', [0, 60], 'Signal to quantization noise (symmetric int8, max|W| at 127) below which it suffers: a warning per channel, a note per tensor.') },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && !isQuantizedAlready(tensor.dtype) && statistics.count - statistics.zeros >= MIN_NONZERO,

  check(context, { below }): Verdict | undefined {
    if (leastDecibels(context.statistics) >= below) return undefined;
    const noise = noiseOf(context.statistics);
    if (!noise || noise.perTensor >= below) return undefined;
    const { perTensor, perChannel } = noise;
    const suffersAnyway = perChannel !== undefined && perChannel < below;
    if (!suffersAnyway && isOfDifferentRange(context)) return undefined;
    return {
      severity: suffersAnyway ? 'warning' : 'info',
      message: suffersAnyway
        ? `Quantized to int8 this layer keeps ${formatNumber(perChannel)} dB with a scale for each channel, ${formatNumber(perTensor)} dB with one for all; 35 dB are harmless.`
        : `Quantized to int8 with one scale this layer keeps ${formatNumber(perTensor)} dB${perChannel === undefined ? '' : `, with one for each channel ${formatNumber(perChannel)} dB`}; 35 dB are harmless.`,
      advice: suffersAnyway
        ? 'Keep this layer in float16, or clip the few largest weights before quantizing and measure the accuracy.'
        : 'Quantize per channel, or clip the few largest weights first.',
      evidence: { perTensorDecibels: perTensor, ...(perChannel !== undefined && { perChannelDecibels: perChannel }), below },
    };
  },
});

/** However the weights lie, no error is above half a step: nearly all kernels are done with here, without a look at their bins. */
function leastDecibels(statistics: TensorStatistics): number {
  const { l2Norm, count, zeros } = statistics;
  const halfStep = largestMagnitude(statistics) / INT8_LARGEST_CODE / 2;
  return 20 * Math.log10((l2Norm ?? 0) / (Math.sqrt(count - zeros) * halfStep));
}

/** Channels of different range are what is wrong then, and their rule says so. Depthwise kernels are quantized per channel everywhere. */
function isOfDifferentRange(context: TensorContext): boolean {
  const { tensor, statistics } = context;
  if (isDepthwise(tensor)) return true;
  if (!isRangeKnown(statistics.outputChannels, statistics.count)) return false;
  const ranges = rangesOf(context) ?? statistics.outputChannels.maxAbs;
  return rangeDisparity(ranges).ratio >= channelRangeDisparity.thresholds!.infoFrom.default;
}
