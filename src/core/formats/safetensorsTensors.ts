import type { ByteSource } from '../byteSource';
import { isNumeric, storedBytes } from '../dtype';
import type { NumericDtype } from '../dtype';
import type { Problem } from '../model';
import type { WeightDraft } from './assembleModel';
import { asArray, describe, isObject, own, quote } from './jsonValues';
import { repeatedMessage } from './safetensorsHeader';
import type { SafetensorsHeader } from './safetensorsHeader';

/** safetensors/src/tensor.rs, enum Dtype. */
const DTYPES: Readonly<Record<string, NumericDtype>> = {
  F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3fn', F8_E5M2: 'float8_e5m2', F8_E4M3FNUZ: 'float8_e4m3fnuz', F8_E5M2FNUZ: 'float8_e5m2fnuz', F8_E8M0: 'float8_e8m0fnu',
  F6_E2M3: 'float6_e2m3fn', F6_E3M2: 'float6_e3m2fn', F4: 'float4_e2m1fn',
  I64: 'int64', I32: 'int32', I16: 'int16', I8: 'int8', U64: 'uint64', U32: 'uint32', U16: 'uint16', U8: 'uint8', BOOL: 'bool', C64: 'complex64',
};

/** Tensors have a handful of dimensions; torch and numpy allow 64. */
const MAX_RANK = 64;

export interface SafetensorsWeights {
  readonly weights: readonly WeightDraft[];
  readonly problems: readonly Problem[];
}

interface Placed {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/** The tensors of one file, in the order of its header. @param file index into Model.files. */
export function weightsOf(source: ByteSource, header: SafetensorsHeader, file: number): SafetensorsWeights {
  const problems: Problem[] = [];
  const placed: Placed[] = [];
  const dataBytes = source.size - header.dataOffset;
  const weights = header.tensors.map(([name, declared]) => {
    const weight = draftOf(source, name, declared, { file, dataOffset: header.dataOffset, dataBytes });
    const offsets = offsetsOf(declared);
    if (offsets && weight.unreadable === undefined) placed.push({ name, begin: offsets[0], end: offsets[1] });
    return weight;
  });
  if (header.repeated.length > 0) problems.push({ message: repeatedMessage(source, header.repeated), remedy: 'Programs differ in which entry they take. Save the model anew.' });
  const overlapping = problemsOfLayout(source, placed, dataBytes, problems);
  if (overlapping.size === 0) return { weights, problems };
  return { weights: weights.map((weight) => withOverlap(source, weight, overlapping)), problems };
}

interface Place {
  readonly file: number;
  readonly dataOffset: number;
  readonly dataBytes: number;
}

function draftOf(source: ByteSource, name: string, declared: unknown, { file, dataOffset, dataBytes }: Place): WeightDraft {
  const type = own(declared, 'dtype');
  const dtype = typeof type === 'string' && Object.hasOwn(DTYPES, type) ? DTYPES[type]! : undefined;
  const shape = shapeOf(own(declared, 'shape'));
  const elements = shape?.reduce((product, size) => product * size, 1);
  const refuse = (reason: string, bytes = 0): WeightDraft => ({
    name, dtype: dtype ?? 'uint8', shape: shape ?? [], elements: isCount(elements) && dtype ? elements : 0, bytes, segments: [], unreadable: `${quote(name)} cannot be read: ${reason}`,
  });
  if (!isObject(declared)) return refuse(`the header of ${source.name} says ${describe(declared)} where its type and place are due. Save the model anew.`);
  if (!shape || !isCount(elements)) return refuse(`its shape in the header of ${source.name} is none (${quote(JSON.stringify(own(declared, 'shape')))}). Save the model anew.`);
  if (dtype === undefined) return refuse(`its type ${quote(type)} is not known to Weightgram. Save it as a type that safetensors names (F32, F16, BF16, F8_E4M3, …).`);
  const offsets = offsetsOf(declared);
  if (!offsets) return refuse(`the header of ${source.name} tells no place for it. Save the model anew.`);
  const bytes = storedBytes(dtype, elements);
  const [begin, end] = offsets;
  if (end - begin !== bytes) return refuse(`${shapeWords(shape)} of ${type as string} takes ${bytes} bytes, and the header of ${source.name} gives it ${end - begin}. Save the model anew.`);
  if (end > dataBytes) return refuse(`${source.name} ends ${end - dataBytes} bytes before it does. The file was cut: fetch it again.`, bytes);
  return { name, dtype, shape, elements, bytes, segments: bytes === 0 ? [] : [{ file, offset: dataOffset + begin, length: bytes }] };
}

function shapeOf(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) && value.length <= MAX_RANK && value.every(isCount) ? value : undefined;
}

function offsetsOf(declared: unknown): readonly [number, number] | undefined {
  const [begin, end, ...more] = asArray(own(declared, 'data_offsets'));
  return isCount(begin) && isCount(end) && begin <= end && more.length === 0 ? [begin, end] : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function shapeWords(shape: readonly number[]): string {
  return shape.length === 0 ? 'one value' : `a shape of [${shape.join(', ')}]`;
}

/** Tensors lie one after another without a gap (the format's own rule). Adds what breaks it; returns, by name, the tensor that another one begins in. */
function problemsOfLayout(source: ByteSource, placed: Placed[], dataBytes: number, problems: Problem[]): ReadonlyMap<string, string> {
  placed.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const overlapping = new Map<string, string>();
  const gaps: string[] = [];
  let end = 0;
  let last: Placed | undefined;
  for (const tensor of placed) {
    if (tensor.begin === tensor.end) continue;
    if (tensor.begin < end) overlapping.set(tensor.name, last!.name);
    else if (tensor.begin > end) gaps.push(`${tensor.begin - end} bytes before ${quote(tensor.name)}`);
    if (tensor.end > end) {
      end = tensor.end;
      last = tensor;
    }
  }
  if (end < dataBytes && placed.length > 0) gaps.push(`${dataBytes - end} bytes at its end`);
  if (gaps.length > 0) {
    const more = gaps.length > 1 ? `, and ${gaps.length - 1} more gaps` : '';
    problems.push({ message: `${source.name} holds bytes that belong to no tensor: ${gaps[0]}${more}`, remedy: 'Its tensors may not lie where their values are. Fetch the file again, or save the model anew.' });
  }
  return overlapping;
}

function withOverlap(source: ByteSource, weight: WeightDraft, overlapping: ReadonlyMap<string, string>): WeightDraft {
  const other = overlapping.get(weight.name);
  if (other === undefined) return weight;
  return { ...weight, segments: [], unreadable: `${quote(weight.name)} cannot be read: the header of ${source.name} gives it bytes that are those of ${quote(other)} as well. Save the model anew.` };
}

/** What most of the others are: of a tensor whose header is missing nothing is known. */
export function commonDtype(weights: readonly WeightDraft[]): NumericDtype {
  const counts = new Map<NumericDtype, number>();
  for (const { dtype } of weights) if (isNumeric(dtype)) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  let common: NumericDtype = 'float32';
  for (const [dtype, count] of counts) if (count > (counts.get(common) ?? 0)) common = dtype;
  return common;
}
