import type { Role, UnitAxes } from '../model';
import { roleByName } from './weightNames';
import type { TfliteOperator, TfliteSubgraph } from './tfliteSchema';
import type { TfliteWeight } from './tfliteTensors';

/** An operator by its subgraph and its place in there. */
export interface OperatorPlace {
  readonly subgraph: number;
  readonly operator: number;
}

export interface TfliteUse {
  readonly role: Role;
  readonly axes?: UnitAxes;
  /** Absent where nothing in the file reads the constant. */
  readonly anchor?: OperatorPlace;
  readonly isKernel: boolean;
}

/** Hand a constant on as it is, in another type or density. */
const PASSING = new Set(['DEQUANTIZE', 'DENSIFY', 'CAST', 'QUANTIZE']);
/** Hand it on in another shape, so that axes no longer say what they count. */
const RESHAPING = new Set(['RESHAPE', 'TRANSPOSE', 'EXPAND_DIMS', 'SQUEEZE', 'BROADCAST_TO']);
/** Between a kernel and its bias. */
const BETWEEN = new Set(['RESHAPE', 'SQUEEZE', 'ADD', 'SUB', 'MUL', 'TRANSPOSE', 'BATCH_TO_SPACE_ND', 'DEQUANTIZE', 'QUANTIZE']);
const MAX_HOPS = 12;
/** Readers of one constant that are looked at. */
const MAX_USES = 200;

type Judged = Pick<TfliteUse, 'role' | 'axes'> & { readonly isKernel?: boolean };

const OUT_IN: UnitAxes = { output: 0, input: 1 };
const KERNEL_OUT_IN: Judged = { role: 'kernel', axes: OUT_IN, isKernel: true };
const CONVOLUTION: Judged = { role: 'kernel', axes: { output: 0, input: 3 }, isKernel: true };
const BIAS: Judged = { role: 'bias' };
const OTHER: Judged = { role: 'other' };

/** Inputs as the operators number them (tensorflow/lite/kernels). LSTM: four gates each, then peepholes, biases, projection, layer norms. */
const INPUTS: Readonly<Record<string, (input: number, rank: number) => Judged | undefined>> = {
  CONV_2D: (input) => [undefined, CONVOLUTION, BIAS][input],
  // Each filter sees one channel: with a multiplier it has a neighbour that sees the same.
  DEPTHWISE_CONV_2D: (input) => [undefined, { role: 'kernel', axes: { output: 3 }, isKernel: true } as const, BIAS][input],
  TRANSPOSE_CONV: (input) => [undefined, CONVOLUTION, undefined, BIAS][input],
  Convolution2DTransposeBias: (input) => [undefined, CONVOLUTION, BIAS][input],
  CONV_3D: (input) => [undefined, { role: 'kernel', axes: { output: 4, input: 3 }, isKernel: true } as const, BIAS][input],
  CONV_3D_TRANSPOSE: (input) => [undefined, { role: 'kernel', axes: { output: 3, input: 4 }, isKernel: true } as const, undefined, BIAS][input],
  FULLY_CONNECTED: (input) => [undefined, KERNEL_OUT_IN, BIAS][input],
  STABLEHLO_CONVOLUTION: (input) => (input === 1 ? { role: 'kernel', isKernel: true } : undefined),
  STABLEHLO_DOT_GENERAL: () => ({ role: 'kernel', isKernel: true }),
  RNN: (input) => [undefined, KERNEL_OUT_IN, KERNEL_OUT_IN, BIAS][input],
  UNIDIRECTIONAL_SEQUENCE_RNN: (input) => [undefined, KERNEL_OUT_IN, KERNEL_OUT_IN, BIAS][input],
  BIDIRECTIONAL_SEQUENCE_RNN: (input) => [undefined, KERNEL_OUT_IN, KERNEL_OUT_IN, BIAS, undefined, KERNEL_OUT_IN, KERNEL_OUT_IN, BIAS, undefined, undefined, KERNEL_OUT_IN, KERNEL_OUT_IN][input],
  SVDF: (input) => [undefined, KERNEL_OUT_IN, KERNEL_OUT_IN, BIAS][input],
  LSTM: lstmInput,
  UNIDIRECTIONAL_SEQUENCE_LSTM: lstmInput,
  BIDIRECTIONAL_SEQUENCE_LSTM: (input) => (input < 18 ? lstmInput(input) : input < 35 ? lstmInput(input - 17) : undefined),
  EMBEDDING_LOOKUP: (input, rank) => (input === 1 ? embedding(rank) : undefined),
  EMBEDDING_LOOKUP_SPARSE: (input, rank) => (input === 4 ? embedding(rank) : undefined),
  GATHER: (input, rank) => (input === 0 && rank > 1 ? embedding(rank) : undefined),
  PRELU: (input) => (input === 1 ? OTHER : undefined),
};

function lstmInput(input: number): Judged | undefined {
  if (input >= 1 && input <= 8) return KERNEL_OUT_IN;
  if (input >= 9 && input <= 11) return OTHER;
  if ((input >= 12 && input <= 15) || input === 17) return BIAS;
  if (input === 16) return KERNEL_OUT_IN;
  return input >= 20 && input <= 23 ? { role: 'normScale' } : undefined;
}

function embedding(rank: number): Judged {
  return { role: 'embedding', isKernel: true, ...(rank === 2 && { axes: { output: 1, input: 0 } }) };
}

/** Operators with kernels are layers. */
export function isKernelOperator({ name }: TfliteOperator): boolean {
  return (Object.hasOwn(INPUTS, name) && name !== 'PRELU') || name === 'BATCH_MATMUL';
}

/** Who reads and who writes each tensor. */
export class TfliteGraph {
  readonly #readers: readonly ReadonlyMap<number, readonly { operator: number; input: number }[]>[];
  readonly #writers: readonly ReadonlyMap<number, number>[];

  constructor(readonly subgraphs: readonly TfliteSubgraph[]) {
    this.#readers = subgraphs.map(({ operators }) => {
      const readers = new Map<number, { operator: number; input: number }[]>();
      operators.forEach(({ inputs }, operator) => inputs.forEach((tensor, input) => {
        const known = readers.get(tensor);
        if (known) known.push({ operator, input });
        else readers.set(tensor, [{ operator, input }]);
      }));
      return readers;
    });
    this.#writers = subgraphs.map(({ operators }) => new Map(operators.flatMap(({ outputs }, operator) => outputs.map((tensor) => [tensor, operator] as const))));
  }

  readersOf(subgraph: number, tensor: number): readonly { operator: number; input: number }[] {
    return this.#readers[subgraph]?.get(tensor) ?? [];
  }

  operatorAt({ subgraph, operator }: OperatorPlace): TfliteOperator {
    return this.subgraphs[subgraph]!.operators[operator]!;
  }

  writerOf(subgraph: number, tensor: number): number | undefined {
    return this.#writers[subgraph]?.get(tensor);
  }
}

/** Finds the operator that consumes a constant, and so what the constant is for. */
export function useOf(graph: TfliteGraph, weight: TfliteWeight): TfliteUse {
  const judged = finalUses(graph, weight).map((use) => judge(graph, weight, use));
  const best = judged.find(({ isKernel }) => isKernel) ?? judged.find(({ role }) => role !== 'other' && role !== 'constant') ?? judged[0];
  return best ?? { role: isIndex(weight) ? 'constant' : looseRole(weight), isKernel: false };
}

interface FinalUse extends OperatorPlace {
  readonly input: number;
  readonly isReshaped: boolean;
}

/** Where a constant really goes: through what only hands it on, and into the subgraphs that take it. */
function finalUses(graph: TfliteGraph, weight: TfliteWeight): readonly FinalUse[] {
  const found: FinalUse[] = [];
  const seen = new Set<string>();
  let frontier = [{ subgraph: weight.subgraph, tensor: weight.index, isReshaped: false }];
  for (let hop = 0; hop < MAX_HOPS && frontier.length > 0; hop++) {
    const next: typeof frontier = [];
    for (const { subgraph, tensor, isReshaped } of frontier) {
      for (const { operator, input } of graph.readersOf(subgraph, tensor).slice(0, MAX_USES)) {
        if (found.length >= MAX_USES || seen.size >= MAX_USES) return found;
        const there = graph.operatorAt({ subgraph, operator });
        const onwards = targetsOf(graph, subgraph, there, input).map((target) => ({ ...target, isReshaped: isReshaped || RESHAPING.has(there.name) }));
        if (onwards.length === 0) found.push({ subgraph, operator, input, isReshaped });
        for (const target of onwards) {
          const key = `${target.subgraph} ${target.tensor}`;
          if (!seen.has(key)) next.push(target);
          seen.add(key);
        }
      }
    }
    frontier = next;
  }
  return found;
}

function targetsOf(graph: TfliteGraph, subgraph: number, operator: TfliteOperator, input: number): { subgraph: number; tensor: number }[] {
  if (operator.calls) {
    const at = input - operator.calls.firstInput;
    return operator.calls.subgraphs.flatMap((called) => {
      const tensor = graph.subgraphs[called]?.inputs[at];
      return at < 0 || tensor === undefined ? [] : [{ subgraph: called, tensor }];
    });
  }
  const passes = PASSING.has(operator.name) || (RESHAPING.has(operator.name) && input === 0);
  return passes ? operator.outputs.map((tensor) => ({ subgraph, tensor })) : [];
}

function judge(graph: TfliteGraph, weight: TfliteWeight, use: FinalUse): TfliteUse {
  const anchor = { subgraph: use.subgraph, operator: use.operator };
  const operator = graph.operatorAt(anchor);
  const rank = weight.shape.length;
  const byInput = judgedByInput(operator, use.input, rank);
  // A bias of codes is an int32 with scales; an int32 without them is a shape or an index.
  if (isIndex(weight) && !(byInput && weight.dtype === 'int32' && byInput.role === 'bias')) return { role: 'constant', anchor, isKernel: false };
  if (byInput) {
    const { role, axes, isKernel = false } = byInput;
    const fits = axes && !use.isReshaped && Object.values(axes).every((axis: number) => axis < rank);
    return { role, anchor, isKernel, ...(fits && { axes }) };
  }
  if (/^(?:ADD|SUB|MUL)$/.test(operator.name)) return judgeArithmetic(graph, weight, use, operator);
  return { role: looseRole(weight), anchor, isKernel: false };
}

function judgedByInput(operator: TfliteOperator, input: number, rank: number): Judged | undefined {
  if (operator.name === 'BATCH_MATMUL') return rank < 2 ? undefined : matMulInput(operator, input, rank);
  return Object.hasOwn(INPUTS, operator.name) ? INPUTS[operator.name]!(input, rank) : undefined;
}

/** x·W has inputs in the rows of W; W·x has them in the columns. */
function matMulInput({ isTransposed }: TfliteOperator, input: number, rank: number): Judged {
  const rowsAreInputs = input === 1 ? isTransposed?.y !== true : isTransposed?.x === true;
  return { role: 'kernel', isKernel: true, axes: rowsAreInputs ? { output: rank - 1, input: rank - 2 } : { output: rank - 2, input: rank - 1 } };
}

/** Sums and products with a constant: a bias or a folded normalization behind a kernel, else what the name says. */
function judgeArithmetic(graph: TfliteGraph, weight: TfliteWeight, use: FinalUse, operator: TfliteOperator): TfliteUse {
  const isVector = weight.elements > 1 && weight.shape.slice(0, -1).every((size) => size === 1);
  const kernel = isVector ? kernelBefore(graph, use.subgraph, operator.inputs[1 - use.input]) : undefined;
  if (kernel) return { role: operator.name === 'MUL' ? 'normScale' : 'bias', anchor: kernel, isKernel: false };
  return { role: looseRole(weight), anchor: { subgraph: use.subgraph, operator: use.operator }, isKernel: false };
}

function kernelBefore(graph: TfliteGraph, subgraph: number, tensor: number | undefined): OperatorPlace | undefined {
  let from = tensor;
  for (let hop = 0; hop < MAX_HOPS && from !== undefined; hop++) {
    const operator = graph.writerOf(subgraph, from);
    if (operator === undefined) return undefined;
    const source = graph.operatorAt({ subgraph, operator });
    if (isKernelOperator(source) && source.name !== 'GATHER') return { subgraph, operator };
    if (!BETWEEN.has(source.name)) return undefined;
    from = source.inputs.find((input) => graph.writerOf(subgraph, input) !== undefined);
  }
  return undefined;
}

/** Indices, sizes and flags: what a network learns is stored as fractions, or as codes with scales. */
function isIndex({ dtype, quantization }: TfliteWeight): boolean {
  return quantization === undefined && /^(?:u?int(?:8|16|32|64)|bool|string)$/.test(dtype);
}

/** No operator tells: single numbers are epsilons and factors, the rest by name. */
function looseRole(weight: TfliteWeight): Role {
  if (weight.elements <= 1) return 'constant';
  return roleByName({ name: weight.name, shape: weight.shape });
}
