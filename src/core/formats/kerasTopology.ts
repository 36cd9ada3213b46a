import { asArray, asString, isObject, own, ownAny } from './jsonValues';
import { facetsOf } from './kerasFacets';
import { endpointNames, inboundCalls, inboundNames } from './kerasInbound';
import { builtInputShape, declaredInputShape, mergedShape, outputShapeOf } from './kerasShapes';
import type { Shape } from './kerasShapes';
import { StoreContainer } from './kerasStorePaths';
import type { LayerDraft } from './assembleModel';
import { parseJson } from './tolerantJson';

/** Bounds what one hostile file can make us walk; the deepest published Keras models have some thousand layers. */
export const MAX_LAYERS = 50_000;
/** Models in models; three levels are rare. */
const MAX_MODEL_DEPTH = 24;

/** A layer, and the names by which weights may call it. */
export interface KerasLayer extends LayerDraft {
  /** Other paths of the same layer: of the wrapper around it, of cells by number. */
  readonly aliases: readonly string[];
  /** Where Keras 3 stores its variables (kerasStorePaths.ts). */
  readonly storePath: string;
}

export interface KerasTopology {
  /** In topology order. */
  readonly layers: readonly KerasLayer[];
  readonly kerasVersion?: string;
  /** What was not read, as part of a sentence. */
  readonly flaw?: string;
}

/** Reads a modelTopology value of any generation. Never throws for odd configurations: what cannot be read is left out. */
export function readTopology(topology: unknown, fileName: string): KerasTopology {
  const root = unwrapped(topology, fileName);
  const model = modelConfig(ownAny(root, 'model_config', 'modelConfig'), fileName) ?? modelConfig(root, fileName);
  const kerasVersion = asString(ownAny(root, 'keras_version', 'kerasVersion'));
  const version = kerasVersion === undefined ? {} : { kerasVersion };
  if (!model) return { layers: [], ...version, flaw: 'its topology names no layers' };
  const walk = new Walk();
  walk.model(model.className, model.config, { prefix: '', store: 'layers', outer: [], depth: 0 });
  return { layers: walk.finished(), ...version, ...(walk.flaw !== undefined && { flaw: walk.flaw }) };
}

/** Some converters wrote JSON within JSON. */
function unwrapped(value: unknown, fileName: string): unknown {
  return typeof value === 'string' ? parseJson(value, `The topology in ${fileName}`) : value;
}

function modelConfig(value: unknown, fileName: string): { className: string; config: unknown } | undefined {
  const model = unwrapped(value, fileName);
  const config = own(model, 'config');
  const className = asString(ownAny(model, 'class_name', 'className'));
  if (config !== undefined) return { className: className ?? (Array.isArray(config) ? 'Sequential' : 'Functional'), config };
  return Array.isArray(own(model, 'layers')) ? { className: className ?? 'Functional', config: model } : undefined;
}

/** What a name stands for in its model: the layers that carry its output, and the output's shape where it follows. */
interface Output {
  readonly layers: readonly string[];
  readonly shape: Shape | undefined;
}

/** Where a model stands in the one around it. */
interface Place {
  /** Of its layers' names. */
  readonly prefix: string;
  /** The path under which Keras 3 stores its layers. */
  readonly store: string;
  /** What goes into it. */
  readonly outer: readonly Output[];
  readonly depth: number;
}

/** Where a layer stands in its model. */
interface EntryPlace {
  readonly prefix: string;
  readonly container: StoreContainer;
  readonly depth: number;
}

class Walk {
  readonly #layers: KerasLayer[] = [];
  readonly #taken = new Set<string>();
  flaw: string | undefined;

  finished(): readonly KerasLayer[] {
    return this.#layers;
  }

  model(className: string, config: unknown, place: Place): Output {
    const entries = Array.isArray(config) ? config : asArray(own(config, 'layers'));
    if (place.depth > MAX_MODEL_DEPTH) {
      this.flaw = `its models nest deeper than ${MAX_MODEL_DEPTH} levels`;
      return NOTHING;
    }
    return className === 'Sequential' ? this.#sequential(entries, config, place) : this.#functional(entries, config, place);
  }

  #sequential(entries: readonly unknown[], config: unknown, { prefix, store, outer, depth }: Place): Output {
    const place = { prefix, container: new StoreContainer(store), depth };
    const built = declaredInputShape(config) ?? builtInputShape({ input_shape: own(config, 'build_input_shape') });
    let before: readonly Output[] = outer.length > 0 || !built ? outer : [{ layers: [], shape: built }];
    for (const entry of entries) before = [this.#entry(entry, place, [before])];
    return before[0] ?? NOTHING;
  }

  #functional(entries: readonly unknown[], config: unknown, { prefix, store, outer, depth }: Place): Output {
    const place = { prefix, container: new StoreContainer(store), depth };
    const scope = new Map<string, Output>();
    const inputs = endpointNames(own(config, 'input_layers'));
    for (const entry of entries) {
      const name = nameOf(entry);
      const calls = inboundCalls(ownAny(entry, 'inbound_nodes', 'inboundNodes')).map((call) =>
        inboundNames(call).map((from) => scope.get(from) ?? { layers: [prefix + from], shape: undefined }),
      );
      const given = outer[inputs.indexOf(name)];
      scope.set(name, this.#entry(entry, place, calls.length > 0 ? calls : given ? [[given]] : [[]]));
    }
    const outputs = endpointNames(own(config, 'output_layers')).map((name) => scope.get(name) ?? NOTHING);
    return { layers: outputs.flatMap((output) => output.layers), shape: outputs.length === 1 ? outputs[0]!.shape : undefined };
  }

  /** @param calls the inputs of each use of this layer. */
  #entry(entry: unknown, { prefix, container, depth }: EntryPlace, calls: readonly (readonly Output[])[]): Output {
    const className = asString(ownAny(entry, 'class_name', 'className')) ?? '';
    const config = own(entry, 'config');
    const path = prefix + nameOf(entry);
    const store = container.next(className, asString(own(entry, 'module')));
    if (isModel(className, config)) return this.model(className, config, { prefix: `${path}/`, store: `${store}/layers`, outer: calls[0] ?? [], depth: depth + 1 });
    const wrapped = own(config, 'layer');
    if (isObject(wrapped)) return this.#wrapper(className, entry, wrapped, { path, store, calls, depth });
    const cells = cellsOf(config);
    if (cells.length > 1) return this.#cells(cells, config, { path, store, calls });
    const cell = cells[0];
    const shape = sharedShape(className, entry, calls);
    const facets = cell === undefined ? facetsOf(config) : { ...facetsOf(own(cell, 'config')), ...facetsOf(config) };
    return this.#leaf({ path, store, calls, aliases: [] }, className, facets, shape);
  }

  #wrapper(className: string, entry: unknown, inner: unknown, { path, store, calls, depth }: Used & { readonly depth: number }): Output {
    const config = own(entry, 'config');
    const innerClass = asString(ownAny(inner, 'class_name', 'className')) ?? '';
    const innerConfig = own(inner, 'config');
    if (isModel(innerClass, innerConfig)) return this.model(innerClass, innerConfig, { prefix: `${path}/`, store: `${store}/layer/layers`, outer: [], depth: depth + 1 });
    const facets = facetsOf(innerConfig);
    const trainable = facetsOf(config).trainable;
    const both: Omit<LayerDraft, 'name'> = { ...facets, ...(trainable !== undefined && { trainable }), config: { ...facets.config, wrapper: className } };
    if (className !== 'Bidirectional') {
      const shape = className === 'TimeDistributed' ? timeDistributedShape(innerClass, innerConfig, calls[0]?.[0]?.shape) : undefined;
      return this.#leaf({ path, store, calls, aliases: [`${path}/${nameOf(inner)}`] }, innerClass, both, shape);
    }
    const shape = sharedShape(innerClass, { config: innerConfig }, withDeclared(calls, config));
    const bare = nameOf(inner).replace(/^(?:forward|backward)_/, '');
    const [forward, backward] = (['forward', 'backward'] as const).map((direction) =>
      this.#leaf({ path: `${path}/${direction}_${bare}`, store: `${store}/${direction}_layer`, calls, aliases: [`${path}/${direction}_layer`] }, innerClass, both, shape),
    );
    return { layers: [...forward!.layers, ...backward!.layers], shape: mergedShape(shape, own(config, 'merge_mode') ?? own(config, 'mergeMode')) };
  }

  /** Stacked cells are layers of their own: each has its kernels. */
  #cells(cells: readonly unknown[], config: unknown, { path, store, calls }: Used): Output {
    const container = new StoreContainer(`${store}/cell/cells`);
    let inputs = calls;
    for (const [index, cell] of cells.entries()) {
      const className = asString(ownAny(cell, 'class_name', 'className')) ?? '';
      const facets = facetsOf(own(cell, 'config'));
      const used = { path: `${path}/${nameOf(cell)}`, store: container.next(className), calls: inputs, aliases: [`${path}/RNNCell_${index}`, `${path}/cell_${index}`] };
      inputs = [[this.#leaf(used, className, facets, undefined)]];
    }
    const last = cells.at(-1);
    const shape = sharedShape('SimpleRNN', { config: { ...(isObject(config) ? config : {}), units: own(own(last, 'config'), 'units') } }, calls);
    return { layers: inputs[0]?.[0]?.layers ?? [], shape };
  }

  #leaf({ path, store, calls, aliases }: Used & { readonly aliases: readonly string[] }, className: string, facets: Omit<LayerDraft, 'name'>, shape: Shape | undefined): Output {
    if (this.#layers.length >= MAX_LAYERS) {
      this.flaw = `it has more than ${MAX_LAYERS} layers`;
      return NOTHING;
    }
    const name = this.#unique(path);
    const inputs = [...new Set(calls.flatMap((call) => call.flatMap((output) => output.layers)))];
    this.#layers.push({ name, ...(className !== '' && { className }), ...facets, ...(shape && { outputShape: shape }), inputs, aliases, storePath: store });
    return { layers: [name], shape };
  }

  #unique(path: string): string {
    let name = path;
    for (let count = 2; this.#taken.has(name); count++) name = `${path} (${count})`;
    this.#taken.add(name);
    return name;
  }
}

/** A layer's name and path in Keras 3's store, and the inputs of each use of it. */
interface Used {
  readonly path: string;
  readonly store: string;
  readonly calls: readonly (readonly Output[])[];
}

const NOTHING: Output = { layers: [], shape: undefined };

function nameOf(entry: unknown): string {
  const name = asString(own(entry, 'name')) ?? asString(own(own(entry, 'config'), 'name'));
  return name ?? asString(ownAny(entry, 'class_name', 'className')) ?? 'layer';
}

function isModel(className: string, config: unknown): boolean {
  return Array.isArray(own(config, 'layers')) || (className === 'Sequential' && Array.isArray(config));
}

/** The cells of an RNN layer: one, or those of a stack. */
function cellsOf(config: unknown): readonly unknown[] {
  const cell = own(config, 'cell');
  if (!isObject(cell)) return [];
  const stacked = own(own(cell, 'config'), 'cells');
  return Array.isArray(stacked) ? stacked : [cell];
}

/** The output shape of a layer where all its uses have the same. */
function sharedShape(className: string, entry: unknown, calls: readonly (readonly Output[])[]): Shape | undefined {
  const config = own(entry, 'config');
  const declared = declaredInputShape(config) ?? builtInputShape(ownAny(entry, 'build_config'));
  const shapes = calls.map((call) => {
    const known = call.map((output) => output.shape);
    const inputs = known.length > 0 && known.every((shape) => shape !== undefined) ? known : known.length <= 1 && declared ? [declared] : known;
    return outputShapeOf(className, config, inputs);
  });
  const first = shapes[0];
  return first && shapes.every((shape) => shape && sameShape(shape, first)) ? first : undefined;
}

function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i]);
}

function withDeclared(calls: readonly (readonly Output[])[], config: unknown): readonly (readonly Output[])[] {
  const declared = declaredInputShape(config);
  return declared && calls.every((call) => call.length === 0) ? [[{ layers: [], shape: declared }]] : calls;
}

/** The inner layer sees the input without its second dimension. */
function timeDistributedShape(className: string, config: unknown, input: Shape | undefined): Shape | undefined {
  if (!input || input.length < 3) return undefined;
  const inner = outputShapeOf(className, config, [[input[0]!, ...input.slice(2)]]);
  return inner && [inner[0]!, input[1]!, ...inner.slice(1)];
}

/** What serves only to find a layer is no part of it. */
export function layerDraftOf(layer: KerasLayer): LayerDraft {
  const draft: { aliases?: unknown; storePath?: unknown } & LayerDraft = { ...layer };
  delete draft.aliases;
  delete draft.storePath;
  return draft;
}
