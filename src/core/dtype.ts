/** Element types as stored. Quantized block types of later formats join this table. */
const BYTES_PER_ELEMENT = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
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
  /** Length-prefixed: its size does not follow from its shape. */
  string: undefined,
} as const satisfies Record<string, number | undefined>;

export type Dtype = keyof typeof BYTES_PER_ELEMENT;
export type NumericDtype = Exclude<Dtype, 'string'>;

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && Object.hasOwn(BYTES_PER_ELEMENT, name);
}

export function isNumeric(dtype: Dtype): dtype is NumericDtype {
  return dtype !== 'string';
}

/** Bytes of one stored element. */
export function bytesPerElement(dtype: NumericDtype): number {
  return BYTES_PER_ELEMENT[dtype];
}
