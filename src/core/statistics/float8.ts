import type { PlainDtype } from '../dtype';

type Float8 = Extract<PlainDtype, `float8_${string}`>;

interface Layout {
  readonly mantissaBits: number;
  readonly bias: number;
  /** Which codes are no numbers. ieee: those of the largest exponent, infinities among them; negativeZero: 0x80 alone. */
  readonly nan: 'ieee' | 'allOnes' | 'negativeZero';
}

/** OCP 8-bit Floating Point Specification 1.0 (E4M3, E5M2); the fnuz types as in ONNX and ml_dtypes. */
const LAYOUTS: Readonly<Record<Exclude<Float8, 'float8_e8m0fnu'>, Layout>> = {
  float8_e4m3fn: { mantissaBits: 3, bias: 7, nan: 'allOnes' },
  float8_e5m2: { mantissaBits: 2, bias: 15, nan: 'ieee' },
  float8_e4m3fnuz: { mantissaBits: 3, bias: 8, nan: 'negativeZero' },
  float8_e5m2fnuz: { mantissaBits: 2, bias: 16, nan: 'negativeZero' },
};

/** What an 8-bit code stands for. */
export function decodeFloat8(dtype: Float8, code: number): number {
  // OCP Microscaling Formats 1.0: a power of two without a sign.
  if (dtype === 'float8_e8m0fnu') return code === 0xff ? NaN : 2 ** (code - 127);
  const { mantissaBits, bias, nan } = LAYOUTS[dtype];
  const magnitude = code & 0x7f;
  const sign = code & 0x80 ? -1 : 1;
  const mantissa = magnitude & ((1 << mantissaBits) - 1);
  const exponent = magnitude >> mantissaBits;
  if (nan === 'negativeZero' && code === 0x80) return NaN;
  if (nan === 'allOnes' && magnitude === 0x7f) return NaN;
  if (nan === 'ieee' && exponent === 0x1f) return mantissa === 0 ? sign * Infinity : NaN;
  const scale = 2 ** -mantissaBits;
  return exponent === 0 ? sign * mantissa * scale * 2 ** (1 - bias) : sign * (1 + mantissa * scale) * 2 ** (exponent - bias);
}
