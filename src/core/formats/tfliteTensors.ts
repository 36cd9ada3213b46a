import { bytesPerElement, isPlain, storedBytes } from '../dtype';
import type { Dtype, NumericDtype } from '../dtype';
import { FormatError } from '../errors';
import type { Encoding, Problem, Quantization, Segment } from '../model';
import { decodeValues } from '../statistics/decode';
import type { WeightDraft } from './assembleModel';
import { quote } from './jsonValues';
import type { ModelFiles } from './modelFiles';
import { isCode, quantizationOf } from './tfliteQuantization';
import type { Dequantized } from './tfliteQuantization';
import type { TfliteFile, TfliteRange, TfliteSubgraph, TfliteTensor } from './tfliteSchema';
import { sparseIndices } from './tfliteSparse';
import { tfliteDtype, tfliteTypeName } from './tfliteTypes';

/** Real tensors have up to six. */
const MAX_RANK = 32;
/** Scales of blocks lie in a tensor of their own, which is read with the header: 4 MiB of half floats. */
const MAX_BLOCK_SCALES = 2_000_000;

/** A constant of a subgraph. */
export interface TfliteWeight extends WeightDraft {
  readonly subgraph: number;
  /** Index within its subgraph. */
  readonly index: number;
  readonly doubt?: string;
}

export interface TensorOptions {
  readonly file: TfliteFile;
  readonly files: ModelFiles;
  /** Where the TFLite file begins in files[0]: not at 0 within a bundle. */
  readonly base: number;
}

/** The tensors whose values lie in the file, in the order of the subgraphs. Their values are not read. */
export async function constantsOf(options: TensorOptions, subgraphs: readonly TfliteSubgraph[]): Promise<{ weights: TfliteWeight[]; problems: Problem[] }> {
  const weights: TfliteWeight[] = [];
  for (const [subgraph, graph] of subgraphs.entries()) {
    for (const [index, tensor] of graph.tensors.entries()) {
      const draft = await constantOf(options, graph, tensor);
      if (draft) weights.push({ ...draft, subgraph, index });
    }
  }
  return { weights, problems: weights.flatMap(({ doubt, name }) => (doubt === undefined ? [] : [doubtOf(options, name, doubt)])) };
}

function doubtOf({ file }: TensorOptions, name: string, doubt: string): Problem {
  return { message: `${file.view.source.name}: ${quote(name)}: ${doubt}`, remedy: 'Convert the model anew, and see whether its results are right.' };
}

type Draft = Omit<TfliteWeight, 'subgraph' | 'index'>;

/** undefined for what a run of the model computes. */
async function constantOf(options: TensorOptions, graph: TfliteSubgraph, tensor: TfliteTensor): Promise<Draft | undefined> {
  if (tensor.buffer === 0 && tensor.externalBuffer === 0) return undefined;
  const dtype = tfliteDtype(tensor.type);
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  const isShape = tensor.shape.length <= MAX_RANK && tensor.shape.every((size) => size >= 0) && Number.isSafeInteger(elements);
  const known = { name: tensor.name, dtype: dtype ?? ('uint8' as const), shape: isShape ? tensor.shape : [], elements: isShape ? elements : 0, bytes: 0, segments: [] };
  const unreadable = (reason: string): Draft => ({ ...known, unreadable: `${quote(tensor.name)} cannot be read: ${reason}` });
  let range: Located;
  try {
    range = await locate(options, tensor);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return unreadable(error.message);
  }
  if (range.length === 0) return undefined;
  if (range.failure !== undefined) return unreadable(range.failure);
  if (!isShape) return unreadable(`its shape [${tensor.shape.slice(0, MAX_RANK).join(', ')}] is none`);
  if (dtype === undefined) return { ...unreadable(`its type ${tfliteTypeName(tensor.type)} is listed and not decoded`), bytes: range.length };
  if (dtype === 'string') return { ...known, dtype, bytes: range.length, segments: [segmentOf(range)] };
  const stored = storedOf(tensor, dtype, elements, range);
  if (typeof stored === 'string') return unreadable(stored);
  const values = tensor.quantization?.blocks && isCode(dtype) ? await blockwise(options, graph, tensor) : quantizationOf(dtype, tensor.shape, tensor.quantization);
  if (values.flaw !== undefined) return unreadable(values.flaw);
  const doubt = values.doubt ?? stored.doubt;
  return {
    ...known,
    dtype,
    bytes: storedBytes(dtype, elements),
    segments: stored.segments,
    ...(stored.encoding && { encoding: stored.encoding }),
    ...(values.quantization && { quantization: values.quantization }),
    ...(doubt !== undefined && { doubt }),
  };
}

interface Located extends TfliteRange {
  /** Index into the model's files. */
  readonly file: number;
  readonly failure?: string;
}

function segmentOf({ file, offset, length }: Located): Segment {
  return { file, offset, length };
}

async function locate({ file, files, base }: TensorOptions, tensor: TfliteTensor): Promise<Located> {
  if (tensor.externalBuffer === 0) {
    const range = await file.buffer(tensor.buffer);
    return { file: 0, offset: base + range.offset, length: range.length };
  }
  const outside = await file.externalBuffer(tensor.externalBuffer);
  if (!outside) return { file: 0, offset: 0, length: 1, failure: `it refers to the external buffer ${tensor.externalBuffer}, which the model does not declare. Convert the model anew.` };
  const shard = await files.shard(outside.file);
  if (shard.failure !== undefined) return { ...outside, length: 1, file: 0, failure: shard.failure };
  const isInside = outside.offset + outside.length <= shard.sizeBytes;
  return { file: shard.file, offset: outside.offset, length: outside.length, ...(!isInside && { failure: `${quote(outside.file)} ends at byte ${shard.sizeBytes}, before its values do. Fetch that file again.` }) };
}

interface Stored {
  readonly segments: readonly Segment[];
  readonly encoding?: Encoding;
  readonly doubt?: string;
}

function storedOf(tensor: TfliteTensor, dtype: NumericDtype, elements: number, range: Located): Stored | string {
  const { sparsity } = tensor;
  if (sparsity) {
    if (!isPlain(dtype)) return `it is sparse with values of ${dtype}, which is listed and not decoded`;
    const count = Math.floor(range.length / bytesPerElement(dtype));
    const indices = sparseIndices(tensor.shape, sparsity, count);
    if (typeof indices === 'string') return indices;
    return { segments: [{ ...segmentOf(range), length: count * bytesPerElement(dtype) }], encoding: { kind: 'sparse', indices } };
  }
  const wanted = storedBytes(dtype, elements);
  if (range.length < wanted) return `its buffer holds ${range.length} bytes, and its shape [${tensor.shape.join(', ')}] of ${dtype} takes ${wanted}. Convert the model anew.`;
  const doubt = range.length > wanted ? { doubt: `its buffer holds ${range.length} bytes, and its shape takes the first ${wanted} of them` } : {};
  return { segments: wanted === 0 ? [] : [{ ...segmentOf(range), length: wanted }], ...doubt };
}

/** A scale for each run of a row, from the tensor that holds them (schema.fbs, table BlockwiseQuantization). */
async function blockwise(options: TensorOptions, graph: TfliteSubgraph, tensor: TfliteTensor): Promise<Dequantized> {
  const { scales, zeroPoints, size } = tensor.quantization!.blocks!;
  const axis = tensor.shape.length - 1;
  const length = tensor.shape[axis];
  if (length === undefined || size <= 0) return { flaw: `it has blocks of ${size} elements` };
  const expected = (tensor.shape.slice(0, -1).reduce((product, count) => product * count, 1)) * Math.ceil(length / size);
  const scaleValues = await valuesOf(options, graph.tensors[scales], expected);
  if (!scaleValues) return { flaw: `the ${expected} scales of its blocks are not in the model. Convert the model anew.` };
  // Absent where the index is that of no tensor: 0 is what a writer leaves out.
  const points = zeroPoints > 0 ? await valuesOf(options, graph.tensors[zeroPoints], expected) : undefined;
  const quantization: Quantization = { scheme: 'perBlock', axis, blockSize: size, scales: scaleValues, ...(points && { zeroPoints: points }), originalDtype: 'float32' };
  return { quantization };
}

async function valuesOf(options: TensorOptions, tensor: TfliteTensor | undefined, count: number): Promise<readonly number[] | undefined> {
  const dtype: Dtype | undefined = tensor && tfliteDtype(tensor.type);
  if (!tensor || dtype === undefined || dtype === 'string' || !isPlain(dtype) || count > MAX_BLOCK_SCALES) return undefined;
  const { view } = options.file;
  const { offset, length } = await options.file.buffer(tensor.buffer);
  const bytes = count * bytesPerElement(dtype);
  if (length < bytes) return undefined;
  view.countNumbers(count);
  return Array.from(decodeValues(new Uint8Array(await view.source.read(offset, bytes)), count, { dtype }));
}
