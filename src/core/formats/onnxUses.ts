import type { Role, UnitAxes } from '../model';
import { ABSENT } from './onnxGraph';
import type { OnnxGraph, OnnxNode, OnnxUse, ValueId } from './onnxGraph';
import { isKernelOperator, isMatMul, isNormOperator, roleOfInput, takesKernel } from './onnxOperators';
import type { OnnxWeight } from './onnxStorage';
import { nameOfWeight } from './onnxNames';
import { roleByName } from './weightNames';

/** What a weight does in the graph. */
export interface OnnxWeightUse {
  readonly role: Role;
  readonly axes?: UnitAxes;
  /** The operation whose layer this weight belongs to; absent where nothing in the file uses it. */
  readonly anchor?: OnnxNode;
  /** The weight is the kernel of its anchor, or what makes a layer of it. */
  readonly isKernel: boolean;
}

/** Hand a weight on as it is, or in another type. */
const PASSING = new Set(['Identity', 'Cast', 'CastLike', 'DequantizeLinear', 'QuantizeLinear', 'Dropout', 'BitCast']);
/** Hand a weight on in another shape, or a part of it. */
const RESHAPING = new Set(['Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Slice', 'Split', 'Concat', 'Pad', 'Expand', 'Tile']);
/** Between a product and its bias. */
const BETWEEN = new Set(['Identity', 'Cast', 'Squeeze', 'Unsqueeze', 'Reshape', 'Transpose', 'Dropout', 'DequantizeLinear', 'QuantizeLinear', 'DynamicQuantizeLinear']);
const RECURRENT = new Set(['LSTM', 'GRU', 'RNN', 'AttnLSTM']);
const MAX_HOPS = 12;
/** Uses of one weight that are looked at; shared weights of real models have some dozens. */
const MAX_USES = 200;

const INDEX_TYPES: ReadonlySet<string> = new Set(['int64', 'uint64', 'int32', 'uint32', 'bool', 'string']);

/**
 * Finds the operation that consumes a weight, and so what the weight is for.
 * @param scaled constants that scale others.
 */
export function useOf(graph: OnnxGraph, weight: OnnxWeight, scaled: ReadonlyMap<ValueId, number>): OnnxWeightUse {
  const { constant } = weight;
  if (constant.isTraining) return { role: 'optimizer', isKernel: false, ...anchored(graph.usesOf(constant.id)[0]?.node) };
  if (scaled.has(constant.id)) return { role: 'quantization', isKernel: false, ...anchored(graph.usesOf(constant.id)[0]?.node) };
  if (constant.holder) return heldBy(weight, constant.holder, constant.attribute!);
  const judged = finalUses(graph, constant.id).map((use) => judge(graph, weight, use));
  // A shared weight is named by its strongest use: a table that is also multiplied with is a kernel first.
  const best = judged.find((use) => use.isKernel) ?? judged.find(({ role }) => role !== 'other' && role !== 'constant') ?? judged[0];
  return best ?? { role: isIndex(weight) ? 'constant' : looseRole(weight), isKernel: false };
}

function anchored(anchor: OnnxNode | undefined): { anchor?: OnnxNode } {
  return anchor ? { anchor } : {};
}

interface FinalUse extends OnnxUse {
  /** Which axis of the weight each axis of the operand is; undefined where a reshape lies between. */
  readonly order: readonly number[] | 'same' | undefined;
}

/** Where a weight really goes, through the nodes that only hand it on. */
function finalUses(graph: OnnxGraph, id: ValueId): readonly FinalUse[] {
  const found: FinalUse[] = [];
  let frontier: { id: ValueId; order: FinalUse['order'] }[] = [{ id, order: 'same' }];
  const seen = new Set([id]);
  for (let hop = 0; hop < MAX_HOPS && frontier.length > 0; hop++) {
    const next: typeof frontier = [];
    for (const from of frontier) {
      for (const use of graph.usesOf(from.id)) {
        if (found.length >= MAX_USES) return found;
        const { op } = use.node;
        const isHandedOn = (PASSING.has(op) || RESHAPING.has(op)) && (use.input === 0 || op === 'Concat');
        if (!isHandedOn) {
          found.push({ ...use, order: from.order });
          continue;
        }
        const order = PASSING.has(op) ? from.order : op === 'Transpose' ? transposed(use.node, from.order) : undefined;
        for (const output of use.node.outputs) {
          if (output === ABSENT || seen.has(output) || seen.size >= MAX_USES) continue;
          seen.add(output);
          next.push({ id: output, order });
        }
      }
    }
    frontier = next;
  }
  return found;
}

function transposed(node: OnnxNode, order: FinalUse['order']): FinalUse['order'] {
  const permutation = node.attributes.get('perm')?.ints;
  if (order === undefined || !permutation) return undefined;
  return order === 'same' ? permutation : permutation.map((axis) => order[axis] ?? -1);
}

function judge(graph: OnnxGraph, weight: OnnxWeight, use: FinalUse): OnnxWeightUse {
  const { node, input } = use;
  const { op } = node;
  const rank = weight.shape.length;
  if (takesKernel(op, input) && rank > 1 && weight.dtype !== 'string') return { role: 'kernel', ...axesIn(use, rank, weight), anchor: node, isKernel: true };
  const role = roleOfInput(op, input);
  if (role !== undefined) return { role, ...(role === 'embedding' && embeddingAxes(use, rank)), anchor: node, isKernel: role === 'embedding' };
  if (isIndex(weight)) return { role: 'constant', anchor: node, isKernel: false };
  if (op === 'Gather' && input === 0 && rank > 1) {
    const isLookUp = !comesFromConstant(graph, node.inputs[1]);
    if (isLookUp) return { role: 'embedding', ...embeddingAxes(use, rank), anchor: node, isKernel: true };
  }
  if (op === 'PRelu' && input === 1) return { role: 'other', anchor: node, isKernel: false };
  if (op === 'Add' || op === 'Sub' || op === 'Mul' || op === 'Sum') return judgeArithmetic(graph, weight, use);
  return { role: looseRole(weight), anchor: node, isKernel: false };
}

/** Sums and products with a constant: a bias or a folded normalization behind a kernel, else what the name says. */
function judgeArithmetic(graph: OnnxGraph, weight: OnnxWeight, { node, input }: OnnxUse): OnnxWeightUse {
  const named = roleByName(nameOfWeight(weight));
  const before = isVector(weight.shape) ? kernelBefore(graph, node.inputs[input === 0 ? 1 : 0]) : undefined;
  // One number behind a kernel of many units is a factor or an epsilon.
  if (before && (weight.elements > 1 || named !== 'other')) {
    const role = named !== 'other' && named !== 'kernel' ? named : node.op === 'Mul' ? 'normScale' : 'bias';
    return { role, anchor: before, isKernel: false };
  }
  return { role: looseRole(weight), anchor: node, isKernel: false };
}

/** One number a unit: at most one dimension is not 1. */
function isVector(shape: readonly number[]): boolean {
  return shape.length > 0 && shape.filter((size) => size !== 1).length <= 1;
}

/** The product whose result this value is, with at most sums and products with constants between. */
function kernelBefore(graph: OnnxGraph, id: ValueId | undefined): OnnxNode | undefined {
  let node = graph.producerOf(id);
  for (let hop = 0; hop < MAX_HOPS && node; hop++) {
    if (isKernelOperator(node.op)) return hasConstantKernel(graph, node) ? node : undefined;
    if (BETWEEN.has(node.op)) node = graph.producerOf(node.inputs[0]);
    else if (node.op === 'Add' || node.op === 'Sub' || node.op === 'Mul') node = otherThanConstant(graph, node);
    else return undefined;
  }
  return undefined;
}

/** A product of two activations (attention) has no bias. */
function hasConstantKernel(graph: OnnxGraph, node: OnnxNode): boolean {
  return node.inputs.some((id, input) => takesKernel(node.op, input) && comesFromConstant(graph, id));
}

export function comesFromConstant(graph: OnnxGraph, id: ValueId | undefined): boolean {
  let at = id;
  for (let hop = 0; hop < MAX_HOPS && at !== undefined && at !== ABSENT; hop++) {
    if (graph.isConstant(at)) return true;
    const node = graph.producerOf(at);
    if (!node || !(PASSING.has(node.op) || RESHAPING.has(node.op))) return false;
    at = node.inputs[0];
  }
  return false;
}

function otherThanConstant(graph: OnnxGraph, node: OnnxNode): OnnxNode | undefined {
  const [a, b] = node.inputs;
  if (comesFromConstant(graph, b)) return graph.producerOf(a);
  if (comesFromConstant(graph, a)) return graph.producerOf(b);
  // The scale of a dynamically quantized product is computed: the product is the other operand.
  const [first, second] = [graph.producerOf(a), graph.producerOf(b)];
  return [first, second].find((producer) => producer?.op === 'Cast' && /Integer$/.test(graph.producerOf(producer.inputs[0])?.op ?? ''));
}

/** Types that carry indices, sizes and flags; what is quantized is a weight in spite of its type. */
function isIndex({ dtype, quantization }: OnnxWeight): boolean {
  return !quantization && INDEX_TYPES.has(dtype);
}

/** No operation tells: single numbers are epsilons, thresholds and multipliers; the rest by name. */
function looseRole(weight: OnnxWeight): Role {
  if (weight.shape.length === 0) return 'constant';
  const named = roleByName(nameOfWeight(weight));
  if (named !== 'other') return named;
  return weight.elements === 1 ? 'constant' : 'other';
}

function heldBy(weight: OnnxWeight, node: OnnxNode, attribute: string): OnnxWeightUse {
  if (attribute === 'coefficients' || attribute === 'support_vectors') return { role: 'kernel', anchor: node, isKernel: true };
  if (attribute === 'intercepts' || attribute === 'rho') return { role: 'bias', anchor: node, isKernel: true };
  const isSetting = weight.elements === 1 || isIndex(weight) || node.op === 'ConstantOfShape';
  return { role: isSetting ? 'constant' : 'other', anchor: node, isKernel: false };
}

function embeddingAxes({ order }: FinalUse, rank: number): { axes?: UnitAxes } {
  return rank === 2 && order === 'same' ? { axes: { output: 1, input: 0 } } : {};
}

function axesIn(use: FinalUse, rank: number, { shape }: OnnxWeight): { axes?: UnitAxes } {
  const { order, node, input } = use;
  // What is stacked to the operand of a recurrent layer keeps the order of its own axes.
  if (order === undefined) return rank === 2 && RECURRENT.has(node.op) ? { axes: { output: 0, input: 1 } } : {};
  const sizes = order === 'same' ? shape : order.map((axis) => shape[axis] ?? 0);
  const axes = operandAxes(node, input, sizes, rank);
  if (!axes) return {};
  if (order === 'same') return { axes };
  const back = (axis: number): number => order[axis]!;
  const found = { ...(axes.output !== undefined && { output: back(axes.output) }), ...(axes.input !== undefined && { input: back(axes.input) }) };
  const isSound = Object.values(found).every((axis) => axis >= 0 && axis < rank);
  return isSound && Object.keys(found).length > 0 ? { axes: found } : {};
}

/** Unit axes of a kernel as its operator takes it. */
function operandAxes(node: OnnxNode, input: number, sizes: readonly number[], rank: number): UnitAxes | undefined {
  const { op, attributes } = node;
  const group = attributes.get('group')?.i ?? 1;
  if (/ConvTranspose/.test(op)) {
    // [C, M / group, …]: with groups no axis counts all filters.
    if (rank < 3) return undefined;
    return group === 1 ? { output: 1, input: 0 } : sizes[1] === 1 ? { output: 0 } : { input: 0 };
  }
  if (/Conv/.test(op)) {
    // [M, C / group, …]: each filter of a depthwise convolution sees its own channel only.
    if (rank < 3) return undefined;
    return group === 1 ? { output: 0, input: 1 } : { output: 0 };
  }
  if (op === 'Gemm' || op === 'FusedGemm' || op === 'QGemm' || op === 'GemmFloat8' || op === 'GemmFastGelu') return gemmAxes(node, input);
  if (RECURRENT.has(op)) return rank === 3 ? { output: 1, input: 2 } : undefined;
  if (op === 'DynamicQuantizeLSTM') return rank === 3 ? { output: 2, input: 1 } : undefined;
  if (op === 'MatMulNBits' || op === 'MatMulBnb4') return rank === 2 ? { output: 0, input: 1 } : undefined;
  if (op === 'Attention' || op === 'QAttention' || op === 'PackedAttention' || op === 'LongformerAttention') return rank === 2 ? { output: 1, input: 0 } : undefined;
  if (!isMatMul(op)) return undefined;
  const isSecond = input === 1 || input === 3;
  const isTransposed = (attributes.get(isSecond ? 'transB' : 'transA')?.i ?? 0) !== 0;
  // x·W has inputs in the rows of W; W·x has them in the columns.
  return isSecond !== isTransposed ? { output: rank - 1, input: rank - 2 } : { output: rank - 2, input: rank - 1 };
}

function gemmAxes({ op, attributes }: OnnxNode, input: number): UnitAxes {
  const isSecond = op === 'QGemm' ? input === 3 : input === 1;
  const isTransposed = (attributes.get(isSecond ? 'transB' : 'transA')?.i ?? 0) !== 0;
  return isSecond !== isTransposed ? { output: 1, input: 0 } : { output: 0, input: 1 };
}

/** Operations that are a layer by themselves, without a kernel. */
export function isLayerOperator(op: string): boolean {
  return isKernelOperator(op) || isNormOperator(op) || op === 'PRelu' || op === 'Gather' || op === 'EmbedLayerNormalization' || op === 'GatherBlockQuantized';
}
