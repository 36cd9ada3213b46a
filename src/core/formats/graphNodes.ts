import { asArray, asString, dig, isObject, own } from './jsonValues';

/** Bounds what one hostile file can make us walk; published TensorFlow.js graphs have up to some ten thousand nodes. */
export const MAX_NODES = 300_000;
/** An AddN or ConcatV2 of real graphs takes some hundreds. */
const MAX_NODE_INPUTS = 10_000;
/** All inputs of all nodes together. */
const MAX_EDGES = 2_000_000;

export interface GraphNode {
  /** Unique; nodes of a function carry its name in front. */
  readonly name: string;
  readonly op: string;
  /** Names of the nodes whose data comes in, in order; '' for a control dependency left out of the numbering. */
  readonly inputs: readonly string[];
  readonly attributes: unknown;
}

export interface Use {
  readonly node: GraphNode;
  /** Which of the node's inputs. */
  readonly input: number;
}

/** The nodes of a GraphDef: of the graph itself, of its functions, and of the initializer. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  /** Positions in a topological order. */
  readonly #positions = new Map<string, number>();
  readonly #byName = new Map<string, GraphNode>();
  readonly #uses = new Map<string, Use[]>();
  #edges = 0;
  isCut = false;

  constructor(topology: unknown, initializer: unknown) {
    for (const graph of [topology, initializer]) {
      this.#addNodes(asArray(own(graph, 'node')), '');
      for (const fn of asArray(dig(graph, 'library', 'function'))) {
        const name = asString(dig(fn, 'signature', 'name'));
        if (name !== undefined) this.#addNodes(asArray(own(fn, 'nodeDef')), `${name}/`);
      }
    }
    this.#connect();
    this.#sort();
  }

  find(name: string): GraphNode | undefined {
    return this.#byName.get(name);
  }

  usesOf(name: string): readonly Use[] {
    return this.#uses.get(name) ?? [];
  }

  position(node: GraphNode): number {
    return this.#positions.get(node.name) ?? this.nodes.length;
  }

  #addNodes(values: readonly unknown[], prefix: string): void {
    // Inside a function names are local; TensorFlow.js' converter has put the function's name before those of constants already.
    const full = (name: string): string => (prefix === '' || name.startsWith(prefix) ? name : prefix + name);
    for (const value of values) {
      if (this.nodes.length >= MAX_NODES || this.#edges >= MAX_EDGES) {
        this.isCut = true;
        return;
      }
      const name = asString(own(value, 'name'));
      const op = asString(own(value, 'op'));
      if (name === undefined || op === undefined || this.#byName.has(full(name))) continue;
      const inputs = asArray(own(value, 'input')).slice(0, MAX_NODE_INPUTS).filter((input): input is string => typeof input === 'string' && !input.startsWith('^'));
      const node: GraphNode = { name: full(name), op, inputs: inputs.map((input) => full(sourceName(input))), attributes: own(value, 'attr') };
      this.#edges += inputs.length;
      this.nodes.push(node);
      this.#byName.set(node.name, node);
    }
  }

  #connect(): void {
    for (const node of this.nodes) {
      for (const [input, source] of node.inputs.entries()) {
        const uses = this.#uses.get(source);
        if (uses) uses.push({ node, input });
        else this.#uses.set(source, [{ node, input }]);
      }
    }
  }

  /** Kahn's algorithm, ties in file order; what lies on a cycle (the loops of TensorFlow 1) comes last, in file order. */
  #sort(): void {
    const waiting = new Map<string, number>();
    const ready: GraphNode[] = [];
    for (const node of this.nodes) {
      const count = node.inputs.filter((input) => this.#byName.has(input)).length;
      if (count === 0) ready.push(node);
      else waiting.set(node.name, count);
    }
    for (let i = 0; i < ready.length; i++) {
      const node = ready[i]!;
      this.#positions.set(node.name, i);
      for (const use of this.usesOf(node.name)) {
        const left = (waiting.get(use.node.name) ?? 0) - 1;
        waiting.set(use.node.name, left);
        if (left === 0) ready.push(use.node);
      }
    }
    let last = ready.length;
    for (const node of this.nodes) if (!this.#positions.has(node.name)) this.#positions.set(node.name, last++);
    this.nodes.sort((a, b) => this.position(a) - this.position(b));
  }
}

/** `conv:0` and, inside functions, `conv:output:0` name an output of `conv`. */
function sourceName(input: string): string {
  const colon = input.indexOf(':');
  return colon < 0 ? input : input.slice(0, colon);
}

/** An attribute as a plain value: numbers, booleans and texts, and lists of them. undefined for tensors, shapes and types. */
export function attribute(node: GraphNode, name: string): unknown {
  const value = own(node.attributes, name);
  if (!isObject(value)) return undefined;
  const list = own(value, 'list');
  if (!isObject(list)) return scalar(value);
  for (const kind of ['s', 'i', 'f', 'b']) {
    const items = own(list, kind);
    if (Array.isArray(items)) return items.slice(0, MAX_LIST).map((item: unknown) => scalar({ [kind]: item }));
  }
  return undefined;
}

/** Strides, dilations and fused operations have up to six entries. */
const MAX_LIST = 16;

function scalar(value: object): unknown {
  const text = own(value, 's');
  if (text !== undefined) return decodeText(text);
  const integer = own(value, 'i');
  if (integer !== undefined) return Number(integer);
  return own(value, 'f') ?? own(value, 'b');
}

/** Protobuf's JSON writes bytes in base64; some programs wrote the text itself, or a list of bytes. */
function decodeText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length <= 256 && value.every((c) => typeof c === 'number') ? String.fromCharCode(...(value)) : undefined;
  if (typeof value !== 'string' || value.length > 1024) return undefined;
  try {
    const decoded = atob(value);
    return /^[\x20-\x7e]*$/.test(decoded) ? decoded : value;
  } catch {
    return value;
  }
}
