import { LayerList } from './assembleModel';
import type { Assignment, LayerDraft, WeightDraft } from './assembleModel';
import { assignByModulePath, moduleName } from './moduleNames';
import type { LeafPlace, ModuleFound } from './pytorchWalk';

/** What training scripts call the dictionary of a network's weights, the likeliest first. */
const NETWORK_KEYS = ['state_dict', 'model_state_dict', 'model', 'net', 'network', 'module', 'model_state', 'params', 'weights'];
/** Dictionaries within dictionaries: { model: { state_dict: … } }. */
const MAX_WRAPPERS = 4;

/**
 * Names of tensors. The keys that lead to the one network of a checkpoint are left out, so that its names are those of a file
 * with nothing else in it; averages, a second network and the optimizer keep theirs.
 */
export function namesOf(leaves: readonly LeafPlace[]): string[] {
  const wrappers = wrappersOf(leaves);
  return leaves.map(({ path, isOptimizer }) => {
    const bare = !isOptimizer && wrappers.every((part, index) => path[index] === part) ? path.slice(wrappers.length) : path;
    return bare.length === 0 ? 'tensor' : bare.join('.');
  });
}

/** Keys before the network's own names. */
export function wrappersOf(leaves: readonly LeafPlace[]): string[] {
  const wrappers: string[] = [];
  let inside = leaves.filter(({ isOptimizer }) => !isOptimizer);
  while (wrappers.length < MAX_WRAPPERS) {
    const depth = wrappers.length;
    const within = inside.filter(({ path, dictionaryDepth }) => path.length > depth + 1 && dictionaryDepth > depth);
    const keys = new Set(within.map(({ path }) => path[depth]!));
    const only = keys.size === 1 && within.length === inside.length && depth === 0 ? [...keys][0] : undefined;
    const key = NETWORK_KEYS.find((name) => keys.has(name)) ?? only;
    if (key === undefined) break;
    wrappers.push(key);
    inside = inside.filter(({ path }) => path[depth] === key);
  }
  return wrappers;
}

export interface NamedWeights {
  readonly weights: readonly WeightDraft[];
  readonly leaves: readonly LeafPlace[];
  readonly modules: ReadonlyMap<string, ModuleFound>;
}

/** Layers of the network by the modules of its names; the optimizer's state has a layer of its own. */
export function assignLayers({ weights, leaves, modules }: NamedWeights): { layers: LayerDraft[]; assignments: Assignment[] } {
  const own = [...weights.keys()].filter((index) => !leaves[index]!.isOptimizer);
  const bare = withoutWrapper(weights, leaves);
  const network = assignByModulePath(own.map((index) => bare[index]!));
  const layers = new LayerList(network.layers);
  const byIndex = new Map(own.map((index, place) => [index, network.assignments[place]!]));
  const assignments = weights.map((_, index): Assignment => byIndex.get(index) ?? { layer: layers.ensure(optimizerLayer(leaves[index]!)), role: 'optimizer' });
  const classes = modules.size === 0 ? new Map<number, ModuleFound>() : classesByLayer({ weights: bare, leaves, modules }, assignments);
  return { layers: layers.drafts.map((draft, index) => withClass(draft, classes.get(index))), assignments };
}

/** What DDP, DeepSpeed, FSDP and torch.compile put before every name of the network, though not before what else the file holds. */
const WRAPPER = /^(?:module|_forward_module|_orig_mod|_fsdp_wrapped_module)\./;

function withoutWrapper(weights: readonly WeightDraft[], leaves: readonly LeafPlace[]): readonly WeightDraft[] {
  const wrappers = wrappersOf(leaves);
  const isNetwork = leaves.map(({ path, isOptimizer }) => !isOptimizer && wrappers.every((part, index) => path[index] === part));
  if (wrappers.length === 0 || !weights.every(({ name }, index) => !isNetwork[index] || WRAPPER.test(name))) return weights;
  return weights.map((weight, index) => (isNetwork[index] ? { ...weight, name: weight.name.replace(WRAPPER, '') } : weight));
}

function optimizerLayer({ path, dictionaryDepth }: LeafPlace): string {
  return dictionaryDepth > 1 && path[0] !== 'state' ? path[0]! : 'optimizer';
}

/** Modules that were pickled as objects tell their class. */
function classesByLayer({ weights, leaves, modules }: NamedWeights, assignments: readonly Assignment[]): Map<number, ModuleFound> {
  const classes = new Map<number, ModuleFound>();
  for (const [index, { path }] of leaves.entries()) {
    const { layer } = assignments[index]!;
    if (classes.has(layer)) continue;
    const below = moduleName(weights[index]!.name).parameter.split('.').length;
    const found = modules.get(path.slice(0, Math.max(0, path.length - below)).join('.'));
    if (found) classes.set(layer, found);
  }
  return classes;
}

function withClass(draft: LayerDraft, found: ModuleFound | undefined): LayerDraft {
  if (!found) return draft;
  const config = { ...found.config, ...draft.config };
  return { ...draft, className: found.className, ...(Object.keys(config).length > 0 && { config }) };
}
