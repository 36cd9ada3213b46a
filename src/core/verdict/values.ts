import { QUANTILES } from '../statistics/tensorStatistics';
import type { Distribution, TensorStatistics } from '../statistics/tensorStatistics';

/** Shares of the weights that lie at the smallest and at the largest value, 0..1; 0 where nothing piles up. */
export interface Piles {
  readonly atMin: number;
  readonly atMax: number;
}

/** Beyond 16-bit codes a lattice is no finer than the numbers themselves. */
const MOST_LEVELS = 1 << 16;
const MIN_WEIGHTS_PER_LEVEL = 2;
/** A comb is seen as one: with more levels its envelope is what one sees. */
export const MOST_TEETH = 32;
/** Rounding of float32 moves a level by less of a step. */
const LEVEL_TOLERANCE = 0.02;

/** A pile at the wall holds this much, and this many times what the bins before it hold. */
const PILE_SHARE = 0.001;
const PILE_WEIGHTS = 16;
const PILE_FACTOR = 8;
const BINS_BEFORE = 8;

/**
 * How many values there are where all lie on evenly spaced levels and most are taken more than once; undefined elsewhere.
 * The step is the smallest distance of two neighbours. Of binned values only few levels can be told: see `teethOf`.
 */
export function levelsOf(distribution: Distribution, finite: number): number | undefined {
  const { exact, lower, counts } = distribution;
  const values = counts.length;
  if (values < 2 || finite < MIN_WEIGHTS_PER_LEVEL * values) return undefined;
  if (!exact) return teethOf(distribution);
  let step = Infinity;
  for (let i = 1; i < values; i++) step = Math.min(step, lower[i]! - lower[i - 1]!);
  const steps = (lower[values - 1]! - lower[0]!) / step;
  if (!(steps < MOST_LEVELS)) return undefined;
  // The ends give the step more exactly than two neighbours do.
  const even = (lower[values - 1]! - lower[0]!) / Math.round(steps);
  for (let i = 1; i < values; i++) {
    const place = (lower[i]! - lower[0]!) / even;
    if (Math.abs(place - Math.round(place)) > LEVEL_TOLERANCE) return undefined;
  }
  return values;
}

/** Bins of bit patterns that stand apart from one another hold a value each; a bell of as many weights fills hundreds without a gap. */
function teethOf({ lower, upper, counts }: Distribution): number | undefined {
  if (counts.length > MOST_TEETH) return undefined;
  for (let i = 1; i < counts.length; i++) if (lower[i]! - upper[i - 1]! < 2 * (upper[i]! - lower[i]!)) return undefined;
  return counts.length;
}

/** Weights that pile up at the ends of the range, as clipping leaves them; undefined where neither end has a pile. */
export function pileAtEnds({ distribution, atMin, atMax }: TensorStatistics, finite: number): Piles | undefined {
  const { counts } = distribution;
  const last = counts.length - 1;
  const least = Math.max(PILE_WEIGHTS, PILE_SHARE * finite);
  const pile = (end: number, inward: 1 | -1, counted: number | undefined): number => {
    const own = counted ?? counts[end]!;
    if (own < least) return 0;
    let before = 0;
    const bins = Math.min(BINS_BEFORE, last);
    for (let i = 1; i <= bins; i++) before += counts[end + inward * i]!;
    return own * bins >= PILE_FACTOR * before ? own / finite : 0;
  };
  const piles = { atMin: pile(0, 1, atMin), atMax: pile(last, -1, atMax) };
  return piles.atMin + piles.atMax > 0 ? piles : undefined;
}

/** QUANTILES of the values that are not 0; within the width of a bin. */
export function quantilesWithoutZeros({ lower, upper, counts }: Distribution): number[] {
  let total = 0;
  for (let i = 0; i < counts.length; i++) if (lower[i] !== 0 || upper[i] !== 0) total += counts[i]!;
  const found: number[] = [];
  let before = 0;
  for (let i = 0; i < counts.length && found.length < QUANTILES.length; i++) {
    if (lower[i] === 0 && upper[i] === 0) continue;
    const count = counts[i]!;
    while (found.length < QUANTILES.length && before + count > QUANTILES[found.length]! * (total - 1)) {
      const part = (QUANTILES[found.length]! * (total - 1) - before) / count;
      found.push(lower[i]! + (upper[i]! - lower[i]!) * part);
    }
    before += count;
  }
  return found;
}
