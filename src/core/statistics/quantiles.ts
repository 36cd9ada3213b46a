import { QUANTILES } from './tensorStatistics';
import type { Counts, Distribution } from './tensorStatistics';

/**
 * How far from a bin's middle an interpolated rank may move, as a share of the way. A bin of 7 mantissa bits is up to
 * 1/128 of its value wide: (1 + 1/4) / 256 keeps within 0.5 % even where all its values sit at one end.
 */
const INTERPOLATION = 1 / 4;

/** One for each of QUANTILES, as numpy's default (linear, Hyndman and Fan's type 7); null without finite values. */
export function quantilesOf(distribution: Distribution): (number | null)[] {
  const total = sumOf(distribution.counts);
  if (total === 0) return QUANTILES.map(() => null);
  const positions = QUANTILES.map((share) => share * (total - 1));
  // Ascending, as positions are: between two neighbours lies each quantile.
  const values = valuesAtRanks(distribution, positions.flatMap((position) => [Math.floor(position), Math.ceil(position)]));
  return positions.map((position, i) => {
    const below = values[2 * i]!;
    const above = values[2 * i + 1]!;
    const part = position - Math.floor(position);
    // Between equal values rounding would leave the value itself, and quantiles would no longer ascend.
    return below === above ? below : below * (1 - part) + above * part;
  });
}

function sumOf(counts: Counts): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  return total;
}

/** The values of ranks, which are counted from 0 and do not descend by more than one; one walk over the bins. */
function valuesAtRanks({ lower, upper, counts }: Distribution, ranks: readonly number[]): number[] {
  const last = counts.length - 1;
  const values: number[] = [];
  let bin = 0;
  let before = 0;
  // A loop, not a map: numbers that a closure changes are made anew at each change, which took ten times as long.
  for (const rank of ranks) {
    while (bin > 0 && rank < before) before -= counts[--bin]!;
    while (bin < last && rank >= before + counts[bin]!) before += counts[bin++]!;
    values.push(valueInBin(lower[bin]!, upper[bin]!, (rank - before + 0.5) / counts[bin]!));
  }
  return values;
}

function valueInBin(low: number, high: number, share: number): number {
  if (low === high) return low;
  const part = 0.5 + (share - 0.5) * INTERPOLATION;
  return low * (1 - part) + high * part;
}
