import type { Assignment, LayerDraft, WeightDraft } from './assembleModel';
import { LayerList } from './assembleModel';
import { configOf, classNameOf } from './moduleClasses';
import { assignmentOf, isModuleOptimizer, lastPart } from './moduleRoles';
import { Members } from './moduleMembers';
import type { ModuleGroup } from './moduleRoles';

/** A parameter's name taken apart: `model.layers.0.mlp.up_proj.weight` is `weight` of the module `model.layers.0.mlp.up_proj`. */
export interface ModuleName {
  readonly path: string;
  readonly parameter: string;
}

export interface ModuleNameOptions {
  /** Where the state of an optimizer lies; 'optimizer' where absent. */
  readonly optimizerLayer?: string;
}

/** Parts of names that torch.compile, DDP and DeepSpeed put around a model: modules that hold nothing of their own. */
const WRAPPERS = /^(?:module|_orig_mod|_forward_module|_fsdp_wrapped_module)[.]/;
const INNER_WRAPPERS = /([./])(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=[./])/g;

/**
 * What belongs to a module although more parts follow: LoRA's pair and the weight that it adapts (PEFT, kohya, LyCORIS), parametrizations
 * of torch.nn.utils, and what bitsandbytes and others keep below a weight (`weight.absmax`).
 */
const BELOW_A_MODULE = /[./](?:lora_[A-Za-z]\w*|base_layer|modules_to_save|parametrizations|hada_w\w+|lokr_w\w+|weight_fake_quant|activation_post_process|q?weight(?=[./]))(?:[./]|$)/;

/**
 * Layers of names as PyTorch and those that follow it write them: each module that has parameters of its own is a layer, in the order in which
 * they first come. Roles, unit axes and classes follow from the last parts of the names and from what else the module holds; what they do not tell
 * stays `other` and absent.
 */
export function assignByModulePath(weights: readonly WeightDraft[], options: ModuleNameOptions = {}): { layers: LayerDraft[]; assignments: Assignment[] } {
  const optimizerLayer = options.optimizerLayer ?? 'optimizer';
  const layers = new LayerList();
  const groups: Group[] = [];
  const parameters: string[] = [];
  const places = new Uint32Array(weights.length);
  withoutWrappers(weights.map(({ name }) => name)).forEach((name, index) => {
    const isOptimizer = isModuleOptimizer(name);
    const { path, parameter } = isOptimizer ? { path: optimizerLayer, parameter: name } : moduleName(name);
    const layer = layers.ensure(path);
    const known = groups[layer];
    if (known) known.members.set(parameter, weights[index]!);
    else groups[layer] = { path, last: lastPart(path), isOptimizer, members: new Members(parameter, weights[index]!), assignments: undefined };
    places[index] = layer;
    parameters.push(parameter);
  });
  const model = { groups, isTransposed: hasTransposedLinears(groups), firstKernel: firstKernelOf(groups), lastHeads: lastHeadsOf(groups) };
  const assignments = weights.map((weight, index) => {
    const group = groups[places[index]!]!;
    const assignment = assignmentOf(model, places[index]!, { group, parameter: parameters[index]!, weight });
    if (group.assignments) group.assignments.push(assignment);
    else group.assignments = [assignment];
    return assignment;
  });
  return { layers: layers.drafts.map((draft, layer) => withFacts(draft, groups[layer]!)), assignments };
}

interface Group extends ModuleGroup {
  readonly members: Members;
  assignments: Assignment[] | undefined;
}

function withFacts(draft: LayerDraft, group: Group): LayerDraft {
  if (group.isOptimizer) return draft;
  const assignments = group.assignments ?? [];
  const className = classNameOf(group, assignments);
  const config = configOf(group, assignments);
  // Models have a hundred thousand of these: spreading them takes longer than all else.
  if (className === undefined) return config ? { name: draft.name, config } : draft;
  return config ? { name: draft.name, className, config } : { name: draft.name, className };
}

/** A name without a path is a module of its own. */
export function moduleName(name: string): ModuleName {
  const bare = name.replace(/ \(\d{1,9}\)$/, '');
  const below = BELOW_A_MODULE.exec(bare);
  const cut = below && below.index > 0 ? below.index : Math.max(bare.lastIndexOf('.'), bare.lastIndexOf('/'));
  return cut <= 0 ? { path: bare, parameter: bare } : { path: bare.slice(0, cut), parameter: bare.slice(cut + 1) };
}

/** A wrapper around everything goes; one that some names lack tells two copies apart and stays. */
function withoutWrappers(names: readonly string[]): string[] {
  let bare = names.map((name) => name.replace(INNER_WRAPPERS, ''));
  for (;;) {
    const first = bare.find((name) => !isModuleOptimizer(name));
    const wrapper = first === undefined ? undefined : WRAPPERS.exec(first)?.[0];
    if (wrapper === undefined || !bare.every((name) => name.startsWith(wrapper) || isModuleOptimizer(name))) return bare;
    bare = bare.map((name) => (name.startsWith(wrapper) ? name.slice(wrapper.length) : name));
  }
}

/**
 * GPT-2 of Hugging Face keeps its matrices as [in, out] (transformers' Conv1D), others of the same names as [out, in]: the ones that are not
 * square tell for all.
 */
function hasTransposedLinears(groups: readonly ModuleGroup[]): boolean {
  for (const { path, members } of groups) {
    const shape = members.get('weight')?.shape;
    if (shape?.length !== 2 || shape[0] === shape[1] || !/(?:^|[./])c_(?:attn|fc)$/.test(path)) continue;
    return shape[1]! > shape[0]!;
  }
  return false;
}

/** Filters of one input channel are depthwise, except in the layer that reads a picture of one channel. */
function firstKernelOf(groups: readonly ModuleGroup[]): ModuleGroup | undefined {
  return groups.find(({ members }) => members.some(({ shape }) => shape.length > 1));
}

/** torchvision's heads are sequences: of `classifier.0`, `classifier.3` and `classifier.6` the last one is the head. */
function lastHeadsOf(groups: readonly ModuleGroup[]): ReadonlySet<ModuleGroup> {
  const last = new Map<string, { group: ModuleGroup; number: number }>();
  for (const group of groups) {
    if (!/^\d+$/.test(group.last)) continue;
    const match = /^(.*(?:^|[./])(?:classifier|head|heads))[./](\d+)$/.exec(group.path);
    if (!match || group.members.get('weight')?.shape.length !== 2) continue;
    const known = last.get(match[1]!);
    const number = Number(match[2]);
    if (!known || number > known.number) last.set(match[1]!, { group, number });
  }
  return new Set([...last.values()].map(({ group }) => group));
}
