import { bytesPerElement, isPlain } from '../dtype';
import type { PlainDtype } from '../dtype';
import type { Encoding, Segment } from '../model';
import type { WeightDraft } from './assembleModel';
import { quote } from './jsonValues';
import { packedVarints, WIRE } from './protobufWire';
import type { ProtobufFile, WireField } from './protobufWire';
import { tensorShape } from './tensorflowShape';
import { tensorflowDtype, tensorflowTypeName } from './tensorflowTypes';

/** Of one tensor: values that are not packed are a field each. Programs pack them, or write them as tensor_content. */
const MAX_FIELDS = 100_000;
/** Values that are kept with the header; what is longer is read from the file when it is asked for. */
const MAX_INLINE_BYTES = 64 * 1024;
/** One value may stand for so many: a file of a hundred bytes could ask for days of work. */
const MAX_FILLED_ELEMENTS = 256 * 1024 * 1024;
/** Texts of one tensor whose places are kept. */
const MAX_STRINGS = 100_000;

/** Fields of TensorProto that hold values (tensorflow/core/framework/tensor.proto): floats, doubles and complex numbers by their parts. */
const FIXED_FIELDS = new Set([5, 6, 9, 12]);
const VARINT_FIELDS = new Set([7, 10, 11, 13, 16, 17]);
const CONTENT = 4;
const STRINGS = 8;
/** One byte a value, as they are. */
const FLOAT8 = 18;

/** A run of values: where its little-endian elements lie in the file, the elements themselves where they are few, or both. */
interface Run {
  readonly segment?: Segment;
  readonly bytes?: Uint8Array;
}

interface Values {
  readonly runs: Run[];
  /** Packed varints in the file. */
  readonly varints: Segment[];
  readonly strings: Segment[];
  isTooMany: boolean;
}

/** A TensorProto as a constant of that name; its values are not read unless they are few. */
export async function readConstant(file: ProtobufFile, tensor: WireField | undefined, name: string): Promise<WeightDraft> {
  const nothing = { name, dtype: 'uint8' as const, shape: [], elements: 0, bytes: 0, segments: [] };
  if (!tensor) return { ...nothing, unreadable: `${quote(name)} cannot be read: its node has no value. Save the model anew.` };
  const fields = await file.message(tensor, MAX_FIELDS);
  const type = fields.find(({ number }) => number === 1)?.value ?? 0;
  const dimensions = fields.find(({ number, wireType }) => number === 2 && wireType === WIRE.bytes);
  const shape = dimensions ? await tensorShape(file, dimensions) : [];
  const dtype = tensorflowDtype(type);
  const elements = shape?.reduce((product, size) => product * size, 1) ?? 0;
  const known = { ...nothing, dtype: dtype ?? ('uint8' as const), shape: shape ?? [], elements };
  const unreadable = (reason: string): WeightDraft => ({ ...known, unreadable: `${quote(name)} cannot be read: ${reason}` });
  if (!shape) return unreadable('its shape is none that a file can hold. Save the model anew.');
  if (dtype === undefined) return unreadable(`its type ${tensorflowTypeName(type)} is listed and not decoded`);
  const values = valuesOf(file, fields, dtype === 'string' ? undefined : isPlain(dtype) ? dtype : 'uint8');
  if (typeof values === 'string') return unreadable(values);
  if (dtype === 'string') {
    if (values.isTooMany) return unreadable(`it holds more than ${MAX_STRINGS} texts`);
    return { ...known, bytes: lengthOf(values.strings), segments: values.strings };
  }
  const placed = placeValues(values, dtype as PlainDtype, elements);
  if (typeof placed === 'string') return unreadable(placed);
  return { ...known, bytes: elements * bytesPerElement(dtype as PlainDtype), ...placed };
}

/** @param dtype undefined for texts. @returns why they cannot be read. */
function valuesOf(file: ProtobufFile, fields: readonly WireField[], dtype: PlainDtype | undefined): Values | string {
  const values: Values = { runs: [], varints: [], strings: [], isTooMany: false };
  for (const field of fields) {
    const { number, wireType, start, end, bytes } = field;
    const segment = { file: 0, offset: start, length: end - start };
    if (number === STRINGS && wireType === WIRE.bytes) {
      if (values.strings.length >= MAX_STRINGS) values.isTooMany = true;
      else if (end > start) values.strings.push(segment);
    } else if (dtype === undefined || end === start) continue;
    else if (number === CONTENT || number === FLOAT8 || (FIXED_FIELDS.has(number) && wireType === WIRE.bytes)) values.runs.push({ segment, ...(bytes && { bytes: bytes.slice() }) });
    else if (FIXED_FIELDS.has(number) && bytes) values.runs.push({ bytes: bytes.slice() });
    else if (VARINT_FIELDS.has(number) && wireType === WIRE.bytes && !bytes) values.varints.push(segment);
    else if (VARINT_FIELDS.has(number) && !addIntegers(values, field, dtype)) return `a list of its values at byte ${start} of ${file.source.name} is broken. Fetch the file again.`;
  }
  return values;
}

function addIntegers(values: Values, field: WireField, dtype: PlainDtype): boolean {
  const integers = field.wireType === WIRE.varint ? [field.value] : field.bytes && packedVarints(field.bytes, field.bytes.length);
  if (!integers) return false;
  const width = bytesPerElement(dtype);
  const bytes = new Uint8Array(integers.length * width);
  const view = new DataView(bytes.buffer);
  integers.forEach((integer, i) => {
    const whole = BigInt.asUintN(64, BigInt(integer));
    for (let byte = 0; byte < Math.min(width, 8); byte++) view.setUint8(i * width + byte, Number((whole >> BigInt(8 * byte)) & 255n));
  });
  values.runs.push({ bytes });
  return true;
}

function placeValues(values: Values, dtype: PlainDtype, elements: number): { segments: readonly Segment[]; encoding?: Encoding } | string {
  const wanted = elements * bytesPerElement(dtype);
  if (elements === 0) return { segments: [] };
  const { runs, varints } = values;
  // How many varints there are only reading them tells; programs write as many as the shape takes, or a single one.
  if (varints.length > 0 && runs.length === 0) return { segments: varints, encoding: { kind: 'varints' } };
  const segments = runs.flatMap(({ segment }) => segment ?? []);
  const isInFile = segments.length === runs.length && varints.length === 0;
  if (isInFile && lengthOf(segments) === wanted) return { segments };
  const parts = runs.flatMap(({ bytes }) => bytes ?? []);
  const own = join(parts);
  if (varints.length > 0 || parts.length < runs.length || own.length > wanted || own.length % bytesPerElement(dtype) !== 0) {
    return `its values are not as many as its shape takes, ${elements} of ${dtype}. Save the model anew.`;
  }
  if (own.length === wanted && own.length <= MAX_INLINE_BYTES) return { segments: [], encoding: { kind: 'inline', bytes: own } };
  if (elements > MAX_FILLED_ELEMENTS) return `it is said to hold ${elements} numbers that are not in the file; up to ${MAX_FILLED_ELEMENTS} are taken to be the same`;
  // What is not written is as the last value, or zero (tensorflow/core/framework/tensor.cc).
  return { segments: [], encoding: { kind: 'filled', bytes: own.length > 0 ? own : new Uint8Array(bytesPerElement(dtype)) } };
}

function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
