import type { Assignment, LayerDraft } from './assembleModel';
import { layerInputs } from './graphOrigins';
import { ABSENT } from './onnxGraph';
import type { OnnxGraph, OnnxNode, ValueId } from './onnxGraph';
import { moduleOf, scopeOfNode } from './onnxNames';
import { isKernelOperator } from './onnxOperators';
import type { OnnxWeight } from './onnxStorage';
import { isLayerOperator } from './onnxUses';
import type { OnnxWeightUse } from './onnxUses';
import { activationOf, normalizationOf } from './onnxPatterns';

const SETTINGS = [
  'kernel_shape', 'strides', 'pads', 'dilations', 'group', 'auto_pad', 'epsilon', 'momentum', 'axis', 'alpha', 'beta', 'transA', 'transB', 'hidden_size', 'direction', 'activations',
  'linear_before_reset', 'equation', 'num_groups', 'num_heads', 'K', 'N', 'bits', 'block_size',
];
/** Strides, pads and dilations have up to twelve entries. */
const MAX_LIST = 16;

export interface UsedWeights {
  readonly weights: readonly OnnxWeight[];
  /** One for each weight, in order. */
  readonly uses: readonly OnnxWeightUse[];
  /** Of constants that scale a weight: its index. */
  readonly scaled: ReadonlyMap<ValueId, number>;
}

/**
 * Layers of a graph: the operations that consume weights. One is named by the module in the names of its weights, else by that in the name
 * of its node. In the order in which the graph computes them.
 */
export function layersOf(graph: OnnxGraph, { weights, uses, scaled }: UsedWeights): { layers: LayerDraft[]; assignments: Assignment[] } {
  const modules = weights.map((weight) => ownModule(graph, weight));
  const anchorNames = namesOfAnchors(graph, modules, uses);
  const kernelLayers = new Set(anchorNames.values());
  const nameOf = (i: number): string => layerName(graph, { weight: weights[i]!, use: uses[i]!, module: modules[i] }, anchorNames, kernelLayers);
  // A scale stands with what it scales.
  const names = weights.map(({ constant }, i) => nameOf(scaled.get(constant.id) ?? i));
  const groups = new Map<string, { anchors: Set<OnnxNode>; position: number }>();
  for (const [i, name] of names.entries()) {
    const group = groups.get(name) ?? { anchors: new Set(), position: Infinity };
    const { anchor, role } = uses[i]!;
    if (anchor && name !== CONSTANTS) {
      group.position = Math.min(group.position, anchor.position);
      if (role !== 'constant' && role !== 'quantization') group.anchors.add(anchor);
    }
    groups.set(name, group);
  }
  const ordered = [...groups].sort(([, a], [, b]) => (a.position === b.position ? 0 : a.position - b.position));
  const indexOf = new Map(ordered.map(([name], index) => [name, index]));
  const inputs = inputsOf(graph, ordered.map(([, { anchors }]) => anchors));
  const layers = ordered.map(([name, { anchors }], index) => draft(graph, name, anchors, inputs[index]!.map((from) => ordered[from]![0])));
  const assignments = uses.map(({ role, axes }, i) => ({ layer: indexOf.get(names[i]!)!, role, ...(axes && { axes }) }));
  return { layers, assignments };
}

function draft(graph: OnnxGraph, name: string, anchors: ReadonlySet<OnnxNode>, inputs: readonly string[]): LayerDraft {
  const all = [...anchors];
  const main = all.find(({ op }) => isKernelOperator(op)) ?? all.find(({ op }) => isLayerOperator(op)) ?? all[0];
  if (!main) return { name };
  const activation = activationOf(graph, main);
  const settings = settingsOf(main);
  return {
    name,
    className: isLayerOperator(main.op) ? main.op : (normalizationOf(graph, main) ?? main.op),
    ...(activation !== undefined && { activation }),
    ...(Object.keys(settings).length > 0 && { config: settings }),
    inputs,
  };
}

function settingsOf({ attributes }: OnnxNode): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const key of SETTINGS) {
    const attribute = attributes.get(key);
    const value = attribute?.ints ?? attribute?.floats ?? attribute?.strings ?? attribute?.s ?? attribute?.i ?? attribute?.f;
    if (value !== undefined) settings[key] = Array.isArray(value) ? value.slice(0, MAX_LIST) : value;
  }
  return settings;
}

/** Names of the operations that make a layer. */
function namesOfAnchors(graph: OnnxGraph, modules: readonly (string | undefined)[], uses: readonly OnnxWeightUse[]): Map<OnnxNode, string> {
  const names = new Map<OnnxNode, string>();
  const open = new Set<OnnxNode>();
  // The kernel's name first; of an anonymous one the bias may tell.
  for (const isKernel of [true, false]) {
    for (const [i, use] of uses.entries()) {
      const { anchor, role } = use;
      if (!anchor || names.has(anchor) || use.isKernel !== isKernel || role === 'constant' || role === 'quantization') continue;
      if (!isLayerOperator(anchor.op) && !use.isKernel) continue;
      const module = modules[i];
      if (module === undefined) open.add(anchor);
      else names.set(anchor, module);
    }
  }
  nameByNodes(graph, [...open].filter((anchor) => !names.has(anchor)), names);
  return names;
}

/** By the module in the node's name where one node alone has it, else by the node. */
function nameByNodes(graph: OnnxGraph, anchors: readonly OnnxNode[], names: Map<OnnxNode, string>): void {
  const taken = new Set(names.values());
  const counts = new Map<string, number>();
  const scopeOf = (anchor: OnnxNode): string => graph.prefixOf(anchor.scope) + scopeOfNode(anchor);
  for (const anchor of anchors) counts.set(scopeOf(anchor), (counts.get(scopeOf(anchor)) ?? 0) + 1);
  for (const anchor of anchors) {
    const scope = scopeOf(anchor);
    let name = counts.get(scope) === 1 && !taken.has(scope) ? scope : anchor.name.replace(/^\//, '');
    while (taken.has(name)) name += '\'';
    taken.add(name);
    names.set(anchor, name);
  }
}

function ownModule(graph: OnnxGraph, { constant }: OnnxWeight): string | undefined {
  const module = moduleOf(constant.name);
  return module === undefined ? undefined : graph.prefixOf(constant.scope) + module;
}

/** Constants that no layer of weights has: sizes, axes and factors of the operations between. */
const CONSTANTS = 'constants';

interface NamedWeight {
  readonly weight: OnnxWeight;
  readonly use: OnnxWeightUse;
  /** That its name tells. */
  readonly module: string | undefined;
}

function layerName(graph: OnnxGraph, { weight, use, module }: NamedWeight, anchorNames: ReadonlyMap<OnnxNode, string>, kernelLayers: ReadonlySet<string>): string {
  const { anchor, role, isKernel } = use;
  if (weight.constant.isTraining) return 'training';
  if (role === 'constant') return layerOfConstant(graph, anchor, kernelLayers);
  const named = anchor && anchorNames.get(anchor);
  if (isKernel && named !== undefined) return named;
  return module ?? named ?? (anchor ? graph.prefixOf(anchor.scope) + scopeOfNode(anchor) : 'unused');
}

/** A constant inside a layer's scope is that layer's, wherever the operation that reads it stands. */
function layerOfConstant(graph: OnnxGraph, anchor: OnnxNode | undefined, kernelLayers: ReadonlySet<string>): string {
  let at = anchor ? graph.prefixOf(anchor.scope) + scopeOfNode(anchor) : '';
  for (; at !== ''; at = parentOf(at)) if (kernelLayers.has(at)) return at;
  return CONSTANTS;
}

function parentOf(scope: string): string {
  return scope.slice(0, Math.max(scope.lastIndexOf('/'), scope.lastIndexOf('.'), 0));
}

function inputsOf(graph: OnnxGraph, anchors: readonly ReadonlySet<OnnxNode>[]): readonly (readonly number[])[] {
  const owner = new Map<OnnxNode, number>();
  for (const [layer, nodes] of anchors.entries()) for (const node of nodes) owner.set(node, layer);
  const flow = {
    inputs: ({ inputs, branches }: OnnxNode) => [...inputs, ...branches].filter((id) => id !== ABSENT),
    // A size says nothing of what was computed.
    outputs: ({ op, outputs }: OnnxNode) => (op === 'Shape' || op === 'Size' ? [] : outputs.filter((id) => id !== ABSENT)),
    layer: (node: OnnxNode) => owner.get(node),
  };
  return layerInputs(graph.nodes, flow, anchors.length);
}
