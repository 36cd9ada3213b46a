import type { ChannelStatistics, Distribution, TensorStatistics } from './tensorStatistics';

/** Codes −127..127: symmetric int8 as TensorFlow Lite, ONNX Runtime and TensorRT quantize weights. */
export const INT8_LARGEST_CODE = 127;

/** Signal to quantization noise in decibels, 10·log10(Σw² / Σ(w − ŵ)²); Infinity where nothing is lost. */
export interface Int8Noise {
  /** One scale, max|W| / 127, for the whole tensor. */
  readonly perTensor: number;
  /** A scale for each output unit; absent where units are not known. */
  readonly perChannel?: number;
}

/** What symmetric int8 quantization would cost; undefined where all weights are 0, none is finite, or squares leave float64. */
export function int8Noise(statistics: TensorStatistics): Int8Noise | undefined {
  const { min, max, l2Norm, distribution } = statistics;
  if (min === null || max === null || l2Norm === null) return undefined;
  const signal = l2Norm * l2Norm;
  if (!(signal > 0) || !Number.isFinite(signal)) return undefined;
  const step = Math.max(-min, max) / INT8_LARGEST_CODE;
  const perTensor = decibels(signal, roundingNoise(distribution, step));
  const channels = statistics.outputChannels;
  if (!channels) return { perTensor };
  return { perTensor, perChannel: decibels(signal, channelNoise(statistics, channels)) };
}

export function decibels(signal: number, noise: number): number {
  return noise > 0 ? 10 * Math.log10(signal / noise) : Infinity;
}

/**
 * Sum of squared errors when every value becomes the nearest multiple of `step`. Within a bin values count as evenly spread,
 * a bin of one value exactly; `limit` leaves out bins that reach beyond it.
 */
export function roundingNoise({ lower, upper, counts }: Distribution, step: number, limit = Infinity): number {
  if (!(step > 0)) return 0;
  let noise = 0;
  for (let i = 0; i < counts.length; i++) {
    const low = lower[i]!;
    const high = upper[i]!;
    if (low <= -limit || high >= limit) continue;
    const lowCode = Math.round(low / step);
    const lowError = low - lowCode * step;
    if (low === high) {
      noise += counts[i]! * lowError * lowError;
      continue;
    }
    const highCode = Math.round(high / step);
    const highError = high - highCode * step;
    // Within one code the error runs straight from one end to the other; the general formula would cancel there.
    const mean = lowCode === highCode
      ? (lowError * lowError + lowError * highError + highError * highError) / 3
      : ((highCode - lowCode) * step ** 3 / 12 + (highError ** 3 - lowError ** 3) / 3) / (high - low);
    noise += counts[i]! * mean;
  }
  return noise;
}

/**
 * The sum over units of Σ(w − ŵ)² with a scale for each: step² / 12 a weight that is not zero, as of values spread over many
 * steps (Widrow), and never more than the unit's own energy. The largest weight of each unit is hit exactly.
 */
function channelNoise({ count, zeros }: TensorStatistics, { maxAbs, l2Norm, zeros: zerosPerUnit }: ChannelStatistics): number {
  const perUnit = count / maxAbs.length;
  let alive = 0;
  for (let unit = 0; unit < maxAbs.length; unit++) if (maxAbs[unit]! > 0) alive++;
  let noise = 0;
  for (let unit = 0; unit < maxAbs.length; unit++) {
    const step = maxAbs[unit]! / INT8_LARGEST_CODE;
    const nonZero = zerosPerUnit ? perUnit - zerosPerUnit[unit]! : (count - zeros) / alive;
    const energy = l2Norm[unit]! * l2Norm[unit]!;
    noise += Math.min(energy, (Math.max(0, nonZero - 1) * step * step) / 12);
  }
  return noise;
}
