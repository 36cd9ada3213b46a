import type { Dtype } from '../dtype';
import { TENSOR_TYPES } from './tfliteSchema';

/** Types of the schema as Weightgram names them. The others are listed without values. */
const DTYPES: Partial<Record<(typeof TENSOR_TYPES)[number], Dtype>> = {
  FLOAT32: 'float32', FLOAT16: 'float16', INT32: 'int32', UINT8: 'uint8', INT64: 'int64', STRING: 'string', BOOL: 'bool', INT16: 'int16', COMPLEX64: 'complex64',
  INT8: 'int8', FLOAT64: 'float64', UINT64: 'uint64', UINT32: 'uint32', UINT16: 'uint16', INT4: 'int4', BFLOAT16: 'bfloat16', UINT4: 'uint4',
};

export function tfliteDtype(type: number): Dtype | undefined {
  const name = TENSOR_TYPES[type];
  return name && DTYPES[name];
}

export function tfliteTypeName(type: number): string {
  return TENSOR_TYPES[type] ?? `of number ${type}`;
}
