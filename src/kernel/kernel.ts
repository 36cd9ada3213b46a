// The inner loops, compiled to one WebAssembly SIMD module. No allocator, no imports: the host copies file bytes to
// INPUT, calls a pass, and reads the results from STATE, KEYS and COUNTS (layout.ts).
// Its twin in plain TypeScript is src/core/statistics/twin.ts: same figures, and the oracle of the tests.
export { addScales, clearScales } from './blockScales';
export { compact, countCodes16, countCodes8 } from './codes';
export { countAndDecodeFloat16, decodeBfloat16, decodeCodes8 } from './decode';
export { dequantize } from './dequantize';
export { countEdges } from './edges';
export { reset, scanFloat32 } from './float32';
export {
  CODE_VALUES, COLUMN_MAXIMA, COLUMN_SQUARES, COLUMN_SUMS, COLUMN_ZEROS, COUNTS, DECODED, DECODED_BYTES, EDGE_COUNTS, EDGE_FIRST, EDGE_LAST, EDGES,
  EVEN_SIGNS, GRID_IQ1_S, GRID_IQ2_S, GRID_IQ2_XS, GRID_IQ2_XXS, GRID_IQ3_S, GRID_IQ3_XXS,
  INPUT, INPUT_BYTES, KEYS, MIN_COUNTS, MIN_STATE, RAW, RAW_BYTES, ROW_MAXIMA, ROW_SQUARES, ROW_SUMS, ROW_ZEROS, SCALE_COUNTS, SCALE_STATE, STATE,
} from './layout';
export { clearColumns, scanMatrix, scanPartialRow } from './matrix';
export { orOfWords } from './words';
export { countOfCode, countZeros, countZerosOfPartialRow } from './zeros';
