import assert from 'node:assert/strict';
import { smallEigenvalues } from '../../../../src/core/linearAlgebra/jacobi';
import { tridiagonalEigenvalues } from '../../../../src/core/linearAlgebra/tridiagonal';
import { uniform } from '../../../support/handMade';

const atOnce = (): Promise<void> => Promise.resolve();

function closeTo(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i]! - value) <= tolerance, `${i}: ${actual[i]} is not ${value}`));
}

describe('eigenvalues', () => {
  it('of the second difference are 2 − 2·cos(kπ / (n + 1))', async () => {
    const n = 50;
    const found = await tridiagonalEigenvalues(new Float64Array(n).fill(2), new Float64Array(n - 1).fill(-1), atOnce);
    closeTo(found, Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1))), 1e-14);
  });

  it('of one row, of zeros, and of a diagonal alone', async () => {
    closeTo(await tridiagonalEigenvalues(Float64Array.of(7), new Float64Array(0), atOnce), [7], 0);
    closeTo(await tridiagonalEigenvalues(new Float64Array(4), new Float64Array(3), atOnce), [0, 0, 0, 0], 0);
    closeTo(await tridiagonalEigenvalues(Float64Array.of(3, -1, 2), new Float64Array(2), atOnce), [-1, 2, 3], 0);
  });

  it('of a graded matrix, whatever its scale', async () => {
    for (const scale of [1, 1e-30, 1e30]) {
      const diagonal = Float64Array.from({ length: 60 }, (_, i) => scale * 10 ** -(i / 3));
      const beside = Float64Array.from({ length: 59 }, (_, i) => scale * 0.3 * 10 ** -(i / 3));
      const expected = smallEigenvalues(dense(diagonal, beside));
      closeTo((await tridiagonalEigenvalues(diagonal, beside, atOnce)).reverse(), expected, scale * 1e-14);
    }
  });

  it('of a random matrix are those of Jacobi, which knows nothing of the other', async () => {
    const random = uniform(3);
    const diagonal = Float64Array.from({ length: 40 }, () => random() - 0.5);
    const beside = Float64Array.from({ length: 39 }, () => random() - 0.5);
    const expected = smallEigenvalues(dense(diagonal, beside));
    closeTo((await tridiagonalEigenvalues(diagonal, beside, atOnce)).reverse(), expected, 1e-13);
  });

  it('are refused for numbers that are not finite', async () => {
    await assert.rejects(tridiagonalEigenvalues(Float64Array.of(1, NaN), Float64Array.of(1), atOnce), RangeError);
    await assert.rejects(tridiagonalEigenvalues(Float64Array.of(1, 2), Float64Array.of(Infinity), atOnce), RangeError);
  });

  it('stop where somebody asks', async () => {
    await assert.rejects(tridiagonalEigenvalues(new Float64Array(9).fill(1), new Float64Array(8).fill(1), () => Promise.reject(new Error('stop'))), /stop/);
  });
});

function dense(diagonal: Float64Array, beside: Float64Array): Float64Array[] {
  return Array.from(diagonal, (value, i) => {
    const row = new Float64Array(diagonal.length);
    row[i] = value;
    if (i > 0) row[i - 1] = beside[i - 1]!;
    if (i < beside.length) row[i + 1] = beside[i]!;
    return row;
  });
}
