import type { Role, UnitAxes } from '../model';
import { attribute } from './graphNodes';
import type { Graph, GraphNode, Use } from './graphNodes';
import { axesOf, depthwiseAxes, isIndexType, roleByName, splitName } from './weightNames';

/** A constant of a graph, of whichever file: named by its node. */
export interface GraphWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elements: number;
  /** Of the values, where what is stored is quantized. */
  readonly declaredDtype: string;
  readonly isOptimizer?: boolean;
}

/** What a weight does in the graph. */
export interface WeightUse {
  readonly role: Role;
  readonly axes?: UnitAxes;
  /** The operation whose layer this weight belongs to; absent where nothing in the file uses it. */
  readonly anchor?: GraphNode;
  /** The weight is the kernel of its anchor. */
  readonly isKernel: boolean;
}

/** Hand a weight on as it is, or in another shape. */
const PASSING = new Set(['Identity', 'ReadVariableOp', 'Enter', 'StopGradient', 'Cast', 'Dequantize', 'IdentityN']);
const RESHAPING = new Set(['Reshape', 'Transpose', 'ExpandDims', 'Squeeze']);
/** Between a convolution and its bias. */
const BETWEEN = new Set(['Identity', 'Squeeze', 'Reshape', 'BatchToSpaceND', 'Transpose']);
const MAX_HOPS = 12;
/** Uses of one weight that are looked at; shared weights of real models have some dozens. */
const MAX_USES = 200;

/** Inputs that take a kernel. */
const KERNEL_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Conv1D: [1], Conv2D: [1], _FusedConv2D: [1], FusedConv2D: [1], Conv2DBackpropInput: [1], Conv3D: [1], Conv3DBackpropInput: [1], Conv3DBackpropInputV2: [1],
  DepthwiseConv2d: [1], DepthwiseConv2dNative: [1], FusedDepthwiseConv2dNative: [1], _FusedDepthwiseConv2dNative: [1], Dilation2D: [1],
  MatMul: [1, 0], _FusedMatMul: [1, 0], BatchMatMul: [1, 0], BatchMatMulV2: [1, 0], SparseTensorDenseMatMul: [3], Einsum: [1, 0],
  LSTMBlockCell: [3], BlockLSTM: [4], BlockLSTMV2: [4], GRUBlockCell: [2, 3],
};
const EMBEDDING_OPS = new Set(['Gather', 'GatherV2', 'ResourceGather', 'SparseSegmentMean', 'SparseSegmentSum', 'SparseSegmentSqrtN']);
const NORM_OPS = new Set(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3', '_FusedBatchNormEx']);
const NORM_ROLES: readonly (Role | undefined)[] = [undefined, 'normScale', 'normShift', 'runningMean', 'runningVariance'];
const ADDING = new Set(['Add', 'AddV2', 'Sub', 'BiasAdd', 'BiasAddV1']);

export function isKernelOp(op: string): boolean {
  return Object.hasOwn(KERNEL_INPUTS, op);
}

/** Finds the operation that consumes a weight, and so what the weight is for. */
export function useOf(graph: Graph, weight: GraphWeight): WeightUse {
  const uses = finalUses(graph, weight.name.replace(/:0$/, ''));
  const judged = uses.map((use) => judge(graph, weight, use));
  // A shared weight is named by its strongest use: a table that is also multiplied with is a kernel first.
  const best = judged.find((use) => use.isKernel) ?? judged.find((use) => use.role !== 'other' && use.role !== 'constant') ?? judged[0];
  return best ?? { role: unusedRole(weight), isKernel: false };
}

interface FinalUse extends Use {
  readonly isReshaped: boolean;
}

/** Where a weight really goes, through the nodes that only hand it on. */
function finalUses(graph: Graph, name: string): readonly FinalUse[] {
  const found: FinalUse[] = [];
  let frontier = [{ name, isReshaped: false }];
  const seen = new Set([name]);
  for (let hop = 0; hop < MAX_HOPS && frontier.length > 0; hop++) {
    const next: typeof frontier = [];
    for (const from of frontier) {
      for (const use of graph.usesOf(from.name).slice(0, MAX_USES)) {
        if (found.length >= MAX_USES) return found;
        const reshapes = RESHAPING.has(use.node.op) && use.input === 0;
        if (!reshapes && !PASSING.has(use.node.op)) found.push({ ...use, isReshaped: from.isReshaped });
        else if (!seen.has(use.node.name) && seen.size < MAX_USES) {
          seen.add(use.node.name);
          next.push({ name: use.node.name, isReshaped: from.isReshaped || reshapes });
        }
      }
    }
    frontier = next;
  }
  return found;
}

function judge(graph: Graph, weight: GraphWeight, use: FinalUse): WeightUse {
  const { node, input } = use;
  if (KERNEL_INPUTS[node.op]?.includes(input) && weight.shape.length > 1 && weight.declaredDtype !== 'string') {
    const axes = use.isReshaped ? undefined : kernelAxes(node, input, weight.shape);
    return { role: 'kernel', ...(axes && { axes }), anchor: node, isKernel: true };
  }
  if (isIndexType(weight)) return { role: 'constant', anchor: node, isKernel: false };
  if (EMBEDDING_OPS.has(node.op) && input === 0 && weight.shape.length > 1) {
    const axes = use.isReshaped ? undefined : axesOf('embedding', '', weight.shape);
    return { role: 'embedding', ...(axes && { axes }), anchor: node, isKernel: true };
  }
  const fused = isKernelOp(node.op) ? fusedRole(node, input) : NORM_OPS.has(node.op) ? NORM_ROLES[input] : undefined;
  if (fused !== undefined) return { role: fused, anchor: node, isKernel: false };
  return ADDING.has(node.op) || node.op === 'Mul' ? judgeArithmetic(graph, weight, use) : { role: looseRole(weight), anchor: node, isKernel: false };
}

/** The inputs behind the kernel belong to the fused operations, in their order. */
function fusedRole(node: GraphNode, input: number): Role | undefined {
  const operations = attribute(node, 'fused_ops');
  if (!Array.isArray(operations)) return input >= 2 && /^_?Fused/.test(node.op) ? 'bias' : undefined;
  let next = 2;
  for (const operation of operations) {
    if (operation === 'BiasAdd' && input === next++) return 'bias';
    if (operation === 'Prelu' && input === next++) return 'other';
    if (operation === 'FusedBatchNorm') {
      if (input >= next && input < next + 4) return NORM_ROLES[input - next + 1];
      next += 4;
    }
  }
  return undefined;
}

/** Sums and products with a constant: a bias or a folded normalization behind a kernel, else what the name says. */
function judgeArithmetic(graph: Graph, weight: GraphWeight, { node, input }: Use): WeightUse {
  const kernel = isVector(weight.shape) ? kernelBefore(graph, node, 1 - input) : undefined;
  const named = roleByName(weight);
  // One number behind a kernel of many units is a factor or an epsilon; a bias of one unit says so by its operation or name.
  const isNumber = weight.elements === 1 && named === 'other' && !node.op.startsWith('BiasAdd');
  if (kernel && !isNumber) {
    const role = named !== 'other' && named !== 'kernel' ? named : node.op === 'Mul' ? 'normScale' : 'bias';
    return { role, anchor: kernel, isKernel: false };
  }
  if (node.op === 'BiasAdd' || node.op === 'BiasAddV1') return { role: 'bias', anchor: node, isKernel: false };
  if (weight.shape.length > 0 && /batch_?norm/i.test(node.name) && (named === 'other' || named === 'kernel')) {
    return { role: normRole(graph, node), anchor: node, isKernel: false };
  }
  return { role: looseRole(weight), anchor: node, isKernel: false };
}

/** Of tf.nn.batch_normalization: x × (γ × rsqrt(variance + ε)) + (β − mean × that factor). */
function normRole(graph: Graph, node: GraphNode): Role {
  const next = graph.usesOf(node.name);
  if (node.op !== 'Mul') return next.some((use) => use.node.op === 'Rsqrt') ? 'runningVariance' : 'normShift';
  return next.length === 1 && next[0]!.node.op === 'Sub' && next[0]!.input === 1 ? 'runningMean' : 'normScale';
}

/** One number a unit: every dimension but the last is 1. */
function isVector(shape: readonly number[]): boolean {
  return shape.length > 0 && shape.slice(0, -1).every((dimension) => dimension === 1);
}

/** The convolution or product whose result comes in here, with at most sums and products with constants between. */
function kernelBefore(graph: Graph, node: GraphNode, input: number): GraphNode | undefined {
  let from = node.inputs[input];
  for (let hop = 0; hop < MAX_HOPS && from !== undefined; hop++) {
    const source = graph.find(from);
    if (!source) return undefined;
    if (isKernelOp(source.op)) return source;
    if (BETWEEN.has(source.op)) from = source.inputs[0];
    else if (ADDING.has(source.op) || source.op === 'Mul') from = otherThanConstant(graph, source);
    else return undefined;
  }
  return undefined;
}

function otherThanConstant(graph: Graph, node: GraphNode): string | undefined {
  const [a, b] = node.inputs;
  if (b !== undefined && graph.find(b)?.op === 'Const') return a;
  return a !== undefined && graph.find(a)?.op === 'Const' ? b : undefined;
}

/** No operation tells: single numbers are epsilons, thresholds and multipliers; the rest by name. */
function looseRole(weight: GraphWeight): Role {
  if (weight.shape.length === 0) return 'constant';
  const named = roleByName(weight);
  if (named !== 'other') return named;
  return weight.elements === 1 ? 'constant' : 'other';
}

function unusedRole(weight: GraphWeight): Role {
  return isIndexType(weight) ? 'constant' : looseRole(weight);
}

function kernelAxes(node: GraphNode, input: number, shape: readonly number[]): UnitAxes | undefined {
  const rank = shape.length;
  if (/Backprop/.test(node.op)) return rank >= 3 ? { output: rank - 2, input: rank - 1 } : undefined;
  if (/Depthwise/i.test(node.op)) return depthwiseAxes(shape);
  if (node.op === 'Einsum' || node.op === 'Dilation2D') return undefined;
  if (!/MatMul/.test(node.op)) return axesOf('kernel', '', shape);
  const transposed = attribute(node, input === 1 ? 'transpose_b' : 'transpose_a') === true || attribute(node, input === 1 ? 'adj_y' : 'adj_x') === true;
  // x·W has inputs in the rows of W; W·x has them in the columns.
  const rowsAreInputs = (input === 1) !== transposed;
  return rowsAreInputs ? { output: rank - 1, input: rank - 2 } : { output: rank - 2, input: rank - 1 };
}

/** The base of a weight's name says nothing in graphs where the exporter numbered it. */
export function hasSpeakingName(name: string): boolean {
  const { scope, base } = splitName(name);
  return scope !== '' && !/^(?:unknown|const|constant)$/.test(scope.split('/').at(-1)!.toLowerCase().replace(/_\d+$/, '')) && base !== '';
}
