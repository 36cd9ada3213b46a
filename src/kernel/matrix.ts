import { COLUMN_MAXIMA, COLUMN_SQUARES, ROW_MAXIMA, ROW_SQUARES } from './layout';
import { lowest, MAGNITUDE_BITS } from './vectors';

/**
 * Largest magnitude and sum of squares by column and by row of `rows` × `columns` finite float32 values.
 * Columns accumulate from call to call (the host clears and promotes them), rows are those of this call.
 * Four rows at once: each column's accumulators are loaded and stored a quarter as often.
 */
export function scanMatrix(address: usize, rows: i32, columns: i32): void {
  let row = 0;
  for (; row + 4 <= rows; row += 4) scanFourRows(address + ((<usize>row * columns) << 2), row, columns);
  for (; row < rows; row++) scanRow(address + ((<usize>row * columns) << 2), row, 0, columns);
}

/** The same of a part of one row, which begins at `firstColumn`; its results are those of row 0. */
export function scanPartialRow(address: usize, firstColumn: i32, columns: i32): void {
  scanRow(address, 0, <usize>firstColumn << 2, columns);
}

function scanFourRows(first: usize, row: i32, columns: i32): void {
  const pitch = <usize>columns << 2;
  const second = first + pitch;
  const third = second + pitch;
  const fourth = third + pitch;
  let most0 = f32x4.splat(0);
  let most1 = most0;
  let most2 = most0;
  let most3 = most0;
  let squares0 = most0;
  let squares1 = most0;
  let squares2 = most0;
  let squares3 = most0;
  const bits = v128.load_splat<u32>(MAGNITUDE_BITS);
  const whole = <usize>(columns & ~3) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    let x = v128.load(first + at);
    let square = f32x4.mul(x, x);
    let magnitude = v128.and(x, bits);
    let squares = square;
    let most = f32x4.pmax(v128.load(at, COLUMN_MAXIMA), magnitude);
    most0 = f32x4.pmax(most0, magnitude);
    squares0 = f32x4.add(squares0, square);
    x = v128.load(second + at);
    square = f32x4.mul(x, x);
    magnitude = v128.and(x, bits);
    squares = f32x4.add(squares, square);
    most = f32x4.pmax(most, magnitude);
    most1 = f32x4.pmax(most1, magnitude);
    squares1 = f32x4.add(squares1, square);
    x = v128.load(third + at);
    square = f32x4.mul(x, x);
    magnitude = v128.and(x, bits);
    squares = f32x4.add(squares, square);
    most = f32x4.pmax(most, magnitude);
    most2 = f32x4.pmax(most2, magnitude);
    squares2 = f32x4.add(squares2, square);
    x = v128.load(fourth + at);
    square = f32x4.mul(x, x);
    magnitude = v128.and(x, bits);
    squares = f32x4.add(squares, square);
    most = f32x4.pmax(most, magnitude);
    most3 = f32x4.pmax(most3, magnitude);
    squares3 = f32x4.add(squares3, square);
    v128.store(at, most, COLUMN_MAXIMA);
    v128.store(at, f32x4.add(v128.load(at, COLUMN_SQUARES), squares), COLUMN_SQUARES);
  }
  finishRow(first, row, 0, columns, most0, squares0);
  finishRow(second, row + 1, 0, columns, most1, squares1);
  finishRow(third, row + 2, 0, columns, most2, squares2);
  finishRow(fourth, row + 3, 0, columns, most3, squares3);
}

/** `base` is the byte offset of the first column in the columns' results. */
function scanRow(start: usize, row: i32, base: usize, columns: i32): void {
  let mosts = f32x4.splat(0);
  let squares = mosts;
  const bits = v128.load_splat<u32>(MAGNITUDE_BITS);
  const whole = <usize>(columns & ~3) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    const x = v128.load(start + at);
    const square = f32x4.mul(x, x);
    const magnitude = v128.and(x, bits);
    mosts = f32x4.pmax(mosts, magnitude);
    squares = f32x4.add(squares, square);
    v128.store(base + at, f32x4.pmax(v128.load(base + at, COLUMN_MAXIMA), magnitude), COLUMN_MAXIMA);
    v128.store(base + at, f32x4.add(v128.load(base + at, COLUMN_SQUARES), square), COLUMN_SQUARES);
  }
  finishRow(start, row, base, columns, mosts, squares);
}

/** The last one to three columns of a row, and the row's own results. */
function finishRow(start: usize, row: i32, base: usize, columns: i32, mosts: v128, squares: v128): void {
  let most = -lowest(f32x4.neg(mosts));
  let sum = (f32x4.extract_lane(squares, 0) + f32x4.extract_lane(squares, 1)) + (f32x4.extract_lane(squares, 2) + f32x4.extract_lane(squares, 3));
  for (let column = columns & ~3; column < columns; column++) {
    const at = <usize>column << 2;
    const x = load<f32>(start + at);
    const magnitude = abs(x);
    const square = x * x;
    most = max(most, magnitude);
    sum += square;
    const result = base + at;
    store<f32>(result, max(load<f32>(result, COLUMN_MAXIMA), magnitude), COLUMN_MAXIMA);
    store<f32>(result, load<f32>(result, COLUMN_SQUARES) + square, COLUMN_SQUARES);
  }
  store<f32>(<usize>row << 2, most, ROW_MAXIMA);
  store<f32>(<usize>row << 2, sum, ROW_SQUARES);
}

/** Clears the results of the first `columns` columns. */
export function clearColumns(columns: i32): void {
  memory.fill(COLUMN_MAXIMA, 0, <usize>columns << 2);
  memory.fill(COLUMN_SQUARES, 0, <usize>columns << 2);
}
