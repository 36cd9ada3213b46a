/** Types whose elements are whole bytes: what statistics are computed from. */
const BYTES_PER_ELEMENT = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  /** ONNX and Graphcore: no infinities, no negative zero. */
  float8_e4m3fnuz: 1,
  float8_e5m2fnuz: 1,
  /** A power of two: the scale of a block (OCP Microscaling). */
  float8_e8m0fnu: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
  complex64: 8,
} as const satisfies Record<string, number>;

/** A run of elements that share bytes. */
export interface Block {
  readonly elements: number;
  readonly bytes: number;
}

/** Types whose elements share bytes: packed ones, and the quantized blocks of GGUF by the names that ggml gives them (ggml-common.h). */
const BLOCKS = {
  int4: { elements: 2, bytes: 1 },
  uint4: { elements: 2, bytes: 1 },
  float4_e2m1fn: { elements: 2, bytes: 1 },
  float6_e2m3fn: { elements: 4, bytes: 3 },
  float6_e3m2fn: { elements: 4, bytes: 3 },
  Q1_0: { elements: 128, bytes: 18 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q5_0: { elements: 32, bytes: 22 },
  Q5_1: { elements: 32, bytes: 24 },
  Q8_0: { elements: 32, bytes: 34 },
  Q8_1: { elements: 32, bytes: 36 },
  Q2_K: { elements: 256, bytes: 84 },
  Q3_K: { elements: 256, bytes: 110 },
  Q4_K: { elements: 256, bytes: 144 },
  Q5_K: { elements: 256, bytes: 176 },
  Q6_K: { elements: 256, bytes: 210 },
  Q8_K: { elements: 256, bytes: 292 },
  IQ2_XXS: { elements: 256, bytes: 66 },
  IQ2_XS: { elements: 256, bytes: 74 },
  IQ3_XXS: { elements: 256, bytes: 98 },
  IQ1_S: { elements: 256, bytes: 50 },
  IQ4_NL: { elements: 32, bytes: 18 },
  IQ3_S: { elements: 256, bytes: 110 },
  IQ2_S: { elements: 256, bytes: 82 },
  IQ4_XS: { elements: 256, bytes: 136 },
  IQ1_M: { elements: 256, bytes: 56 },
  TQ1_0: { elements: 256, bytes: 54 },
  TQ2_0: { elements: 256, bytes: 66 },
  MXFP4: { elements: 32, bytes: 17 },
  NVFP4: { elements: 64, bytes: 36 },
} as const satisfies Record<string, Block>;

export type PlainDtype = keyof typeof BYTES_PER_ELEMENT;
export type BlockDtype = keyof typeof BLOCKS;
export type NumericDtype = PlainDtype | BlockDtype;
/** Element types as stored. The size of a `string` does not follow from its shape. */
export type Dtype = NumericDtype | 'string';

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && (name === 'string' || Object.hasOwn(BYTES_PER_ELEMENT, name) || Object.hasOwn(BLOCKS, name));
}

export function isNumeric(dtype: Dtype): dtype is NumericDtype {
  return dtype !== 'string';
}

export function isPlain(dtype: Dtype): dtype is PlainDtype {
  return Object.hasOwn(BYTES_PER_ELEMENT, dtype);
}

/** Bytes of one stored element. */
export function bytesPerElement(dtype: PlainDtype): number {
  return BYTES_PER_ELEMENT[dtype];
}

/** The smallest run of elements that is whole bytes. */
export function blockOf(dtype: NumericDtype): Block {
  return isPlain(dtype) ? { elements: 1, bytes: BYTES_PER_ELEMENT[dtype] } : BLOCKS[dtype];
}

/** Bytes of that many elements as stored; a last block that is not full takes as many as a full one. */
export function storedBytes(dtype: NumericDtype, elements: number): number {
  const block = blockOf(dtype);
  return Math.ceil(elements / block.elements) * block.bytes;
}
