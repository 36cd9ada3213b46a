/** Panels of y that stay in the second-level cache while the rows of x go by: 256 KiB at a depth of 256. */
const BLOCK_PANELS: i32 = 32;

/**
 * C += X · Yᵀ for the lower triangle of C (float64, rows `rowBytes` apart), of panels `firstPanel` to `endPanel` of four rows each.
 * X and Y are packed: a panel has four values for each of `depth` steps.
 */
export function addProduct(c: usize, rowBytes: usize, x: usize, y: usize, depth: i32, firstPanel: i32, endPanel: i32): void {
  const panelBytes = <usize>depth << 5;
  for (let block = 0; block < endPanel; block += BLOCK_PANELS) {
    for (let row = max(firstPanel, block); row < endPanel; row++) {
      const xPanel = x + <usize>row * panelBytes;
      const cRow = c + (<usize>row << 2) * rowBytes;
      const last = min(block + BLOCK_PANELS, row + 1);
      for (let column = block; column < last; column++) {
        addTile(cRow + (<usize>column << 5), rowBytes, xPanel, y + <usize>column * panelBytes, panelBytes);
      }
    }
  }
}

/** Four by four values in eight registers; two loads of y and four broadcasts of x for sixteen operations. */
// @ts-ignore: decorator
@inline
function addTile(c: usize, rowBytes: usize, x: usize, y: usize, bytes: usize): void {
  let c00 = f64x2.splat(0);
  let c01 = f64x2.splat(0);
  let c10 = f64x2.splat(0);
  let c11 = f64x2.splat(0);
  let c20 = f64x2.splat(0);
  let c21 = f64x2.splat(0);
  let c30 = f64x2.splat(0);
  let c31 = f64x2.splat(0);
  const end = x + bytes;
  while (x < end) {
    const y0 = v128.load(y);
    const y1 = v128.load(y, 16);
    const x0 = v128.load_splat<f64>(x);
    c00 = f64x2.add(c00, f64x2.mul(x0, y0));
    c01 = f64x2.add(c01, f64x2.mul(x0, y1));
    const x1 = v128.load_splat<f64>(x, 8);
    c10 = f64x2.add(c10, f64x2.mul(x1, y0));
    c11 = f64x2.add(c11, f64x2.mul(x1, y1));
    const x2 = v128.load_splat<f64>(x, 16);
    c20 = f64x2.add(c20, f64x2.mul(x2, y0));
    c21 = f64x2.add(c21, f64x2.mul(x2, y1));
    const x3 = v128.load_splat<f64>(x, 24);
    c30 = f64x2.add(c30, f64x2.mul(x3, y0));
    c31 = f64x2.add(c31, f64x2.mul(x3, y1));
    x += 32;
    y += 32;
  }
  addTo(c, c00, c01);
  addTo(c + rowBytes, c10, c11);
  addTo(c + 2 * rowBytes, c20, c21);
  addTo(c + 3 * rowBytes, c30, c31);
}

// @ts-ignore: decorator
@inline
function addTo(c: usize, left: v128, right: v128): void {
  v128.store(c, f64x2.add(v128.load(c), left));
  v128.store(c, f64x2.add(v128.load(c, 16), right), 16);
}
