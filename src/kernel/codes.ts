import { COUNTS, INPUT, KEYS, TABLE_A, TABLE_B } from './layout';

/**
 * Counts `count` 16-bit codes at INPUT. In one table: half floats have some 20,000 codes, of which two neighbours are seldom
 * equal, and twice the memory would cost 30 %.
 */
export function countCodes16(count: i32): void {
  let at: usize = INPUT;
  const end = INPUT + (<usize>count << 1);
  const wholeEnd = INPUT + (<usize>(count & ~3) << 1);
  for (; at < wholeEnd; at += 8) {
    countOne(load<u16>(at));
    countOne(load<u16>(at, 2));
    countOne(load<u16>(at, 4));
    countOne(load<u16>(at, 6));
  }
  for (; at < end; at += 2) countOne(load<u16>(at));
}

// @ts-ignore: decorator
@inline
export function countOne(code: u16): void {
  const bin = <usize>code << 2;
  store<u32>(bin, load<u32>(bin, TABLE_A) + 1, TABLE_A);
}

/** Counts `count` 8-bit codes at INPUT. */
export function countCodes8(count: i32): void {
  let at: usize = INPUT;
  const end = INPUT + <usize>count;
  const wholeEnd = INPUT + <usize>(count & ~3);
  for (; at < wholeEnd; at += 4) {
    const bin0 = <usize>load<u8>(at) << 2;
    store<u32>(bin0, load<u32>(bin0, TABLE_A) + 1, TABLE_A);
    const bin1 = <usize>load<u8>(at, 1) << 2;
    store<u32>(bin1, load<u32>(bin1, TABLE_B) + 1, TABLE_B);
    const bin2 = <usize>load<u8>(at, 2) << 2;
    store<u32>(bin2, load<u32>(bin2, TABLE_A) + 1, TABLE_A);
    const bin3 = <usize>load<u8>(at, 3) << 2;
    store<u32>(bin3, load<u32>(bin3, TABLE_B) + 1, TABLE_B);
  }
  for (; at < end; at++) {
    const bin = <usize>load<u8>(at) << 2;
    store<u32>(bin, load<u32>(bin, TABLE_A) + 1, TABLE_A);
  }
}

/** Moves the bins that are not empty to KEYS and COUNTS, ascending by key, and clears the tables. Returns how many. */
export function compact(): i32 {
  let found = 0;
  const none = i32x4.splat(0);
  for (let key: usize = 0; key < 65536; key += 4) {
    const at = key << 2;
    const sums = i32x4.add(v128.load(at, TABLE_A), v128.load(at, TABLE_B));
    if (!v128.any_true(sums)) continue;
    v128.store(at, none, TABLE_A);
    v128.store(at, none, TABLE_B);
    found = emit(found, key, i32x4.extract_lane(sums, 0));
    found = emit(found, key + 1, i32x4.extract_lane(sums, 1));
    found = emit(found, key + 2, i32x4.extract_lane(sums, 2));
    found = emit(found, key + 3, i32x4.extract_lane(sums, 3));
  }
  return found;
}

// @ts-ignore: decorator
@inline
function emit(found: i32, key: usize, count: i32): i32 {
  if (count === 0) return found;
  store<u16>(KEYS + (<usize>found << 1), <u16>key);
  store<u32>(COUNTS + (<usize>found << 2), count);
  return found + 1;
}
