import type { Tensor } from './model';

/** Between a number and its unit, and between groups of three digits. */
export const THIN_SPACE = '\u2009';

/** Stands where there is no figure. */
export const NO_FIGURE = '–';

const SIGNIFICANT_DIGITS = 3;

/** Beyond these magnitudes a plain decimal has more zeros than digits that say something. */
const SCIENTIFIC_BELOW = 1e-3;
const SCIENTIFIC_FROM = 1e6;

/** A number for people: three significant digits, e.g. "0.0123", "−4.5", "12 300", "1.2e−7". */
export function formatNumber(x: number | null | undefined): string {
  const special = specialWord(x);
  if (special !== undefined) return special;
  const value = x as number;
  const magnitude = Math.abs(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
  const sign = value < 0 ? '−' : '';
  if (magnitude !== 0 && (magnitude < SCIENTIFIC_BELOW || magnitude >= SCIENTIFIC_FROM)) return sign + scientific(magnitude);
  return sign + grouped(magnitude);
}

/** Every digit of a float64, as it is copied: "0.012300000526010990". */
export function formatExact(x: number | null | undefined): string {
  return specialWord(x) ?? String(x);
}

/** A whole number with its digits in groups: "222 075". */
export function formatInteger(n: number | null | undefined): string {
  const special = specialWord(n);
  if (special !== undefined) return special;
  const value = Math.round(n as number);
  return (value < 0 ? '−' : '') + grouped(Math.abs(value));
}

/** A count for people: whole below a thousand, then "1.7 k", "7.24 M", "1.2 G". */
export function formatCount(n: number | null | undefined): string {
  return scaled(n, 1000, ['', 'k', 'M', 'G', 'T', 'P']);
}

/** "512 B", "27.6 MiB". */
export function formatBytes(n: number | null | undefined): string {
  return scaled(n, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
}

/**
 * A share of 0..1 in percent: "81 %", "0.3 %". Never "100 %" when not all and never "0 %" when not none:
 * "> 99.9 %" and "< 0.1 %" stand there instead.
 */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined || Number.isNaN(share)) return NO_FIGURE;
  return `${percentDigits(share)}${THIN_SPACE}%`;
}

/**
 * A shape for people: "3×3×64→64" for convolutions whose input and output axes are known, whatever their order in the file;
 * "512×10" for everything else, "scalar" without dimensions.
 */
export function formatShape(tensor: Pick<Tensor, 'shape' | 'role' | 'axes'>): string {
  const { shape, role, axes } = tensor;
  if (shape.length === 0) return 'scalar';
  const { input, output } = axes ?? {};
  const isConvolution = role === 'kernel' && shape.length > 2 && input !== undefined && output !== undefined && input !== output;
  if (!isConvolution) return shape.join('×');
  const spatial = shape.filter((_, axis) => axis !== input && axis !== output);
  return `${[...spatial, shape[input]].join('×')}→${shape[output]}`;
}

/** "1 layer", "477 layers", "2 entries". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${formatInteger(n)} ${n === 1 ? one : many}`;
}

/** The words for what is no finite number. */
function specialWord(x: number | null | undefined): string | undefined {
  if (x === null || x === undefined) return NO_FIGURE;
  if (Number.isNaN(x)) return 'NaN';
  if (x === Infinity) return '+Infinity';
  if (x === -Infinity) return '−Infinity';
  return undefined;
}

function scientific(magnitude: number): string {
  const [mantissa, exponent] = magnitude.toExponential(SIGNIFICANT_DIGITS - 1).split('e') as [string, string];
  return `${trimZeros(mantissa)}e${exponent.replace('+', '').replace('-', '−')}`;
}

function trimZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}

/** Groups the whole part of a non-negative decimal. */
function grouped(magnitude: number): string {
  const [whole, fraction] = String(magnitude).split('.') as [string, string | undefined];
  const groups = whole.replace(/\B(?=(\d{3})+(?!\d))/g, THIN_SPACE);
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

function scaled(n: number | null | undefined, step: number, units: readonly string[]): string {
  const special = specialWord(n);
  if (special !== undefined) return special;
  let value = n as number;
  let unit = 0;
  // Rounding may carry 999.6 k to 1000 k: decide by what will be shown.
  while (unit < units.length - 1 && shown(value, step) >= step) {
    value /= step;
    unit++;
  }
  const text = unit === 0 ? formatInteger(value) : grouped(shown(value, step));
  return units[unit] === '' ? text : `${text}${THIN_SPACE}${units[unit]}`;
}

/** Three significant digits, and never less than the whole part: 1023 KiB stays 1023. */
function shown(value: number, step: number): number {
  if (value >= step) return value;
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

function percentDigits(share: number): string {
  const percent = share * 100;
  if (share === 0 || share === 1) return String(percent);
  if (share < 0.001) return `<${THIN_SPACE}0.1`;
  if (share > 0.999) return `>${THIN_SPACE}99.9`;
  const oneDecimal = percent < 9.95 || percent >= 99;
  return oneDecimal ? trimZeros(percent.toFixed(1)) : percent.toFixed(0);
}
