import { isNumeric, storedBytes } from '../dtype';
import type { Dtype, NumericDtype } from '../dtype';
import type { Encoding, ModelFile, Problem, Segment } from '../model';
import type { WeightDraft } from './assembleModel';
import { quote } from './jsonValues';
import { ModelFiles } from './modelFiles';
import type { Shard } from './modelFiles';
import type { ConstantSource, OnnxConstant } from './onnxGraph';
import { placeSparse } from './onnxSparse';
import type { OnnxTensor } from './onnxTensor';
import { onnxType, TENSOR } from './onnxTypes';
import type { OnnxType } from './onnxTypes';
import type { ProtobufFile, WireRange } from './protobufWire';

/** A constant of the graph whose bytes were found, or were not. */
export interface OnnxWeight extends WeightDraft {
  readonly constant: OnnxConstant;
}

/** The place of one tensor's values: what a WeightDraft has besides its name. */
export type PlacedValues = Omit<WeightDraft, 'name'>;

const REMEDY = 'Export the model anew';
/** Some exporters write a file a tensor; each costs a look at the disk. */
const MAX_EXTERNAL_FILES = 20_000;

/** Finds the bytes of constants, in the model's own file and beside it. */
export class OnnxPlacer {
  readonly #files: ModelFiles;
  readonly #shards = new Map<number, Shard>();

  constructor(
    readonly file: ProtobufFile,
    private readonly signal?: AbortSignal,
  ) {
    this.#files = new ModelFiles(file.source, signal, 'the external data of the model');
  }

  get files(): readonly ModelFile[] {
    return this.#files.files;
  }

  get problems(): readonly Problem[] {
    return this.#files.problems;
  }

  /** @param prefix of the graph that it is in. */
  async weight(constant: OnnxConstant, prefix: string): Promise<OnnxWeight> {
    const name = prefix + (constant.name === '' ? 'unnamed' : constant.name);
    return { name, constant, ...(await this.#source(name, constant.source)) };
  }

  /** @param name for messages. */
  async tensor(name: string, tensor: OnnxTensor): Promise<PlacedValues> {
    const type = onnxType(tensor.dataType);
    const shape = tensor.dims;
    const elements = shape.reduce((product, size) => product * size, 1);
    if (!isCountable(shape, elements)) return this.#unreadable(name, type, [0], 0, `has the shape ${quote(shape.join(' × '))}, which no tensor can have. ${REMEDY}`);
    if (!type) return this.#unreadable(name, type, shape, elements, `is of data type ${tensor.dataType}, which ONNX does not define up to now. ${REMEDY} with another type`);
    const { dtype } = type;
    if (dtype === undefined) return this.#unreadable(name, type, shape, elements, `is of type ${type.name}, which this version lists and does not decode`);
    if (!isNumeric(dtype)) return strings(tensor, shape, elements);
    const bytes = storedBytes(dtype, elements);
    if (!Number.isSafeInteger(bytes)) return this.#unreadable(name, type, [0], 0, `declares ${elements} elements, more than any file can hold. ${REMEDY}`);
    const place = await this.#segments(tensor, type, bytes);
    if (typeof place === 'string') return this.#unreadable(name, type, shape, elements, `${place}. ${REMEDY}`);
    return { dtype, shape, elements, bytes, ...place };
  }

  /** The bytes of a few segments, for what a header needs to know: scales, indices. @throws HumanError */
  async read(segments: readonly Segment[]): Promise<Uint8Array> {
    const bytes = new Uint8Array(segments.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const { file, offset, length } of segments) {
      bytes.set(await this.#range(file, offset, length), at);
      at += length;
    }
    return bytes;
  }

  async #range(file: number, offset: number, length: number): Promise<Uint8Array> {
    if (file === 0) return this.file.source.read(offset, length, this.signal);
    return this.#files.withShard(this.#shards.get(file)!, (source) => source.read(offset, length, this.signal));
  }

  async #source(name: string, source: ConstantSource): Promise<PlacedValues> {
    switch (source.kind) {
      case 'tensor':
        return this.tensor(name, source.tensor);
      case 'sparse':
        return placeSparse(this, name, source.tensor);
      case 'floats':
      case 'ints':
        return this.#numbers(name, source);
    }
  }

  /** Values that are settings of a node: they were read with it. */
  #numbers(name: string, { kind, values, isScalar, isCut }: Extract<ConstantSource, { kind: 'floats' | 'ints' }>): PlacedValues {
    const shape = isScalar ? [] : [values.length];
    const typed = kind === 'floats' ? Float32Array.from(values) : BigInt64Array.from(values, (value) => BigInt(value));
    const dtype = kind === 'floats' ? 'float32' : 'int64';
    if (isCut) return { dtype, shape, elements: values.length, bytes: typed.byteLength, segments: [], unreadable: `${this.file.source.name}: ${quote(name)} has more numbers in attributes than Weightgram reads. ${REMEDY} with an initializer in its place.` };
    return { dtype, shape, elements: values.length, bytes: typed.byteLength, segments: [], encoding: { kind: 'inline', bytes: new Uint8Array(typed.buffer) } };
  }

  async #segments(tensor: OnnxTensor, type: OnnxType, bytes: number): Promise<{ segments: readonly Segment[]; encoding?: Encoding } | string> {
    const { storage } = tensor;
    if (bytes === 0) return { segments: [] };
    switch (storage.kind) {
      case 'none':
        return `holds no values, and its shape takes ${bytes} bytes`;
      case 'external':
        return this.#external(storage.entries, bytes);
      case 'raw':
        return exactly([storage.range], bytes);
      case 'field': {
        if (storage.number !== type.field) return `is of type ${type.name} and has its values in a field for other types`;
        if (storage.number === TENSOR.floats || storage.number === TENSOR.doubles) return exactly(storage.ranges, bytes);
        return varints(storage.ranges, type.dtype as NumericDtype, bytes);
      }
    }
  }

  async #external(entries: ReadonlyMap<string, string>, bytes: number): Promise<{ segments: readonly Segment[] } | string> {
    const location = entries.get('location');
    if (location === undefined) return 'is said to lie in another file, which is not named';
    const offset = wholeNumber(entries.get('offset') ?? '0');
    const length = wholeNumber(entries.get('length') ?? String(bytes));
    if (offset === undefined || length === undefined) return `lies in ${quote(location)} at ${quote(entries.get('offset') ?? '0')}, ${quote(entries.get('length') ?? '')} bytes long, which are no numbers`;
    if (length !== bytes) return `takes ${length} bytes of ${quote(location)}, and its shape takes ${bytes}`;
    if (this.files.length > MAX_EXTERNAL_FILES) return `lies in ${quote(location)}, and more than ${MAX_EXTERNAL_FILES} files of one model are not opened`;
    const shard = await this.#files.shard(location);
    if (shard.failure !== undefined) return `lies in another file: ${shard.failure.replace(/\.$/, '')}`;
    if (offset + length > shard.sizeBytes) return `lies in ${quote(location)} up to byte ${offset + length}, and that file ends at ${shard.sizeBytes}: it is not whole. Fetch it again`;
    this.#shards.set(shard.file, shard);
    return { segments: [{ file: shard.file, offset, length }] };
  }

  #unreadable(name: string, type: OnnxType | undefined, shape: readonly number[], elements: number, reason: string): PlacedValues {
    // Of a type that is not known the smallest size is told.
    const dtype: Dtype = type?.dtype ?? 'uint8';
    const bytes = type?.bits !== undefined ? Math.ceil((elements * type.bits) / 8) : isNumeric(dtype) ? storedBytes(dtype, elements) : 0;
    if (!Number.isSafeInteger(bytes)) return this.#unreadable(name, type, [0], 0, reason);
    return { dtype, shape, elements, bytes, segments: [], unreadable: `${this.file.source.name}: ${quote(name)} ${reason}.` };
  }
}

function isCountable(shape: readonly number[], elements: number): boolean {
  return shape.every((size) => Number.isSafeInteger(size) && size >= 0) && Number.isSafeInteger(elements);
}

/** "1024"; undefined for what is no place in a file. */
function wholeNumber(text: string): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

function exactly(ranges: readonly WireRange[], bytes: number): { segments: readonly Segment[] } | string {
  const held = lengthOf(ranges);
  return held === bytes ? { segments: segmentsOf(ranges) } : `holds ${held} bytes, and its shape takes ${bytes}`;
}

/** One varint a stored element, or one for each byte of packed ones (onnx.proto, int32_data). */
function varints(ranges: readonly WireRange[], dtype: NumericDtype, bytes: number): { segments: readonly Segment[]; encoding: Encoding } | string {
  const held = lengthOf(ranges);
  const entries = varintsOf(dtype, bytes);
  if (held < entries || held > entries * 10) return `holds numbers in ${held} bytes, and its shape takes ${entries} of them`;
  return { segments: segmentsOf(ranges), encoding: { kind: 'varints' } };
}

function varintsOf(dtype: NumericDtype, bytes: number): number {
  return bytes / storedBytes(dtype, 1);
}

/** Strings are shown by their number; nothing is computed from them. */
function strings({ storage }: OnnxTensor, shape: readonly number[], elements: number): PlacedValues {
  if (storage.kind !== 'field' || storage.number !== TENSOR.strings) return { dtype: 'string', shape, elements, bytes: 0, segments: [] };
  const segments = segmentsOf(storage.ranges.filter(({ start, end }) => end > start));
  return { dtype: 'string', shape, elements, bytes: lengthOf(storage.ranges), segments };
}

function lengthOf(ranges: readonly WireRange[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

function segmentsOf(ranges: readonly WireRange[]): Segment[] {
  return ranges.map(({ start, end }) => ({ file: 0, offset: start, length: end - start }));
}
