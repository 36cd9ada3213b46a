/**
 * A distribution by its parameters; plain data, so that it crosses ports.
 * `location` is the middle. `scale`: normal σ; Laplace b (σ = b·√2); Student t s (σ = s·√(ν / (ν − 2)) for ν > 2);
 * uniform half the width. A truncated normal has `scale` as σ before it is cut at location ± cut × scale.
 */
export type Family =
  | { readonly name: 'normal' | 'laplace' | 'uniform'; readonly location: number; readonly scale: number }
  | { readonly name: 'studentT'; readonly location: number; readonly scale: number; readonly degrees: number }
  | { readonly name: 'truncatedNormal'; readonly location: number; readonly scale: number; readonly cut: number };

/** Probability per unit of x. Of a scale of 0: 0 beside the location. */
export function density(family: Family, x: number): number {
  const { location, scale } = family;
  const z = (x - location) / scale;
  if (!(scale > 0)) return 0;
  switch (family.name) {
    case 'normal':
      return Math.exp((-z * z) / 2) / (scale * SQRT_2_PI);
    case 'laplace':
      return Math.exp(-Math.abs(z)) / (2 * scale);
    case 'uniform':
      return Math.abs(z) <= 1 ? 1 / (2 * scale) : 0;
    case 'studentT':
      return Math.exp(studentLogFactor(family.degrees) - ((family.degrees + 1) / 2) * Math.log1p((z * z) / family.degrees)) / scale;
    case 'truncatedNormal':
      return Math.abs(z) <= family.cut ? Math.exp((-z * z) / 2) / (scale * SQRT_2_PI * (1 - 2 * normalCumulative(-family.cut))) : 0;
  }
}

/** Probability of a value at or below x. */
export function cumulative(family: Family, x: number): number {
  const { location, scale } = family;
  if (!(scale > 0)) return x < location ? 0 : 1;
  const z = (x - location) / scale;
  switch (family.name) {
    case 'normal':
      return normalCumulative(z);
    case 'laplace':
      return z < 0 ? Math.exp(z) / 2 : 1 - Math.exp(-z) / 2;
    case 'uniform':
      return Math.min(1, Math.max(0, (z + 1) / 2));
    case 'studentT':
      return studentCumulative(z, family.degrees);
    case 'truncatedNormal': {
      const outside = normalCumulative(-family.cut);
      return Math.min(1, Math.max(0, (normalCumulative(z) - outside) / (1 - 2 * outside)));
    }
  }
}

/** null where the family has none (Student t with ν <= 2). */
export function familyDeviation(family: Family): number | null {
  const { scale } = family;
  switch (family.name) {
    case 'normal':
      return scale;
    case 'laplace':
      return scale * Math.SQRT2;
    case 'uniform':
      return scale / Math.sqrt(3);
    case 'studentT':
      return family.degrees > 2 ? scale * Math.sqrt(family.degrees / (family.degrees - 2)) : null;
    case 'truncatedNormal': {
      const { cut } = family;
      const inside = 1 - 2 * normalCumulative(-cut);
      return scale * Math.sqrt(1 - (2 * cut * Math.exp((-cut * cut) / 2)) / (SQRT_2_PI * inside));
    }
  }
}

const SQRT_2_PI = Math.sqrt(2 * Math.PI);

/** Beyond 37 σ a float64 has no smaller number to say. */
const NORMAL_LIMIT = 37;

/** Where Hart's rational function hands over to the continued fraction: 10 / √2. */
const RATIONAL_LIMIT = 7.07106781186547;

/** Hart's double precision algorithm as G. West gives it (Better approximations to cumulative normal functions, Wilmott 2005): within 1e-15, in the far tails within 1e-8 relative. */
export function normalCumulative(z: number): number {
  if (Number.isNaN(z)) return NaN;
  const x = Math.abs(z);
  const tail = x > NORMAL_LIMIT ? 0 : Math.exp((-x * x) / 2) * (x < RATIONAL_LIMIT ? rationalTail(x) : fractionTail(x));
  return z > 0 ? 1 - tail : tail;
}

function rationalTail(x: number): number {
  const above = (((((3.52624965998911e-2 * x + 0.700383064443688) * x + 6.37396220353165) * x + 33.912866078383) * x + 112.079291497871) * x + 221.213596169931) * x + 220.206867912376;
  const below = ((((((8.83883476483184e-2 * x + 1.75566716318264) * x + 16.064177579207) * x + 86.7807322029461) * x + 296.564248779674) * x + 637.333633378831) * x + 793.826512519948) * x + 440.413735824752;
  return above / below;
}

function fractionTail(x: number): number {
  return 1 / ((x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))) * SQRT_2_PI);
}

/** P(T <= z) for Student's t: the regularized incomplete beta function (Abramowitz & Stegun 26.7.1). */
export function studentCumulative(z: number, degrees: number): number {
  const square = z * z;
  // Of two complements the small one is computed: the other would lose its digits.
  const tail = square > degrees
    ? incompleteBeta(degrees / (degrees + square), degrees / 2, 0.5) / 2
    : (1 - incompleteBeta(square / (degrees + square), 0.5, degrees / 2)) / 2;
  return z > 0 ? 1 - tail : tail;
}

/** The value that the share `p` of Student's t does not exceed; 0.5 < p < 1. Bisection on the cumulative function. */
export function studentQuantile(p: number, degrees: number): number {
  let low = 0;
  let high = 2;
  while (studentCumulative(high, degrees) < p && high < 1e12) high *= 2;
  for (let i = 0; i < QUANTILE_STEPS; i++) {
    const middle = (low + high) / 2;
    if (studentCumulative(middle, degrees) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Halvings of an interval of some units: 1e-10. */
const QUANTILE_STEPS = 36;

/** ln Γ((ν + 1) / 2) − ln Γ(ν / 2) − ½ ln(ν π): the t density's factor. */
export function studentLogFactor(degrees: number): number {
  return logGamma((degrees + 1) / 2) - logGamma(degrees / 2) - Math.log(degrees * Math.PI) / 2;
}

/** Lanczos' approximation (g = 7, 9 terms, P. Godfrey's coefficients), x > 0: relative error about 1e-15. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (shifted + i);
  const t = shifted + LANCZOS_G + 0.5;
  return Math.log(SQRT_2_PI * sum) + (shifted + 0.5) * Math.log(t) - t;
}

const LANCZOS_G = 7;
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ψ(x), x > 0: upwards by the recurrence, then the asymptotic series (Abramowitz & Stegun 6.3.18). */
export function digamma(x: number): number {
  let result = 0;
  let at = x;
  for (; at < 6; at++) result -= 1 / at;
  const inverse = 1 / (at * at);
  return result + Math.log(at) - 1 / (2 * at) - inverse * (1 / 12 - inverse * (1 / 120 - inverse / 252));
}

/** Terms after which the fraction has long converged for the degrees of freedom that are asked for. */
const MOST_TERMS = 300;
const PRECISION = 1e-14;
const TINY = 1e-300;

/** I_x(a, b) by its continued fraction (Abramowitz & Stegun 26.5.8), evaluated with Lentz' method. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    const change = d * c;
    result *= change;
    if (Math.abs(change - 1) < PRECISION) break;
  }
  return result;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
