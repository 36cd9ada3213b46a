import type { TfliteDimension, TfliteSparsity } from './tfliteSchema';

/** Of one tensor. Their places are kept as numbers and travel to the worker: 32 MB. Pruned models have some ten thousand a layer. */
export const MAX_SPARSE_VALUES = 4_000_000;
/** Rows and blocks that are walked through, empty ones too. */
const MAX_STEPS = 16_000_000;
/** Axes and their blocks. */
const MAX_LEVELS = 16;

/**
 * Where each stored value goes in the flat, dense tensor, in the order in which they are stored (tensorflow/lite/kernels/internal/utils/
 * sparsity_format_converter.cc, after Kjolstad et al., "The Tensor Algebra Compiler"). Dimensions stand in the order of traversal: those
 * below the rank are the tensor's own, cut into blocks where the block map says so, and those above are within a block.
 * @param count values that are stored.
 * @returns a sentence's end where the description makes no sense.
 */
export function sparseIndices(shape: readonly number[], sparsity: TfliteSparsity, count: number): Float64Array | string {
  if (count > MAX_SPARSE_VALUES) return `it is sparse with ${count} values; up to ${MAX_SPARSE_VALUES} are put in their places`;
  const levels = levelsOf(shape, sparsity);
  if (typeof levels === 'string') return levels;
  const indices = new Float64Array(count).fill(NaN);
  let filled = 0;
  let steps = 0;

  const walk = (depth: number, parent: number, flat: number): string | undefined => {
    const level = levels[depth];
    if (!level) {
      // Dense levels at the end count their values one after another, as stored.
      if (parent >= count) return 'its description has more values than are stored';
      if (!Number.isNaN(indices[parent]!)) return 'its description puts one value in several places';
      indices[parent] = flat;
      filled++;
      return undefined;
    }
    const { dimension, size, stride } = level;
    const first = dimension.isSparse ? (dimension.segments[parent] ?? -1) : parent * size;
    const last = dimension.isSparse ? (dimension.segments[parent + 1] ?? -1) : first + size;
    if (first < 0 || last < first || (dimension.isSparse && last > dimension.indices.length)) return 'the segments of its rows go beyond its indices';
    for (let at = first; at < last; at++) {
      if (++steps > MAX_STEPS) return `its description takes more than ${MAX_STEPS} steps`;
      const along = dimension.isSparse ? dimension.indices[at]! : at - first;
      if (along < 0 || along >= size) return `an index ${along} lies outside of its ${size} places`;
      const failure = walk(depth + 1, at, flat + along * stride);
      if (failure !== undefined) return failure;
    }
    return undefined;
  };
  const failure = walk(0, 0, 0);
  if (failure !== undefined) return failure;
  return filled === count ? indices : `it stores ${count} values and describes ${filled}`;
}

interface Level {
  readonly dimension: TfliteDimension;
  readonly size: number;
  /** Flat elements that one step along it is. */
  readonly stride: number;
}

function levelsOf(shape: readonly number[], { order, blockMap, dimensions }: TfliteSparsity): readonly Level[] | string {
  const rank = shape.length;
  const count = rank + blockMap.length;
  if (count > MAX_LEVELS) return `it is sparse in ${count} dimensions; up to ${MAX_LEVELS} are read`;
  const isPermutation = order.length === count && new Set(order).size === count && order.every((axis) => axis >= 0 && axis < count);
  if (!isPermutation || dimensions.length !== count) return 'its order of traversal does not name each dimension once';
  if (!blockMap.every((axis) => axis >= 0 && axis < rank) || new Set(blockMap).size !== blockMap.length) return 'its blocks are of axes that it does not have';
  const blockSizes = new Map(blockMap.map((axis, block) => [axis, dimensions[order.indexOf(rank + block)]!.denseSize]));
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const levels = order.map((axis, at): Level => {
    const dimension = dimensions[at]!;
    const isBlock = axis >= rank;
    const own = isBlock ? blockMap[axis - rank]! : axis;
    const block = blockSizes.get(own) ?? 1;
    return { dimension, size: isBlock ? block : shape[own]! / block, stride: strides[own]! * (isBlock ? 1 : block) };
  });
  if (!levels.every(({ size }) => Number.isInteger(size) && size >= 0)) return 'its blocks do not divide its axes';
  const contradicts = levels.some(({ dimension, size }) => !dimension.isSparse && dimension.denseSize !== size);
  return contradicts ? 'its dimensions contradict its shape' : levels;
}
