import type { Counts, Values } from './tensorStatistics';

/** Central moments of finite values, all float64. `m2` is the sum of squared deviations from `mean`, and so on. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly m2: number;
  readonly m3: number;
  readonly m4: number;
  /** Σ|w| */
  readonly absoluteSum: number;
}

export const NO_MOMENTS: Moments = { count: 0, mean: 0, m2: 0, m3: 0, m4: 0, absoluteSum: 0 };

/** Pébay 2008 (SAND2008-6212), eq. 2.1, up to the fourth moment. */
export function mergeMoments(a: Moments, b: Moments): Moments {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const delta = b.mean - a.mean;
  const d = delta / count;
  const product = a.count * b.count;
  return {
    count,
    mean: a.mean + d * b.count,
    m2: a.m2 + b.m2 + delta * d * product,
    m3: a.m3 + b.m3 + delta * d * d * product * (a.count - b.count) + 3 * d * (a.count * b.m2 - b.count * a.m2),
    m4: a.m4 + b.m4
      + delta * d * d * d * product * (a.count * a.count - product + b.count * b.count)
      + 6 * d * d * (a.count * a.count * b.m2 + b.count * b.count * a.m2)
      + 4 * d * (a.count * b.m3 - b.count * a.m3),
    absoluteSum: a.absoluteSum + b.absoluteSum,
  };
}

/** Two passes over values that are all known. */
export function momentsOf(values: Values, counts: Counts): Moments {
  let count = 0;
  let sum = 0;
  let absoluteSum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const times = counts[i]!;
    count += times;
    sum += value * times;
    absoluteSum += Math.abs(value) * times;
  }
  if (count === 0) return NO_MOMENTS;
  // The rounded mean of one value repeated is not always that value.
  const mean = values.length === 1 ? values[0]! : sum / count;
  let m2 = 0;
  let m3 = 0;
  let m4 = 0;
  for (let i = 0; i < values.length; i++) {
    const deviation = values[i]! - mean;
    const square = deviation * deviation * counts[i]!;
    m2 += square;
    m3 += square * deviation;
    m4 += square * deviation * deviation;
  }
  return { count, mean, m2, m3, m4, absoluteSum };
}

/**
 * Moments of finite values in any numeric array, merged block by block so that sums stay small.
 * Each block is taken about its own mean.
 */
export function momentsOfBlock(values: ArrayLike<number>, first: number, end: number): Moments {
  let count = 0;
  let sum = 0;
  let absoluteSum = 0;
  for (let i = first; i < end; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    absoluteSum += Math.abs(value);
  }
  if (count === 0) return NO_MOMENTS;
  const pilot = sum / count;
  let s1 = 0;
  let m2 = 0;
  let m3 = 0;
  let m4 = 0;
  for (let i = first; i < end; i++) {
    const deviation = values[i]! - pilot;
    if (!Number.isFinite(deviation)) continue;
    const square = deviation * deviation;
    s1 += deviation;
    m2 += square;
    m3 += square * deviation;
    m4 += square * square;
  }
  const offset = s1 / count;
  return {
    count,
    mean: pilot + offset,
    m2: Math.max(0, m2 - offset * s1),
    m3: m3 - 3 * offset * m2 + 2 * offset * offset * s1,
    m4: Math.max(0, m4 - 4 * offset * m3 + 6 * offset * offset * m2 - 3 * offset * offset * offset * s1),
    absoluteSum,
  };
}
