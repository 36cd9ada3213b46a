import type { Assignment, LayerDraft } from './assembleModel';
import { shortened } from './graphLayers';
import { ACTIVATION_OPERATORS } from './tfliteOperators';
import type { TfliteOperator } from './tfliteSchema';
import type { TfliteWeight } from './tfliteTensors';

import type { OperatorPlace, TfliteGraph, TfliteUse } from './tfliteUses';

/** Names that converters make up: they say nothing of a layer. */
const SPEECHLESS = /^(?:arith\.constant|tfl\.\w+|Const(?:ant)?|(?:Stateful)?PartitionedCall|Identity|output|serving_default|unknown|tensor|jax2tf)(?:[_:\d][^/]*)?$|^(?:FakeQuant\w*|Conv[123]D|depthwise|DepthwiseConv2dNative|(?:Batch)?MatMul(?:V[23])?)(?:_?\d+)?$|^[\d:]*$/;
/** Names that MLIR joins with ';' when it fuses operations: the one that tells the kernel is wanted. */
const KERNEL_PART = /conv|depthwise|matmul|dense|tensordot|einsum|embedding|gather|lstm|gru|fc\d*$/i;
/** Between a layer and its activation. */
const BEFORE_ACTIVATION = new Set(['ADD', 'MUL', 'SUB', 'RESHAPE', 'SQUEEZE', 'BATCH_TO_SPACE_ND', 'TRANSPOSE']);
const MAX_HOPS = 6;
/** Layers that feed one layer; beyond that the list says nothing to a person. */
const MAX_INPUT_LAYERS = 32;

interface Group {
  readonly name: string;
  readonly anchors: Set<string>;
  /** Says what the layer is: its operator with a kernel, or the first that reads one of its constants. */
  main: OperatorPlace | undefined;
  position: number;
}

/**
 * Layers of a TFLite model: its operators that consume constants, named by the scope that the names of their tensors share, in the order
 * in which the file runs them, subgraph by subgraph.
 */
export function layersOf(graph: TfliteGraph, weights: readonly TfliteWeight[], uses: readonly TfliteUse[]): { layers: LayerDraft[]; assignments: Assignment[] } {
  const names = anchorNames(graph, weights, uses);
  const groups = new Map<string, Group>();
  const layerNames = weights.map((weight, i) => {
    const { anchor } = uses[i]!;
    const kernel = anchor && names.get(keyOf(anchor));
    const name = kernel ?? looseName(graph, weight, anchor);
    const known = groups.get(name);
    const group = known ?? { name, anchors: new Set<string>(), main: anchor, position: Infinity };
    groups.set(name, group);
    if (anchor) {
      if (!group.main || (kernel !== undefined && !names.has(keyOf(group.main)))) group.main = anchor;
      group.position = Math.min(group.position, positionOf(anchor));
      if (uses[i]!.role !== 'constant') group.anchors.add(keyOf(anchor));
    }
    return name;
  });
  const ordered = [...groups.values()].sort((a, b) => (a.position === b.position ? 0 : a.position - b.position));
  const indexOf = new Map(ordered.map(({ name }, index) => [name, index]));
  const inputs = inputsOf(graph, ordered);
  const layers = ordered.map((group, index) => draft(graph, group, inputs[index]!.map((from) => ordered[from]!.name)));
  const assignments = uses.map(({ role, axes }, i) => ({ layer: indexOf.get(layerNames[i]!)!, role, ...(axes && { axes }) }));
  return { layers, assignments };
}

/** Of operators with kernels, each its own. */
function anchorNames(graph: TfliteGraph, weights: readonly TfliteWeight[], uses: readonly TfliteUse[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Map<string, number>();
  for (const [i, { anchor, isKernel }] of uses.entries()) {
    if (!anchor || !isKernel || names.has(keyOf(anchor))) continue;
    const scope = scopeOf(weights[i]!.name);
    const wanted = scope ?? scopeOfOutput(graph, anchor) ?? classOf(graph.operatorAt(anchor));
    // Two products in one cell: each goes by its own name.
    const own = scope !== undefined && taken.has(scope) ? kernelPart(weights[i]!.name) : undefined;
    names.set(keyOf(anchor), numbered(own ?? wanted, taken));
  }
  return names;
}

function numbered(name: string, taken: Map<string, number>): string {
  let count = (taken.get(name) ?? 0) + 1;
  taken.set(name, count);
  if (count === 1) return name;
  while (taken.has(`${name} (${count})`)) count++;
  taken.set(name, count);
  taken.set(`${name} (${count})`, 1);
  return `${name} (${count})`;
}

/** What stands outside of layers with kernels: by its own name, or by that of the operator that reads it. */
function looseName(graph: TfliteGraph, weight: TfliteWeight, anchor: OperatorPlace | undefined): string {
  return scopeOf(weight.name) ?? (anchor && (scopeOfOutput(graph, anchor) ?? classOf(graph.operatorAt(anchor)))) ?? weight.name;
}

function scopeOfOutput(graph: TfliteGraph, { subgraph, operator }: OperatorPlace): string | undefined {
  const output = graph.operatorAt({ subgraph, operator }).outputs[0];
  const name = output === undefined ? undefined : graph.subgraphs[subgraph]!.tensors[output]?.name;
  return name === undefined ? undefined : scopeOf(name);
}

/** undefined where a name says nothing. */
function scopeOf(name: string): string | undefined {
  const part = kernelPart(name);
  if (part === undefined) return undefined;
  // Converters number what occurs twice: MatMul1, convolution2.
  const scope = shortened(part.replace(/(?<=[a-z])\d+$/i, (digits, at: number) => (at > part.lastIndexOf('/') && part.includes('/') ? '' : digits)));
  return scope === '' ? undefined : scope.replace(/(?<=.)\/(?:Gather(?:V2)?|embedding_lookup)$/, '');
}

/** Of names that were joined the one that speaks of the kernel. */
function kernelPart(name: string): string | undefined {
  const parts = name.split(';').map((part) => part.trim()).filter((part) => part !== '' && !SPEECHLESS.test(part));
  return parts.find((candidate) => KERNEL_PART.test(candidate)) ?? parts[0];
}

function draft(graph: TfliteGraph, { name, main }: Group, inputs: readonly string[]): LayerDraft {
  if (!main) return { name };
  const operator = graph.operatorAt(main);
  const activation = operator.activation ?? activationAfter(graph, main);
  return {
    name,
    className: classOf(operator),
    ...(activation !== undefined && { activation }),
    ...(operator.config && { config: operator.config }),
    inputs,
  };
}

const CLASS_NAMES: Readonly<Record<string, string>> = {
  UNIDIRECTIONAL_SEQUENCE_LSTM: 'LSTM', LSTM: 'LSTM', UNIDIRECTIONAL_SEQUENCE_RNN: 'SimpleRNN', RNN: 'SimpleRNN', SVDF: 'SVDF', BATCH_MATMUL: 'BatchMatMul',
};

/** CONV_2D becomes Conv2D, as TensorFlow writes it; the names of custom operators stand. */
export function classOf({ name, isCustom }: Pick<TfliteOperator, 'name' | 'isCustom'>): string {
  if (isCustom) return name;
  return CLASS_NAMES[name] ?? name.toLowerCase().split('_').map((part) => part.replace(/^[a-z]|(?<=^\d)d$/g, (letter) => letter.toUpperCase())).join('');
}

/** What alone happens to an operator's result, at most behind sums and changes of shape. */
function activationAfter(graph: TfliteGraph, { subgraph, operator }: OperatorPlace): string | undefined {
  let tensor = graph.operatorAt({ subgraph, operator }).outputs[0];
  for (let hop = 0; hop < MAX_HOPS && tensor !== undefined; hop++) {
    const readers = graph.readersOf(subgraph, tensor);
    if (readers.length !== 1) return undefined;
    const next = graph.operatorAt({ subgraph, operator: readers[0]!.operator });
    if (Object.hasOwn(ACTIVATION_OPERATORS, next.name)) return ACTIVATION_OPERATORS[next.name];
    if (!BEFORE_ACTIVATION.has(next.name)) return undefined;
    if (next.activation !== undefined) return next.activation;
    tensor = next.outputs[0];
  }
  return undefined;
}

/** For each layer the layers whose results reach it, through operators without constants. Operators stand in the order in which they run. */
function inputsOf(graph: TfliteGraph, groups: readonly Group[]): readonly (readonly number[])[] {
  const owner = new Map<string, number>();
  for (const [layer, { anchors }] of groups.entries()) for (const anchor of anchors) owner.set(anchor, layer);
  const inputs = groups.map(() => new Set<number>());
  for (const [subgraph, { operators }] of graph.subgraphs.entries()) {
    const origins = new Map<number, ReadonlySet<number>>();
    for (const [operator, { inputs: read, outputs }] of operators.entries()) {
      const before = new Set<number>();
      for (const tensor of read) for (const layer of origins.get(tensor) ?? []) if (before.size < MAX_INPUT_LAYERS) before.add(layer);
      const own = owner.get(keyOf({ subgraph, operator }));
      if (own !== undefined) for (const layer of before) if (layer !== own) inputs[own]!.add(layer);
      const after = own === undefined ? before : new Set([own]);
      if (after.size > 0) for (const tensor of outputs) origins.set(tensor, after);
    }
  }
  return inputs.map((set) => [...set].sort((a, b) => a - b));
}

function keyOf({ subgraph, operator }: OperatorPlace): string {
  return `${subgraph} ${operator}`;
}

/** Beyond what one subgraph may have: operators of a later one come behind. */
const SUBGRAPH_POSITIONS = 1_000_000;

function positionOf({ subgraph, operator }: OperatorPlace): number {
  return subgraph * SUBGRAPH_POSITIONS + operator;
}

