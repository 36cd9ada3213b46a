import { FormatError } from '../errors';
import type { FlatBufferView, FlatTable, FlatVector } from './flatbufferView';
import { ACTIVATION_FIELDS, BATCH_MATMUL_OPTIONS, CALLED_SUBGRAPHS, CALLED_SUBGRAPHS_2, CONVOLUTION_OPTIONS, FUSED_ACTIVATIONS, operatorName, PADDINGS } from './tfliteOperators';

/** Bounds what one hostile file can make us walk; language models have some ten thousand tensors, and up to some hundred subgraphs. */
export const MAX_TENSORS = 500_000;
export const MAX_OPERATORS = 500_000;
const MAX_SUBGRAPHS = 10_000;
const MAX_OPERATOR_CODES = 10_000;
/** Of metadata and signatures only the names are shown. */
const MAX_METADATA = 64;

/** TensorType of the schema, by its code. */
export const TENSOR_TYPES = [
  'FLOAT32', 'FLOAT16', 'INT32', 'UINT8', 'INT64', 'STRING', 'BOOL', 'INT16', 'COMPLEX64', 'INT8', 'FLOAT64', 'COMPLEX128', 'UINT64', 'RESOURCE', 'VARIANT',
  'UINT32', 'UINT16', 'INT4', 'BFLOAT16', 'INT2', 'UINT4',
] as const;

export interface TfliteQuantization {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
  /** Scales of their own for each run of elements: `scales` and `zeroPoints` are the indices of tensors that hold them. */
  readonly blocks?: { readonly scales: number; readonly zeroPoints: number; readonly size: number };
}

/** Of one axis in the order of traversal (tensorflow/lite/schema/schema.fbs, table DimensionMetadata). */
export interface TfliteDimension {
  readonly isSparse: boolean;
  readonly denseSize: number;
  readonly segments: readonly number[];
  readonly indices: readonly number[];
}

export interface TfliteSparsity {
  readonly order: readonly number[];
  readonly blockMap: readonly number[];
  readonly dimensions: readonly TfliteDimension[];
}

export interface TfliteTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly buffer: number;
  /** The id of an external buffer; 0 where it has none. */
  readonly externalBuffer: number;
  readonly quantization?: TfliteQuantization;
  readonly sparsity?: TfliteSparsity;
}

export interface TfliteOperator {
  /** CONV_2D, or the name of a custom operator. */
  readonly name: string;
  readonly isCustom: boolean;
  /** Tensors of its subgraph; -1 for one that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly activation?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  /** Subgraphs that take the inputs from `firstInput` on. */
  readonly calls?: { readonly subgraphs: readonly number[]; readonly firstInput: number };
  readonly isTransposed?: { readonly x: boolean; readonly y: boolean };
}

export interface TfliteSubgraph {
  readonly name: string;
  readonly tensors: readonly TfliteTensor[];
  readonly inputs: readonly number[];
  readonly operators: readonly TfliteOperator[];
}

/** Where bytes lie in the file. */
export interface TfliteRange {
  readonly offset: number;
  readonly length: number;
}

export interface TfliteModel {
  readonly description: string;
  readonly runtimeVersion?: string;
  /** Names of its entry points. */
  readonly signatures: readonly string[];
  readonly subgraphs: readonly TfliteSubgraph[];
  /** What was not read: sentences. */
  readonly flaws: readonly string[];
}

/** The tables of one TFLite model. Weights are not read. */
export class TfliteFile {
  readonly view: FlatBufferView;
  readonly #buffers = new Map<number, TfliteRange>();
  readonly #flaws: string[] = [];
  #tensors = 0;
  #operators = 0;

  constructor(view: FlatBufferView) {
    this.view = view;
  }

  async model(): Promise<TfliteModel> {
    const { view } = this;
    const description = await view.read(() => view.root().text(3) ?? '');
    const codes = await this.#operatorCodes();
    const graphs = await view.read(() => view.root().vector(2, 4));
    const subgraphs: TfliteSubgraph[] = [];
    const count = Math.min(graphs?.count ?? 0, MAX_SUBGRAPHS);
    for (let i = 0; i < count; i++) subgraphs.push(await this.#subgraph(graphs!, i, codes));
    if ((graphs?.count ?? 0) > count) this.#flaws.push(`it has more than ${MAX_SUBGRAPHS} subgraphs; the rest is left out`);
    const runtimeVersion = await this.#optional(() => this.#runtimeVersion());
    const signatures = (await this.#optional(() => this.#signatures())) ?? [];
    return { description, signatures, ...(runtimeVersion !== undefined && { runtimeVersion }), subgraphs, flaws: this.#flaws };
  }

  /** Bytes of a buffer; of a length of 0 where it holds none. In files of more than 2 GiB it lies behind the FlatBuffer. */
  async buffer(index: number): Promise<TfliteRange> {
    const known = this.#buffers.get(index);
    if (known) return known;
    const { view } = this;
    const range = await view.read(() => {
      const root = view.root();
      const buffers = root.vector(4, 4);
      if (!buffers) throw view.damaged('it has no list of buffers');
      const buffer = root.tableIn(buffers, index);
      const data = buffer.vector(0, 1);
      if (data && data.count > 0) return { offset: data.at, length: data.count };
      // 1 stands for a place that was never filled in (schema.fbs, table Buffer).
      const offset = buffer.u64(1);
      const length = buffer.u64(2);
      if (offset <= 1 || length === 0) return { offset: 0, length: 0 };
      view.check(offset, length);
      return { offset, length };
    });
    this.#buffers.set(index, range);
    return range;
  }

  /** A range of another file: its name and the place in it. undefined where no external buffer has this id. */
  async externalBuffer(id: number): Promise<(TfliteRange & { readonly file: string }) | undefined> {
    const { view } = this;
    return view.read(() => {
      const root = view.root();
      const buffers = root.vector(9, 4);
      const groups = root.vector(8, 4);
      if (!buffers || !groups) return undefined;
      for (let i = 0; i < buffers.count; i++) {
        const buffer = root.tableIn(buffers, i);
        if (buffer.u32(0) === id) return { file: root.tableIn(groups, buffer.u32(1)).text(0) ?? '', offset: buffer.u64(2), length: buffer.u64(3) };
      }
      return undefined;
    });
  }

  async #operatorCodes(): Promise<readonly { name: string; isCustom: boolean }[]> {
    const { view } = this;
    const list = await view.read(() => view.root().vector(1, 4));
    const codes: { name: string; isCustom: boolean }[] = [];
    for (let i = 0; i < Math.min(list?.count ?? 0, MAX_OPERATOR_CODES); i++) {
      codes.push(await view.read(() => {
        const code = view.root().tableIn(list!, i);
        // Codes beyond a byte came later, in a field of their own.
        const builtin = Math.max(code.i8(0), code.i32(3));
        const isCustom = builtin === 32;
        return { name: isCustom ? (code.text(1) ?? 'CUSTOM') : operatorName(builtin), isCustom };
      }));
    }
    return codes;
  }

  async #subgraph(graphs: FlatVector, index: number, codes: readonly { name: string; isCustom: boolean }[]): Promise<TfliteSubgraph> {
    const { view } = this;
    const head = await view.read(() => {
      const graph = view.root().tableIn(graphs, index);
      return { name: graph.text(4) ?? '', inputs: graph.i32s(1), tensors: graph.vector(0, 4), operators: graph.vector(3, 4) };
    });
    const tensors = await this.#each(head.tensors, MAX_TENSORS - this.#tensors, 'tensors', tensorOf, brokenTensor);
    this.#tensors += tensors.length;
    const operators = await this.#each(head.operators, MAX_OPERATORS - this.#operators, 'operators', (table) => operatorOf(table, codes), () => undefined);
    this.#operators += operators.length;
    return { name: head.name, inputs: head.inputs, tensors, operators: operators.filter((operator) => operator !== undefined) };
  }

  /** What cannot be read of a list costs only itself. */
  async #each<T>(list: FlatVector | undefined, most: number, what: string, read: (table: FlatTable) => T, broken: (index: number) => T): Promise<T[]> {
    const { view } = this;
    const found: T[] = [];
    const count = Math.min(list?.count ?? 0, most);
    for (let i = 0; i < count; i++) {
      try {
        found.push(await view.read(() => read(view.root().tableIn(list!, i))));
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        this.#flaws.push(`${error.message} (number ${i + 1} of its ${what} is left out)`);
        found.push(broken(i));
      }
    }
    if ((list?.count ?? 0) > count) this.#flaws.push(`it has more than ${what === 'tensors' ? MAX_TENSORS : MAX_OPERATORS} ${what}; the rest is left out`);
    return found;
  }

  /** The oldest runtime that can run the model, as converters write it: a padded text in a buffer. */
  async #runtimeVersion(): Promise<string | undefined> {
    const { view } = this;
    const buffer = await view.read(() => {
      const root = view.root();
      const list = root.vector(6, 4);
      for (let i = 0; i < Math.min(list?.count ?? 0, MAX_METADATA); i++) {
        const entry = root.tableIn(list!, i);
        if (entry.text(0) === 'min_runtime_version') return entry.u32(1);
      }
      return undefined;
    });
    if (buffer === undefined) return undefined;
    const { offset, length } = await this.buffer(buffer);
    const text = await view.read(() => view.text({ at: offset, count: Math.min(length, 32) }));
    return /^\d+(?:\.\d+)+/.exec(text)?.[0];
  }

  async #signatures(): Promise<string[]> {
    const { view } = this;
    return view.read(() => {
      const root = view.root();
      const list = root.vector(7, 4);
      return Array.from({ length: Math.min(list?.count ?? 0, MAX_METADATA) }, (_, i) => root.tableIn(list!, i).text(2) ?? '');
    });
  }

  /** What is only shown: a model without it is whole. */
  async #optional<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return undefined;
    }
  }
}

function brokenTensor(index: number): TfliteTensor {
  return { name: `tensor ${index}`, shape: [], type: -1, buffer: 0, externalBuffer: 0 };
}

function tensorOf(table: FlatTable): TfliteTensor {
  const quantization = quantizationOf(table.table(4));
  const sparsity = sparsityOf(table.table(6));
  return {
    name: table.text(3) ?? '',
    shape: table.i32s(0),
    type: table.u8(1),
    buffer: table.u32(2),
    externalBuffer: table.u32(10),
    ...(quantization && { quantization }),
    ...(sparsity && { sparsity }),
  };
}

function quantizationOf(table: FlatTable | undefined): TfliteQuantization | undefined {
  if (!table) return undefined;
  const blockwise = table.u8(4) === 2 ? table.table(5) : undefined;
  const blocks = blockwise && { scales: blockwise.i32(0), zeroPoints: blockwise.i32(1), size: blockwise.i32(2) };
  const scales = table.f32s(2);
  if (!blocks && scales.length === 0) return undefined;
  return { scales, zeroPoints: table.i64s(3), axis: table.i32(6), ...(blocks && { blocks }) };
}

function sparsityOf(table: FlatTable | undefined): TfliteSparsity | undefined {
  if (!table) return undefined;
  const list = table.vector(2, 4);
  const dimensions = Array.from({ length: Math.min(list?.count ?? 0, 64) }, (_, i) => dimensionOf(table.tableIn(list!, i)));
  return { order: table.i32s(0), blockMap: table.i32s(1), dimensions };
}

function dimensionOf(table: FlatTable): TfliteDimension {
  return { isSparse: table.u8(0) === 1, denseSize: table.i32(1), segments: indexVector(table, 2), indices: indexVector(table, 4) };
}

/** A union of tables whose only field holds the numbers, in 32, 16 or 8 bits. */
function indexVector(table: FlatTable, typeField: number): readonly number[] {
  const vector = table.table(typeField + 1);
  switch (table.u8(typeField)) {
    case 1:
      return vector?.i32s(0) ?? [];
    case 2:
      return vector?.u16s(0) ?? [];
    case 3:
      return vector?.u8s(0) ?? [];
    default:
      return [];
  }
}

function operatorOf(table: FlatTable, codes: readonly { name: string; isCustom: boolean }[]): TfliteOperator {
  const code = codes[table.u32(0)] ?? { name: 'UNKNOWN', isCustom: true };
  const type = table.u8(3);
  const options = table.table(4);
  const type2 = table.u8(11);
  const options2 = table.table(12);
  const field = ACTIVATION_FIELDS[type];
  const activation = field === undefined ? undefined : FUSED_ACTIVATIONS[options?.u8(field) ?? 0];
  const config = options && CONVOLUTION_OPTIONS.has(type) ? convolutionConfig(options) : undefined;
  const calls = callsOf(CALLED_SUBGRAPHS[type], options) ?? callsOf(CALLED_SUBGRAPHS_2[type2], options2);
  return {
    ...code,
    inputs: table.i32s(1),
    outputs: table.i32s(2),
    ...(activation !== undefined && { activation }),
    ...(config && { config }),
    ...(calls && { calls }),
    ...(type === BATCH_MATMUL_OPTIONS && options && { isTransposed: { x: options.bool(0), y: options.bool(1) } }),
  };
}

function convolutionConfig(options: FlatTable): Readonly<Record<string, unknown>> {
  const padding = PADDINGS[options.u8(0)];
  return { strides: [options.i32(2), options.i32(1)], ...(padding !== undefined && { padding }) };
}

function callsOf(called: (typeof CALLED_SUBGRAPHS)[number] | undefined, options: FlatTable | undefined): TfliteOperator['calls'] {
  if (!called) return undefined;
  return { subgraphs: called.fields.map((field) => options?.i32(field) ?? 0), firstInput: called.firstInput };
}
