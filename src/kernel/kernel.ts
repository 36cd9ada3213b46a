// The inner loops, compiled to one WebAssembly SIMD module. No allocator, no imports: the host copies file bytes to
// INPUT, calls a pass, and reads the results from STATE, KEYS and COUNTS (layout.ts).
// Its twin in plain TypeScript is src/core/statistics/twin.ts: same figures, and the oracle of the tests.
export { compact, countCodes16, countCodes8 } from './codes';
export { countAndDecodeFloat16, decodeBfloat16, decodeCodes8 } from './decode';
export { countEdges } from './edges';
export { reset, scanFloat32 } from './float32';
export {
  CODE_VALUES, COLUMN_MAXIMA, COLUMN_SQUARES, COLUMN_SUMS, COLUMN_ZEROS, COUNTS, DECODED, DECODED_BYTES, EDGE_COUNTS, EDGE_FIRST, EDGE_LAST, EDGES,
  INPUT, INPUT_BYTES, KEYS, ROW_MAXIMA, ROW_SQUARES, ROW_SUMS, ROW_ZEROS, STATE,
} from './layout';
export { clearColumns, scanMatrix, scanPartialRow } from './matrix';
export { orOfWords } from './words';
export { countOfCode, countZeros, countZerosOfPartialRow } from './zeros';
