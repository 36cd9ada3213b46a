import { formatInteger, formatNumber, formatShare } from '../numberText';
import { finiteCount } from '../statistics/histogram';
import type { TensorStatistics } from '../statistics/tensorStatistics';
import { tensorRule } from './rule';
import type { Verdict } from './rule';
import { asShare, percent } from './thresholds';
import { isMatrix } from './words';

/** A per mille of fewer weights is one of them. */
const MIN_ELEMENTS = 512;

/** Equal values at an end by accident come in twos and threes. */
const LEAST_COUNT = 8;

/** The wall must stand out from the values beside it: coarse number formats have many equal ones everywhere. */
const WALL_FACTOR = 4;

/** Weights of fewer levels are coded on purpose: binary, ternary, lookup tables. */
const FEWEST_LEVELS = 17;

export const clippedWeights = tensorRule({
  id: 'clipped-weights',
  title: 'Clipped weights',
  severity: 'warning',
  why: 'Many weights sit at one and the same limit: training pushed against it, and what lay beyond is lost.',
  whenNormal: 'Weight clipping as Wasserstein GANs do it, and constraints that the layer declares; tensors that are quantized, or of few levels, are exempt.',
  yieldsTo: ['misread-bytes', 'absurd-magnitude', 'constant-tensor'],
  // Our own: continuous weights have one value at each end.
  thresholds: { from: percent(0.1, 'Share of the weights that equal the smallest or the largest value exactly from which on it is a warning.') },

  applies: ({ tensor, statistics }) => isMatrix(tensor) && tensor.quantization?.scheme !== 'affine' && /float/.test(tensor.dtype) && statistics.count >= MIN_ELEMENTS && statistics.distribution.counts.length >= FEWEST_LEVELS,

  check(context, { from }): Verdict | undefined {
    const { statistics, layer } = context;
    const finite = finiteCount(statistics);
    const walls = [wallAt(statistics, 'min'), wallAt(statistics, 'max')].filter((wall) => wall !== undefined && wall.count / finite >= asShare(from)) as Wall[];
    if (walls.length === 0) return undefined;
    const count = walls.reduce((sum, wall) => sum + wall.count, 0);
    const isDeclared = Object.keys(layer.constraints ?? {}).length > 0;
    return {
      severity: isDeclared ? 'info' : 'warning',
      message: `${formatInteger(count)} weights (${formatShare(count / finite)}) are exactly ${walls.map(({ value }) => formatNumber(value)).join(' or ')}, the ${walls.length > 1 ? 'ends' : 'end'} of the range.`,
      advice: isDeclared
        ? 'Expected: the layer declares a constraint. Widen it if many weights push against it.'
        : 'If the weights were clipped on purpose (a Wasserstein GAN), a gradient penalty or spectral normalization does better. If not, look for a cast or a conversion that saturates, and compare with the original.',
      evidence: { count, share: count / finite, values: walls.map(({ value }) => value), atMin: walls.find(({ end }) => end === 'min')?.count ?? 0, atMax: walls.find(({ end }) => end === 'max')?.count ?? 0, from },
    };
  },
});

interface Wall {
  readonly end: 'min' | 'max';
  readonly value: number;
  readonly count: number;
}

/** Weights that equal an end of the range exactly, where they are far more than the next bin holds; never zeros. */
function wallAt(statistics: TensorStatistics, end: 'min' | 'max'): Wall | undefined {
  const { distribution: { lower, upper, counts } } = statistics;
  const value = statistics[end];
  const outer = end === 'min' ? 0 : counts.length - 1;
  const isOneValue = lower[outer] === upper[outer];
  const count = isOneValue ? counts[outer]! : (end === 'min' ? statistics.atMin : statistics.atMax);
  if (value === null || value === 0 || count === undefined || count < LEAST_COUNT) return undefined;
  const beside = counts[end === 'min' ? 1 : counts.length - 2]!;
  const rest = isOneValue ? 0 : counts[outer]! - count;
  return count >= WALL_FACTOR * Math.max(beside, rest) ? { end, value, count } : undefined;
}
