import { finiteCount } from '../statistics/histogram';
import { QUANTILES } from '../statistics/tensorStatistics';
import type { Distribution, TensorStatistics } from '../statistics/tensorStatistics';
import { formatInteger, formatNumber, formatShare } from '../numberText';
import { countBeyond } from './tails';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { asShare, percent } from './thresholds';
import { largestMagnitude } from './units';
import { isMatrix } from './words';

/** Magnitudes that no trained weight has. Between them lie 40 powers of ten: nothing but chance fills both ends. */
const TINY = 1e-30;
const HUGE = 1e10;

/** Part of the share that each end has to have. Numbers of random bits have 11 % tiny and 37 % huge ones. */
const EACH_END = 0.1;

/**
 * 2^-125. Numbers whose lower two bytes are zero (what was bfloat16 or half floats once) fall below it, without a sign,
 * when they are read in the wrong byte order or one or two bytes late.
 */
const LEAST_EXPONENTS = 2 ** -125;

/**
 * Half floats in the wrong byte order, or read one byte late, have exponents from the mantissa's lower bits: all alike.
 * A quarter of them then lies at or above 2^8 and a fifth below 2^-8; of trained weights never more than a few at one end.
 */
const HALF_LARGE = 2 ** 8;
const HALF_SMALL = 2 ** -8;
const HALF_SHARE = 0.1;

/**
 * Two half floats read as one float32, or one read as bfloat16, spread each power of two over eight. Share of the fullest one:
 * 4 % then; healthy kernels that we measured have 9 % and more, half of them dying, mostly 25 to 40 %.
 */
const FULLEST_SHARE = 0.06;

/** log₂ between the median magnitude and the one that a tenth exceeds: 10 when misread, healthy kernels reach 6, even the sixth power of a bell curve 8. */
const UPPER_SPREAD = 9;

/** Weights that such shares are counted of. */
const MIN_SPREAD_NONZERO = 256;

/** Of fewer numbers an accident can fill both ends. */
const MIN_NONZERO = 32;

export const misreadBytes = tensorRule({
  id: 'misread-bytes',
  title: 'Misread bytes',
  severity: 'error',
  why: 'The numbers are not what was written: wrong byte order, data type or offset. The model computes nonsense.',
  whenNormal: 'Never in weights. Weights that died under weight decay are tiny, but nothing huge stands beside them.',
  thresholds: {
    share: percent(1, 'Share of the non-zero values below 1e−30 or above 1e10 from which on it is an error, where both occur.'),
  },

  applies: ({ tensor, statistics }) => {
    if (tensor.quantization?.scheme === 'affine' || !/^(?:b?float)/.test(tensor.dtype)) return false;
    if (tensor.role === 'constant' || tensor.role === 'optimizer' || tensor.role === 'quantization') return false;
    return finiteCount(statistics) - statistics.zeros >= MIN_NONZERO;
  },

  check(context, limits): Verdict | undefined {
    return bothEnds(context, asShare(limits.share)) ?? leastExponents(context) ?? evenHalfExponents(context) ?? spreadExponents(context);
  },
});

function bothEnds({ statistics }: TensorContext, share: number): Verdict | undefined {
  if (largestMagnitude(statistics) <= HUGE) return undefined;
  const nonZero = finiteCount(statistics) - statistics.zeros;
  const tiny = countWithin(statistics.distribution, TINY) - statistics.zeros;
  const huge = countBeyond(statistics.distribution, HUGE);
  if (tiny + huge < share * nonZero || Math.min(tiny, huge) < Math.max(1, EACH_END * share * nonZero)) return undefined;
  return {
    message: `Values of all sizes at once: ${formatShare(tiny / nonZero)} of them are below 1e−30 and ${formatShare(huge / nonZero)} above 1e10${nonFiniteWords(statistics)}.`,
    advice: adviceFor('wrong byte order, wrong data type, or an offset that is one to three bytes off'),
    evidence: { tiny, huge, nonZero, ...nonFinite(statistics), tinyBelow: TINY, hugeFrom: HUGE, share },
  };
}

function leastExponents({ statistics }: TensorContext): Verdict | undefined {
  const { min, max } = statistics;
  if (min === null || max === null || min < 0 || max > LEAST_EXPONENTS) return undefined;
  return {
    message: `All ${formatInteger(statistics.count)} values are positive and below ${formatNumber(LEAST_EXPONENTS)}: the least numbers that there are.`,
    advice: adviceFor('numbers that were bfloat16 or float16 once, in the wrong byte order or at an offset that is one or two bytes off'),
    evidence: { min, max, below: LEAST_EXPONENTS },
  };
}

function evenHalfExponents({ tensor, statistics }: TensorContext): Verdict | undefined {
  if (tensor.dtype !== 'float16' || !(isMatrix(tensor) || tensor.role === 'bias') || largestMagnitude(statistics) < HALF_LARGE) return undefined;
  const nonZero = finiteCount(statistics) - statistics.zeros;
  const small = countWithin(statistics.distribution, HALF_SMALL) - statistics.zeros;
  const large = countBeyond(statistics.distribution, HALF_LARGE);
  if (Math.min(small, large) < HALF_SHARE * nonZero) return undefined;
  return {
    message: `Half floats of all sizes alike: ${formatShare(small / nonZero)} of them are below ${formatNumber(HALF_SMALL)} and ${formatShare(large / nonZero)} from ${HALF_LARGE} on${nonFiniteWords(statistics)}.`,
    advice: adviceFor('wrong byte order, or an offset that is one byte off'),
    evidence: { small, large, nonZero, ...nonFinite(statistics), smallBelow: HALF_SMALL, largeFrom: HALF_LARGE, share: HALF_SHARE },
  };
}

function spreadExponents({ tensor, statistics }: TensorContext): Verdict | undefined {
  if (!isMatrix(tensor) || (tensor.dtype !== 'float32' && tensor.dtype !== 'bfloat16') || !mayBeSpread(statistics)) return undefined;
  const nonZero = finiteCount(statistics) - statistics.zeros;
  if (nonZero < MIN_SPREAD_NONZERO) return undefined;
  const { fullest, upperSpread } = exponentsOf(statistics.distribution, nonZero);
  if (fullest > FULLEST_SHARE || upperSpread < UPPER_SPREAD) return undefined;
  return {
    message: `The sizes of the values are spread as weights never are: the largest tenth begins at 2^${upperSpread} times the median, and no power of two holds more than ${formatShare(fullest)} of them${nonFiniteWords(statistics)}.`,
    advice: adviceFor(`half floats read as ${tensor.dtype}`),
    evidence: { fullest, upperSpread, nonZero, ...nonFinite(statistics), fullestBelow: FULLEST_SHARE, upperSpreadFrom: UPPER_SPREAD },
  };
}

/** From the quantiles alone, which costs nothing: half of the values are positive, so that p75 is their median. */
function mayBeSpread({ quantiles }: TensorStatistics): boolean {
  const at = (q: (typeof QUANTILES)[number]): number => Math.abs(quantiles[QUANTILES.indexOf(q)] ?? 0);
  const ratio = 2 ** (UPPER_SPREAD - 2);
  return at(0.95) > ratio * at(0.75) || at(0.05) > ratio * at(0.25);
}

const LEAST_EXPONENT = -1074;
const exponentCounts = new Float64Array(1024 - LEAST_EXPONENT);

/** Share of the fullest power of two, and how many of them lie between the median and the upper tenth. */
function exponentsOf({ lower, upper, counts }: Distribution, nonZero: number): { fullest: number; upperSpread: number } {
  exponentCounts.fill(0);
  for (let i = 0; i < counts.length; i++) {
    const magnitude = Math.max(Math.abs(lower[i]!), Math.abs(upper[i]!));
    if (magnitude > 0) exponentCounts[Math.floor(Math.log2(magnitude)) - LEAST_EXPONENT]! += counts[i]!;
  }
  let fullest = 0;
  let before = 0;
  let median = 0;
  let tenth = 0;
  for (let exponent = 0; exponent < exponentCounts.length; exponent++) {
    const count = exponentCounts[exponent]!;
    if (count > fullest) fullest = count;
    if (before < 0.5 * nonZero) median = exponent;
    if (before < 0.9 * nonZero) tenth = exponent;
    before += count;
  }
  return { fullest: fullest / nonZero, upperSpread: tenth - median };
}

function adviceFor(cause: string): string {
  return `Most likely ${cause}. Check how the file was written (little-endian, as its header says) and convert it again; if only some tensors are like this, the file was damaged or cut.`;
}

function nonFinite({ nan, positiveInfinity, negativeInfinity }: TensorStatistics): Record<string, number> {
  return { nan, positiveInfinity, negativeInfinity };
}

function nonFiniteWords({ nan, positiveInfinity, negativeInfinity }: TensorStatistics): string {
  const count = nan + positiveInfinity + negativeInfinity;
  return count > 0 ? `; ${formatInteger(count)} are not finite` : '';
}

/** Values with |w| < limit, zeros included; a bin that the limit cuts is left out. */
function countWithin({ lower, upper, counts }: Distribution, limit: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) if (lower[i]! > -limit && upper[i]! < limit) sum += counts[i]!;
  return sum;
}
