import { bytesPerElement, isPlain } from '../dtype';
import type { ByteSource } from '../byteSource';
import { FormatError } from '../errors';
import type { Problem, Segment } from '../model';
import type { WeightDraft } from './assembleModel';
import { quote } from './jsonValues';
import type { ModelFiles } from './modelFiles';
import { ProtobufFile, WIRE } from './protobufWire';
import type { WireField } from './protobufWire';
import { sliceKey } from './tensorBundleSlices';
import type { SliceExtent } from './tensorBundleSlices';
import { tableEntries } from './tensorBundleTable';
import { tensorShape } from './tensorflowShape';
import { tensorflowDtype, tensorflowTypeName } from './tensorflowTypes';

/** The object graph lies among the tensors under this name. */
export const OBJECT_GRAPH_KEY = '_CHECKPOINTABLE_OBJECT_GRAPH';
/** Of the keys that object-based checkpoints give their variables. */
export const VARIABLE_SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE';

/** BundleEntryProto (tensorflow/core/protobuf/tensor_bundle.proto). */
interface BundleEntry {
  readonly type: number;
  /** undefined where it is none that a file could hold. */
  readonly shape: readonly number[] | undefined;
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly slices: readonly (readonly SliceExtent[])[];
}

export interface Bundle {
  readonly shards: number;
  readonly byteOrder?: 'big';
  /** By key; the keys of slices are Latin-1, those of variables UTF-8. */
  readonly entries: ReadonlyMap<string, BundleEntry>;
  readonly problems: readonly Problem[];
}

/** A variable by the key of its entry. */
export interface BundleWeight extends WeightDraft {
  readonly key: string;
}

const REMEDY = 'Copy the checkpoint again, or save it anew.';

/** Reads an index: no shard is opened. @throws FormatError where it is none. */
export async function readBundle(source: ByteSource, signal?: AbortSignal): Promise<Bundle> {
  const file = new ProtobufFile(source, signal);
  const entries = new Map<string, BundleEntry>();
  const problems: Problem[] = [];
  let header: { shards: number; isBig: boolean } | undefined;
  for await (const block of tableEntries(source, signal)) {
    for (const { key, value } of block) {
      const name = nameOf(key);
      try {
        const fields = file.fieldsIn({ start: 0, end: value.length, bytes: value });
        if (key.length === 0) header = headerOf(fields);
        else entries.set(name, await entryOf(file, fields));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        problems.push({ message: `${source.name}: the entry of ${quote(name)} cannot be read`, remedy: REMEDY });
      }
    }
  }
  if (!header) throw new FormatError(`${source.name} is no index of a TensorFlow checkpoint: it does not say how many shards there are. ${REMEDY}`);
  return { shards: header.shards, ...(header.isBig && { byteOrder: 'big' as const }), entries, problems };
}

/** Slices of partitioned variables begin with a byte of zero and are no text. */
function nameOf(key: Uint8Array): string {
  return key[0] === 0 ? latin1(key) : new TextDecoder().decode(key);
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

/** BundleHeaderProto. */
function headerOf(fields: readonly WireField[]): { shards: number; isBig: boolean } {
  const value = (number: number): number => fields.find((field) => field.number === number && field.wireType === WIRE.varint)?.value ?? 0;
  return { shards: value(1), isBig: value(2) === 1 };
}

async function entryOf(file: ProtobufFile, fields: readonly WireField[]): Promise<BundleEntry> {
  let type = 0;
  let shape: readonly number[] | undefined = [];
  let shard = 0;
  let offset = 0;
  let size = 0;
  const slices: (readonly SliceExtent[])[] = [];
  for (const field of fields) {
    if (field.number === 1) type = field.value;
    else if (field.number === 2 && field.bytes) shape = await tensorShape(file, field);
    else if (field.number === 3) shard = field.value;
    else if (field.number === 4) offset = field.value;
    else if (field.number === 5) size = field.value;
    else if (field.number === 7 && field.bytes) slices.push(extentsOf(file, field));
  }
  return { type, shape, shard, offset, size, slices };
}

/** TensorSliceProto: what is absent is 0, and a length that is absent is all of the axis. */
function extentsOf(file: ProtobufFile, { start, bytes }: WireField): readonly SliceExtent[] {
  return file.fieldsIn({ start, end: start + bytes!.length, bytes: bytes! }).filter(({ number, bytes: extent }) => number === 1 && extent).map((extent) => {
    const inner = file.fieldsIn({ start: extent.start, end: extent.end, bytes: extent.bytes! });
    return { start: inner.find(({ number }) => number === 1)?.value ?? 0, length: inner.find(({ number }) => number === 2)?.value ?? -1 };
  });
}

export interface PlaceOptions {
  readonly source: ByteSource;
  readonly bundle: Bundle;
  readonly files: ModelFiles;
  /** The path of the index without its ending, from the folder of the opened file: `variables/variables`. */
  readonly prefix: string;
}

/** The variables of a checkpoint and where their bytes are. Of its shards only the sizes are looked at. */
export async function placeVariables(options: PlaceOptions): Promise<{ weights: BundleWeight[]; problems: Problem[] }> {
  const { bundle, source } = options;
  const weights: BundleWeight[] = [];
  const problems: Problem[] = [];
  for (const [key, entry] of bundle.entries) {
    if (key.startsWith('\0') || key === OBJECT_GRAPH_KEY) continue;
    if (entry.slices.length === 0) {
      weights.push(await variable(options, key, entry));
      continue;
    }
    const joined = await partitioned(options, key, entry);
    for (const weight of joined.weights) weights.push(weight);
    if (joined.problem !== undefined) problems.push({ message: `${source.name}: ${quote(key)} ${joined.problem}`, remedy: 'Save the variable in one piece to see it as one.' });
  }
  return { weights, problems };
}

/** Where an entry's bytes lie, or why they cannot be read. */
async function locate({ bundle, files, prefix }: PlaceOptions, { shard, offset, size }: BundleEntry): Promise<Segment | string> {
  if (shard < 0 || shard >= bundle.shards) return `it lies in shard ${shard}, and the checkpoint has ${bundle.shards}. ${REMEDY}`;
  const digits = (value: number): string => String(value).padStart(5, '0');
  const found = await files.shard(`${prefix}.data-${digits(shard)}-of-${digits(bundle.shards)}`);
  if (found.failure !== undefined) return found.failure;
  if (offset < 0 || size < 0 || offset + size > found.sizeBytes) return `${quote(found.path)} ends at byte ${found.sizeBytes}, and ${size} bytes were to be read at ${offset}. The shard was cut: copy it again.`;
  return { file: found.file, offset, length: size };
}

async function variable(options: PlaceOptions, key: string, entry: BundleEntry, name = nameIn(key)): Promise<BundleWeight> {
  const { type, size } = entry;
  const shape = entry.shape ?? [];
  const elements = entry.shape ? shape.reduce((product, count) => product * count, 1) : 0;
  const dtype = tensorflowDtype(type);
  const known = { key, name, dtype: dtype ?? ('uint8' as const), shape, elements, bytes: Math.max(size, 0), segments: [] };
  const unreadable = (reason: string): BundleWeight => ({ ...known, unreadable: `${quote(name)} cannot be read: ${reason}` });
  if (!entry.shape) return unreadable(`its shape is none that a file can hold. ${REMEDY}`);
  if (dtype === undefined) return unreadable(`its type ${tensorflowTypeName(type)} is listed and not decoded`);
  const wanted = dtype !== 'string' && isPlain(dtype) ? elements * bytesPerElement(dtype) : size;
  if (wanted !== size) return unreadable(`it is ${size} bytes long, and its shape [${shape.join(', ')}] of ${dtype} takes ${wanted}. ${REMEDY}`);
  const segment = await locate(options, entry);
  if (typeof segment === 'string') return unreadable(segment);
  const { byteOrder } = options.bundle;
  return { ...known, segments: segment.length > 0 ? [segment] : [], ...(byteOrder && dtype !== 'string' && { byteOrder }) };
}

/** Object-based checkpoints say behind each name that it is a variable's value. */
function nameIn(key: string): string {
  return key.endsWith(VARIABLE_SUFFIX) ? key.slice(0, -VARIABLE_SUFFIX.length) : key;
}

/** Parts along the first axis lie one after another in the whole; others are listed each by itself. */
async function partitioned(options: PlaceOptions, key: string, entry: BundleEntry): Promise<{ weights: BundleWeight[]; problem?: string }> {
  const { bundle } = options;
  const name = nameIn(key);
  const parts: { start: number; extents: readonly SliceExtent[]; entry: BundleEntry }[] = [];
  for (const extents of entry.slices) {
    const part = bundle.entries.get(sliceKey(new TextEncoder().encode(key), extents));
    if (!part) return { weights: [{ ...(await variable(options, key, { ...entry, type: -1 })), unreadable: `${quote(name)} cannot be read: the index lacks one of its ${entry.slices.length} parts. ${REMEDY}` }] };
    parts.push({ start: extents[0]?.start ?? 0, extents, entry: part });
  }
  parts.sort((a, b) => a.start - b.start);
  const isWholeRow = ({ start, length }: SliceExtent, axis: number): boolean => axis === 0 || (start === 0 && (length === -1 || length === entry.shape?.[axis]));
  const isByRows = parts.every(({ extents }) => extents.every(isWholeRow)) && coversRows(parts, entry.shape?.[0] ?? 0);
  const weights: BundleWeight[] = [];
  for (const [index, part] of parts.entries()) weights.push(await variable(options, key, part.entry, isByRows ? name : `${name}/part_${index}`));
  if (!isByRows) return { weights, problem: 'is partitioned along several axes: its parts are listed each by itself' };
  const whole = weights[0]!;
  const shape = entry.shape!;
  const elements = shape.reduce((product, count) => product * count, 1);
  const isWhole = weights.reduce((sum, weight) => sum + weight.elements, 0) === elements;
  const broken = isWhole ? undefined : `${quote(name)} cannot be read: its parts do not make up its shape [${shape.join(', ')}]. ${REMEDY}`;
  const unreadable = weights.find((weight) => weight.unreadable !== undefined)?.unreadable ?? broken;
  return {
    weights: [{
      ...whole,
      shape,
      elements,
      bytes: weights.reduce((sum, { bytes }) => sum + bytes, 0),
      segments: unreadable === undefined ? weights.flatMap(({ segments }) => segments) : [],
      ...(unreadable !== undefined && { unreadable }),
    }],
  };
}

function coversRows(parts: readonly { readonly start: number; readonly entry: BundleEntry }[], rows: number): boolean {
  let next = 0;
  for (const { start, entry } of parts) {
    if (start !== next) return false;
    next += entry.shape?.[0] ?? NaN;
  }
  return next === rows;
}
