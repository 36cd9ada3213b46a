import { UnsupportedError } from '../errors';
import { readEntry, readSparseTensor, readTensor } from './onnxTensor';
import type { OnnxSparseTensor, OnnxTensor } from './onnxTensor';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE, OPSET, TRAINING } from './onnxTypes';
import { floatOf, integersOf, textOf, WIRE } from './protobufWire';
import type { ProtobufFile, WireField, WireRange } from './protobufWire';

/** Runtimes stop at 100 nested messages, and a nested graph takes three: no file that runs comes near this. */
const MAX_GRAPH_DEPTH = 40;
/** Nodes of all graphs and functions; published models have up to some ten thousand. */
export const MAX_NODES = 300_000;
/** Tensors of all graphs and functions. */
export const MAX_TENSORS = 500_000;
/** Inputs or outputs of one node, graph or function; a Concat of real models takes some hundreds. */
const MAX_NAMES = 10_000;
/** Attributes of one node, and their fields. */
const MAX_ATTRIBUTES = 1000;
/** Numbers in attributes of a whole file: Constant nodes with value_floats, trees of onnx.ml. What is beyond is left out. */
const MAX_NUMBERS = 4_000_000;
/** The same, packed in one field: a number takes up to ten bytes. */
const MAX_PACKED_BYTES = 10 * MAX_NUMBERS;
const MAX_METADATA = 1000;

export interface OnnxAttribute {
  readonly name: string;
  /** The attribute of the function's caller that this one stands for. */
  readonly reference?: string;
  readonly i?: number;
  readonly f?: number;
  readonly s?: string;
  readonly ints?: readonly number[];
  readonly floats?: readonly number[];
  readonly strings?: readonly string[];
  /** Numbers were left out: the file has more than MAX_NUMBERS. */
  readonly isCut?: boolean;
  readonly tensors: readonly OnnxTensor[];
  readonly sparseTensors: readonly OnnxSparseTensor[];
  readonly graphs: readonly OnnxGraphProto[];
}

export interface OnnxNodeProto {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxGraphProto {
  readonly nodes: OnnxNodeProto[];
  readonly initializers: OnnxTensor[];
  readonly sparseInitializers: OnnxSparseTensor[];
  readonly inputs: string[];
  readonly outputs: string[];
}

export interface OnnxFunctionProto {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNodeProto[];
}

export interface OnnxModelProto {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: OnnxGraphProto;
  readonly functions: readonly OnnxFunctionProto[];
  readonly training: readonly OnnxGraphProto[];
  /** Things left out, for a problem: "nodes beyond the 300000th". */
  readonly cuts: readonly string[];
}

/** Reads a ModelProto with everything but the values of its tensors. */
export class OnnxReader {
  #nodes = 0;
  #tensors = 0;
  #numbers = 0;
  readonly #cuts = new Set<string>();

  constructor(private readonly file: ProtobufFile) {}

  /** @throws FormatError where the file is no model, UnsupportedError where it goes beyond a limit. */
  async model(): Promise<OnnxModelProto> {
    const texts = new Map<number, string>();
    const opsets = new Map<string, number>();
    const metadata = new Map<string, string>();
    const functions: OnnxFunctionProto[] = [];
    const training: OnnxGraphProto[] = [];
    let irVersion = 0;
    let graph: OnnxGraphProto | undefined;
    for await (const field of this.file.fields({ start: 0, end: this.file.source.size })) {
      if (field.number === MODEL.irVersion) irVersion = field.value;
      if (field.wireType !== WIRE.bytes) continue;
      if (field.number === MODEL.graph) graph = await this.#graph(field, 0);
      else if (field.number === MODEL.functions) functions.push(await this.#function(field));
      else if (field.number === MODEL.trainingInfo) training.push(...(await this.#training(field)));
      else if (field.number === MODEL.opsetImport) this.#opset(field, opsets);
      else if (field.number === MODEL.metadata && metadata.size < MAX_METADATA) metadata.set(...readEntry(this.file, field));
      else if (field.number <= MODEL.domain) texts.set(field.number, textOf(field));
    }
    if (!graph) throw this.file.damaged('it has no graph, which every ONNX model has');
    return {
      irVersion,
      producerName: texts.get(MODEL.producerName) ?? '',
      producerVersion: texts.get(MODEL.producerVersion) ?? '',
      opsets,
      metadata,
      graph,
      functions,
      training,
      cuts: [...this.#cuts],
    };
  }

  #opset(field: WireField, opsets: Map<string, number>): void {
    let domain = '';
    let version = 0;
    if (field.bytes) {
      for (const part of this.file.fieldsIn(field as Required<WireRange>)) {
        if (part.number === OPSET.domain) domain = textOf(part);
        else if (part.number === OPSET.version) version = part.value;
      }
    }
    if (opsets.size < MAX_METADATA) opsets.set(domain, version);
  }

  async #training(range: WireRange): Promise<OnnxGraphProto[]> {
    const graphs: OnnxGraphProto[] = [];
    for await (const field of this.file.fields(range)) {
      if (field.wireType === WIRE.bytes && (field.number === TRAINING.initialization || field.number === TRAINING.algorithm)) graphs.push(await this.#graph(field, 1));
    }
    return graphs;
  }

  async #graph(range: WireRange, depth: number): Promise<OnnxGraphProto> {
    const graph: OnnxGraphProto = { nodes: [], initializers: [], sparseInitializers: [], inputs: [], outputs: [] };
    if (depth > MAX_GRAPH_DEPTH) {
      this.#cuts.add(`graphs nested more than ${MAX_GRAPH_DEPTH} levels deep`);
      return graph;
    }
    for await (const batch of this.file.batches(range)) {
      for (const field of batch) {
        if (field.wireType !== WIRE.bytes) continue;
        if (field.number === GRAPH.node) await this.#addNode(field, depth, graph.nodes);
        else if (field.number === GRAPH.initializer) await this.#addTensor(field, graph.initializers);
        else if (field.number === GRAPH.sparseInitializer) await this.#addSparse(field, graph.sparseInitializers);
        else if (field.number === GRAPH.input) addName(graph.inputs, await this.#valueName(field));
        else if (field.number === GRAPH.output) addName(graph.outputs, await this.#valueName(field));
      }
    }
    return graph;
  }

  async #function(range: WireRange): Promise<OnnxFunctionProto> {
    const texts = new Map<number, string>();
    const inputs: string[] = [];
    const outputs: string[] = [];
    const nodes: OnnxNodeProto[] = [];
    for await (const field of this.file.fields(range)) {
      if (field.wireType !== WIRE.bytes) continue;
      if (field.number === FUNCTION.node) await this.#addNode(field, 0, nodes);
      else if (field.number === FUNCTION.input) addName(inputs, textOf(field));
      else if (field.number === FUNCTION.output) addName(outputs, textOf(field));
      else texts.set(field.number, textOf(field));
    }
    return { name: texts.get(FUNCTION.name) ?? '', domain: texts.get(FUNCTION.domain) ?? '', overload: texts.get(FUNCTION.overload) ?? '', inputs, outputs, nodes };
  }

  async #addNode(range: WireField, depth: number, nodes: OnnxNodeProto[]): Promise<void> {
    if (this.#nodes >= MAX_NODES) {
      this.#cuts.add(`nodes beyond the ${MAX_NODES}th`);
      return;
    }
    this.#nodes++;
    const fields = range.bytes ? this.file.fieldsIn(range as Required<WireRange>) : await this.file.message(range, 2 * MAX_NAMES + MAX_ATTRIBUTES);
    const texts = new Map<number, string>();
    const inputs: string[] = [];
    const outputs: string[] = [];
    const attributes = new Map<string, OnnxAttribute>();
    for (const field of fields) {
      if (field.wireType !== WIRE.bytes) continue;
      if (field.number === NODE.input) addName(inputs, textOf(field));
      else if (field.number === NODE.output) addName(outputs, textOf(field));
      else if (field.number === NODE.attribute) {
        if (attributes.size >= MAX_ATTRIBUTES) continue;
        const attribute = await this.#attribute(field, depth);
        attributes.set(attribute.name, attribute);
      } else if (field.number <= NODE.overload) texts.set(field.number, textOf(field));
    }
    nodes.push({ name: texts.get(NODE.name) ?? '', op: texts.get(NODE.op) ?? '', domain: texts.get(NODE.domain) ?? '', overload: texts.get(NODE.overload) ?? '', inputs, outputs, attributes });
  }

  async #attribute(range: WireField, depth: number): Promise<OnnxAttribute> {
    const attribute: { -readonly [K in keyof OnnxAttribute]: OnnxAttribute[K] } = { name: '', tensors: [], sparseTensors: [], graphs: [] };
    const ints: number[] = [];
    const floats: number[] = [];
    const strings: string[] = [];
    const tensors: OnnxTensor[] = [];
    const sparseTensors: OnnxSparseTensor[] = [];
    const graphs: OnnxGraphProto[] = [];
    for await (const batch of this.#batchesOf(range)) {
      for (const field of batch) {
        if (field.number === ATTRIBUTE.name) attribute.name = textOf(field);
        else if (field.number === ATTRIBUTE.reference) attribute.reference = textOf(field);
        else if (field.number === ATTRIBUTE.i) attribute.i = field.value;
        else if (field.number === ATTRIBUTE.f) attribute.f = floatOf(field);
        else if (field.number === ATTRIBUTE.s) attribute.s = textOf(field);
        else if (field.number === ATTRIBUTE.ints) this.#addNumbers(ints, integersOf(this.file, await this.#whole(field), MAX_NUMBERS), attribute);
        else if (field.number === ATTRIBUTE.floats) this.#addNumbers(floats, floatsOf(await this.#whole(field)), attribute);
        else if (field.number === ATTRIBUTE.strings) addName(strings, textOf(field));
        else if (field.wireType !== WIRE.bytes) continue;
        else if (field.number === ATTRIBUTE.tensor || field.number === ATTRIBUTE.tensors) await this.#addTensor(field, tensors);
        else if (field.number === ATTRIBUTE.sparseTensor || field.number === ATTRIBUTE.sparseTensors) await this.#addSparse(field, sparseTensors);
        else if (field.number === ATTRIBUTE.graph || field.number === ATTRIBUTE.graphs) graphs.push(await this.#graph(field, depth + 1));
      }
    }
    return { ...attribute, ...(ints.length > 0 && { ints }), ...(floats.length > 0 && { floats }), ...(strings.length > 0 && { strings }), tensors, sparseTensors, graphs };
  }

  /** One batch, at once, for what is small: a model has a million attributes. */
  #batchesOf(range: WireField): Iterable<readonly WireField[]> | AsyncIterable<readonly WireField[]> {
    return range.bytes ? [this.file.fieldsIn(range as Required<WireRange>)] : this.file.batches(range);
  }

  #addNumbers(list: number[], values: readonly number[], attribute: { isCut?: boolean }): void {
    if (this.#numbers + values.length > MAX_NUMBERS) {
      attribute.isCut = true;
      this.#cuts.add(`numbers in attributes beyond the ${MAX_NUMBERS}th`);
      return;
    }
    this.#numbers += values.length;
    for (const value of values) list.push(value);
  }

  /** Packed numbers, longer than what comes with a field. */
  async #whole(field: WireField): Promise<WireField> {
    if (field.bytes || field.wireType !== WIRE.bytes) return field;
    return { ...field, bytes: await this.file.payload(field, MAX_PACKED_BYTES) };
  }

  async #addTensor(range: WireRange, tensors: OnnxTensor[]): Promise<void> {
    this.#countTensor();
    tensors.push(await readTensor(this.file, range));
  }

  async #addSparse(range: WireRange, tensors: OnnxSparseTensor[]): Promise<void> {
    this.#countTensor();
    const tensor = await readSparseTensor(this.file, range);
    if (tensor) tensors.push(tensor);
  }

  #countTensor(): void {
    if (++this.#tensors > MAX_TENSORS) throw new UnsupportedError(`${this.file.source.name} has more than ${MAX_TENSORS} tensors, which Weightgram does not list. Split the model.`);
  }

  /** ValueInfoProto: of an input or output only the name is needed. */
  async #valueName(range: WireRange): Promise<string> {
    const fields = range.bytes ? this.file.fieldsIn(range as Required<WireRange>) : await this.file.message(range, MAX_NAMES);
    const name = fields.find(({ number }) => number === 1);
    return name ? textOf(name) : '';
  }
}

function addName(names: string[], name: string): void {
  if (names.length < MAX_NAMES) names.push(name);
}

/** A repeated float: one value, or packed ones. */
function floatsOf(field: WireField): readonly number[] {
  if (field.wireType === WIRE.fixed32) return [floatOf(field)];
  const { bytes } = field;
  if (!bytes) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getFloat32(i * 4, true));
}
