import { UnsupportedError } from '../errors';
import type { Problem } from '../model';
import { uniqueNames } from './assembleModel';
import type { Assignment, LayerDraft, WeightDraft } from './assembleModel';
import { readConstant } from './graphDefTensors';
import { layersOf } from './graphLayers';
import { Graph, MAX_NODES } from './graphNodes';
import { useOf } from './graphUses';
import type { GraphWeight } from './graphUses';
import { floatOf, integersOf, textOf, WIRE } from './protobufWire';
import type { ProtobufFile, WireField, WireRange } from './protobufWire';

/** Of one node: its inputs and attributes. */
const MAX_NODE_FIELDS = 100_000;
const MAX_FUNCTIONS = 100_000;
/** Attributes that say something of a layer, or how a kernel lies (graphLayers.ts, graphUses.ts). */
const KEPT_ATTRIBUTES = new Set([
  'strides', 'padding', 'dilations', 'data_format', 'transpose_a', 'transpose_b', 'adj_x', 'adj_y', 'epsilon', 'leakyrelu_alpha', 'alpha', 'equation', 'fused_ops', 'num_args',
]);
/** Longer texts and lists are no settings. */
const MAX_SETTING_BYTES = 256;
const MAX_SETTINGS = 64;

export type GraphConstant = WeightDraft & GraphWeight;

export interface GraphDefModel {
  readonly weights: readonly GraphConstant[];
  readonly layers: readonly LayerDraft[];
  readonly assignments: readonly Assignment[];
  readonly problems: readonly Problem[];
}

/** A node as protobuf's JSON would have it, as far as layers need it: what graphNodes.ts reads of a TensorFlow.js model. */
interface NodeJson {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, unknown>>;
}

interface Nodes {
  readonly nodes: NodeJson[];
  readonly constants: GraphConstant[];
}

/** The constants of a GraphDef (tensorflow/core/framework/graph.proto) and of its functions, and the layers that its operations make of them. */
export async function readGraphDef(file: ProtobufFile, range: WireRange): Promise<GraphDefModel> {
  const main: Nodes = { nodes: [], constants: [] };
  const functions: { signature: { name: string }; nodeDef: NodeJson[] }[] = [];
  const counter = { nodes: 0 };
  for await (const batch of file.batches(range)) {
    for (const field of batch) {
      if (field.number === 1 && field.wireType === WIRE.bytes) await addNode(file, field, '', main, counter);
      if (field.number === 2 && field.wireType === WIRE.bytes) await addLibrary(file, field, main.constants, functions, counter);
    }
  }
  const graph = new Graph({ node: main.nodes, library: { function: functions } }, undefined);
  const { weights, problems } = uniqueNames(main.constants, file.source.name);
  const { layers, assignments } = layersOf(graph, weights, weights.map((weight) => useOf(graph, weight)));
  return { weights, layers, assignments, problems };
}

async function addLibrary(file: ProtobufFile, library: WireField, constants: GraphConstant[], functions: { signature: { name: string }; nodeDef: NodeJson[] }[], counter: { nodes: number }): Promise<void> {
  for await (const batch of file.batches(library)) {
    for (const field of batch) {
      if (field.number !== 1 || field.wireType !== WIRE.bytes) continue;
      if (functions.length >= MAX_FUNCTIONS) throw tooMany(file, `${MAX_FUNCTIONS} functions`);
      functions.push(await readFunction(file, field, constants, counter));
    }
  }
}

/** FunctionDef: signature = 1 (OpDef, name = 1), node_def = 3. */
async function readFunction(file: ProtobufFile, range: WireRange, constants: GraphConstant[], counter: { nodes: number }): Promise<{ signature: { name: string }; nodeDef: NodeJson[] }> {
  const fields = await file.message(range, MAX_NODES);
  const signature = fields.find(({ number }) => number === 1);
  const named = signature && (await file.message(signature, MAX_NODE_FIELDS)).find(({ number }) => number === 1);
  const name = named ? textOf(named) : '';
  const own: Nodes = { nodes: [], constants };
  for (const field of fields) if (field.number === 3 && field.wireType === WIRE.bytes) await addNode(file, field, `${name}/`, own, counter);
  return { signature: { name }, nodeDef: own.nodes };
}

/** NodeDef: name = 1, op = 2, input = 3, attr = 5. */
async function addNode(file: ProtobufFile, range: WireRange, prefix: string, { nodes, constants }: Nodes, counter: { nodes: number }): Promise<void> {
  if (++counter.nodes > MAX_NODES) throw tooMany(file, `${MAX_NODES} nodes`);
  let name = '';
  let op = '';
  const input: string[] = [];
  const attributes: WireField[] = [];
  for (const field of await file.message(range, MAX_NODE_FIELDS)) {
    if (field.number === 1) name = textOf(field);
    else if (field.number === 2) op = textOf(field);
    else if (field.number === 3) input.push(textOf(field));
    else if (field.number === 5 && field.wireType === WIRE.bytes) attributes.push(field);
  }
  const attr: Record<string, unknown> = {};
  for (const attribute of attributes) {
    const { key, value } = await entryOf(file, attribute);
    if (op === 'Const' && key === 'value' && value) constants.push(await constantOf(file, value, prefix + name));
    else if (value && KEPT_ATTRIBUTES.has(key)) attr[key] = await settingOf(file, value);
  }
  nodes.push({ name, op, input, attr });
}

/** An entry of a map: key = 1, value = 2. */
async function entryOf(file: ProtobufFile, range: WireRange): Promise<{ key: string; value: WireField | undefined }> {
  const fields = await file.message(range, MAX_SETTINGS);
  const key = fields.find(({ number }) => number === 1);
  return { key: key ? textOf(key) : '', value: fields.find(({ number, wireType }) => number === 2 && wireType === WIRE.bytes) };
}

async function constantOf(file: ProtobufFile, attribute: WireField, name: string): Promise<GraphConstant> {
  const tensor = (await file.message(attribute, MAX_SETTINGS)).find(({ number, wireType }) => number === 8 && wireType === WIRE.bytes);
  const draft = await readConstant(file, tensor, name);
  return { ...draft, declaredDtype: draft.dtype };
}

/** AttrValue: list = 1, s = 2, i = 3, f = 4, b = 5. Texts are lists of bytes, as some programs write them into JSON. */
async function settingOf(file: ProtobufFile, range: WireRange): Promise<unknown> {
  const setting: Record<string, unknown> = {};
  for (const field of await file.message(range, MAX_SETTINGS)) {
    if (field.number === 1 && field.wireType === WIRE.bytes) setting['list'] = await listOf(file, field);
    else if (field.number === 2) setting['s'] = bytesOf(field);
    else if (field.number === 3) setting['i'] = field.value;
    else if (field.number === 4) setting['f'] = rounded(floatOf(field));
    else if (field.number === 5) setting['b'] = field.value !== 0;
  }
  return setting;
}

/** AttrValue.ListValue: s = 2, i = 3, f = 4, b = 5. */
async function listOf(file: ProtobufFile, range: WireRange): Promise<unknown> {
  const list: { s?: unknown[]; i?: number[]; f?: number[]; b?: boolean[] } = {};
  for (const field of (await file.message(range, MAX_NODE_FIELDS)).slice(0, MAX_SETTINGS)) {
    if (field.number === 2) (list.s ??= []).push(bytesOf(field));
    else if (field.number === 3) (list.i ??= []).push(...integersOf(file, field, MAX_SETTINGS));
    else if (field.number === 4 && field.wireType === WIRE.fixed32) (list.f ??= []).push(rounded(floatOf(field)));
    else if (field.number === 5) (list.b ??= []).push(...integersOf(file, field, MAX_SETTINGS).map((value) => value !== 0));
  }
  return list;
}

function bytesOf({ bytes }: WireField): readonly number[] {
  return bytes ? [...bytes.subarray(0, MAX_SETTING_BYTES)] : [];
}

/** 0.001 as float32 reads 0.0010000000474974513. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}

function tooMany(file: ProtobufFile, what: string): UnsupportedError {
  return new UnsupportedError(`${file.source.name} has more than ${what}, which Weightgram does not read. Save the model anew.`);
}
