import type { Dtype } from '../dtype';

/** DataType of tensorflow/core/framework/types.proto, by its number. Quantized types are codes whose scales lie elsewhere in a graph. */
const DTYPES: Readonly<Record<number, Dtype>> = {
  1: 'float32', 2: 'float64', 3: 'int32', 4: 'uint8', 5: 'int16', 6: 'int8', 7: 'string', 8: 'complex64', 9: 'int64', 10: 'bool', 11: 'int8', 12: 'uint8', 13: 'int32',
  14: 'bfloat16', 15: 'int16', 16: 'uint16', 17: 'uint16', 19: 'float16', 22: 'uint32', 23: 'uint64', 24: 'float8_e5m2', 25: 'float8_e4m3fn', 26: 'float8_e4m3fnuz',
  28: 'float8_e5m2fnuz',
};

const NAMES: Readonly<Record<number, string>> = {
  18: 'complex128', 20: 'resource', 21: 'variant', 27: 'float8_e4m3b11fnuz', 29: 'int4', 30: 'uint4', 31: 'int2', 32: 'uint2', 33: 'float4_e2m1fn',
};

/** undefined for what is listed and not decoded. */
export function tensorflowDtype(type: number): Dtype | undefined {
  return DTYPES[type];
}

export function tensorflowTypeName(type: number): string {
  return DTYPES[type] ?? NAMES[type] ?? `number ${type}`;
}
