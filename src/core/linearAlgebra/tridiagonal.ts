/** An eigenvalue takes one or two turns; more than this many means that the numbers are not finite. */
const MOST_TURNS = 60;

/** Looks whether to go on; called once an eigenvalue. */
export type Breath = () => Promise<void>;

/**
 * The eigenvalues, ascending, of the symmetric tridiagonal matrix with this diagonal and these entries beside it
 * (beside[i] between i and i + 1; one less). Implicit QL with Wilkinson's shift (Dubrulle, Martin & Wilkinson 1968;
 * EISPACK's imtql1): each is right to some 1e-15 of the largest. Both arrays are overwritten.
 * @throws RangeError where a number is not finite.
 */
export async function tridiagonalEigenvalues(diagonal: Float64Array, beside: Float64Array, breathe: Breath): Promise<Float64Array> {
  const order = diagonal.length;
  const scale = normalize(diagonal, beside);
  // The rotations below read one entry beyond the last.
  const off = new Float64Array(order);
  off.set(beside.subarray(0, Math.max(0, order - 1)));
  for (let first = 0; first < order; first++) {
    isolate(diagonal, off, first);
    await breathe();
  }
  for (let i = 0; i < order; i++) diagonal[i]! *= scale;
  return diagonal.sort();
}

/** Divides by the largest magnitude, so that no square overflows or vanishes. Returns it. */
function normalize(diagonal: Float64Array, beside: Float64Array): number {
  let largest = 0;
  for (const value of diagonal) largest = Math.max(largest, Math.abs(value));
  for (const value of beside) largest = Math.max(largest, Math.abs(value));
  if (!Number.isFinite(largest)) throw new RangeError('the matrix is not finite');
  if (largest === 0) return 1;
  for (let i = 0; i < diagonal.length; i++) diagonal[i]! /= largest;
  for (let i = 0; i < beside.length; i++) beside[i]! /= largest;
  return largest;
}

/** Turns until the entry beside `first` is negligible. */
function isolate(d: Float64Array, e: Float64Array, first: number): void {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const last = endOfBlock(d, e, first);
    if (last === first) return;
    chase(d, e, first, last);
  }
  throw new RangeError('the eigenvalues do not settle');
}

/** Beside a matrix whose largest entry is 1 this is rounding, however small the diagonal is there: graded matrices would turn for ever. */
const NEGLIGIBLE = Number.EPSILON / 16;

/** The first row from `first` on that is not tied to the next. */
function endOfBlock(d: Float64Array, e: Float64Array, first: number): number {
  let row = first;
  for (; row < d.length - 1; row++) {
    if (Math.abs(e[row]!) <= NEGLIGIBLE + Number.EPSILON * (Math.abs(d[row]!) + Math.abs(d[row + 1]!))) break;
  }
  return row;
}

/** One implicit QL step on rows first..last: rotations from the bottom up. */
function chase(d: Float64Array, e: Float64Array, first: number, last: number): void {
  let g = (d[first + 1]! - d[first]!) / (2 * e[first]!);
  let r = Math.sqrt(g * g + 1);
  g = d[last]! - d[first]! + e[first]! / (g + (g < 0 ? -r : r));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = last - 1; i >= first; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[last] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    r = (d[i]! - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
  }
  d[first]! -= p;
  e[first] = g;
  e[last] = 0;
}
