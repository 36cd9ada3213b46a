import type { Dtype } from '../dtype';
import type { Quantization } from '../model';
import type { TfliteQuantization } from './tfliteSchema';

/** What becomes of a tensor's codes. `flaw`: why they cannot be turned into values; `doubt`: they can, and something is odd. */
export interface Dequantized {
  readonly quantization?: Quantization;
  readonly flaw?: string;
  readonly doubt?: string;
}

/** A scale for each index of an axis is spelt out where one number stands for 64-bit codes: as many as a bias has. */
const MAX_SPELT_SCALES = 1_000_000;

/**
 * TFLite's real = scale × (code − zero point), in float64 and then float32 as its DEQUANTIZE does (tensorflow/lite/kernels/internal/reference/
 * dequantize.h); with one scale, or one for each index of an axis.
 */
export function quantizationOf(dtype: Dtype, shape: readonly number[], given: TfliteQuantization | undefined): Dequantized {
  if (!given || !isCode(dtype)) return {};
  const { scales, zeroPoints } = given;
  if (scales.length === 0) return {};
  if (zeroPoints.length > 1 && zeroPoints.length !== scales.length) return { flaw: `it has ${scales.length} scales and ${zeroPoints.length} zero points` };
  const isOdd = scales.some((scale) => !Number.isFinite(scale) || scale <= 0);
  const doubt = isOdd ? { doubt: 'one of its scales is not a positive number' } : {};
  if (scales.length === 1) return { ...oneScale(dtype, shape, scales[0]!, zeroPoints[0] ?? 0), ...doubt };
  const { axis } = given;
  if (shape[axis] !== scales.length) return { flaw: `it has ${scales.length} scales along axis ${axis} of its shape [${shape.join(', ')}]` };
  const points = zeroPoints.length === 1 ? scales.map(() => zeroPoints[0]!) : zeroPoints;
  return { quantization: { scheme: 'perAxis', axis, scales, ...(points.some((point) => point !== 0) && { zeroPoints: points }), originalDtype: 'float32' }, ...doubt };
}

function oneScale(dtype: Dtype, shape: readonly number[], scale: number, zeroPoint: number): Dequantized {
  if (!/64$/.test(dtype)) return { quantization: { scheme: 'affine', scale, min: zeroPoint === 0 ? 0 : -zeroPoint * scale, originalDtype: 'float32' } };
  const length = shape[0] ?? 0;
  if (length === 0 || length > MAX_SPELT_SCALES) return { doubt: 'its one scale is not applied to numbers of 64 bits: its codes are shown' };
  const scales = new Array<number>(length).fill(scale);
  return { quantization: { scheme: 'perAxis', axis: 0, scales, ...(zeroPoint !== 0 && { zeroPoints: scales.map(() => zeroPoint) }), originalDtype: 'float32' } };
}

/** Fractions have no scale; some writers kept the range that was measured in its place. */
export function isCode(dtype: Dtype): boolean {
  return /^u?int/.test(dtype);
}
