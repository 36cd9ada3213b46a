import type { NumericDtype } from '../dtype';

/** `enum ggml_type` of ggml.h: what the number in a tensor's header means. */
const DTYPES: Readonly<Record<number, NumericDtype>> = {
  0: 'float32',
  1: 'float16',
  2: 'Q4_0',
  3: 'Q4_1',
  6: 'Q5_0',
  7: 'Q5_1',
  8: 'Q8_0',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  14: 'Q6_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'int8',
  25: 'int16',
  26: 'int32',
  27: 'int64',
  28: 'float64',
  29: 'IQ1_M',
  30: 'bfloat16',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
  40: 'NVFP4',
  41: 'Q1_0',
};

/** Types that ggml had once and took out: no current program reads them. */
const REMOVED: Readonly<Record<number, string>> = {
  4: 'Q4_2',
  5: 'Q4_3',
  31: 'Q4_0_4_4',
  32: 'Q4_0_4_8',
  33: 'Q4_0_8_8',
  36: 'IQ4_NL_4_4',
  37: 'IQ4_NL_4_8',
  38: 'IQ4_NL_8_8',
};

/** undefined for a number that is not known. */
export function ggmlDtype(type: number): NumericDtype | undefined {
  return Object.hasOwn(DTYPES, type) ? DTYPES[type] : undefined;
}

/** The number of a type that ggml has. */
export function ggmlType(dtype: NumericDtype): number | undefined {
  return NUMBERS.get(dtype);
}

const NUMBERS: ReadonlyMap<NumericDtype, number> = new Map(Object.entries(DTYPES).map(([type, dtype]) => [dtype, Number(type)]));

/** What is known of a type that is not read, and what to do: ends a sentence that names the tensor. */
export function describeUnknownType(type: number): string {
  const removed = Object.hasOwn(REMOVED, type) ? REMOVED[type] : undefined;
  if (removed) return `is stored as ${removed} (type ${type}), which ggml no longer has. Quantize the model anew, as ${removed.startsWith('IQ4') ? 'IQ4_NL' : 'Q4_0'}`;
  return `is of type ${type}, which this version does not know. Look for an update of Weightgram, or quantize the model as a type that is read`;
}

/** `enum llama_ftype` of llama.h, as `llama-quantize` calls them: what most of a model's matrices are stored as. */
const FILE_TYPES: Readonly<Record<number, string>> = {
  0: 'F32', 1: 'F16', 2: 'Q4_0', 3: 'Q4_1', 7: 'Q8_0', 8: 'Q5_0', 9: 'Q5_1', 10: 'Q2_K', 11: 'Q3_K_S', 12: 'Q3_K_M', 13: 'Q3_K_L',
  14: 'Q4_K_S', 15: 'Q4_K_M', 16: 'Q5_K_S', 17: 'Q5_K_M', 18: 'Q6_K', 19: 'IQ2_XXS', 20: 'IQ2_XS', 21: 'Q2_K_S', 22: 'IQ3_XS',
  23: 'IQ3_XXS', 24: 'IQ1_S', 25: 'IQ4_NL', 26: 'IQ3_S', 27: 'IQ3_M', 28: 'IQ2_S', 29: 'IQ2_M', 30: 'IQ4_XS', 31: 'IQ1_M', 32: 'BF16',
  36: 'TQ1_0', 37: 'TQ2_0', 38: 'MXFP4', 39: 'NVFP4', 40: 'Q1_0',
};

/** undefined where the number is not known, or says that the type was guessed. */
export function fileTypeName(type: unknown): string | undefined {
  return typeof type === 'number' && Object.hasOwn(FILE_TYPES, type) ? FILE_TYPES[type] : undefined;
}
