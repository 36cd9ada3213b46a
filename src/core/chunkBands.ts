/**
 * Chunks of an array in row-major order: those that hold one run of its elements are a band. Of [1000, 64, 64] in chunks of
 * [1, 32, 32] a band is half a picture, of [1000, 64] in chunks of [100, 64] it is a chunk.
 */
export interface ChunkBands {
  /** Elements of a full band. */
  readonly elements: number;
  /** Chunks of a full band. */
  readonly chunks: number;
  /** The axis along which bands follow one another; those before it have chunks of 1. -1 for a scalar. */
  readonly axis: number;
}

/** @param chunkShape at least 1 along each axis. */
export function chunkBands(shape: readonly number[], chunkShape: readonly number[]): ChunkBands {
  const found = chunkShape.findIndex((size) => size > 1);
  const axis = found < 0 ? shape.length - 1 : found;
  if (axis < 0) return { elements: 1, chunks: 1, axis };
  const inner = shape.slice(axis + 1);
  return {
    elements: inner.reduce((product, size) => product * size, Math.min(chunkShape[axis]!, shape[axis]!)),
    chunks: inner.reduce((product, size, i) => product * Math.ceil(size / chunkShape[axis + 1 + i]!), 1),
    axis,
  };
}
