import { MAX_NODES } from './onnxProto';
import type { OnnxAttribute, OnnxFunctionProto, OnnxGraphProto, OnnxModelProto, OnnxNodeProto } from './onnxProto';
import type { OnnxSparseTensor, OnnxTensor } from './onnxTensor';

/** Calls of functions within functions; those of exporters nest as deep as their modules do. */
const MAX_CALL_DEPTH = 32;

/** A value of the graph: the output of a node, an input, or a constant. Names are local to their graph, numbers are not. */
export type ValueId = number;
/** An input that a node leaves out. */
export const ABSENT: ValueId = -1;

const NO_VALUES: readonly ValueId[] = [];

/** A node with its subgraphs taken out and its functions called. */
export interface OnnxNode {
  /** With the nodes and calls around it in front. */
  readonly name: string;
  /** The name in the file; '' where it has none. */
  readonly ownName: string;
  /** What stands before ownName: "If_0/then_branch/", or ''. */
  readonly scope: string;
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  /** Results of its branches: what its own are made of. */
  readonly branches: readonly ValueId[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
  /** Place in the order in which the file computes. */
  readonly position: number;
}

/** What holds the values of a constant. */
export type ConstantSource =
  | { readonly kind: 'tensor'; readonly tensor: OnnxTensor }
  | { readonly kind: 'sparse'; readonly tensor: OnnxSparseTensor }
  | { readonly kind: 'floats'; readonly values: readonly number[]; readonly isScalar: boolean; readonly isCut: boolean }
  | { readonly kind: 'ints'; readonly values: readonly number[]; readonly isScalar: boolean; readonly isCut: boolean };

export interface OnnxConstant {
  /** As the file names it, within its graph. */
  readonly name: string;
  /** Graphs around it: "If_0/then_branch/", or ''. */
  readonly scope: string;
  readonly id: ValueId;
  readonly source: ConstantSource;
  /** Of a graph that trains the model. */
  readonly isTraining: boolean;
  /** The node that holds it as an attribute, where it is no input of a node. */
  readonly holder?: OnnxNode;
  /** The attribute of `holder`. */
  readonly attribute?: string;
}

export interface OnnxUse {
  readonly node: OnnxNode;
  /** Which of the node's inputs. */
  readonly input: number;
}

/** Names that can be seen from a graph. */
interface Names {
  readonly ids: Map<string, ValueId>;
  readonly parent?: Names;
}

/** Where nodes are being taken from. */
interface Place {
  readonly names: Names;
  /** Before the names of its constants. */
  readonly scope: string;
  /** Before the names of its nodes. */
  readonly path: string;
  readonly calls: readonly OnnxFunctionProto[];
  /** Attributes of the call, for those of the function that refer to them. */
  readonly caller?: ReadonlyMap<string, OnnxAttribute>;
  readonly isTraining: boolean;
}

/** Attributes of Constant that are its value (ONNX operators, Constant). */
const CONSTANT_VALUES = ['value', 'sparse_value', 'value_float', 'value_floats', 'value_int', 'value_ints'] as const;

/** All nodes and constants of a model: those of its subgraphs and functions too. */
export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxConstant[] = [];
  /** Calls were left out: of functions that call themselves, or of too many. */
  isCut = false;
  readonly #functions = new Map<string, OnnxFunctionProto>();
  readonly #called = new Set<OnnxFunctionProto>();
  /** Of constants that were seen: a function that is called twice has them once. */
  readonly #ids = new Map<object, ValueId>();
  /** By value: numbers are dense, and a look into a list is cheaper than one into a map. */
  readonly #isConstant: (boolean | undefined)[] = [];
  readonly #producers: (OnnxNode | undefined)[] = [];
  readonly #uses: (OnnxUse[] | undefined)[] = [];
  /** Nodes without a name, by graph and operator. */
  readonly #unnamed = new Map<string, number>();
  #values = 0;

  /** Graphs whose constants have names that another graph has too. */
  readonly #ambiguous: ReadonlySet<string>;

  constructor(model: OnnxModelProto) {
    for (const fn of model.functions) this.#functions.set(functionKey(fn.domain, fn.name, fn.overload), fn);
    this.#addGraph(model.graph, { names: { ids: new Map() }, scope: '', path: '', calls: [], isTraining: false });
    for (const graph of model.training) this.#addGraph(graph, { names: { ids: new Map() }, scope: 'training/', path: 'training/', calls: [], isTraining: true });
    for (const fn of model.functions) if (!this.#called.has(fn)) this.#call(fn, [], new Map(), { names: { ids: new Map() }, scope: '', path: `${fn.name}/`, calls: [], isTraining: false });
    for (const node of this.nodes) for (const [input, id] of node.inputs.entries()) if (id !== ABSENT) this.#addUse(id, { node, input });
    this.#ambiguous = ambiguousScopes(this.constants);
  }

  /** What to put before the names of a graph: nothing where they are unique in the model without it. */
  prefixOf(scope: string): string {
    return this.#ambiguous.has(scope) ? scope : '';
  }

  isConstant(id: ValueId): boolean {
    return this.#isConstant[id] === true;
  }

  producerOf(id: ValueId | undefined): OnnxNode | undefined {
    return id === undefined ? undefined : this.#producers[id];
  }

  usesOf(id: ValueId): readonly OnnxUse[] {
    return this.#uses[id] ?? [];
  }

  /** Nodes that take one of the node's results. */
  usesOfNode(node: OnnxNode): readonly OnnxUse[] {
    return node.outputs.length === 1 ? this.usesOf(node.outputs[0]!) : node.outputs.flatMap((output) => this.usesOf(output));
  }

  #addUse(id: ValueId, use: OnnxUse): void {
    const uses = this.#uses[id];
    if (uses) uses.push(use);
    else this.#uses[id] = [use];
  }

  /** Values of the graph's outputs. */
  #addGraph(graph: OnnxGraphProto, place: Place, actual: readonly ValueId[] = []): ValueId[] {
    const { ids } = place.names;
    for (const [i, name] of graph.inputs.entries()) ids.set(name, actual[i] ?? this.#values++);
    for (const tensor of graph.initializers) ids.set(tensor.name, this.#addConstant(tensor, tensor.name, { kind: 'tensor', tensor }, place));
    for (const tensor of graph.sparseInitializers) ids.set(tensor.values.name, this.#addConstant(tensor, tensor.values.name, { kind: 'sparse', tensor }, place));
    this.#addNodes(graph.nodes, place);
    return graph.outputs.map((name) => this.#resolve(name, place.names));
  }

  #addNodes(nodes: readonly OnnxNodeProto[], place: Place): void {
    for (const node of nodes) {
      if (this.nodes.length >= MAX_NODES) {
        this.isCut = true;
        return;
      }
      if (node.op === 'Constant' && isStandard(node.domain)) this.#addConstantNode(node, place);
      else this.#addNode(node, place);
    }
  }

  #addNode(proto: OnnxNodeProto, place: Place): void {
    const inputs = proto.inputs.map((name) => (name === '' ? ABSENT : this.#resolve(name, place.names)));
    const name = this.#nodeName(proto, place);
    const fn = this.#functions.size === 0 ? undefined : this.#functions.get(functionKey(proto.domain, proto.op, proto.overload));
    const inner = fn && this.#callOf(fn, inputs, proto, { ...place, path: `${name}/` });
    if (inner) {
      // The call gives its results on: they are the function's own.
      for (const [i, output] of proto.outputs.entries()) if (output !== '') place.names.ids.set(output, inner[i] ?? this.#values++);
      return;
    }
    const branches = proto.attributes.size === 0 ? NO_VALUES : this.#branches(proto, name, inputs, place);
    const node: OnnxNode = {
      name,
      ownName: proto.name,
      scope: place.path,
      op: proto.op,
      domain: proto.domain,
      inputs,
      outputs: proto.outputs.map((output) => this.#define(output, place.names)),
      branches,
      attributes: proto.attributes,
      position: this.nodes.length,
    };
    this.nodes.push(node);
    for (const output of node.outputs) if (output !== ABSENT) this.#producers[output] = node;
    if (proto.attributes.size > 0) this.#addAttributes(node, place);
  }

  /** Results of the graphs inside a node. A body takes the node's inputs where it has as many: Loop and Scan hand them on in order. */
  #branches(proto: OnnxNodeProto, name: string, inputs: readonly ValueId[], place: Place): ValueId[] {
    const results: ValueId[] = [];
    for (const [key, attribute] of proto.attributes) {
      for (const [i, graph] of attribute.graphs.entries()) {
        const part = attribute.graphs.length === 1 ? key : `${key}_${i}`;
        const inner: Place = {
          ...place,
          names: { ids: new Map(), parent: place.names },
          scope: `${place.scope}${proto.name === '' ? lastPart(name) : proto.name}/${part}/`,
          path: `${name}/${part}/`,
        };
        results.push(...this.#addGraph(graph, inner, inputs.map((id) => (id === ABSENT ? this.#values++ : id))));
      }
    }
    return results;
  }

  /** undefined where the call is left out: the node then stands for itself. */
  #callOf(fn: OnnxFunctionProto, inputs: readonly ValueId[], proto: OnnxNodeProto, place: Place): ValueId[] | undefined {
    if (place.calls.includes(fn) || place.calls.length >= MAX_CALL_DEPTH) {
      this.isCut = true;
      return undefined;
    }
    return this.#call(fn, inputs, proto.attributes, place);
  }

  #call(fn: OnnxFunctionProto, inputs: readonly ValueId[], caller: ReadonlyMap<string, OnnxAttribute>, place: Place): ValueId[] {
    this.#called.add(fn);
    const names: Names = { ids: new Map() };
    for (const [i, input] of fn.inputs.entries()) names.ids.set(input, inputs[i] ?? this.#values++);
    this.#addNodes(fn.nodes, { ...place, names, scope: `${fn.name}/`, calls: [...place.calls, fn], caller });
    return fn.outputs.map((output) => this.#resolve(output, names));
  }

  #addConstantNode(proto: OnnxNodeProto, place: Place): void {
    const output = proto.outputs[0] ?? '';
    const key = CONSTANT_VALUES.find((name) => proto.attributes.has(name));
    const own = key === undefined ? undefined : proto.attributes.get(key)!;
    const attribute = own?.reference === undefined ? own : place.caller?.get(own.reference);
    const source = attribute && constantSource(attribute);
    if (!source) {
      this.#define(output, place.names);
      return;
    }
    const name = output === '' ? proto.name : output;
    place.names.ids.set(output, this.#addConstant(attribute, name, source, place));
  }

  /** Tensors that a node holds as settings, and the coefficients of the operators of ai.onnx.ml. */
  #addAttributes(node: OnnxNode, place: Place): void {
    for (const [key, attribute] of node.attributes) {
      if (attribute.tensors.length === 0 && attribute.sparseTensors.length === 0 && !(attribute.floats && node.domain === ML_DOMAIN)) continue;
      const held = [
        ...attribute.tensors.map((tensor) => ({ kind: 'tensor', tensor }) as const),
        ...attribute.sparseTensors.map((tensor) => ({ kind: 'sparse', tensor }) as const),
        ...(attribute.floats && node.domain === ML_DOMAIN ? [{ kind: 'floats', values: attribute.floats, isScalar: false, isCut: attribute.isCut === true } as const] : []),
      ];
      const own = node.ownName === '' ? lastPart(node.name) : node.ownName;
      for (const [i, source] of held.entries()) {
        const name = `${own}/${held.length === 1 ? key : `${key}_${i}`}`;
        this.#addConstant(source.kind === 'floats' ? attribute : source.tensor, name, source, place, { holder: node, attribute: key });
      }
    }
  }

  #addConstant(key: object, name: string, source: ConstantSource, place: Place, held?: { holder: OnnxNode; attribute: string }): ValueId {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#values++;
    this.#ids.set(key, id);
    this.#isConstant[id] = true;
    this.constants.push({ name, scope: place.scope, id, source, isTraining: place.isTraining, ...held });
    return id;
  }

  #nodeName({ name, op }: OnnxNodeProto, { path }: Place): string {
    if (name !== '') return path + name;
    const stem = `${path}${op}_`;
    const count = this.#unnamed.get(stem) ?? 0;
    this.#unnamed.set(stem, count + 1);
    return stem + count;
  }

  #resolve(name: string, names: Names): ValueId {
    for (let at: Names | undefined = names; at; at = at.parent) {
      const id = at.ids.get(name);
      if (id !== undefined) return id;
    }
    // Nodes out of order: whoever gives it later has this number.
    const id = this.#values++;
    names.ids.set(name, id);
    return id;
  }

  #define(name: string, { ids }: Names): ValueId {
    if (name === '') return ABSENT;
    const known = ids.get(name);
    const id = known !== undefined && !this.#producers[known] ? known : this.#values++;
    ids.set(name, id);
    return id;
  }
}

const ML_DOMAIN = 'ai.onnx.ml';

/** Operators of ONNX itself. */
export function isStandard(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

function ambiguousScopes(constants: readonly OnnxConstant[]): Set<string> {
  const first = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const { name, scope } of constants) {
    const other = first.get(name);
    if (other === undefined) first.set(name, scope);
    else if (other !== scope) ambiguous.add(scope).add(other);
  }
  return ambiguous;
}

function functionKey(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain === 'ai.onnx' ? '' : domain, name, overload]);
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function constantSource(attribute: OnnxAttribute): ConstantSource | undefined {
  const { tensors, sparseTensors, f, i, floats, ints } = attribute;
  const isCut = attribute.isCut === true;
  if (tensors[0]) return { kind: 'tensor', tensor: tensors[0] };
  if (sparseTensors[0]) return { kind: 'sparse', tensor: sparseTensors[0] };
  if (floats) return { kind: 'floats', values: floats, isScalar: false, isCut };
  if (ints) return { kind: 'ints', values: ints, isScalar: false, isCut };
  if (f !== undefined) return { kind: 'floats', values: [f], isScalar: true, isCut };
  return i === undefined ? undefined : { kind: 'ints', values: [i], isScalar: true, isCut };
}
