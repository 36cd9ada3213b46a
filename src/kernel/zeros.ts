import { COLUMN_ZEROS, ROW_ZEROS, TABLE_A, TABLE_B } from './layout';
import { sumLanes } from './vectors';

/**
 * Zeros by column and by row of `rows` × `columns` float32 values. Columns accumulate from call to call (the host clears them with
 * the rest), rows are those of this call. A pass of its own: most chunks hold no zero at all, and the host knows.
 */
export function countZeros(address: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++) countRow(address + ((<usize>row * columns) << 2), row, 0, columns);
}

/** The same of a part of one row, which begins at `firstColumn`; its result is that of row 0. */
export function countZerosOfPartialRow(address: usize, firstColumn: i32, columns: i32): void {
  countRow(address, 0, <usize>firstColumn << 2, columns);
}

function countRow(start: usize, row: i32, base: usize, columns: i32): void {
  const zero = f32x4.splat(0);
  let zeros = i32x4.splat(0);
  const whole = <usize>(columns & ~3) << 2;
  for (let at: usize = 0; at < whole; at += 16) {
    // All bits of a lane are set where it is zero: -1.
    const found = f32x4.eq(v128.load(start + at), zero);
    zeros = i32x4.sub(zeros, found);
    v128.store(base + at, i32x4.sub(v128.load(base + at, COLUMN_ZEROS), found), COLUMN_ZEROS);
  }
  let sum = sumLanes(zeros);
  for (let at = whole; at < <usize>columns << 2; at += 4) {
    if (load<f32>(start + at) !== 0) continue;
    sum++;
    store<u32>(base + at, load<u32>(base + at, COLUMN_ZEROS) + 1, COLUMN_ZEROS);
  }
  store<u32>(<usize>row << 2, sum, ROW_ZEROS);
}

/** How often a code (or upper half of a float32) was counted since the tables were cleared. */
export function countOfCode(code: i32): i32 {
  const bin = <usize>code << 2;
  return load<u32>(bin, TABLE_A) + load<u32>(bin, TABLE_B);
}
