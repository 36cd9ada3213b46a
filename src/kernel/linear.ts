// Linear algebra for spectra. The caller lays out the memory and hands addresses in; everything above HEAP is its own.
export { addProduct } from './linear/product';
export { packLine, packUpdate } from './linear/pack';
export { reduceRow } from './linear/reduce';
export { addRowsTimes, addRowsTransposedTimes } from './linear/matrixVector';
export { dot, orthogonalize, scaleInto } from './linear/vectors64';

/** Constants lie below. */
export const HEAP: usize = 65536;
