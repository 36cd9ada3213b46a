import { QUANTILES } from './tensorStatistics';
import type { Distribution } from './tensorStatistics';

/**
 * How far from a bin's middle an interpolated rank may move, as a share of the way. A bin of 7 mantissa bits is up to
 * 1/128 of its value wide: (1 + 1/4) / 256 keeps within 0.5 % even where all its values sit at one end.
 */
const INTERPOLATION = 1 / 4;

/** One for each of QUANTILES, as numpy's default (linear, Hyndman and Fan's type 7); null without finite values. */
export function quantilesOf(distribution: Distribution): (number | null)[] {
  const { counts } = distribution;
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  if (total === 0) return QUANTILES.map(() => null);
  const ranks = new Ranks(distribution);
  return QUANTILES.map((share) => {
    const position = share * (total - 1);
    const rank = Math.floor(position);
    const below = ranks.valueAt(rank);
    const part = position - rank;
    if (part === 0) return below;
    const above = ranks.valueAt(rank + 1);
    // Between equal values rounding would leave the value itself, and quantiles would no longer ascend.
    return below === above ? below : below * (1 - part) + above * part;
  });
}

/** Walks the bins once, as ranks ascend. */
class Ranks {
  readonly #distribution: Distribution;
  #bin = 0;
  /** Values in the bins before. */
  #before = 0;

  constructor(distribution: Distribution) {
    this.#distribution = distribution;
  }

  /** The value of a rank, counted from 0. */
  valueAt(rank: number): number {
    const { lower, upper, counts } = this.#distribution;
    if (rank < this.#before) {
      this.#bin = 0;
      this.#before = 0;
    }
    while (this.#bin < counts.length - 1 && rank >= this.#before + counts[this.#bin]!) this.#before += counts[this.#bin++]!;
    const low = lower[this.#bin]!;
    const high = upper[this.#bin]!;
    if (low === high) return low;
    const part = 0.5 + ((rank - this.#before + 0.5) / counts[this.#bin]! - 0.5) * INTERPOLATION;
    return low * (1 - part) + high * part;
  }
}
