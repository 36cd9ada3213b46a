import { PickleCall, PickleDict, PickleGlobal } from './pickleValues';
import type { PickleValue } from './pickleValues';
import { containerClass } from './pytorchStorages';
import { isTensor } from './pytorchTensors';
import { pathOf } from './pytorchTypes';

/** Where a tensor stands in a pickled value. */
export interface LeafPlace {
  /** Keys, attributes and indices that lead to it. */
  readonly path: readonly string[];
  /** How many of the first parts are keys of plain dictionaries: what a training script chose, not the network. */
  readonly dictionaryDepth: number;
  readonly isOptimizer: boolean;
}

/** A tensor as the walk through a pickled value comes upon it. */
export interface Leaf extends LeafPlace {
  readonly call: PickleCall;
}

/** A network's module that was pickled as an object. */
export interface ModuleFound {
  readonly className: string;
  /** Settings of the module: numbers, short texts, short lists of them. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface Walked {
  readonly leaves: readonly Leaf[];
  /** By path, joined with dots. */
  readonly modules: ReadonlyMap<string, ModuleFound>;
  /** Classes that were understood as modules or as plain holders of attributes. */
  readonly understood: ReadonlySet<PickleGlobal>;
  /** Why the walk left something out, where it did. */
  readonly omissions: readonly string[];
}

/** A network nests its modules a few levels deep; what goes deeper was made to exhaust a program. */
export const MAX_DEPTH = 100;
/** More containers than a checkpoint of a hundred thousand tensors and its optimizer have. */
export const MAX_CONTAINERS = 2_000_000;
/** The most tensors that are listed. */
export const MAX_TENSORS = 500_000;
/** Of a module's settings. */
const MAX_SETTINGS = 24;
const MAX_SETTING_CHARACTERS = 80;

/** Keys under which training scripts keep what is not the network. */
const OPTIMIZER_KEY = /^(?:(?:\w+_)?optim(?:izers?)?(?:_(?:states?|state_dict|dict|g|d|gen|disc|[gd]))?|optimizer\w*|opt(?:_[gd])?|opt_state\w*|(?:lr_)?schedulers?\w*|grad_scaler|scaler|loss_scaler|amp|\w*(?:rng|random)_?states?)$/i;
/** Attributes of torch.nn.Module that hold its parts, and give them no name of their own. */
const MODULE_PARTS = ['_parameters', '_buffers', '_modules'];
const MODULE_NOISE = /^(?:_?\w*_hooks?\w*|_non_persistent_buffers_set|_version|_backend|_flat_weights|_all_weights|_is_full_backward_hook|__overloads__|_is_hf_initialized|_load_state_dict_\w+|dump_patches|call_super_init)$/;

/** Functions of which the first argument is what they give back. */
const TRANSPARENT = /^(?:(?:builtins|__builtin__)\.(?:set|frozenset|list|tuple|dict)|collections\.(?:OrderedDict|deque|Counter)|torch\.jit\._pickle\.(?:restore_type_tag|build_\w+)|types\.MappingProxyType)$/;

/** Every tensor of a value, in the order in which its writer put them. Cycles end where they close. */
export function walkTensors(root: PickleValue): Walked {
  const walk = new Walk();
  walk.visit(root, { path: [], dictionaryDepth: 0, isInDictionaries: true, isOptimizer: isOptimizerState(root) });
  return walk;
}

interface Place {
  readonly path: readonly string[];
  readonly dictionaryDepth: number;
  readonly isInDictionaries: boolean;
  readonly isOptimizer: boolean;
}

class Walk implements Walked {
  readonly leaves: Leaf[] = [];
  readonly modules = new Map<string, ModuleFound>();
  readonly understood = new Set<PickleGlobal>();
  readonly omissions: string[] = [];
  readonly #seen = new Set<PickleValue>();
  #containers = 0;

  visit(value: PickleValue, place: Place): void {
    if (typeof value !== 'object' || value === null) return;
    if (isTensor(value)) {
      this.#leaf(value, place);
      return;
    }
    if (!(Array.isArray(value) || value instanceof PickleDict || value instanceof PickleCall) || this.#seen.has(value)) return;
    this.#seen.add(value);
    if (place.path.length >= MAX_DEPTH) return this.#omit(`it nests its values more than ${MAX_DEPTH} levels deep; what lies deeper is left out`);
    if (++this.#containers > MAX_CONTAINERS) return this.#omit(`it holds more than ${MAX_CONTAINERS} lists and dictionaries; the rest is left out`);
    if (Array.isArray(value)) this.#list(value, place);
    else if (value instanceof PickleDict) this.#entries(value.entries, place);
    else this.#object(value, place);
  }

  #leaf(call: PickleCall, { path, dictionaryDepth, isOptimizer }: Place): void {
    if (this.leaves.length >= MAX_TENSORS) return this.#omit(`it holds more than ${MAX_TENSORS} tensors; the rest is left out`);
    this.leaves.push({ path, dictionaryDepth, isOptimizer, call });
  }

  #omit(what: string): void {
    if (!this.omissions.includes(what)) this.omissions.push(what);
  }

  #list(items: readonly PickleValue[], place: Place): void {
    for (const [index, item] of items.entries()) if (typeof item === 'object' && item !== null) this.visit(item, below(place, String(index), false));
  }

  #entries(entries: ReadonlyMap<PickleValue, PickleValue>, place: Place): void {
    let index = 0;
    for (const [key, item] of entries) {
      const name = typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean' ? String(key) : `[${index}]`;
      index++;
      if (typeof item !== 'object' || item === null) continue;
      const isOptimizer = place.isOptimizer || (place.isInDictionaries && (OPTIMIZER_KEY.test(name) || isOptimizerState(item)));
      this.visit(item, { ...below(place, name, true), isOptimizer });
    }
  }

  #object(call: PickleCall, place: Place): void {
    const { items, entries, args } = call;
    const callee = containerClass(call.callee);
    const path = pathOf(callee);
    if (path !== undefined && TRANSPARENT.test(path) && Array.isArray(args) && args.length > 0) this.#arguments(path, args[0]!, place);
    if (path !== undefined && /^copy_?reg\._reconstructor$/.test(path) && Array.isArray(args) && args.length > 0) {
      // Objects of protocols 0 and 1: the class is an argument.
      this.#state(containerClass(args[0]!), call, place);
    } else {
      this.#state(callee, call, place);
    }
    if (entries) this.#entries(entries, place);
    if (items) this.#list(items, place);
  }

  /** OrderedDict([(key, value), …]), as Python 2 pickled it, is a dictionary too. */
  #arguments(path: string, first: PickleValue, place: Place): void {
    const isMapping = /Dict|dict$|Counter/.test(path) && Array.isArray(first) && first.every((pair) => Array.isArray(pair) && pair.length === 2);
    if (isMapping) this.#entries(new Map(first as unknown as [PickleValue, PickleValue][]), place);
    else this.visit(first, place);
  }

  #state(callee: PickleValue, { state }: PickleCall, place: Place): void {
    if (typeof state !== 'object' || state === null) return;
    const attributes = attributesOf(state);
    const isMapping = callee instanceof PickleGlobal && /(?:OrderedDict|defaultdict)$/.test(callee.name);
    // Of a dictionary's attributes _metadata is all that PyTorch writes.
    if (isMapping) return;
    if (!attributes) {
      this.visit(state, { ...place, isInDictionaries: false });
      return;
    }
    if (callee instanceof PickleGlobal) this.#module(callee, attributes, place);
    for (const [key, item] of attributes) {
      if (typeof key !== 'string' || typeof item !== 'object' || item === null || MODULE_NOISE.test(key)) continue;
      if (MODULE_PARTS.includes(key)) this.#parts(item, place);
      else this.visit(item, below(place, key, false));
    }
  }

  /** Parameters, buffers or submodules: their keys follow the module's own path. */
  #parts(parts: PickleValue, place: Place): void {
    const entries = entriesOf(parts);
    if (!entries) return;
    for (const [key, item] of entries) if (typeof key === 'string') this.visit(item, below(place, key, false));
  }

  #module(global: PickleGlobal, attributes: ReadonlyMap<PickleValue, PickleValue>, { path }: Place): void {
    const isScripted = global.module.startsWith('__torch__');
    if (!isScripted && !MODULE_PARTS.some((part) => attributes.has(part))) return;
    this.understood.add(global);
    this.modules.set(path.join('.'), { className: global.name.slice(global.name.lastIndexOf('.') + 1), config: settingsOf(attributes) });
  }
}

function below(place: Place, part: string, isKey: boolean): Place {
  const isInDictionaries = place.isInDictionaries && isKey;
  return { path: [...place.path, part], dictionaryDepth: place.dictionaryDepth + (isInDictionaries ? 1 : 0), isInDictionaries, isOptimizer: place.isOptimizer };
}

/** What an optimizer's state_dict() gives: torch/optim/optimizer.py. */
function isOptimizerState(value: PickleValue): boolean {
  const entries = entriesOf(value);
  return entries !== undefined && entries.has('state') && entries.has('param_groups');
}

/** Of a dictionary or what is derived from it. */
export function entriesOf(value: PickleValue | undefined): ReadonlyMap<PickleValue, PickleValue> | undefined {
  if (value instanceof PickleDict) return value.entries;
  return value instanceof PickleCall ? value.entries : undefined;
}

/** __dict__, or (__dict__, slots). */
function attributesOf(state: PickleValue): ReadonlyMap<PickleValue, PickleValue> | undefined {
  if (state instanceof PickleDict) return state.entries;
  return Array.isArray(state) && state.length === 2 ? entriesOf(state[0]) : undefined;
}

function settingsOf(attributes: ReadonlyMap<PickleValue, PickleValue>): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  let count = 0;
  for (const [key, value] of attributes) {
    if (typeof key !== 'string' || key.startsWith('_') || count >= MAX_SETTINGS) continue;
    const setting = settingOf(value);
    if (setting === undefined) continue;
    Object.defineProperty(settings, key, { value: setting, enumerable: true, configurable: true, writable: true });
    count++;
  }
  return settings;
}

function settingOf(value: PickleValue): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.length <= MAX_SETTING_CHARACTERS ? value : undefined;
  return Array.isArray(value) && value.length > 0 && value.length <= 8 && value.every((item) => typeof item === 'number') ? value : undefined;
}
