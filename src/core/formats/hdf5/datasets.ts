import type { Dtype } from '../../dtype';
import { HumanError } from '../../errors';
import type { ChunkFilter, Encoding, Segment } from '../../model';
import type { WeightDraft } from '../assembleModel';
import { quote } from '../jsonValues';
import { checkChunk, readChunks } from './chunks';
import type { Chunk } from './chunks';
import { readDatatype } from './datatype';
import type { Hdf5Type } from './datatype';
import { NOWHERE } from './fields';
import type { Hdf5File } from './hdf5File';
import { readDataspace, readFillValue, readFilters, readLayout, readOldFillValue } from './messages';
import type { Filter, Layout } from './messages';
import { MESSAGE, messageOf } from './objectHeader';
import type { Message } from './objectHeader';

/** Deflate packs 1032 bytes into one at most; a dataset that says it holds far more than its chunks could was never written. */
const MAX_EXPANSION = 1100;
/** So much may be fill values alone. */
const MAX_FILLED_BYTES = 1024 ** 3;
/** Unwritten values up to here travel with the header. */
const MAX_INLINE_ELEMENTS = 1024;
/** Compact datasets are below 64 KiB by the format. */
const MAX_CHUNK_BYTES = 256 * 1024 * 1024;

export interface DatasetOptions {
  readonly file: Hdf5File;
  readonly messages: readonly Message[];
  /** The tensor's name. */
  readonly name: string;
  /** Of the HDF5 file within the one that was opened. */
  readonly fileOffset: number;
  /** What the attribute `dtype` says: Keras stores bfloat16 as opaque bytes. */
  readonly declaredDtype: string | undefined;
}

/** Why one dataset is listed and not read. */
class Unreadable extends Error {}

/** Never throws for what is wrong with one dataset: `unreadable` says it. @throws HumanError where the file cannot be read at all. */
export async function datasetDraft(options: DatasetOptions): Promise<WeightDraft> {
  const known: Known = { shape: [], elements: 0, dtype: 'uint8', bytes: 0 };
  try {
    return await soundDraft(options, known);
  } catch (error) {
    if (error instanceof Unreadable) return unreadable(options.name, known, error.message);
    if (error instanceof HumanError && (error.code === 'format' || error.code === 'unsupported')) return unreadable(options.name, known, error.message);
    throw error;
  }
}

/** What was learnt before reading failed. */
interface Known {
  shape: readonly number[];
  elements: number;
  dtype: Dtype;
  bytes: number;
}

function unreadable(name: string, { shape, elements, dtype, bytes }: Known, reason: string): WeightDraft {
  return { name, dtype, shape, elements, bytes, segments: [], unreadable: `${quote(name)} cannot be read: ${reason}` };
}

async function soundDraft(options: DatasetOptions, known: Known): Promise<WeightDraft> {
  const { file, messages, name } = options;
  const space = await messageOf(file, messages, MESSAGE.dataspace);
  const datatype = await messageOf(file, messages, MESSAGE.datatype);
  if (!space || !datatype) throw new Unreadable('it has no shape or no type. Fetch the file again, or save the model anew.');
  const dims = readDataspace(space) ?? [0];
  const type = resolved(readDatatype(datatype), options.declaredDtype);
  const shape = type.kind === 'numeric' ? [...dims, ...type.dims] : dims;
  const elements = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  known.shape = shape;
  if (!Number.isSafeInteger(elements)) throw new Unreadable(`its shape [${shape.join(', ')}] counts more elements than any file can hold. Fetch the file again.`);
  known.elements = elements;
  // Texts have no distribution: they are listed.
  if (type.kind === 'text') return { name, dtype: 'string', shape, elements, bytes: 0, segments: [] };
  if (type.kind === 'opaque') throw new Unreadable(`it holds opaque values of ${type.bytes} bytes, which only the program that wrote them understands.`);
  if (type.kind === 'other') throw new Unreadable(`it holds ${type.is}, which have no distribution that Weightgram computes. Save it as an array of floats.`);
  const bytes = elements * type.bytes;
  if (!Number.isSafeInteger(bytes)) throw new Unreadable(`its shape [${shape.join(', ')}] counts more bytes than any file can hold. Fetch the file again.`);
  known.dtype = type.dtype;
  known.bytes = bytes;
  const draft = { name, dtype: type.dtype, shape, elements, bytes, segments: [], ...(type.isBig && { byteOrder: 'big' as const }) };
  if (elements === 0) return draft;
  if (messages.some((message) => message.type === MESSAGE.externalFiles)) throw new Unreadable('its values lie in other files, which are not followed. Copy it into this file: h5repack does.');
  const layoutFields = await messageOf(file, messages, MESSAGE.layout);
  if (!layoutFields) throw new Unreadable('nothing says where its values lie. Fetch the file again, or save the model anew.');
  return { ...draft, ...(await stored(options, { shape, elements, bytes, type }, readLayout(layoutFields))) };
}

function resolved(type: Hdf5Type, declaredDtype: string | undefined): Hdf5Type {
  const isBfloat16 = type.bytes === 2 && declaredDtype === 'bfloat16' && (type.kind === 'opaque' || (type.kind === 'numeric' && type.dtype === 'uint16'));
  return isBfloat16 ? { kind: 'numeric', dtype: 'bfloat16', bytes: 2, isBig: false, dims: [] } : type;
}

interface Array_ {
  readonly shape: readonly number[];
  readonly elements: number;
  readonly bytes: number;
  readonly type: Extract<Hdf5Type, { kind: 'numeric' }>;
}

type Stored = Pick<WeightDraft, 'segments' | 'encoding'>;

async function stored(options: DatasetOptions, array: Array_, layout: Layout): Promise<Stored> {
  switch (layout.kind) {
    case 'compact':
      if (layout.bytes.length < array.bytes) throw new Unreadable('the file holds fewer of its bytes than its shape takes. Save the model anew.');
      return { segments: [], encoding: { kind: 'inline', bytes: layout.bytes.slice(0, array.bytes) } };
    case 'contiguous':
      return contiguous(options, array, layout);
    case 'chunked':
      return chunked(options, array, layout);
    case 'virtual':
      throw new Unreadable('it is a virtual dataset, put together from other datasets, which Weightgram does not follow. Copy it into an array of its own.');
  }
}

async function contiguous({ file, messages, fileOffset }: DatasetOptions, array: Array_, { address, bytes }: Extract<Layout, { kind: 'contiguous' }>): Promise<Stored> {
  if (address === NOWHERE) return unwritten(array, await fillOf(file, messages));
  if (bytes !== undefined && bytes < array.bytes) throw new Unreadable(`the file holds ${bytes} bytes of it, and its shape takes ${array.bytes}. Save the model anew.`);
  if (address + array.bytes > file.end) {
    throw new Unreadable(`it should end at byte ${file.start + address + array.bytes}, and the file ends at ${file.source.size}. The file is cut: fetch it again.`);
  }
  return { segments: [{ file: 0, offset: fileOffset + file.start + address, length: array.bytes }] };
}

function unwritten({ shape, elements, bytes, type }: Array_, fill: Uint8Array | undefined): Stored {
  if (bytes > MAX_FILLED_BYTES) throw new Unreadable(`none of its ${elements} elements was ever written.`);
  const kept = usable(fill, type.bytes);
  if (elements > MAX_INLINE_ELEMENTS) return { segments: [{ file: 0, offset: 0, length: 0 }], encoding: { kind: 'chunked', chunkShape: shape, filters: [], ...(kept && { fill: kept }) } };
  const values = new Uint8Array(bytes);
  for (let at = 0; kept && at < bytes; at += kept.length) values.set(kept, at);
  return { segments: [], encoding: { kind: 'inline', bytes: values } };
}

/** Of an array type the fill value is a whole array: only its first element could be said, so that zeros stand in where they are not. */
function usable(fill: Uint8Array | undefined, elementBytes: number): Uint8Array | undefined {
  return fill?.length === elementBytes && fill.some((byte) => byte !== 0) ? fill : undefined;
}

async function fillOf(file: Hdf5File, messages: readonly Message[]): Promise<Uint8Array | undefined> {
  const fields = await messageOf(file, messages, MESSAGE.fillValue);
  if (fields) return readFillValue(fields);
  const old = await messageOf(file, messages, MESSAGE.oldFillValue);
  return old && readOldFillValue(old);
}

async function chunked(options: DatasetOptions, array: Array_, layout: Extract<Layout, { kind: 'chunked' }>): Promise<Stored> {
  const { file, messages, fileOffset } = options;
  const { type } = array;
  const wholeElement = type.bytes * type.dims.reduce((product, size) => product * size, 1);
  const rank = array.shape.length - type.dims.length;
  const chunkDims = layout.dims.slice(0, rank);
  if (layout.dims.length !== rank + 1 || layout.dims[rank] !== wholeElement || chunkDims.some((size) => size < 1)) {
    throw new Unreadable('its chunks do not fit its shape. Fetch the file again, or save the model anew.');
  }
  const chunkShape = [...chunkDims, ...type.dims];
  const chunkBytes = chunkShape.reduce((product, size) => product * size, type.bytes);
  if (chunkBytes > MAX_CHUNK_BYTES) throw new Unreadable(`its chunks take ${chunkBytes} bytes, and Weightgram reads chunks up to ${MAX_CHUNK_BYTES / 2 ** 20} MiB. Save it with smaller chunks.`);
  const filterFields = await messageOf(file, messages, MESSAGE.filters);
  const filters = filterFields ? readFilters(filterFields).map((filter) => chunkFilter(filter, type.bytes)) : [];
  const chunks = await readChunks(file, layout, { shape: array.shape.slice(0, rank), chunkShape: chunkDims, chunkBytes, isFiltered: filters.length > 0 });
  const edgeMask = layout.edgeIsRaw ? 2 ** filters.length - 1 : 0;
  checkChunks(file, chunks, array, filters.length > 0 ? undefined : chunkBytes);
  const fill = usable(await fillOf(file, messages), type.bytes);
  const masks = edgeMask === 0 ? chunks.map((chunk) => chunk?.filterMask ?? 0) : edgeMasks(chunks, array.shape, chunkShape, edgeMask);
  const encoding: Encoding = { kind: 'chunked', chunkShape, filters, ...(masks.some((mask) => mask !== 0) && { filterMasks: masks }), ...(fill && { fill }) };
  const segments = chunks.map((chunk): Segment => (chunk ? { file: 0, offset: fileOffset + file.start + chunk.address, length: chunk.bytes } : UNWRITTEN));
  return { segments, encoding };
}

const UNWRITTEN: Segment = { file: 0, offset: 0, length: 0 };

function checkChunks(file: Hdf5File, chunks: readonly (Chunk | undefined)[], { bytes, elements }: Array_, rawBytes: number | undefined): void {
  let held = 0;
  for (const chunk of chunks) {
    if (!chunk) continue;
    checkChunk(file, chunk);
    if (rawBytes !== undefined && chunk.bytes !== rawBytes) throw new Unreadable(`a chunk of it has ${chunk.bytes} bytes in place of ${rawBytes}. Save the model anew.`);
    held += chunk.bytes;
  }
  if (bytes > Math.max(MAX_FILLED_BYTES, held * MAX_EXPANSION)) throw new Unreadable(`most of its ${elements} elements were never written.`);
}

/** Chunks that reach over the edge of the dataset are stored raw where the file says so. */
function edgeMasks(chunks: readonly (Chunk | undefined)[], shape: readonly number[], chunkShape: readonly number[], edgeMask: number): number[] {
  const counts = shape.map((size, axis) => Math.ceil(size / chunkShape[axis]!));
  return chunks.map((chunk, flat) => {
    let rest = flat;
    let isEdge = false;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % counts[axis]!;
      rest = Math.floor(rest / counts[axis]!);
      isEdge ||= (at + 1) * chunkShape[axis]! > shape[axis]!;
    }
    return isEdge ? edgeMask : (chunk?.filterMask ?? 0);
  });
}

const FILTERS: Readonly<Record<number, ChunkFilter>> = { 1: 'deflate', 2: 'shuffle', 3: 'fletcher32', 32000: 'lzf' };
/** Registered filters (github.com/HDFGroup/hdf5_plugins, doc/RegisteredFilterPlugins.md). */
const OTHER_FILTERS: Readonly<Record<number, string>> = {
  4: 'szip', 5: 'nbit', 6: 'scaleoffset', 305: 'LZO', 307: 'bzip2', 32001: 'Blosc', 32004: 'LZ4', 32008: 'bitshuffle', 32013: 'ZFP', 32015: 'Zstandard', 32017: 'SZ', 32026: 'Blosc2',
};

function chunkFilter({ id, name, parameters }: Filter, elementBytes: number): ChunkFilter {
  const filter = FILTERS[id];
  if (filter === undefined) {
    const called = OTHER_FILTERS[id] ?? (name === '' ? `filter ${id}` : name.slice(0, 40));
    throw new Unreadable(`it is packed with ${called}, which is listed and not decoded. Save it with gzip, or without compression: h5repack -f GZIP=4 does.`);
  }
  if (filter === 'shuffle' && parameters[0] !== elementBytes) throw new Unreadable(`its bytes are shuffled in groups of ${parameters[0]}, and its elements have ${elementBytes}. Save it without the shuffle filter.`);
  return filter;
}
