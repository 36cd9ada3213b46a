import type { Dtype } from '../dtype';

/** Field numbers of onnx.proto, by message (github.com/onnx/onnx/blob/main/onnx/onnx.proto). */
export const MODEL = { irVersion: 1, producerName: 2, producerVersion: 3, domain: 4, modelVersion: 5, docString: 6, graph: 7, opsetImport: 8, metadata: 14, trainingInfo: 20, functions: 25, configuration: 26 } as const;
export const GRAPH = { node: 1, name: 2, initializer: 5, docString: 10, input: 11, output: 12, valueInfo: 13, sparseInitializer: 15 } as const;
export const FUNCTION = { name: 1, input: 4, output: 5, node: 7, domain: 10, attributeDefault: 11, overload: 13 } as const;
export const NODE = { input: 1, output: 2, name: 3, op: 4, attribute: 5, domain: 7, overload: 8 } as const;
export const ATTRIBUTE = { name: 1, f: 2, i: 3, s: 4, tensor: 5, graph: 6, floats: 7, ints: 8, strings: 9, tensors: 10, graphs: 11, reference: 21, sparseTensor: 22, sparseTensors: 23 } as const;
export const TENSOR = { dims: 1, dataType: 2, floats: 4, int32s: 5, strings: 6, int64s: 7, name: 8, raw: 9, doubles: 10, uint64s: 11, external: 13, location: 14 } as const;
export const SPARSE = { values: 1, indices: 2, dims: 3 } as const;
export const ENTRY = { key: 1, value: 2 } as const;
export const OPSET = { domain: 1, version: 2 } as const;
export const TRAINING = { initialization: 1, algorithm: 2 } as const;

/** A field of TensorProto that holds values by themselves. */
export type ValueField = typeof TENSOR.floats | typeof TENSOR.int32s | typeof TENSOR.int64s | typeof TENSOR.doubles | typeof TENSOR.uint64s | typeof TENSOR.strings;

export interface OnnxType {
  /** As TensorProto.DataType spells it. */
  readonly name: string;
  /** Absent for types that are listed and not read; `bits` tell their size. */
  readonly dtype?: Dtype;
  readonly bits?: number;
  /** Where its values lie when they are not in raw_data. */
  readonly field: ValueField;
}

const { floats, int32s, int64s, doubles, uint64s, strings } = TENSOR;

/** TensorProto.DataType. */
const TYPES: Readonly<Record<number, OnnxType>> = {
  1: { name: 'FLOAT', dtype: 'float32', field: floats },
  2: { name: 'UINT8', dtype: 'uint8', field: int32s },
  3: { name: 'INT8', dtype: 'int8', field: int32s },
  4: { name: 'UINT16', dtype: 'uint16', field: int32s },
  5: { name: 'INT16', dtype: 'int16', field: int32s },
  6: { name: 'INT32', dtype: 'int32', field: int32s },
  7: { name: 'INT64', dtype: 'int64', field: int64s },
  8: { name: 'STRING', dtype: 'string', field: strings },
  9: { name: 'BOOL', dtype: 'bool', field: int32s },
  10: { name: 'FLOAT16', dtype: 'float16', field: int32s },
  11: { name: 'DOUBLE', dtype: 'float64', field: doubles },
  12: { name: 'UINT32', dtype: 'uint32', field: uint64s },
  13: { name: 'UINT64', dtype: 'uint64', field: uint64s },
  14: { name: 'COMPLEX64', dtype: 'complex64', field: floats },
  15: { name: 'COMPLEX128', bits: 128, field: doubles },
  16: { name: 'BFLOAT16', dtype: 'bfloat16', field: int32s },
  17: { name: 'FLOAT8E4M3FN', dtype: 'float8_e4m3fn', field: int32s },
  18: { name: 'FLOAT8E4M3FNUZ', dtype: 'float8_e4m3fnuz', field: int32s },
  19: { name: 'FLOAT8E5M2', dtype: 'float8_e5m2', field: int32s },
  20: { name: 'FLOAT8E5M2FNUZ', dtype: 'float8_e5m2fnuz', field: int32s },
  21: { name: 'UINT4', dtype: 'uint4', field: int32s },
  22: { name: 'INT4', dtype: 'int4', field: int32s },
  23: { name: 'FLOAT4E2M1', dtype: 'float4_e2m1fn', field: int32s },
  24: { name: 'FLOAT8E8M0', dtype: 'float8_e8m0fnu', field: int32s },
  25: { name: 'UINT2', bits: 2, field: int32s },
  26: { name: 'INT2', bits: 2, field: int32s },
  27: { name: 'FLOAT6E2M3', bits: 6, field: int32s },
  28: { name: 'FLOAT6E3M2', bits: 6, field: int32s },
};

export function onnxType(dataType: number): OnnxType | undefined {
  return TYPES[dataType];
}
