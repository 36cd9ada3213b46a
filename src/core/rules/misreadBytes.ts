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
 * Two half floats read as one float32, or one read as bfloat16, stretch each power of two over eight: the exponents of one
 * such block (those that agree in all but their lowest three bits) are equally frequent, and each block holds about half of
 * what the next one does, as half floats near zero do.
 */
const STRETCH = 8;

/** Upper against lower half of the blocks near zero: 1 when stretched, 16 for a bell curve, 1.6 for its sixth power. */
const EVEN_TILT = [0.6, 1.4] as const;

/** Eight times the rarest exponent of each block, of all values in them: random numbers leave 0.24 of 512 and 0.9 of many; a bell curve 0.03. */
const LEAST_EVENNESS = 0.2;

/** A block against the one below: 2 when stretched; 1 where weights died evenly over all sizes. */
const BLOCK_RATIO = [1.2, 3.5] as const;

/** Powers of two between the median magnitude and the upper tenth: 7 to 15 when stretched; healthy kernels that we measured reach 6. */
const UPPER_SPREAD = [6, 20] as const;

/** Of the values, those nearest to zero: there the density of weights is nearly constant. */
const NEAR_SHARE = 0.65;

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
    if (tensor.quantization?.scheme === 'affine' || !tensor.dtype.includes('float')) return false;
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
  const { tilt, evenness, blockRatio, upperSpread } = exponentsOf(statistics.distribution);
  if (!isWithin(upperSpread, UPPER_SPREAD) || !isWithin(tilt, EVEN_TILT) || !isWithin(blockRatio, BLOCK_RATIO) || evenness < LEAST_EVENNESS) return undefined;
  return {
    message: `The sizes of the values are spread as weights never are: a tenth of them exceeds 2^${upperSpread} times the median, and powers of two are equally frequent in groups of eight${nonFiniteWords(statistics)}.`,
    advice: adviceFor(`half floats read as ${tensor.dtype}`),
    evidence: { upperSpread, tilt, evenness, blockRatio, nonZero, ...nonFinite(statistics), upperSpreadFrom: UPPER_SPREAD[0], tiltWithin: EVEN_TILT, blockRatioWithin: BLOCK_RATIO },
  };
}

function isWithin(value: number, [least, most]: readonly [number, number]): boolean {
  return value >= least && value <= most;
}

const [P5, P25, P75, P95] = ([0.05, 0.25, 0.75, 0.95] as const).map((q) => QUANTILES.indexOf(q)) as [number, number, number, number];

/** Quantiles of few values are coarse: two powers of two less than what is judged. */
const LEAST_SPREAD = 2 ** (UPPER_SPREAD[0] - 2);

/** From the quantiles alone, which costs nothing: half of the values are positive, so that p75 is their median. */
function mayBeSpread({ quantiles }: TensorStatistics): boolean {
  const at = (index: number): number => Math.abs(quantiles[index] ?? 0);
  return at(P95) > LEAST_SPREAD * at(P75) || at(P5) > LEAST_SPREAD * at(P25);
}

/** Float32's, biased by 127 as it stores them; subnormal numbers count as the least one. */
const EXPONENTS = 256;
const BIAS = 127;
const exponentCounts = new Float64Array(EXPONENTS);

interface Exponents {
  readonly tilt: number;
  readonly evenness: number;
  readonly blockRatio: number;
  readonly upperSpread: number;
}

function exponentsOf({ lower, upper, counts }: Distribution): Exponents {
  exponentCounts.fill(0);
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    const magnitude = Math.max(Math.abs(lower[i]!), Math.abs(upper[i]!));
    if (magnitude === 0) continue;
    exponentCounts[Math.min(EXPONENTS - 1, Math.max(0, Math.floor(Math.log2(magnitude)) + BIAS))]! += counts[i]!;
    total += counts[i]!;
  }
  return { ...nearZero(total), upperSpread: exponentAt(0.9 * total) - exponentAt(0.5 * total) };
}

/** Of whole blocks that together hold at most NEAR_SHARE of the values, from the least up. NaN where there are too few. */
function nearZero(total: number): Omit<Exponents, 'upperSpread'> {
  let lowerHalves = 0;
  let upperHalves = 0;
  let even = 0;
  let last = 0;
  let beforeLast = 0;
  for (let first = 0; first < EXPONENTS; first += STRETCH) {
    const low = sumOfExponents(first, first + STRETCH / 2);
    const high = sumOfExponents(first + STRETCH / 2, first + STRETCH);
    if (lowerHalves + upperHalves + low + high > NEAR_SHARE * total) break;
    lowerHalves += low;
    upperHalves += high;
    even += STRETCH * rarest(first, first + STRETCH);
    beforeLast = last;
    last = low + high;
  }
  return { tilt: upperHalves / lowerHalves, evenness: even / (lowerHalves + upperHalves), blockRatio: last / beforeLast };
}

function sumOfExponents(first: number, end: number): number {
  let sum = 0;
  for (let exponent = first; exponent < end; exponent++) sum += exponentCounts[exponent]!;
  return sum;
}

function rarest(first: number, end: number): number {
  let least = Infinity;
  for (let exponent = first; exponent < end; exponent++) least = Math.min(least, exponentCounts[exponent]!);
  return least;
}

/** The exponent of the value of a rank, counted from the least magnitude. */
function exponentAt(rank: number): number {
  let before = 0;
  for (let exponent = 0; exponent < EXPONENTS; exponent++) {
    before += exponentCounts[exponent]!;
    if (before >= rank) return exponent;
  }
  return EXPONENTS - 1;
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
