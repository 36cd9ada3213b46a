import { sum2 } from './vectors64';

/** y += M · x: `rows` rows of `columns` float32 numbers at `matrix`, x and y of float64. */
export function addRowsTimes(matrix: usize, rows: i32, columns: i32, x: usize, y: usize): void {
  const whole = columns & ~3;
  for (let row = 0; row < rows; row++) {
    const at = matrix + <usize>row * (<usize>columns << 2);
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    for (let i: usize = 0; i < <usize>whole; i += 4) {
      const low = f64x2.promote_low_f32x4(v128.load_zero<u64>(at + (i << 2)));
      const high = f64x2.promote_low_f32x4(v128.load_zero<u64>(at + (i << 2), 8));
      s0 = f64x2.add(s0, f64x2.mul(low, v128.load(x + (i << 3))));
      s1 = f64x2.add(s1, f64x2.mul(high, v128.load(x + (i << 3), 16)));
    }
    let sum = sum2(f64x2.add(s0, s1));
    for (let i = <usize>whole; i < <usize>columns; i++) sum += <f64>load<f32>(at + (i << 2)) * load<f64>(x + (i << 3));
    store<f64>(y + (<usize>row << 3), load<f64>(y + (<usize>row << 3)) + sum);
  }
}

/** y += Mᵀ · x. Four rows at a time, so that y is read and written a quarter as often. */
export function addRowsTransposedTimes(matrix: usize, rows: i32, columns: i32, x: usize, y: usize): void {
  const rowBytes = <usize>columns << 2;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    const r0 = matrix + <usize>row * rowBytes;
    const r1 = r0 + rowBytes;
    const r2 = r1 + rowBytes;
    const r3 = r2 + rowBytes;
    const x0 = v128.load_splat<f64>(x + (<usize>row << 3));
    const x1 = v128.load_splat<f64>(x + (<usize>row << 3), 8);
    const x2 = v128.load_splat<f64>(x + (<usize>row << 3), 16);
    const x3 = v128.load_splat<f64>(x + (<usize>row << 3), 24);
    const whole = <usize>(columns & ~1);
    let i: usize = 0;
    for (; i < whole; i += 2) {
      const left = f64x2.add(f64x2.mul(pair(r0, i), x0), f64x2.mul(pair(r1, i), x1));
      const right = f64x2.add(f64x2.mul(pair(r2, i), x2), f64x2.mul(pair(r3, i), x3));
      v128.store(y + (i << 3), f64x2.add(v128.load(y + (i << 3)), f64x2.add(left, right)));
    }
    for (; i < <usize>columns; i++) {
      const sum = single(r0, i) * f64x2.extract_lane(x0, 0) + single(r1, i) * f64x2.extract_lane(x1, 0)
        + single(r2, i) * f64x2.extract_lane(x2, 0) + single(r3, i) * f64x2.extract_lane(x3, 0);
      store<f64>(y + (i << 3), load<f64>(y + (i << 3)) + sum);
    }
  }
  for (; row < rows; row++) {
    const at = matrix + <usize>row * rowBytes;
    const factor = load<f64>(x + (<usize>row << 3));
    for (let i: usize = 0; i < <usize>columns; i++) store<f64>(y + (i << 3), load<f64>(y + (i << 3)) + factor * single(at, i));
  }
}

// @ts-ignore: decorator
@inline
function pair(at: usize, i: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load_zero<u64>(at + (i << 2)));
}

// @ts-ignore: decorator
@inline
function single(at: usize, i: usize): f64 {
  return <f64>load<f32>(at + (i << 2));
}
