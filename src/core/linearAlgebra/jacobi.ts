/** Sweeps needed for any matrix of the sizes this is for; ten are usual. */
const MOST_SWEEPS = 60;

/**
 * The eigenvalues, descending, of a small symmetric matrix (rows of numbers, not changed), by cyclic Jacobi rotations
 * (Golub & Van Loan, Matrix Computations, 8.5). For the few spatial positions of a filter: the time grows with the cube.
 */
export function smallEigenvalues(matrix: readonly Float64Array[]): number[] {
  const a = matrix.map((row) => row.slice());
  for (let sweep = 0; sweep < MOST_SWEEPS && besideDiagonal(a) > 0; sweep++) {
    for (let p = 0; p < a.length; p++) for (let q = p + 1; q < a.length; q++) rotate(a, p, q);
  }
  return a.map((row, i) => row[i]!).sort((x, y) => y - x);
}

/** The sum of squares beside the diagonal; 0 where it is lost in the diagonal's rounding. */
function besideDiagonal(a: readonly Float64Array[]): number {
  let beside = 0;
  let all = 0;
  a.forEach((row, i) => row.forEach((value, j) => {
    all += value * value;
    if (i !== j) beside += value * value;
  }));
  return beside > all * Number.EPSILON ** 2 ? beside : 0;
}

function rotate(a: readonly Float64Array[], p: number, q: number): void {
  const beside = a[p]![q]!;
  if (beside === 0) return;
  const theta = (a[q]![q]! - a[p]![p]!) / (2 * beside);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (const row of a) {
    const left = row[p]!;
    const right = row[q]!;
    row[p] = c * left - s * right;
    row[q] = s * left + c * right;
  }
  const upper = a[p]!;
  const lower = a[q]!;
  for (let i = 0; i < a.length; i++) {
    const left = upper[i]!;
    const right = lower[i]!;
    upper[i] = c * left - s * right;
    lower[i] = s * left + c * right;
  }
}
