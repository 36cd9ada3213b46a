import { addScaled, dot, sum2 } from './vectors64';

/**
 * One step of the blocked Householder reduction of a symmetric matrix to tridiagonal form, as LAPACK's dlatrd takes them
 * (Dongarra, Sorensen & Hammarling 1989), from the last row upwards so that rows of the lower triangle are read as they lie.
 *
 * Row `row` of `a` (float64, lower triangle, rows `rowBytes` apart) is brought up to date with the `done` reflections of its block,
 * its left part becomes the reflection v (at `vectors` + 2·done·rowBytes, w behind it), diagonal[row] and beside[row − 1]
 * the entries of the tridiagonal matrix. The matrix itself is brought up to date a block at a time, by packUpdate and addProduct.
 */
export function reduceRow(a: usize, rowBytes: usize, row: i32, done: i32, vectors: usize, diagonal: usize, beside: usize): void {
  const own = a + <usize>row * rowBytes;
  for (let k = 0; k < done; k++) {
    const v = vectors + (<usize>k << 1) * rowBytes;
    const w = v + rowBytes;
    const at = <usize>row << 3;
    addScaled(own, v, -load<f64>(w + at), row + 1);
    addScaled(own, w, -load<f64>(v + at), row + 1);
  }
  store<f64>(diagonal + (<usize>row << 3), load<f64>(own + (<usize>row << 3)));
  const v = vectors + (<usize>done << 1) * rowBytes;
  const w = v + rowBytes;
  memory.fill(v, 0, 2 * rowBytes);
  if (row === 0) return;
  const tau = reflection(own, v, row, beside);
  if (tau === 0) return;
  multiply(a, rowBytes, row, v, w);
  for (let k = 0; k < done; k++) {
    const otherV = vectors + (<usize>k << 1) * rowBytes;
    const otherW = otherV + rowBytes;
    const alongW = dot(otherW, v, row);
    const alongV = dot(otherV, v, row);
    addScaled(w, otherV, -alongW, row);
    addScaled(w, otherW, -alongV, row);
  }
  const half = -0.5 * tau * dot(w, v, row);
  addScaled(w, v, half, row);
  for (let i: usize = 0; i < <usize>row << 3; i += 8) store<f64>(w + i, tau * load<f64>(w + i));
}

/** v and its factor: (1 − tau·v·vᵀ)·x is zero but for its last entry, beside[row − 1]; the last entry of v is 1. */
function reflection(x: usize, v: usize, row: i32, beside: usize): f64 {
  const last = <usize>(row - 1) << 3;
  const alpha = load<f64>(x + last);
  const rest = dot(x, x, row - 1);
  if (rest === 0) {
    store<f64>(beside + last, alpha);
    return 0;
  }
  const norm = sqrt(alpha * alpha + rest);
  const beta = alpha > 0 ? -norm : norm;
  store<f64>(beside + last, beta);
  const factor = 1 / (alpha - beta);
  for (let i: usize = 0; i < last; i += 8) store<f64>(v + i, factor * load<f64>(x + i));
  store<f64>(v + last, 1);
  return (beta - alpha) / beta;
}

/** y = A · x for the leading `order` rows, from the lower triangle: each value is read once and used for two rows. y is zero before. */
function multiply(a: usize, rowBytes: usize, order: i32, x: usize, y: usize): void {
  let row = 0;
  for (; row + 4 <= order; row += 4) {
    const r0 = a + <usize>row * rowBytes;
    const r1 = r0 + rowBytes;
    const r2 = r1 + rowBytes;
    const r3 = r2 + rowBytes;
    const end = <usize>row << 3;
    const x0 = v128.load_splat<f64>(x + end);
    const x1 = v128.load_splat<f64>(x + end, 8);
    const x2 = v128.load_splat<f64>(x + end, 16);
    const x3 = v128.load_splat<f64>(x + end, 24);
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    let s2 = f64x2.splat(0);
    let s3 = f64x2.splat(0);
    for (let i: usize = 0; i < end; i += 16) {
      const xi = v128.load(x + i);
      const a0 = v128.load(r0 + i);
      const a1 = v128.load(r1 + i);
      const a2 = v128.load(r2 + i);
      const a3 = v128.load(r3 + i);
      s0 = f64x2.add(s0, f64x2.mul(a0, xi));
      s1 = f64x2.add(s1, f64x2.mul(a1, xi));
      s2 = f64x2.add(s2, f64x2.mul(a2, xi));
      s3 = f64x2.add(s3, f64x2.mul(a3, xi));
      const left = f64x2.add(f64x2.mul(a0, x0), f64x2.mul(a1, x1));
      const right = f64x2.add(f64x2.mul(a2, x2), f64x2.mul(a3, x3));
      v128.store(y + i, f64x2.add(v128.load(y + i), f64x2.add(left, right)));
    }
    addAt(y + end, sum2(s0));
    addAt(y + end + 8, sum2(s1));
    addAt(y + end + 16, sum2(s2));
    addAt(y + end + 24, sum2(s3));
    for (let k = 0; k < 4; k++) corner(r0 + <usize>k * rowBytes, row, row + k, x, y);
  }
  for (; row < order; row++) corner(a + <usize>row * rowBytes, 0, row, x, y);
}

/** One row from column `first` on, its diagonal included. */
function corner(at: usize, first: i32, row: i32, x: usize, y: usize): void {
  const xr = load<f64>(x + (<usize>row << 3));
  let sum = load<f64>(at + (<usize>row << 3)) * xr;
  for (let i = <usize>first << 3; i < <usize>row << 3; i += 8) {
    const value = load<f64>(at + i);
    sum += value * load<f64>(x + i);
    addAt(y + i, value * xr);
  }
  addAt(y + (<usize>row << 3), sum);
}

// @ts-ignore: decorator
@inline
function addAt(at: usize, value: f64): void {
  store<f64>(at, load<f64>(at) + value);
}
