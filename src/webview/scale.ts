import { formatNumber } from '../core/numberText';

/** From values to positions on an axis, and back. Both ways ascending. */
export interface Scale {
  readonly kind: 'linear' | 'symlog';
  to(value: number): number;
  from(position: number): number;
}

export interface Tick {
  /** On the axis. */
  readonly position: number;
  readonly label: string;
}

export const LINEAR: Scale = { kind: 'linear', to: (value) => value, from: (position) => position };

/**
 * Linear around zero and logarithmic beyond `threshold` (> 0): sign(w)·log10(1 + |w|/threshold).
 * J. B. W. Webber, "A bi-symmetric log transformation for wide-range data", 2012.
 */
export function symlog(threshold: number): Scale {
  return {
    kind: 'symlog',
    to: (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / threshold),
    from: (position) => Math.sign(position) * threshold * (10 ** Math.abs(position) - 1),
  };
}

const NICE = [1, 2, 2.5, 5, 10];

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `step` (> 0). */
export function niceStep(step: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(step));
  const factor = NICE.find((nice) => nice * magnitude >= step * (1 - 1e-9)) ?? 10;
  return clean(factor * magnitude);
}

/** Takes off the last digits of a float64, where 3 × 0.1 is 0.30000000000000004. */
export function clean(value: number): number {
  return Number(value.toPrecision(12));
}

/** Ticks between two values, `wanted` of them or fewer. */
export function ticks(scale: Scale, low: number, high: number, wanted: number): Tick[] {
  if (!(high > low)) return [{ position: scale.to(low), label: formatNumber(low) }];
  return scale.kind === 'linear' ? linearTicks(low, high, wanted) : symlogTicks(scale, low, high, wanted);
}

function linearTicks(low: number, high: number, wanted: number): Tick[] {
  const step = niceStep((high - low) / Math.max(1, wanted));
  const found: Tick[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) {
    found.push({ position: clean(k * step), label: stepLabel(clean(k * step), step) });
  }
  return found;
}

/** Powers of ten, from zero outwards, as many as keep their distance. */
function symlogTicks(scale: Scale, low: number, high: number, wanted: number): Tick[] {
  const distance = (scale.to(high) - scale.to(low)) / Math.max(1, wanted);
  const outward = (sign: 1 | -1, end: number): number[] => {
    const chosen: number[] = [];
    let last = 0;
    if (!(end > 0)) return chosen;
    const top = Math.floor(Math.log10(end) + 1e-9);
    // A position of half the wanted distance is as near to zero as a label may come.
    const bottom = Math.floor(Math.log10(Math.max(scale.from(distance / 2), Number.MIN_VALUE)));
    for (let exponent = bottom; exponent <= top; exponent++) {
      const value = clean(10 ** exponent);
      const position = scale.to(value);
      if (position - last < distance) continue;
      chosen.push(sign * value);
      last = position;
    }
    return chosen;
  };
  const values = [...outward(-1, -low).reverse(), ...(low <= 0 && high >= 0 ? [0] : []), ...outward(1, high)]
    .filter((value) => value >= low && value <= high);
  if (values.length < 2) return linearTicksOf(scale, low, high, wanted);
  return values.map((value) => ({ position: scale.to(value), label: formatNumber(value) }));
}

/** Where a symlog axis shows less than a decade, even steps of the value read better. */
function linearTicksOf(scale: Scale, low: number, high: number, wanted: number): Tick[] {
  return linearTicks(low, high, wanted).map(({ position, label }) => ({ position: scale.to(position), label }));
}

/** Between these steps a plain decimal is short. */
const PLAIN_FROM = 1e-5;
const PLAIN_BELOW = 1e6;

/** As many digits as tell one tick from the next. */
export function stepLabel(value: number, step: number): string {
  if (value === 0) return '0';
  const sign = value < 0 ? '−' : '';
  const magnitude = Math.abs(value);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9) + (isHalfStep(step) ? 1 : 0));
  if (step >= PLAIN_FROM && magnitude < PLAIN_BELOW) return sign + magnitude.toFixed(decimals);
  const exponent = Math.floor(Math.log10(magnitude) + 1e-12);
  const digits = Math.max(0, Math.min(15, exponent + decimals));
  const [mantissa, power] = magnitude.toExponential(digits).split('e') as [string, string];
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return `${sign}${short}e${power.replace('+', '').replace('-', '−')}`;
}

/** 2.5, 0.25, …: one decimal more than its power of ten. */
function isHalfStep(step: number): boolean {
  const mantissa = step / 10 ** Math.floor(Math.log10(step) + 1e-9);
  return Math.abs(mantissa - 2.5) < 1e-6;
}
