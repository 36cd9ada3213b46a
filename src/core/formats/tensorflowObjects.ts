import { UnsupportedError } from '../errors';
import { textOf } from './protobufWire';
import type { ProtobufFile, WireField, WireRange } from './protobufWire';

/** Objects of one model, and what they hold; a language model of TensorFlow has some ten thousand. */
const MAX_NODES = 1_000_000;
const MAX_EDGES = 4_000_000;
/** Of one object; a list of variables holds each as a child. */
const MAX_FIELDS = 1_000_000;

export interface TrackedObject {
  readonly children: readonly { readonly node: number; readonly name: string }[];
  /** Values of a variable: the key in the checkpoint, and the name that the program gave it. */
  readonly attributes: readonly { readonly key: string; readonly fullName: string }[];
  /** Nodes of an optimizer's slots. */
  readonly slots: readonly number[];
  /** What Keras 2 wrote of a layer: JSON. Only in SavedModels. */
  readonly metadata?: string;
}

/**
 * The objects of a checkpoint (tensorflow/core/protobuf/trackable_object_graph.proto) or of a SavedModel (saved_object_graph.proto), whose nodes
 * have the same numbers and keep their children and slots in the same fields.
 */
export async function readObjects(file: ProtobufFile, range: WireRange, kind: 'checkpoint' | 'savedModel'): Promise<readonly TrackedObject[]> {
  const nodes: TrackedObject[] = [];
  const budget = { edges: 0 };
  for await (const batch of file.batches(range)) {
    for (const field of batch) {
      if (field.number !== 1) continue;
      if (nodes.length >= MAX_NODES) throw tooMany(file, `${MAX_NODES} objects`);
      nodes.push(await objectOf(file, field, kind, budget));
    }
  }
  return nodes;
}

async function objectOf(file: ProtobufFile, range: WireRange, kind: 'checkpoint' | 'savedModel', budget: { edges: number }): Promise<TrackedObject> {
  const children: { node: number; name: string }[] = [];
  const attributes: { key: string; fullName: string }[] = [];
  const slots: number[] = [];
  let metadata: string | undefined;
  for (const field of await file.message(range, MAX_FIELDS)) {
    if (!field.bytes) continue;
    if (++budget.edges > MAX_EDGES) throw tooMany(file, `${MAX_EDGES} references between objects`);
    if (field.number === 1) children.push(childOf(file, field));
    else if (field.number === 3) slots.push(numberIn(inner(file, field), 3));
    else if (field.number === 2 && kind === 'checkpoint') attributes.push(attributeOf(file, field));
    else if (field.number === 4 && kind === 'savedModel') metadata = textIn(inner(file, field), 3);
  }
  return { children, attributes, slots, ...(metadata && { metadata }) };
}

function childOf(file: ProtobufFile, field: WireField): { node: number; name: string } {
  const fields = inner(file, field);
  return { node: numberIn(fields, 1), name: textIn(fields, 2) };
}

function attributeOf(file: ProtobufFile, field: WireField): { key: string; fullName: string } {
  const fields = inner(file, field);
  return { key: textIn(fields, 3), fullName: textIn(fields, 2) };
}

function inner(file: ProtobufFile, { start, end, bytes }: WireField): readonly WireField[] {
  return file.fieldsIn({ start, end, bytes: bytes! });
}

function numberIn(fields: readonly WireField[], number: number): number {
  return fields.find((field) => field.number === number)?.value ?? 0;
}

function textIn(fields: readonly WireField[], number: number): string {
  const field = fields.find((candidate) => candidate.number === number);
  return field ? textOf(field) : '';
}

function tooMany(file: ProtobufFile, what: string): UnsupportedError {
  return new UnsupportedError(`${file.source.name} has more than ${what}, which Weightgram does not read.`);
}

/** Metadata of Keras layers by the number of their node, from keras_metadata.pb (keras/protobuf/saved_metadata.proto). */
export async function readKerasMetadata(file: ProtobufFile): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  for await (const batch of file.batches({ start: 0, end: file.source.size })) {
    for (const field of batch) {
      if (field.number !== 1 || !field.bytes || found.size >= MAX_NODES) continue;
      const fields = inner(file, field);
      found.set(numberIn(fields, 2), textIn(fields, 5));
    }
  }
  return found;
}

/** What the object graph says of a variable. */
export interface TrackedVariable {
  /** The name that the program gave it; '' where it gave none. */
  readonly fullName: string;
  readonly isOptimizer: boolean;
  /** In the order in which objects hold it, models first. */
  readonly position: number;
  /** JSON of the Keras layer that holds it. */
  readonly metadata?: string;
}

/** References under these names lead to an optimizer, whose own variables are no weights. */
const OPTIMIZER_NAME = /^_?(?:\w+_)?optimizer$/;
/** An optimizer of Keras 3 lists the model's variables too. */
const MODEL_VARIABLES = '_trainable_variables';
/** A layer holds its variables itself, or in a cell or a list. */
const LAYER_DEPTH = 3;
/** Objects that are looked at below layers; those that share a long list would be looked at once for each layer. */
const MAX_LAYER_STEPS = 4_000_000;

/** Variables by their keys in the checkpoint. */
export function trackedVariables(objects: readonly TrackedObject[], metadata: ReadonlyMap<number, string>): ReadonlyMap<string, TrackedVariable> {
  const slots = new Set(objects.flatMap((object) => object.slots));
  const order: number[] = [];
  const reached = new Set<number>();
  const optimizers: number[] = [];
  /** Depth first, in the order in which objects list their children. */
  const walk = (start: number): void => {
    const stack = [start];
    while (stack.length > 0) {
      const node = stack.pop()!;
      const object = objects[node];
      if (!object || reached.has(node) || slots.has(node)) continue;
      reached.add(node);
      order.push(node);
      for (const child of [...object.children].reverse()) {
        if (OPTIMIZER_NAME.test(child.name)) optimizers.push(child.node);
        else stack.push(child.node);
      }
    }
  };
  walk(0);
  for (const optimizer of optimizers) {
    for (const child of objects[optimizer]?.children ?? []) if (child.name === MODEL_VARIABLES) walk(child.node);
  }
  const layers = layerMetadata(objects, metadata);
  const variables = new Map<string, TrackedVariable>();
  const rest = objects.map((_, node) => node).filter((node) => !reached.has(node));
  for (const [position, node] of [...order, ...rest].entries()) {
    for (const { key, fullName } of objects[node]!.attributes) {
      if (variables.has(key)) continue;
      const layer = layers.get(node);
      variables.set(key, { fullName, isOptimizer: !reached.has(node), position, ...(layer !== undefined && { metadata: layer }) });
    }
  }
  return variables;
}

/** The metadata of the innermost layer that holds a node. */
function layerMetadata(objects: readonly TrackedObject[], metadata: ReadonlyMap<number, string>): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const textOfNode = (node: number): string | undefined => metadata.get(node) ?? objects[node]?.metadata;
  let steps = 0;
  for (const node of objects.keys()) {
    const text = textOfNode(node);
    if (text === undefined || text === '') continue;
    let frontier = [node];
    for (let depth = 0; depth < LAYER_DEPTH && steps < MAX_LAYER_STEPS; depth++) {
      steps += frontier.reduce((sum, at) => sum + (objects[at]?.children.length ?? 0), 0);
      frontier = frontier.flatMap((at) => objects[at]?.children ?? []).map((child) => child.node).filter((child) => !textOfNode(child));
      // The nearer layer has the last word: a model lists the variables of its layers too.
      for (const child of frontier) if (!found.has(child) || isNearer(text)) found.set(child, text);
    }
  }
  return found;
}

/** Models list the variables of all of their layers, which keep them themselves. */
function isNearer(metadata: string): boolean {
  return !/"class_name"\s*:\s*"(?:Sequential|Functional|Model)"/.test(metadata.slice(0, 4096));
}
