import type { ProtobufFile, WireField, WireRange } from './protobufWire';
import { integersOf, textOf, WIRE } from './protobufWire';
import { ENTRY, SPARSE, TENSOR } from './onnxTypes';

/** ONNX names no limit; numpy has 64 dimensions, runtimes fewer. */
const MAX_RANK = 64;
/** Values that a writer did not pack are a field each; beyond that many they are not read. */
const MAX_LOOSE_VALUES = 100_000;
/** Fields of a tensor besides its values: dimensions that are not packed, external data, metadata. */
const MAX_FIELDS = MAX_LOOSE_VALUES + 1000;
/** A location is a path; systems allow up to 4096 bytes. */
const MAX_TEXT_BYTES = 4096;

/** Where the values of a tensor are. */
export type OnnxStorage =
  | { readonly kind: 'raw'; readonly range: WireRange }
  /** One range a packed run, or a value that was not packed. */
  | { readonly kind: 'field'; readonly number: number; readonly ranges: readonly WireRange[] }
  | { readonly kind: 'external'; readonly entries: ReadonlyMap<string, string> }
  | { readonly kind: 'none' };

/** A TensorProto whose values were not read. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly storage: OnnxStorage;
  /** Of the message in the file. */
  readonly start: number;
}

export interface OnnxSparseTensor {
  readonly values: OnnxTensor;
  readonly indices: OnnxTensor;
  readonly dims: readonly number[];
}

const VALUE_FIELDS: ReadonlySet<number> = new Set([TENSOR.floats, TENSOR.int32s, TENSOR.strings, TENSOR.int64s, TENSOR.doubles, TENSOR.uint64s]);

/** The header of a TensorProto. @throws HumanError */
export async function readTensor(file: ProtobufFile, range: WireRange): Promise<OnnxTensor> {
  const fields = range.bytes ? file.fieldsIn(range as Required<WireRange>) : await file.message(range, MAX_FIELDS);
  let name = '';
  let dataType = 0;
  let isExternal = false;
  let raw: WireRange | undefined;
  let number = 0;
  const dims: number[] = [];
  const ranges: WireRange[] = [];
  const entries = new Map<string, string>();
  for (const field of fields) {
    if (field.number === TENSOR.dims) addDims(file, field, dims);
    else if (field.number === TENSOR.dataType) dataType = field.value;
    else if (field.number === TENSOR.name) name = textOf(field);
    else if (field.number === TENSOR.raw && field.wireType === WIRE.bytes) raw = placeOf(field);
    else if (field.number === TENSOR.location) isExternal = field.value === 1;
    else if (field.number === TENSOR.external) addEntry(file, field, entries);
    else if (VALUE_FIELDS.has(field.number) && (field.end > field.start || field.number === TENSOR.strings)) {
      if (number !== field.number) ranges.length = 0;
      number = field.number;
      ranges.push(placeOf(field));
    }
  }
  return { name, dims, dataType, storage: storageOf(), start: range.start };

  function storageOf(): OnnxStorage {
    if (isExternal) return { kind: 'external', entries };
    if (raw) return { kind: 'raw', range: raw };
    return ranges.length > 0 ? { kind: 'field', number, ranges } : { kind: 'none' };
  }
}

/** @throws HumanError */
export async function readSparseTensor(file: ProtobufFile, range: WireRange): Promise<OnnxSparseTensor | undefined> {
  let values: OnnxTensor | undefined;
  let indices: OnnxTensor | undefined;
  const dims: number[] = [];
  for (const field of await file.message(range, MAX_RANK + 10)) {
    if (field.number === SPARSE.dims) addDims(file, field, dims);
    else if (field.wireType !== WIRE.bytes) continue;
    else if (field.number === SPARSE.values) values = await readTensor(file, field);
    else if (field.number === SPARSE.indices) indices = await readTensor(file, field);
  }
  return values && indices && { values, indices, dims };
}

function addDims(file: ProtobufFile, field: WireField, dims: number[]): void {
  dims.push(...integersOf(file, field, MAX_RANK + 1));
  if (dims.length > MAX_RANK) throw file.damaged(`the tensor at byte ${field.start} has more than ${MAX_RANK} dimensions`);
}

function addEntry(file: ProtobufFile, field: WireField, entries: Map<string, string>): void {
  const [key, value] = readEntry(file, field);
  if (value.length <= MAX_TEXT_BYTES) entries.set(key, value);
}

/** A StringStringEntryProto. */
export function readEntry(file: ProtobufFile, field: WireField): readonly [string, string] {
  let key = '';
  let value = '';
  if (field.bytes) {
    for (const part of file.fieldsIn(field as Required<WireRange>)) {
      if (part.number === ENTRY.key) key = textOf(part);
      else if (part.number === ENTRY.value) value = textOf(part);
    }
  }
  return [key, value];
}

/** Without the bytes, which would be kept alive. */
function placeOf({ start, end }: WireRange): WireRange {
  return { start, end };
}
