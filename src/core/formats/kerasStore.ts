import type { WeightDraft, Assignment, LayerDraft } from './assembleModel';
import { LayerList } from './assembleModel';
import type { Hdf5Contents, Hdf5Dataset } from './hdf5/walk';
import { classOfPart, variableAlone, variableByShapes, variableName } from './kerasStorePaths';
import { layerDraftOf } from './kerasTopology';
import type { KerasLayer } from './kerasTopology';
import { variableRole } from './kerasWeights';

/** What a file's datasets become: each in a layer. */
export interface AssignedWeights {
  readonly weights: readonly WeightDraft[];
  readonly layers: readonly LayerDraft[];
  /** One for each weight, in order. */
  readonly assignments: readonly Assignment[];
}

export type StoreContents = Pick<Hdf5Contents, 'datasets' | 'varsNames'>;

/** A dataset of Keras 3's store, by its path. */
interface Variable {
  readonly dataset: Hdf5Dataset;
  /** Of the object that it belongs to, without `/vars`. */
  readonly object: string;
  /** Its number, or the name that a layer of its own gave it. */
  readonly key: string;
}

/** Whether a file is one of Keras 3: variables lie in groups called `vars`. */
export function isStore(contents: StoreContents): boolean {
  const stored = contents.datasets.filter(({ path }) => variablePath(path) !== undefined).length;
  return stored > 0 && stored * 2 >= contents.datasets.length;
}

/**
 * Keras 3's store of variables, and that of Keras 2.12 and later. With a topology a variable belongs to the layer whose path its own
 * begins with, and is named as Keras names it; without one layers are the objects of the file, in the order of creation.
 */
export function assignStore(contents: StoreContents, topology: readonly KerasLayer[]): AssignedWeights {
  const variables = [...contents.datasets].sort((a, b) => a.address - b.address).map(variableOf);
  const names = new StoreNames(contents.varsNames);
  const shapes = shapesByObject(variables);
  const layers = new LayerList(topology.map(layerDraftOf));
  const byPath = layersByPath(topology, names);
  const weights: WeightDraft[] = [];
  const assignments: Assignment[] = [];
  for (const variable of variables) {
    const state = trainingState(variable);
    const found = state === undefined ? longestPrefix(byPath, variable.object) : undefined;
    const placed = state ? inState(variable, state, layers) : found ? inTopology(variable, found, topology, names) : byItself(variable, layers, names, shapes.get(variable.object)!);
    weights.push({ ...variable.dataset.draft, name: placed.name });
    assignments.push(placed.assignment);
  }
  return { weights, layers: layers.drafts, assignments };
}

interface Placed {
  readonly name: string;
  readonly assignment: Assignment;
}

/** Keras on Windows once wrote its own separator; version 2.13 had another word for layers. */
function normalized(path: string): string {
  return path.replaceAll('\\', '/').replace(/(^|\/)_layer_checkpoint_dependencies\//g, '$1layers/');
}

function variablePath(path: string): RegExpExecArray | undefined {
  return /^(?:(.*)\/)?vars\/([^/]+)$/.exec(normalized(path)) ?? undefined;
}

function variableOf(dataset: Hdf5Dataset): Variable {
  const match = variablePath(dataset.path);
  if (match) return { dataset, object: match[1] ?? '', key: match[2]! };
  const path = normalized(dataset.path);
  const cut = path.lastIndexOf('/');
  return { dataset, object: cut < 0 ? '' : path.slice(0, cut), key: path.slice(cut + 1) };
}

function shapesByObject(variables: readonly Variable[]): Map<string, (readonly number[])[]> {
  const shapes = new Map<string, (readonly number[])[]>();
  for (const { object, key, dataset } of variables) {
    const own = shapes.get(object) ?? [];
    if (/^\d{1,3}$/.test(key)) own[Number(key)] = dataset.draft.shape;
    shapes.set(object, own);
  }
  return shapes;
}

/** What is kept for training, and is no layer's. */
function trainingState({ object, dataset }: Variable): 'optimizer' | 'metrics' | undefined {
  const first = normalized(dataset.path).split('/')[0]!;
  if (/^_?optimizer\b/.test(first) && object !== '') return 'optimizer';
  return /^_?metrics?\b|^_?loss_tracker\b|^compile_metrics\b|^_compile_(?:metrics|loss)\b/.test(first) ? 'metrics' : undefined;
}

function inState({ dataset }: Variable, state: 'optimizer' | 'metrics', layers: LayerList): Placed {
  return { name: dataset.path, assignment: { layer: layers.ensure(state), role: state === 'optimizer' ? 'optimizer' : 'constant' } };
}

/**
 * Where a layer's own name stands in the file (since Keras 3.7 or so) and is another layer's of the same model, that one is meant:
 * the store numbers layers in an order that programs can change.
 */
function layersByPath(topology: readonly KerasLayer[], names: StoreNames): Map<string, number> {
  const byPath = new Map<string, number>();
  const byName = new Map<string, number>();
  for (const [index, { name, storePath }] of topology.entries()) {
    byPath.set(storePath, index);
    byName.set(name, index);
  }
  for (const [index, { name, storePath }] of topology.entries()) {
    const stored = names.of(storePath);
    if (stored === undefined || stored === lastPart(name)) continue;
    const meant = byName.get(name.slice(0, name.length - lastPart(name).length) + stored);
    if (meant !== undefined && lastPart(topology[meant]!.storePath).replace(/_\d+$/, '') === lastPart(storePath).replace(/_\d+$/, '')) byPath.set(storePath, meant);
    else byPath.set(storePath, index);
  }
  return byPath;
}

function longestPrefix(byPath: ReadonlyMap<string, number>, object: string): { index: number; rest: readonly string[] } | undefined {
  const parts = object.split('/');
  for (let length = parts.length; length > 0; length--) {
    const index = byPath.get(parts.slice(0, length).join('/'));
    if (index !== undefined) return { index, rest: parts.slice(length) };
  }
  return undefined;
}

/** Named as Keras names it: the layer, the objects within it, the variable. */
function inTopology({ object, key, dataset }: Variable, { index, rest }: { index: number; rest: readonly string[] }, topology: readonly KerasLayer[], names: StoreNames): Placed {
  const layer = topology[index]!;
  const parts = object.split('/');
  const begin = parts.length - rest.length;
  const inner = rest.flatMap((part, i) => (part === 'seed_generator' ? [] : [names.of(parts.slice(0, begin + i + 1).join('/')) ?? part]));
  const isOwn = rest.every((part) => part === 'cell' || part === 'layer');
  const className = isOwn ? ownClass(layer, rest) : classOfPart(rest.at(-1)!);
  const variable = rest.includes('seed_generator') ? 'seed_generator_state' : variableName({ ...layer, className: className ?? '' }, key);
  // A number that stands for nothing known stays where it was found.
  const name = [layer.name, ...inner, ...(variable === key && /^\d+$/.test(key) ? ['vars', key] : [variable])].join('/');
  const { shape } = dataset.draft;
  const roleClass = isOwn || isAttention(layer.className) ? layer.className : className;
  return { name, assignment: { layer: index, ...variableRole(roleClass ?? '', variable, { shape, isOptimizer: false }) } };
}

/** A wrapper's own variables are none of the layer in it, and a bare RNN's are its cell's. */
function ownClass({ className, config }: KerasLayer, rest: readonly string[]): string | undefined {
  if (config?.['wrapper'] !== undefined && rest.length === 0) return undefined;
  return className === 'RNN' ? 'SimpleRNN' : className;
}

function isAttention(className: string | undefined): boolean {
  return className === 'MultiHeadAttention' || className === 'GroupQueryAttention';
}

/** Parts of a layer that are no layers of their own. */
const INNER = /^(?:cell|layer|seed_generator|_?random_generator|(?:query|key|value|output)_dense)$/;

function byItself({ object, key, dataset }: Variable, layers: LayerList, names: StoreNames, shapes: readonly (readonly number[])[]): Placed {
  const parts = object.split('/');
  let end = parts.length;
  while (end > 1 && INNER.test(parts[end - 1]!)) end--;
  const layerParts = parts.slice(0, end);
  const shown = layerParts.flatMap((part, i) => (part === 'layers' || part === 'cells' || (part === 'cell' && i > 0) ? [] : [names.of(layerParts.slice(0, i + 1).join('/')) ?? part]));
  const layerName = shown.length === 0 || shown[0] === '' ? 'model' : shown.join('/');
  const className = classOfLayer(layerParts, object, names);
  const isSeed = /(?:^|\/)(?:seed_generator|_?random_generator)$/.test(object);
  const inner = classOfPart(parts.at(-1)!);
  const known = isSeed ? 'seed_generator_state' : variableAlone(inner ?? className ?? '', key, shapes.length);
  const guessed = known === key && /^\d+$/.test(key) && className === undefined ? (variableByShapes(shapes, Number(key)) ?? key) : known;
  const isEmbedding = className === undefined && guessed === 'kernel' && shapes.length === 1 && /embed/i.test(layerParts.at(-1) ?? '');
  const layer = layers.ensure(layerName);
  if (className !== undefined && layers.drafts[layer]!.className === undefined) layers.drafts[layer] = { ...layers.drafts[layer]!, className };
  const { shape } = dataset.draft;
  return { name: dataset.path, assignment: { layer, ...variableRole(className ?? inner ?? '', isEmbedding ? 'embeddings' : guessed, { shape, isOptimizer: false }) } };
}

/** Only a place in a container is named by its class: attributes of a program's own model may be called as anything. */
function classOfLayer(layerParts: readonly string[], object: string, names: StoreNames): string | undefined {
  const direction = /^(?:forward|backward)_layer$/.test(layerParts.at(-1) ?? '');
  if (direction) return classOfPart((names.of(layerParts.join('/')) ?? '').replace(/^(?:forward|backward)_/, ''));
  const found = classOfPart(layerParts.at(-1) ?? '');
  if (found === 'TimeDistributed' || found === 'RNN' || found === 'Bidirectional') return classOfPart((names.of(object) ?? '').replace(/_cell$/, ''));
  return found;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Names that objects have in the program: an attribute of their variables' group. */
class StoreNames {
  readonly #names = new Map<string, string>();

  constructor(varsNames: ReadonlyMap<string, string>) {
    for (const [path, name] of varsNames) this.#names.set(normalized(path).replace(/(?:^|\/)vars$/, ''), name);
  }

  of(object: string): string | undefined {
    return this.#names.get(object);
  }
}
