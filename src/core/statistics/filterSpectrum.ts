import { smallEigenvalues } from '../linearAlgebra/jacobi';
import { spatialAxes } from '../linearAlgebra/matrixLayout';
import type { Breath } from '../linearAlgebra/tridiagonal';
import type { Tensor } from '../model';
import type { FilterSpectrum } from './spectrum';
import { NEAR_ZERO_RATIO } from './tensorStatistics';

/** Larger windows than 11 × 11 are no filters of the kind that is looked for, and their eigenvalues take seconds. */
const MOST_POSITIONS = 121;

/** Slices between two looks whether to go on: below a millisecond. */
const SLICES_A_BREATH = 8192;

/**
 * Principal components of the two-dimensional slices of a convolution's kernel, as Gavrikov & Keuper take them (CNN Filter DB,
 * arXiv 2203.15331): of slices that are not near zero, about their mean. `values` holds all elements in their order.
 * Undefined for tensors that have no such slices.
 */
export async function filterSpectrum(tensor: Pick<Tensor, 'shape' | 'axes' | 'role'>, values: ArrayLike<number>, breathe: Breath): Promise<FilterSpectrum | undefined> {
  const spatial = spatialAxes(tensor);
  if (!spatial) return undefined;
  const size = [tensor.shape[spatial[0]]!, tensor.shape[spatial[1]]!] as const;
  const positions = size[0] * size[1];
  if (positions < 2 || positions > MOST_POSITIONS) return undefined;
  const slices = values.length / positions;
  const isFirst = spatial[0] === 0;
  const slice = new Float64Array(positions);
  const sums = new Float64Array(positions);
  const products = Array.from({ length: positions }, () => new Float64Array(positions));
  const least = largestMagnitude(values) * NEAR_ZERO_RATIO;
  let count = 0;
  for (let index = 0; index < slices; index++) {
    if (index % SLICES_A_BREATH === 0) await breathe();
    let largest = 0;
    for (let p = 0; p < positions; p++) {
      const value = isFirst ? values[p * slices + index]! : values[index * positions + p]!;
      slice[p] = value;
      largest = Math.max(largest, Math.abs(value));
    }
    if (largest < least || largest === 0) continue;
    count++;
    addProducts(slice, sums, products);
  }
  return { size, count, varianceShares: sharesOf(sums, products, count) };
}

function largestMagnitude(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

function addProducts(slice: Float64Array, sums: Float64Array, products: readonly Float64Array[]): void {
  for (let p = 0; p < slice.length; p++) {
    const value = slice[p]!;
    sums[p]! += value;
    const row = products[p]!;
    for (let q = 0; q <= p; q++) row[q]! += value * slice[q]!;
  }
}

function sharesOf(sums: Float64Array, products: readonly Float64Array[], count: number): number[] {
  const covariance = products.map((_, p) => Float64Array.from(sums, (sum, q) => {
    const product = products[Math.max(p, q)]![Math.min(p, q)]!;
    return count === 0 ? 0 : product - (sums[p]! * sum) / count;
  }));
  const variances = smallEigenvalues(covariance).map((variance) => Math.max(0, variance));
  const total = variances.reduce((sum, variance) => sum + variance, 0);
  return variances.map((variance) => (total > 0 ? variance / total : 0));
}
