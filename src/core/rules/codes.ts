import type { TensorContext } from './rule';

/** Codes of a quantized tensor, as far as its exact distribution tells. */
export interface CodeUse {
  /** Codes that the type has: 256 or 65 536. */
  readonly levels: number;
  /** Of them, those that some weight has. */
  readonly used: number;
  /** Share of the levels between the least and the greatest code in use, both counted. */
  readonly span: number;
  /** Weights at the least and at the greatest code of the type; 0 at an end whose value is 0. */
  readonly atEnds: number;
  /** Of the codes' shares, exact zeros left out, in bits. */
  readonly entropy: number;
  /** Weights that are not zero. */
  readonly nonZero: number;
}

const LEVELS: Readonly<Record<string, number>> = { uint8: 256, int8: 256, uint16: 65_536, int16: 65_536 };

/** Codes are numbered from this one. */
const LEAST_CODE: Readonly<Record<string, number>> = { uint8: 0, int8: -128, uint16: 0, int16: -32_768 };

/** undefined where a tensor is not stored in integer codes, or has more levels than are kept one by one. */
export function codeUse({ tensor, statistics }: TensorContext): CodeUse | undefined {
  const levels = LEVELS[tensor.dtype];
  // With many scales no value tells its code.
  if (tensor.quantization?.scheme === 'perAxis' || tensor.quantization?.scheme === 'perBlock') return undefined;
  const { distribution } = statistics;
  const { lower: values, counts } = distribution;
  if (levels === undefined || !distribution.exact || counts.length === 0) return undefined;
  // `min` is what code 0 stands for, which is the least one of unsigned types only.
  const { scale, min } = tensor.quantization?.scheme === 'affine' ? tensor.quantization : { scale: 1, min: 0 };
  const least = LEAST_CODE[tensor.dtype]!;
  if (!(Math.abs(scale) > 0) || !Number.isFinite(scale) || !Number.isFinite(min)) return undefined;
  const codeOf = (value: number): number => Math.round((value - min) / scale) - least;
  let nonZero = 0;
  let logs = 0;
  let atEnds = 0;
  for (let i = 0; i < counts.length; i++) {
    const value = values[i]!;
    const count = counts[i]!;
    if (value === 0) continue;
    nonZero += count;
    logs += count * Math.log2(count);
    if (i === 0 || i === counts.length - 1) {
      const code = codeOf(value);
      if (code === 0 || code === levels - 1) atEnds += count;
    }
  }
  const span = (Math.abs(codeOf(values[values.length - 1]!) - codeOf(values[0]!)) + 1) / levels;
  return { levels, used: counts.length, span, atEnds, entropy: nonZero > 0 ? Math.log2(nonZero) - logs / nonZero : 0, nonZero };
}
