import type { PlainDtype } from '../dtype';
import { PickleCall, PickleGlobal } from './pickleValues';
import type { PickleValue } from './pickleValues';

/** An element type of PyTorch. */
export interface TorchType {
  /** As torch names it. */
  readonly name: string;
  /** Absent where elements of this type are listed and not read. */
  readonly dtype?: PlainDtype;
  /** Of an element; less than 1 where elements share bytes. */
  readonly bytes: number;
}

const read = (name: string, dtype: PlainDtype, bytes: number): TorchType => ({ name, dtype, bytes });
const listed = (name: string, bytes: number): TorchType => ({ name, bytes });

/** c10/core/ScalarType.h. Quantized types are those of their codes. */
const TYPES: readonly TorchType[] = [
  read('float32', 'float32', 4), read('float64', 'float64', 8), read('float16', 'float16', 2), read('bfloat16', 'bfloat16', 2),
  read('uint8', 'uint8', 1), read('int8', 'int8', 1), read('int16', 'int16', 2), read('int32', 'int32', 4), read('int64', 'int64', 8),
  read('uint16', 'uint16', 2), read('uint32', 'uint32', 4), read('uint64', 'uint64', 8), read('bool', 'bool', 1),
  read('float8_e4m3fn', 'float8_e4m3fn', 1), read('float8_e5m2', 'float8_e5m2', 1), read('float8_e4m3fnuz', 'float8_e4m3fnuz', 1),
  read('float8_e5m2fnuz', 'float8_e5m2fnuz', 1), read('float8_e8m0fnu', 'float8_e8m0fnu', 1),
  read('complex64', 'complex64', 8), listed('complex32', 4), listed('complex128', 16),
  read('qint8', 'int8', 1), read('quint8', 'uint8', 1), read('qint32', 'int32', 4), listed('quint4x2', 0.5), listed('quint2x4', 0.25),
  listed('float4_e2m1fn_x2', 1), listed('bits8', 1), listed('bits16', 2), listed('bits4x2', 1), listed('bits2x4', 1), listed('bits1x8', 1),
];

/** Other names for the same types, and the classes of storages (torch/storage.py, _dtype_to_storage_type_map). */
const ALIASES: Readonly<Record<string, string>> = {
  float: 'float32', double: 'float64', half: 'float16', short: 'int16', int: 'int32', long: 'int64', chalf: 'complex32', cfloat: 'complex64', cdouble: 'complex128',
  FloatStorage: 'float32', DoubleStorage: 'float64', HalfStorage: 'float16', BFloat16Storage: 'bfloat16', ByteStorage: 'uint8', CharStorage: 'int8',
  ShortStorage: 'int16', IntStorage: 'int32', LongStorage: 'int64', BoolStorage: 'bool', ComplexFloatStorage: 'complex64', ComplexDoubleStorage: 'complex128',
  QInt8Storage: 'qint8', QUInt8Storage: 'quint8', QInt32Storage: 'qint32', QUInt4x2Storage: 'quint4x2', QUInt2x4Storage: 'quint2x4',
};

const BY_NAME = new Map(TYPES.map((type) => [type.name, type]));

/** Storages without a type count bytes; the tensor says what they are. */
export const UNTYPED: TorchType = listed('untyped', 1);

/** torch.float16, torch.HalfStorage, torch.cuda.HalfStorage; undefined for any other name. */
export function torchTypeOf(value: PickleValue | undefined): TorchType | undefined {
  if (!(value instanceof PickleGlobal)) return undefined;
  // A hundred thousand tensors name a few types.
  if (!known.has(value)) known.set(value, namedType(value));
  return known.get(value);
}

const known = new WeakMap<PickleGlobal, TorchType | undefined>();

function namedType(value: PickleGlobal): TorchType | undefined {
  if (!/^torch(?:\.cuda|\.storage)?$/.test(value.module)) return undefined;
  if (value.name === 'UntypedStorage' || value.name === '_UntypedStorage') return UNTYPED;
  return BY_NAME.get(Object.hasOwn(ALIASES, value.name) ? ALIASES[value.name]! : value.name);
}

/** A name of the list that stands for nothing by itself. */
export function pathOf(value: PickleValue | undefined): string | undefined {
  return value instanceof PickleGlobal ? value.path : undefined;
}

/** A size, stride or offset. */
export function asCount(value: PickleValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

/** (2, 3), torch.Size([2, 3]). */
export function asCounts(value: PickleValue | undefined): readonly number[] | undefined {
  if (value instanceof PickleCall && pathOf(value.callee) === 'torch.Size') return asCounts(Array.isArray(value.args) ? value.args[0] : undefined);
  if (!Array.isArray(value)) return undefined;
  return value.every((item) => asCount(item) !== undefined) ? (value as number[]) : undefined;
}
