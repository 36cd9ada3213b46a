/** One of the four lanes of a packed panel: `count` float32 numbers, `stride` bytes apart, become float64 numbers 32 bytes apart. */
export function packLine(target: usize, source: usize, stride: usize, count: i32): void {
  let from = source;
  const end = target + (<usize>count << 5);
  for (let to = target; to < end; to += 32) {
    store<f64>(to, <f64>load<f32>(from));
    from += stride;
  }
}

/**
 * The vectors v and w of a block of `pairs` reflections (v at 2k, w at 2k + 1, `stride` bytes each), as panels of four rows:
 * x holds v and w, y holds −w and −v, so that x · yᵀ is what the block takes from the matrix.
 */
export function packUpdate(x: usize, y: usize, vectors: usize, stride: usize, pairs: i32, firstPanel: i32, endPanel: i32): void {
  const panelBytes = <usize>pairs << 6;
  for (let panel = firstPanel; panel < endPanel; panel++) {
    let to = <usize>panel * panelBytes;
    let from = vectors + (<usize>panel << 5);
    for (let k = 0; k < pairs; k++) {
      const v0 = v128.load(from);
      const v1 = v128.load(from, 16);
      const w0 = v128.load(from + stride);
      const w1 = v128.load(from + stride, 16);
      v128.store(x + to, v0);
      v128.store(x + to, v1, 16);
      v128.store(x + to, w0, 32);
      v128.store(x + to, w1, 48);
      v128.store(y + to, f64x2.neg(w0));
      v128.store(y + to, f64x2.neg(w1), 16);
      v128.store(y + to, f64x2.neg(v0), 32);
      v128.store(y + to, f64x2.neg(v1), 48);
      to += 64;
      from += stride << 1;
    }
  }
}
