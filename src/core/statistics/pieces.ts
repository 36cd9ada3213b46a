/** Values that stand side by side in some order of a whole tensor; `first` is the place of the first of them. Plain data: crosses ports. */
export interface Piece {
  readonly first: number;
  readonly values: Float32Array;
}

/** One array of `length` values from pieces in any order; undefined where some are missing. */
export function joinPieces(pieces: readonly Piece[], length: number): Float32Array | undefined {
  const only = pieces[0];
  if (pieces.length === 1 && only?.values.length === length) return only.values;
  const joined = new Float32Array(length);
  let filled = 0;
  for (const { first, values } of pieces) {
    joined.set(values, first);
    filled += values.length;
  }
  return filled === length ? joined : undefined;
}
