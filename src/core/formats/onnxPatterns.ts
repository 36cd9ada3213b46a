import type { OnnxGraph, OnnxNode, ValueId } from './onnxGraph';
import { comesFromConstant } from './onnxUses';

const ACTIVATIONS = new Set([
  'Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Softmax', 'LogSoftmax', 'Softplus', 'Softsign', 'ThresholdedRelu', 'Gelu', 'FastGelu', 'QuickGelu', 'BiasGelu', 'Mish', 'Swish',
]);
const BEFORE_ACTIVATION = new Set(['Add', 'Identity', 'Cast', 'Squeeze', 'Unsqueeze', 'Reshape', 'Flatten', 'Transpose', 'BatchNormalization', 'Mul', 'Sub', 'QuantizeLinear', 'DequantizeLinear', 'Split', 'Dropout']);
const MAX_HOPS = 8;

/** Fused into the operation, or the next thing that happens to its result. */
export function activationOf(graph: OnnxGraph, anchor: OnnxNode): string | undefined {
  const fused = anchor.attributes.get('activation')?.s;
  if (fused !== undefined && fused !== '') return fused;
  let node = anchor;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const uses = graph.usesOfNode(node).map((use) => use.node);
    const next = uses[0];
    if (!next) return undefined;
    if (uses.length > 1) return gateOf(graph, uses);
    if (ACTIVATIONS.has(next.op)) return next.op;
    if (next.op === 'Clip') return 'Clip';
    if (!BEFORE_ACTIVATION.has(next.op) || !hasOneOperand(graph, next)) return undefined;
    node = next;
  }
  return undefined;
}

/** A sum of two activations is no bias: what follows it is not this layer's alone. */
function hasOneOperand(graph: OnnxGraph, { op, inputs }: OnnxNode): boolean {
  if (op !== 'Add' && op !== 'Mul' && op !== 'Sub') return true;
  return inputs.some((id) => comesFromConstant(graph, id));
}

/** x · σ(x) and its kin: the result is taken twice, and the two meet again in a product. */
function gateOf(graph: OnnxGraph, uses: readonly OnnxNode[]): string | undefined {
  if (uses.length !== 2) return undefined;
  const product = uses.find(({ op }) => op === 'Mul');
  const gate = uses.find((node) => node !== product);
  if (!product || !gate || !leadsTo(graph, gate, product)) return undefined;
  if (gate.op === 'Sigmoid') return 'Silu';
  if (gate.op === 'HardSigmoid') return 'HardSwish';
  if (gate.op === 'Softplus') return 'Mish';
  // x · (1 + erf(x / √2)) / 2, and its approximation by tanh.
  return gate.op === 'Div' || gate.op === 'Mul' || gate.op === 'Pow' ? 'Gelu' : undefined;
}

function leadsTo(graph: OnnxGraph, from: OnnxNode, target: OnnxNode): boolean {
  let node: OnnxNode | undefined = from;
  for (let hop = 0; hop < MAX_HOPS && node; hop++) {
    if (node === target) return true;
    node = graph.usesOfNode(node)[0]?.node;
  }
  return false;
}

/** A normalization that is spelled out in arithmetic: its scale is multiplied with (x − mean) / √(variance + ε). */
export function normalizationOf(graph: OnnxGraph, anchor: OnnxNode): string | undefined {
  if (anchor.op !== 'Mul' && anchor.op !== 'Add') return undefined;
  let node: OnnxNode | undefined = anchor;
  for (let hop = 0; hop < MAX_HOPS && node; hop++) {
    const [a, b]: readonly ValueId[] = node.inputs;
    if (node.op === 'Div' || (node.op === 'Mul' && graph.producerOf(b)?.op === 'Reciprocal')) {
      const root = graph.producerOf(b)?.op === 'Reciprocal' ? graph.producerOf(graph.producerOf(b)!.inputs[0]) : graph.producerOf(b);
      if (root?.op !== 'Sqrt') return undefined;
      return graph.producerOf(a)?.op === 'Sub' ? 'LayerNormalization' : 'RMSNormalization';
    }
    if (node.op !== 'Mul' && node.op !== 'Add' && node.op !== 'Cast') return undefined;
    node = comesFromConstant(graph, a) ? graph.producerOf(b) : graph.producerOf(a);
  }
  return undefined;
}
