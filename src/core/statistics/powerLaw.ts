/** A power law fitted to the tail of a sample: p(x) ∝ x^−alpha for x ≥ xMin. */
export interface PowerLaw {
  readonly alpha: number;
  readonly xMin: number;
  /** Values of at least xMin. */
  readonly tail: number;
  /** Kolmogorov–Smirnov distance between tail and fit, 0..1. */
  readonly distance: number;
}

/**
 * The estimator of Clauset, Shalizi & Newman (SIAM Review 51, 2009; arXiv 0706.1062), as the Python package powerlaw has it and
 * WeightWatcher uses it: for each value as xMin the maximum-likelihood alpha = 1 + n / Σ ln(x / xMin) of the n values from there on;
 * of these the one whose tail lies closest to its fit. `ascending` holds positive values. Undefined below two different values.
 */
export function fitPowerLaw(ascending: Float64Array): PowerLaw | undefined {
  const count = ascending.length;
  const logs = ascending.map(Math.log);
  let sum = 0;
  for (const log of logs) sum += log;
  let best: PowerLaw | undefined;
  // The largest value alone is no tail.
  for (let first = 0; first < count && ascending[first]! < ascending[count - 1]!; first++) {
    const tail = count - first;
    if (first === 0 || ascending[first] !== ascending[first - 1]) {
      const spread = sum - tail * logs[first]!;
      if (spread > 0) {
        const alpha = 1 + tail / spread;
        const distance = distanceOf(logs, first, alpha, best?.distance ?? Infinity);
        if (!best || distance < best.distance) best = { alpha, xMin: ascending[first]!, tail, distance };
      }
    }
    sum -= logs[first]!;
  }
  return best;
}

/** The largest difference of the two distribution functions at the values; gives up at `limit`. */
function distanceOf(logs: Float64Array, first: number, alpha: number, limit: number): number {
  const tail = logs.length - first;
  const start = logs[first]!;
  let most = 0;
  for (let i = 0; i < tail; i++) {
    const fitted = 1 - Math.exp((1 - alpha) * (logs[first + i]! - start));
    const difference = Math.abs(fitted - i / tail);
    if (difference <= most) continue;
    most = difference;
    if (most >= limit) return most;
  }
  return most;
}
