import { formatNumber, formatShare, THIN_SPACE } from '../numberText';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import type { Shape } from './shape';

/** A middle nearer to 0 than this share of σ is called 0. */
const AT_ZERO = 0.25;
/** A share of exact zeros that is worth a word. */
const ZEROS_WORTH_A_WORD = 0.01;
/** Of a quantized tensor 0 is a level like another. */
const ZEROS_OF_LEVELS = 0.15;
/** Humps that a sentence can name. */
const MOST_NAMED_HUMPS = 3;
const NUMERALS: Readonly<Record<number, string>> = { 2: 'two', 3: 'three', 4: 'four', 5: 'five' };

/** A noun phrase, e.g. "a bell around 0, on 212 quantized levels". */
export function shapeWords(shape: Shape, statistics: TensorStatistics): string {
  return `${outlineWords(shape, statistics)}${addition(shape)}`;
}

function outlineWords(shape: Shape, statistics: TensorStatistics): string {
  const { min, max, count } = statistics;
  const ends = `${formatNumber(min)} and ${formatNumber(max)}`;
  switch (shape.kind) {
    case 'none':
      return 'no finite value';
    case 'zero':
      return 'nothing but zeros';
    case 'constant':
      return `the value ${formatNumber(min)} everywhere`;
    case 'few':
      return `${count} values, too few to show a shape`;
    case 'twoValues':
      return `two values only, ${ends}`;
    case 'mostlyZero':
      return `${formatShare(shape.zeroShare)} exact zeros`;
    case 'comb':
      return `a comb of ${shape.levels} values from ${formatNumber(min)} to ${formatNumber(max)}`;
    case 'clipped':
      return clippedWords(shape, statistics);
    case 'humps':
      return humpWords(shape.humps ?? []);
    case 'skewed':
      return `a skewed distribution with the longer tail to the ${(shape.lean ?? 0) > 0 ? 'right' : 'left'}`;
    case 'uniform':
      return `a flat (uniform) distribution between ${ends}`;
    case 'softFlat':
      return `a nearly flat distribution with soft edges, from ${formatNumber(statistics.quantiles[1])} to ${formatNumber(statistics.quantiles[7])}`;
    case 'shortTailed':
      return `a bell around ${middle(statistics)} with tails cut short`;
    case 'heavyTailed':
      return `a narrow peak around ${middle(statistics)} with heavy tails`;
    case 'peaked':
      return `a bell around ${middle(statistics)} with rather heavy tails`;
    case 'irregular':
      return 'a distribution of no simple shape';
    case 'bell':
      return `a bell around ${middle(statistics)}`;
  }
}

function addition({ kind, zeroShare, levels, reach }: Shape): string {
  const parts = [
    levels !== undefined && kind !== 'comb' && kind !== 'twoValues' && kind !== 'mostlyZero' ? ` on ${levels} quantized levels` : '',
    reach !== undefined ? ', single weights far outside' : '',
    kind !== 'zero' && kind !== 'mostlyZero' && kind !== 'comb' && kind !== 'twoValues' && zeroShare >= (levels === undefined ? ZEROS_WORTH_A_WORD : ZEROS_OF_LEVELS) ? `, ${formatShare(zeroShare)} exact zeros` : '',
  ];
  return parts.join('');
}

function clippedWords({ piles }: Shape, { min, max }: TensorStatistics): string {
  const [low, high] = [piles?.atMin ?? 0, piles?.atMax ?? 0];
  const where = low > 0 && high > 0 ? `at ${formatNumber(min)} and ${formatNumber(max)}` : `at ${formatNumber(low > 0 ? min : max)}`;
  return `a distribution clipped ${where}, where ${formatShare(low + high)} of the weights pile up`;
}

function humpWords(humps: readonly number[]): string {
  const places = humps.slice(0, MOST_NAMED_HUMPS).map((hump) => formatNumber(Number(hump.toPrecision(2))));
  return `${NUMERALS[humps.length] ?? humps.length} humps, at ${places.slice(0, -1).join(', ')} and ${places.at(-1)}${humps.length > MOST_NAMED_HUMPS ? `${THIN_SPACE}…` : ''}`;
}

function middle({ mean, standardDeviation, quantiles }: TensorStatistics): string {
  const median = quantiles[4] ?? mean;
  return median === null || Math.abs(median) < AT_ZERO * (standardDeviation ?? 0) ? '0' : formatNumber(median);
}
