import { blockOf, isNumeric, isPlain } from '../dtype';
import { HumanError, throwIfCancelled } from '../errors';
import type { Problem, Quantization } from '../model';
import { decodeValues } from '../statistics/decode';
import { quote } from './jsonValues';
import { ABSENT } from './onnxGraph';
import type { OnnxGraph, OnnxNode, OnnxUse, ValueId } from './onnxGraph';
import { scalingOf } from './onnxScaling';
import type { Scaling } from './onnxScaling';
import type { OnnxPlacer, OnnxWeight } from './onnxStorage';
import { packedVarints } from './protobufWire';

/** Scales travel with the model to the workers, 8 bytes each: of one tensor, and of all together. */
const MAX_SCALES = 1024 * 1024;
const MAX_ALL_SCALES = 4 * 1024 * 1024;
/** Uses of one weight that are looked at. */
const MAX_USES = 50;

/** Codes: integers of up to 32 bits, and the small floats of DequantizeLinear. */
const CODES: ReadonlySet<string> = new Set(['int8', 'uint8', 'int16', 'uint16', 'int32', 'int4', 'uint4', 'float8_e4m3fn', 'float8_e4m3fnuz', 'float8_e5m2', 'float8_e5m2fnuz', 'float4_e2m1fn']);

export interface Quantized {
  readonly weights: OnnxWeight[];
  /** Of constants that are scales and zero points of weights: which weight, by its index. */
  readonly scaled: ReadonlyMap<ValueId, number>;
  readonly problems: readonly Problem[];
}

/** Reads the scales and zero points of weights that are stored in codes. */
export async function quantize(graph: OnnxGraph, placer: OnnxPlacer, weights: readonly OnnxWeight[], signal?: AbortSignal): Promise<Quantized> {
  const reader = new ScaleReader(placer, weights);
  const result: OnnxWeight[] = [];
  const problems: Problem[] = [];
  const scaled = new Map<ValueId, number>();
  for (const [tensor, weight] of weights.entries()) {
    throwIfCancelled(signal);
    const blocks = weight.unreadable === undefined && weight.dtype === 'uint8' ? graph.usesOf(weight.constant.id).find(({ node, input }) => node.op === 'MatMulNBits' && input === 1) : undefined;
    if (blocks) {
      for (const id of blocks.node.inputs.slice(2, 4)) if (id !== ABSENT && !scaled.has(id)) scaled.set(id, tensor);
      const unpacked = await reader.blocks(weight, blocks.node);
      result.push(typeof unpacked === 'string' ? weight : unpacked);
      if (typeof unpacked === 'string') problems.push({ message: `${placer.file.source.name}: the packed codes of ${quote(weight.name)} are shown as bytes: ${unpacked}`, remedy: 'Its figures are of the bytes, not of the weights. Open the model that was quantized to see its weights.', tensor });
      continue;
    }
    const scaling = CODES.has(weight.dtype) && weight.unreadable === undefined ? findScaling(graph, weight) : undefined;
    if (!scaling) {
      result.push(weight);
      continue;
    }
    for (const id of [scaling.scale, scaling.zeroPoint]) if (id !== undefined && !scaled.has(id)) scaled.set(id, tensor);
    const quantization = await reader.quantization(weight, scaling);
    if (typeof quantization !== 'string') {
      result.push({ ...weight, quantization });
      if (hasUnsoundScale(quantization)) problems.push({ message: `${placer.file.source.name}: ${quote(weight.name)} has a scale that is zero, negative or not finite`, remedy: 'Quantize the model anew, and look at what it was calibrated with.', tensor });
      continue;
    }
    result.push(weight);
    if (quantization !== '') problems.push({ message: `${placer.file.source.name}: the codes of ${quote(weight.name)} are shown as they are: ${quantization}`, remedy: 'Its figures are of the codes, not of the weights. Export the model with constant scales.', tensor });
  }
  return { weights: result, scaled, problems };
}

function findScaling(graph: OnnxGraph, { constant, shape }: OnnxWeight): Scaling | undefined {
  let uses: readonly OnnxUse[] = graph.usesOf(constant.id);
  if (uses.length === 1 && uses[0]!.node.op === 'Identity') uses = graph.usesOfNode(uses[0]!.node);
  for (const use of uses.slice(0, MAX_USES)) {
    const scaling = scalingOf(graph, use, shape.length);
    if (scaling) return scaling;
  }
  return undefined;
}

function hasUnsoundScale(quantization: Quantization): boolean {
  if (quantization.scheme === 'float16') return false;
  const scales = quantization.scheme === 'affine' ? [quantization.scale] : quantization.scales;
  return scales.some((scale) => !(scale > 0) || scale === Infinity);
}

interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

class ScaleReader {
  readonly #weights = new Map<ValueId, OnnxWeight>();
  readonly #known = new Map<ValueId, Numbers | string>();
  #total = 0;

  constructor(
    private readonly placer: OnnxPlacer,
    weights: readonly OnnxWeight[],
  ) {
    for (const weight of weights) this.#weights.set(weight.constant.id, weight);
  }

  /** Or why there is none; '' where it is computed when the model runs. */
  async quantization(weight: OnnxWeight, scaling: Scaling): Promise<Quantization | string> {
    const scale = await this.#scales(scaling);
    if (typeof scale === 'string') return scale;
    const zeroPoint = scaling.zeroPoint === undefined ? undefined : await this.#numbers(scaling.zeroPoint);
    if (typeof zeroPoint === 'string') return zeroPoint;
    const found = layOut(weight, scaling, scale, zeroPoint);
    if (typeof found !== 'string' && found.scheme !== 'affine' && found.scheme !== 'float16') this.#total += found.scales.length;
    return found;
  }

  /**
   * MatMulNBits (ONNX Runtime, contrib operators): B [N, blocks, block size × bits / 8] holds the rows of a matrix [N, K], a scale and a zero
   * point for each block of a row; without zero points the middle of the codes is zero.
   */
  async blocks(weight: OnnxWeight, { inputs, attributes }: OnnxNode): Promise<OnnxWeight | string> {
    const setting = (name: string): number => attributes.get(name)?.i ?? 0;
    const [rows, columns, blockSize, bits] = [setting('N'), setting('K'), setting('block_size'), attributes.get('bits')?.i ?? 4];
    if (bits !== 4 && bits !== 8) return `they have ${bits} bits, and those of 4 and 8 are read`;
    if (!(blockSize > 0) || columns % blockSize !== 0) return `rows of ${columns} are no whole number of blocks of ${blockSize}`;
    if (weight.bytes !== (rows * columns * bits) / 8 || (inputs[4] ?? ABSENT) !== ABSENT) return `they are not laid out as [${rows}, ${columns}]`;
    const perRow = columns / blockSize;
    const count = rows * perRow;
    const scale = await this.#numbers(inputs[2] ?? ABSENT);
    if (typeof scale === 'string') return scale === '' ? 'their scales are computed when the model runs' : scale;
    if (scale.values.length !== count) return `${scale.values.length} scales do not go with ${count} blocks`;
    const zeroPoints = await this.#blockPoints(inputs[3] ?? ABSENT, { rows, perRow, bits });
    if (typeof zeroPoints === 'string') return zeroPoints;
    this.#total += count;
    const quantization = { scheme: 'perBlock', axis: 1, blockSize, scales: scale.values, zeroPoints, originalDtype: 'float32' } as const;
    return { ...weight, dtype: bits === 4 ? 'uint4' : 'uint8', shape: [rows, columns], elements: rows * columns, quantization };
  }

  /** As numbers, or packed like the codes: each row of blocks begins with a byte of its own. */
  async #blockPoints(id: ValueId, { rows, perRow, bits }: { rows: number; perRow: number; bits: 4 | 8 }): Promise<readonly number[] | string> {
    const count = rows * perRow;
    if (id === ABSENT) return new Array<number>(count).fill(2 ** (bits - 1));
    const points = await this.#numbers(id);
    if (typeof points === 'string') return points === '' ? 'their zero points are computed when the model runs' : points;
    const isPacked = bits === 4 && this.#weights.get(id)?.dtype === 'uint8';
    const rowBytes = isPacked ? Math.ceil(perRow / 2) : perRow;
    if (points.values.length !== rows * rowBytes) return `${points.values.length} zero points do not go with ${count} blocks`;
    if (!isPacked) return points.values;
    return Array.from({ length: count }, (_, i) => {
      const block = i % perRow;
      return (points.values[Math.floor(i / perRow) * rowBytes + (block >> 1)]! >> (4 * (block & 1))) & 15;
    });
  }

  async #scales({ scale, factor }: Scaling): Promise<Numbers | string> {
    const own = await this.#numbers(scale);
    if (typeof own === 'string' || factor === undefined) return own;
    const other = await this.#numbers(factor);
    if (typeof other === 'string') return other;
    return { shape: own.shape, values: own.values.map((value) => Math.fround(value * (other.values[0] ?? NaN))) };
  }

  async #numbers(id: ValueId): Promise<Numbers | string> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const read = await this.#read(id);
    this.#known.set(id, read);
    return read;
  }

  async #read(id: ValueId): Promise<Numbers | string> {
    const weight = this.#weights.get(id);
    if (!weight) return '';
    const { name, shape, elements } = weight;
    if (weight.unreadable !== undefined) return `their scale cannot be read (${weight.unreadable.replace(/\.$/, '')})`;
    if (elements > MAX_SCALES) return `${quote(name)} holds ${elements} scales, and up to ${MAX_SCALES} are read`;
    if (this.#total + elements > MAX_ALL_SCALES) return `the model has more than ${MAX_ALL_SCALES} scales`;
    try {
      const values = await readNumbers(this.placer, weight);
      return values ? { shape, values } : `${quote(name)} is no list of numbers`;
    } catch (error) {
      if (!(error instanceof HumanError) || error.code === 'cancelled') throw error;
      return `${quote(name)} cannot be read: ${error.message}`;
    }
  }
}

/** The values of a small tensor. */
async function readNumbers(placer: OnnxPlacer, { dtype, elements, bytes, segments, encoding }: OnnxWeight): Promise<readonly number[] | undefined> {
  if (!isNumeric(dtype) || elements === 0) return undefined;
  const read = encoding?.kind === 'inline' ? encoding.bytes : await placer.read(segments);
  const stored = encoding?.kind === 'varints' ? unpackVarints(read, bytes, isPlain(dtype) ? blockOf(dtype).bytes : 1) : encoding?.kind === 'sparse' ? undefined : read;
  if (!stored) return undefined;
  if (dtype === 'int4' || dtype === 'uint4') return Array.from({ length: elements }, (_, i) => nibble(stored[i >> 1]! >> (4 * (i & 1)), dtype));
  if (!isPlain(dtype)) return undefined;
  return Array.from(decodeValues(stored.slice(), elements, { dtype }));
}

function nibble(bits: number, dtype: 'int4' | 'uint4'): number {
  return dtype === 'uint4' ? bits & 15 : (bits << 28) >> 28;
}

function unpackVarints(packed: Uint8Array, bytes: number, elementBytes: number): Uint8Array | undefined {
  const values = packedVarints(packed, bytes / elementBytes);
  if (values?.length !== bytes / elementBytes) return undefined;
  const stored = new Uint8Array(bytes);
  const view = new DataView(stored.buffer);
  for (const [i, value] of values.entries()) {
    for (let byte = 0; byte < elementBytes; byte++) view.setUint8(i * elementBytes + byte, byte < 4 ? value >>> (8 * byte) : Math.floor(value / 2 ** 32) >> (8 * (byte - 4)));
  }
  return stored;
}

/** Which scale belongs to which element. */
function layOut({ name, shape, dtype }: OnnxWeight, { axis, blockSize }: Scaling, scale: Numbers, zeroPoint: Numbers | undefined): Quantization | string {
  const scales = scale.values;
  const points = zeroPoint && zeroPoint.values.some((point) => point !== 0) ? zeroPoint.values : undefined;
  if (points && points.length !== scales.length && points.length !== 1) return `they have ${scales.length} scales and ${points.length} zero points`;
  const zeroPoints = points && (points.length === scales.length ? points : scales.map(() => points[0]!));
  const isSingle = scales.length === 1 && blockSize === undefined;
  if (isSingle) return single(shape, dtype, scales[0]!, zeroPoints?.[0] ?? 0);
  const size = shape[axis];
  if (size === undefined) return `${quote(name)} has no axis ${axis}`;
  const shared = { axis, scales, ...(zeroPoints && { zeroPoints }), originalDtype: 'float32' } as const;
  if (blockSize !== undefined) {
    const expected = shape.map((length, i) => (i === axis ? Math.ceil(length / blockSize) : length));
    if (expected.length !== scale.shape.length || expected.some((length, i) => length !== scale.shape[i])) return `scales of the shape ${quote(scale.shape.join(' × '))} do not go with blocks of ${blockSize} along axis ${axis}`;
    return { scheme: 'perBlock', blockSize, ...shared };
  }
  // One scale an index of the axis, whatever dimensions of one they are written with.
  if (scales.length !== size) return `${scales.length} scales do not go with the ${size} indices of axis ${axis}`;
  return { scheme: 'perAxis', ...shared };
}

/**
 * One scale for all. Codes of 8 and 16 bits have exact products and sums in float64, so that `affine` rounds once, as float32 arithmetic
 * does; those of 32 bits are rounded before they are multiplied, and packed floats are not codes: both take the way of many scales.
 */
function single(shape: readonly number[], dtype: string, scale: number, zeroPoint: number): Quantization {
  const length = shape[0] ?? 0;
  if ((dtype !== 'int32' && dtype !== 'float4_e2m1fn') || length === 0 || length > MAX_SCALES) return { scheme: 'affine', scale, min: zeroPoint === 0 ? 0 : -zeroPoint * scale, originalDtype: 'float32' };
  const same = (value: number): number[] => new Array<number>(length).fill(value);
  return { scheme: 'perAxis', axis: 0, scales: same(scale), ...(zeroPoint !== 0 && { zeroPoints: same(zeroPoint) }), originalDtype: 'float32' };
}
