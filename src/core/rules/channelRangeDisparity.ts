import { formatNumber, plural } from '../numberText';
import type { ChannelStatistics } from '../statistics/tensorStatistics';
import { foldingOf } from './folding';
import { mayExceedMedian, medianOf } from './peers';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { figure } from './thresholds';
import { isDepthwise, MAX_LISTED_UNITS } from './words';

/** A median of fewer units says little. */
const MIN_UNITS = 8;

/** Of fewer weights a largest one varies by itself. */
const MIN_UNIT_WEIGHTS = 4;

export interface RangeDisparity {
  /** Largest max|w| of a unit beside the median unit's; dead units left out. 1 where there are too few units. */
  readonly ratio: number;
  readonly widest: number;
  readonly median: number;
}

export const channelRangeDisparity = tensorRule({
  id: 'channel-range-disparity',
  title: 'Channels of different range',
  severity: 'info',
  why: 'With one scale for the whole tensor, int8 leaves the small channels a handful of levels, and they lose what they learned.',
  whenNormal: 'Depthwise kernels with a folded batch normalization differ a hundredfold; quantization per channel takes care of it.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'extreme-spike', 'constant-tensor', 'dead-output-units'],
  // Data-free quantization (Nagel et al., arXiv 1906.04721) shows it for MobileNet; the limits are our own.
  thresholds: {
    infoFrom: figure(10, '× the median channel', [1, 1e9], 'Largest weight of the widest output channel beside that of the median one from which on it is worth a note.'),
    warningFrom: figure(100, '× the median channel', [1, 1e9], 'From here on it is a warning; of depthwise kernels a note, and nothing below.'),
  },

  applies: ({ tensor, statistics }) =>
    (tensor.role === 'kernel' || tensor.role === 'head') && isRangeKnown(statistics.outputChannels, statistics.count) && !isQuantizedAlready(tensor.dtype),

  check(context, { infoFrom, warningFrom }): Verdict | undefined {
    const ranges = rangesOf(context);
    if (!ranges || !mayExceedMedian(ranges, infoFrom)) return undefined;
    const { ratio, widest, median } = rangeDisparity(ranges);
    if (ratio < (isDepthwise(context.tensor) ? warningFrom : infoFrom)) return undefined;
    const units = [...ranges.keys()].filter((unit) => ranges[unit]! >= infoFrom * median);
    return {
      severity: ratio >= warningFrom && !isDepthwise(context.tensor) ? 'warning' : 'info',
      message: `The widest of ${plural(ranges.length, 'output channel')} reaches ${formatNumber(widest)}${foldingOf(context).kind === 'known' ? ' with the batch normalization folded in' : ''}, ${formatNumber(ratio)} times the median channel (${formatNumber(median)}).`,
      advice: adviceFor(context),
      evidence: { ratio, widest, median, unitIndices: units.slice(0, MAX_LISTED_UNITS), units: ranges.length, infoFrom, warningFrom },
    };
  },
});

/** max|w| of each output channel, as it is quantized: with a following batch normalization folded in. undefined where that is not known. */
export function rangesOf(context: TensorContext): Float32Array | Float64Array | undefined {
  const maxAbs = context.statistics.outputChannels!.maxAbs;
  const folding = foldingOf(context);
  if (folding.kind === 'none') return maxAbs;
  if (folding.kind !== 'known') return undefined;
  const ranges = new Float64Array(maxAbs.length);
  for (let unit = 0; unit < ranges.length; unit++) ranges[unit] = folding.factors[unit]! * maxAbs[unit]!;
  return ranges;
}

export function isRangeKnown(channels: ChannelStatistics | undefined, count: number): channels is ChannelStatistics {
  return channels !== undefined && channels.maxAbs.length >= MIN_UNITS && count / channels.maxAbs.length >= MIN_UNIT_WEIGHTS;
}

export function rangeDisparity(ranges: ArrayLike<number>): RangeDisparity {
  const alive = Float64Array.from(ranges).filter((value) => value > 0).sort();
  const widest = alive.at(-1) ?? 0;
  const median = medianOf(alive);
  return alive.length >= MIN_UNITS ? { ratio: widest / median, widest, median } : { ratio: 1, widest, median };
}

/** What int8 would do to it has happened. */
export function isQuantizedAlready(dtype: string): boolean {
  return !dtype.startsWith('float') && !dtype.startsWith('bfloat');
}

function adviceFor({ tensor }: TensorContext): string {
  const quantize = 'Quantize per channel, or equalize the ranges with the next layer first (cross-layer equalization).';
  return isDepthwise(tensor) ? `Expected of depthwise kernels. ${quantize}` : `${quantize} If one channel alone stands out, look whether it ran away in training.`;
}
