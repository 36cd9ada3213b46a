/** Where the elements of a view lie in its storage, counted in elements. */
export type StridedLayout =
  /** One after another in row-major order of the axes in `order`; absent where that is their own order. */
  | { readonly kind: 'dense'; readonly order?: readonly number[] }
  | { readonly kind: 'strided' };

/** Index of the last element that a view reaches, from its first on; -1 for a view without elements. */
export function reachOf(shape: readonly number[], strides: readonly number[]): number {
  let last = 0;
  for (const [axis, size] of shape.entries()) {
    if (size === 0) return -1;
    last += (size - 1) * strides[axis]!;
  }
  return last;
}

/** Strides are not negative. */
export function stridedLayout(shape: readonly number[], strides: readonly number[]): StridedLayout {
  const own = shape.map((_, axis) => axis);
  if (shape.includes(0) || isDense(own, shape, strides)) return { kind: 'dense' };
  // Axes of one element are where they stand: their strides say nothing.
  const moving = own.filter((axis) => shape[axis]! > 1).sort((a, b) => strides[b]! - strides[a]! || a - b);
  const order = [...own.filter((axis) => shape[axis] === 1), ...moving];
  return isDense(order, shape, strides) ? { kind: 'dense', order } : { kind: 'strided' };
}

function isDense(order: readonly number[], shape: readonly number[], strides: readonly number[]): boolean {
  let stride = 1;
  for (let i = order.length - 1; i >= 0; i--) {
    const axis = order[i]!;
    if (shape[axis] === 1) continue;
    if (strides[axis] !== stride) return false;
    stride *= shape[axis]!;
  }
  return true;
}

/** In row-major order. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}
