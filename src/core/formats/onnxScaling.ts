import { ABSENT } from './onnxGraph';
import type { OnnxGraph, OnnxNode, OnnxUse, ValueId } from './onnxGraph';

/** How the codes of a weight become numbers: (code − zero point) × scale, as the node that takes them says. */
export interface Scaling {
  readonly scale: ValueId;
  /** Multiplied with the scale: of the input, for the bias of a quantized product. */
  readonly factor?: ValueId;
  readonly zeroPoint?: ValueId;
  /** That scales in a list belong to. */
  readonly axis: number;
  /** Elements along the axis that share a scale; absent where all do that have the same index. */
  readonly blockSize?: number;
}

/** Places of the inputs of a node that takes codes. */
interface Operand {
  readonly scale: number;
  readonly zeroPoint?: number;
  readonly factor?: number;
  /** Negative ones count from the last. */
  readonly axis: number;
}

/** By operator and input. */
const OPERANDS: Readonly<Record<string, Readonly<Record<number, Operand>>>> = {
  QLinearConv: { 0: { scale: 1, zeroPoint: 2, axis: 0 }, 3: { scale: 4, zeroPoint: 5, axis: 0 }, 8: { scale: 4, factor: 1, axis: 0 } },
  QLinearConvTranspose: { 3: { scale: 4, zeroPoint: 5, axis: 1 }, 8: { scale: 4, factor: 1, axis: 0 } },
  QLinearMatMul: { 0: { scale: 1, zeroPoint: 2, axis: -2 }, 3: { scale: 4, zeroPoint: 5, axis: -1 } },
  QGemm: { 0: { scale: 1, zeroPoint: 2, axis: 0 }, 3: { scale: 4, zeroPoint: 5, axis: 1 }, 6: { scale: 4, factor: 1, axis: -1 } },
  MatMulIntegerToFloat: { 0: { scale: 2, zeroPoint: 4, axis: -2 }, 1: { scale: 3, zeroPoint: 5, axis: -1 } },
  DynamicQuantizeMatMul: { 1: { scale: 2, zeroPoint: 3, axis: -1 } },
  QAttention: { 1: { scale: 4, zeroPoint: 7, axis: -1 } },
  DynamicQuantizeLSTM: { 1: { scale: 8, zeroPoint: 9, axis: 0 }, 2: { scale: 10, zeroPoint: 11, axis: 0 } },
  QLinearAdd: { 0: { scale: 1, zeroPoint: 2, axis: 0 }, 3: { scale: 4, zeroPoint: 5, axis: 0 } },
  QLinearMul: { 0: { scale: 1, zeroPoint: 2, axis: 0 }, 3: { scale: 4, zeroPoint: 5, axis: 0 } },
};

/** Defaults of GatherBlockQuantized (ONNX Runtime, contrib operators). */
const GATHER_BLOCK_SIZE = 128;

/** How a node scales the codes that come in as this input; undefined where it does not. */
export function scalingOf(graph: OnnxGraph, { node, input }: OnnxUse, rank: number): Scaling | undefined {
  const { op, inputs, attributes } = node;
  if (op === 'DequantizeLinear' && input === 0) {
    const blockSize = attributes.get('block_size')?.i ?? 0;
    return placed(node, { scale: 1, zeroPoint: 2, axis: attributes.get('axis')?.i ?? 1 }, rank, blockSize > 0 ? blockSize : undefined);
  }
  if (op === 'GatherBlockQuantized' && input === 0) {
    return placed(node, { scale: 2, zeroPoint: 3, axis: attributes.get('quantize_axis')?.i ?? 1 }, rank, attributes.get('block_size')?.i ?? GATHER_BLOCK_SIZE);
  }
  if (op === 'MatMulInteger' || op === 'ConvInteger') return integerScaling(graph, node, input, rank);
  const operand = OPERANDS[op]?.[input];
  if (!operand || inputs.length <= operand.scale) return undefined;
  const isTransposed = op === 'QGemm' && input === 3 && (attributes.get('transB')?.i ?? 0) !== 0;
  return placed(node, isTransposed ? { ...operand, axis: 0 } : operand, rank);
}

function placed({ inputs }: OnnxNode, operand: Operand, rank: number, blockSize?: number): Scaling | undefined {
  const at = (input: number | undefined): ValueId | undefined => {
    const id = input === undefined ? undefined : inputs[input];
    return id === ABSENT ? undefined : id;
  };
  const scale = at(operand.scale);
  const zeroPoint = at(operand.zeroPoint);
  const factor = at(operand.factor);
  if (scale === undefined || (operand.factor !== undefined && factor === undefined)) return undefined;
  const axis = operand.axis < 0 ? Math.max(rank + operand.axis, 0) : operand.axis;
  return { scale, axis, ...(zeroPoint !== undefined && { zeroPoint }), ...(factor !== undefined && { factor }), ...(blockSize !== undefined && { blockSize }) };
}

/**
 * MatMulInteger and ConvInteger give integers; quantizers cast them and multiply with the product of the weight's scale, a constant, and
 * the input's, which DynamicQuantizeLinear computed.
 */
function integerScaling(graph: OnnxGraph, node: OnnxNode, input: number, rank: number): Scaling | undefined {
  const isConv = node.op === 'ConvInteger';
  const cast = onlyUse(graph, node, 'Cast');
  const scaled = cast && onlyUse(graph, cast, 'Mul');
  const result = cast?.outputs[0];
  const product = scaled && graph.producerOf(scaled.inputs.find((id) => id !== result));
  if (product?.op !== 'Mul' || input > 1 || (isConv && input === 0)) return undefined;
  const scale = product.inputs.find((id) => graph.isConstant(id));
  const isDynamic = product.inputs.some((id) => graph.producerOf(id)?.op === 'DynamicQuantizeLinear');
  if (scale === undefined || !isDynamic) return undefined;
  const zeroPoint = node.inputs[input + 2];
  const axis = isConv ? 0 : input === 1 ? rank - 1 : Math.max(rank - 2, 0);
  return { scale, axis, ...(zeroPoint !== undefined && zeroPoint !== ABSENT && { zeroPoint }) };
}

function onlyUse(graph: OnnxGraph, node: OnnxNode, op: string): OnnxNode | undefined {
  const uses = graph.usesOfNode(node);
  return uses.length === 1 && uses[0]!.node.op === op ? uses[0]!.node : undefined;
}
