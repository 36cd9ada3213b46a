import { attribute } from './graphNodes';
import type { Graph, GraphNode } from './graphNodes';
import { layerInputs } from './graphOrigins';
import { hasSpeakingName, isKernelOp } from './graphUses';
import type { GraphWeight, WeightUse } from './graphUses';
import type { Assignment, LayerDraft } from './assembleModel';

/** Parts of a name that tell a variable, not its layer. */
const VARIABLE_PART = /^(?:ReadVariableOp|Identity|read|kernel|bias|weights?|biases|filters?|gamma|beta|moving_mean|moving_variance|embeddings?|Const|Cast|ExpandDims|Reshape|Transpose|Squeeze|Scaled|Offset)(?:_\d+)?$/;
/** Parts of a name that tell an operation within its layer. Lower-case names of Keras layers (`conv2d_1`) are none. */
const OPERATION_PART = /^(?:Conv[123]D\w*|MatMul|BatchMatMul\w*|Einsum|BiasAdd|Add|AddV2|add|Sub|sub|Mul|mul|Tensordot|depthwise|separable_conv2d|convolution|conv2d_transpose|embedding_lookup|Relu6?|LeakyRelu|Elu|Softmax|Sigmoid|Tanh|FusedBatchNorm\w*|batchnorm)(?:_\d+)?$/;
/** What tf.function and SavedModel put before everything. */
const CALL_PREFIX = /^(?:(?:Stateful)?PartitionedCall(?:_\d+)?\/)+/;

/** What freezing puts in the place of a variable that was read, through a cast in Keras 3. */
const FROZEN_VARIABLE = /(?:\/Cast(?:_\d+)?)?\/ReadVariableOp(?:_\d+)?\/resource$/;

const ACTIVATIONS = new Set(['Relu', 'Relu6', 'LeakyRelu', 'Elu', 'Selu', 'Sigmoid', 'Tanh', 'Softmax', 'LogSoftmax', 'Softplus', 'Softsign', 'Prelu']);
const BEFORE_ACTIVATION = new Set(['BiasAdd', 'Add', 'AddV2', 'Identity', 'Squeeze', 'Reshape', 'FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3', 'Mul', 'Sub', 'BatchToSpaceND']);
const MAX_HOPS = 6;
const SETTINGS = ['strides', 'padding', 'dilations', 'data_format', 'transpose_a', 'transpose_b', 'epsilon', 'leakyrelu_alpha', 'equation'];

/**
 * Layers of a graph: the operations that consume weights, named by the scope that their nodes share. Several operations of one
 * scope are one layer, unless more than one of them has a kernel. In the order in which the graph computes them.
 */
export function layersOf(graph: Graph, weights: readonly GraphWeight[], uses: readonly WeightUse[]): { layers: LayerDraft[]; assignments: Assignment[] } {
  const names = anchorNames(weights, uses);
  const kernels = new Set(names.values());
  const layerNames = weights.map((weight, i) => nameFor(weight, uses[i]!, names, kernels));
  const groups = new Map<string, { anchors: Set<GraphNode>; position: number }>();
  for (const [i, name] of layerNames.entries()) {
    const group = groups.get(name) ?? { anchors: new Set(), position: Infinity };
    const { anchor, role } = uses[i]!;
    if (anchor) {
      group.position = Math.min(group.position, graph.position(anchor));
      if (role !== 'constant') group.anchors.add(anchor);
    }
    groups.set(name, group);
  }
  const ordered = [...groups].sort(([, a], [, b]) => (a.position === b.position ? 0 : a.position - b.position));
  const indexOf = new Map(ordered.map(([name], index) => [name, index]));
  const inputs = inputsOf(graph, ordered.map(([, { anchors }]) => anchors));
  const layers = ordered.map(([name, { anchors }], index) => draft(graph, name, anchors, inputs[index]!.map((from) => ordered[from]![0])));
  const assignments = uses.map(({ role, axes }, i) => ({ layer: indexOf.get(layerNames[i]!)!, role, ...(axes && { axes }) }));
  return { layers, assignments };
}

function draft(graph: Graph, name: string, anchors: ReadonlySet<GraphNode>, inputs: readonly string[]): LayerDraft {
  // Of a separable convolution the second, pointwise part closes the layer.
  const main = [...anchors].filter((anchor) => isKernelOp(anchor.op)).at(-1) ?? [...anchors][0];
  if (!main) return { name };
  const activation = activationOf(graph, main);
  const settings = SETTINGS.flatMap((key) => {
    const value = attribute(main, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    name,
    className: main.op.replace(/^_?Fused(?=(?:Conv|Depthwise|MatMul))/, ''),
    ...(activation !== undefined && { activation }),
    ...(settings.length > 0 && { config: Object.fromEntries(settings) }),
    inputs,
  };
}

/** The names of the operations with kernels: the shortest of their scopes that no other one has. */
function anchorNames(weights: readonly GraphWeight[], uses: readonly WeightUse[]): Map<GraphNode, string> {
  const candidates = new Map<GraphNode, readonly string[]>();
  for (const [i, { anchor, isKernel }] of uses.entries()) {
    if (isKernel && anchor && !candidates.has(anchor)) candidates.set(anchor, scopesOf(weights[i]!.name, anchor.name));
  }
  const names = new Map<GraphNode, string>();
  const taken = new Set<string>();
  let open = [...candidates.keys()];
  for (let level = 0; level < SCOPE_LEVELS; level++) {
    const groups = new Map<string, GraphNode[]>();
    for (const anchor of open) {
      const name = candidates.get(anchor)![level]!;
      groups.set(name, [...(groups.get(name) ?? []), anchor]);
    }
    const rest: GraphNode[] = [];
    for (const [name, anchors] of groups) {
      const settles = !taken.has(name) && (anchors.length === 1 || level === SCOPE_LEVELS - 1 || isSeparable(anchors));
      if (!settles) rest.push(...anchors);
      else {
        taken.add(name);
        for (const anchor of anchors) names.set(anchor, name);
      }
    }
    open = rest;
  }
  for (const anchor of open) names.set(anchor, anchor.name);
  return names;
}

/** From the shortest to the node's own name, which is unique. */
const SCOPE_LEVELS = 4;

function scopesOf(weightName: string, nodeName: string): readonly string[] {
  const byNode = [shortened(nodeName), stripped(nodeName)];
  if (!hasSpeakingName(weightName)) return [byNode[0]!, byNode[0]!, ...byNode];
  const whole = stripped(weightName);
  return [shortened(weightName), whole.slice(0, Math.max(whole.lastIndexOf('/'), 0)) || whole, ...byNode];
}

/** A depthwise convolution and the pointwise one behind it. */
function isSeparable(anchors: readonly GraphNode[]): boolean {
  return anchors.length === 2 && anchors.filter((anchor) => /Depthwise/i.test(anchor.op)).length === 1;
}

function nameFor(weight: GraphWeight, { anchor, role }: WeightUse, names: ReadonlyMap<GraphNode, string>, kernels: ReadonlySet<string>): string {
  const named = anchor && role !== 'constant' ? names.get(anchor) : undefined;
  if (named !== undefined) return named;
  const scope = shortened(anchor && (role === 'constant' || !hasSpeakingName(weight.name)) ? anchor.name : weight.name);
  // A constant inside a layer's scope is that layer's, wherever the operation that reads it stands.
  if (role === 'constant') for (let at = scope; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('/'), 0))) if (kernels.has(at)) return at;
  return scope;
}

function stripped(name: string): string {
  const bare = name.replace(/:\d+$/, '').replace(CALL_PREFIX, '').replace(FROZEN_VARIABLE, '/ReadVariableOp');
  return bare === '' ? name : bare;
}

/** The scope of a node or weight: without the parts that tell the variable and the operation. */
export function shortened(name: string): string {
  const parts = stripped(name).split('/');
  if (parts.length > 1 && isVariablePart(parts.at(-1)!)) parts.pop();
  else if (parts.length > 1 && !OPERATION_PART.test(parts.at(-1)!)) {
    // `conv2d_1/Conv2D_weights`, `reshape/shape`: whatever stands last is the node itself.
    parts.pop();
    if (parts.length > 1 && OPERATION_PART.test(parts.at(-1)!)) parts.pop();
    return parts.join('/');
  }
  if (parts.length > 1 && OPERATION_PART.test(parts.at(-1)!)) parts.pop();
  return parts.join('/');
}

function isVariablePart(part: string): boolean {
  return VARIABLE_PART.test(part);
}

/** Fused into the operation, or the next thing that happens to its result. */
function activationOf(graph: Graph, anchor: GraphNode): string | undefined {
  const fused = attribute(anchor, 'fused_ops');
  if (Array.isArray(fused)) {
    const last: unknown = fused.at(-1);
    if (typeof last === 'string' && ACTIVATIONS.has(last)) return last;
  }
  let node = anchor;
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const uses = graph.usesOf(node.name);
    const next = uses[0]?.node;
    if (!next || uses.length > 1) return undefined;
    if (ACTIVATIONS.has(next.op)) return next.op;
    if (!BEFORE_ACTIVATION.has(next.op)) return undefined;
    node = next;
  }
  return undefined;
}

/** For each layer the layers whose results reach it, through operations without weights. */
function inputsOf(graph: Graph, anchors: readonly ReadonlySet<GraphNode>[]): readonly (readonly number[])[] {
  const owner = new Map<GraphNode, number>();
  for (const [layer, nodes] of anchors.entries()) for (const node of nodes) owner.set(node, layer);
  const flow = { inputs: ({ inputs }: GraphNode) => inputs, outputs: ({ name }: GraphNode) => [name], layer: (node: GraphNode) => owner.get(node) };
  return layerInputs(graph.nodes, flow, anchors.length);
}
