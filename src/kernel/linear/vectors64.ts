// @ts-ignore: decorator
@inline
export function sum2(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

/** Of two vectors of `count` float64 numbers. Four sums: an addition takes three cycles. */
export function dot(x: usize, y: usize, count: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  const bytes = <usize>count << 3;
  const whole = bytes & ~63;
  let i: usize = 0;
  for (; i < whole; i += 64) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(x + i), v128.load(y + i)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(x + i, 16), v128.load(y + i, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(x + i, 32), v128.load(y + i, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(x + i, 48), v128.load(y + i, 48)));
  }
  let sum = sum2(f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3)));
  for (; i < bytes; i += 8) sum += load<f64>(x + i) * load<f64>(y + i);
  return sum;
}

/** y += factor · x */
export function addScaled(y: usize, x: usize, factor: f64, count: i32): void {
  const f = f64x2.splat(factor);
  const bytes = <usize>count << 3;
  const whole = bytes & ~31;
  let i: usize = 0;
  for (; i < whole; i += 32) {
    v128.store(y + i, f64x2.add(v128.load(y + i), f64x2.mul(f, v128.load(x + i))));
    v128.store(y + i, f64x2.add(v128.load(y + i, 16), f64x2.mul(f, v128.load(x + i, 16))), 16);
  }
  for (; i < bytes; i += 8) store<f64>(y + i, load<f64>(y + i) + factor * load<f64>(x + i));
}

/** target = factor · x */
export function scaleInto(target: usize, x: usize, factor: f64, count: i32): void {
  for (let i: usize = 0; i < <usize>count << 3; i += 8) store<f64>(target + i, factor * load<f64>(x + i));
}

/** Takes out of x what lies along each of the `vectors` orthonormal vectors that begin at `basis`, `stride` bytes apart. */
export function orthogonalize(x: usize, basis: usize, stride: usize, vectors: i32, count: i32): void {
  for (let k = 0; k < vectors; k++) {
    const vector = basis + <usize>k * stride;
    addScaled(x, vector, -dot(x, vector, count), count);
  }
}
