import type { Distribution, TensorStatistics } from '../statistics/tensorStatistics';

/**
 * A magnitude that the share `q` of the non-zero weights does not exceed, from the outer ends of the distribution inwards;
 * within the width of a bin. null where no weight is non-zero.
 */
export function magnitudeQuantile(distribution: Distribution, q: number): number | null {
  const { lower, upper, counts } = distribution;
  let remaining = 0;
  counts.forEach((count, bin) => {
    if (!isZeroBin(distribution, bin)) remaining += count;
  });
  if (remaining === 0) return null;
  let left = 0;
  let right = counts.length - 1;
  let beyond = Math.floor(remaining * (1 - q));
  while (left <= right) {
    const leftMagnitude = Math.max(Math.abs(lower[left]!), Math.abs(upper[left]!));
    const rightMagnitude = Math.max(Math.abs(lower[right]!), Math.abs(upper[right]!));
    const bin = leftMagnitude > rightMagnitude ? left++ : right--;
    if (isZeroBin(distribution, bin)) continue;
    if (counts[bin]! > beyond) return Math.max(leftMagnitude, rightMagnitude);
    beyond -= counts[bin]!;
  }
  return 0;
}

/**
 * How much of the kurtosis the spread of scales between units explains: E[s⁴] / E[s²]² over the units' norms s.
 * A mixture of equally shaped distributions with scales s has the kurtosis of one of them times this factor, so that
 * filters of different size (batch normalization folded in, dead filters) do not pass for heavy tails.
 */
export function scaleSpread(statistics: TensorStatistics): number {
  const factors = [statistics.outputChannels, statistics.inputChannels].map((channels) => (channels ? spreadOf(channels.l2Norm) : 1));
  return Math.max(1, ...factors);
}

function spreadOf(norms: Float32Array): number {
  let squares = 0;
  let fourthPowers = 0;
  for (const norm of norms) {
    squares += norm ** 2;
    fourthPowers += norm ** 4;
  }
  return squares > 0 ? (fourthPowers * norms.length) / squares ** 2 : 1;
}

function isZeroBin({ lower, upper }: Distribution, bin: number): boolean {
  return lower[bin] === 0 && upper[bin] === 0;
}
