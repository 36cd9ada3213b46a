import type { Layer, Role, UnitAxes } from '../model';
import { LayerList } from './assembleModel';
import type { Assignment, LayerDraft } from './assembleModel';
import { asString, isObject, own } from './jsonValues';
import { facetsOf } from './kerasFacets';
import { VARIABLE_SUFFIX } from './tensorBundle';
import type { BundleWeight } from './tensorBundle';
import type { TrackedVariable } from './tensorflowObjects';
import { axesOf, depthwiseAxes, isIndexType, roleByName, splitName } from './weightNames';

/** What the optimizers of TensorFlow 1 put behind the name of a variable, and what they keep of their own. */
const SLOT = /\/(?:Adam|AdaMax|AdamW|Momentum|RMSProp|Adagrad\w*|Adadelta|Ftrl|LAMB|adam_[mv]|lamb_[mv]|[mv])(?:_\d+)?$/;
const OPTIMIZER_STATE = /(?:^|\/)(?:beta[12]_power|loss_scale|current_loss_scale|good_steps)(?:_\d+)?$/;
const COUNTER = /(?:^|\/)(?:global_step|save_counter|iter(?:ations?)?)$/;
/** A Keras export lists all variables twice, the second time under this name. */
const COPIES = /^_all_variables\/\d+$/;

export interface NamedVariables {
  readonly weights: readonly BundleWeight[];
  readonly layers: readonly LayerDraft[];
  readonly assignments: readonly Assignment[];
}

/** The variables of a checkpoint by the names that the program gave them, in the order in which its objects hold them. */
export function nameVariables(placed: readonly BundleWeight[], tracked: ReadonlyMap<string, TrackedVariable>): NamedVariables {
  const kept = withoutCopies(placed, tracked);
  const ordered = kept.map((weight) => orderedOf(weight, tracked.get(weight.key))).sort(byPlace);
  const names = displayNames(ordered);
  const list = new LayerList();
  const prefix = modelPrefix(ordered.flatMap((each, i) => (each.variable && !each.isState && !COUNTER.test(names[i]!) ? [names[i]!] : [])));
  const described = new Map<number, Partial<Layer>>();
  const assignments = ordered.map(({ weight, variable, isState }, i): Assignment => {
    const name = names[i]!;
    const keras = metadataOf(variable?.metadata);
    const role = isState ? 'optimizer' : roleOf(weight, name, keras?.className);
    const layer = list.ensure(role === 'optimizer' ? 'optimizer' : layerName(name.startsWith(prefix) ? name.slice(prefix.length) : name));
    if (keras && role !== 'optimizer' && !described.has(layer)) described.set(layer, keras);
    const axes = axesOfVariable(role, name, weight.shape, keras?.className);
    return { layer, role, ...(axes && { axes }) };
  });
  return {
    weights: ordered.map(({ weight }, i) => ({ ...weight, name: names[i]! })),
    layers: list.drafts.map((draft, index) => ({ ...described.get(index), ...draft })),
    assignments,
  };
}

interface Ordered {
  readonly weight: BundleWeight;
  readonly variable: TrackedVariable | undefined;
  readonly isState: boolean;
}

function orderedOf(weight: BundleWeight, variable: TrackedVariable | undefined): Ordered {
  const isState = variable?.isOptimizer === true || SLOT.test(withoutPart(weight.name)) || OPTIMIZER_STATE.test(weight.name);
  return { weight, variable, isState };
}

/** Of a partitioned variable whose parts are listed. */
function withoutPart(name: string): string {
  return name.replace(/\/part_\d+$/, '');
}

/** The optimizer comes last; the rest as the model's objects hold it, or in the natural order of the names. */
function byPlace(a: Ordered, b: Ordered): number {
  const last = Number(a.isState) - Number(b.isState);
  if (last !== 0) return last;
  if (a.variable && b.variable) return a.variable.position - b.variable.position;
  if (a.variable || b.variable) return a.variable ? -1 : 1;
  return naturalOrder.compare(a.weight.name, b.weight.name);
}

/** `layer_2` comes before `layer_10`. */
const naturalOrder = new Intl.Collator('en', { numeric: true });

/** Names with a scope, where they are unique; the key of the checkpoint elsewhere. */
function displayNames(ordered: readonly Ordered[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { variable } of ordered) if (variable) counts.set(variable.fullName, (counts.get(variable.fullName) ?? 0) + 1);
  const keys = new Set(ordered.map(({ weight }) => weight.name));
  return ordered.map(({ weight, variable }) => {
    const full = variable?.fullName.replace(/:0$/, '') ?? '';
    const isClear = full.includes('/') && counts.get(variable!.fullName) === 1 && (full === weight.name || !keys.has(full));
    return isClear ? full : weight.name;
  });
}

/** Same name, type and shape under `variables` and `_all_variables`: one variable, saved twice. */
function withoutCopies(placed: readonly BundleWeight[], tracked: ReadonlyMap<string, TrackedVariable>): readonly BundleWeight[] {
  const identity = (weight: BundleWeight): string => `${tracked.get(weight.key)?.fullName} ${weight.dtype} ${weight.shape.join()}`;
  const originals = new Set(placed.filter(({ name }) => !COPIES.test(name)).map(identity));
  return placed.filter((weight) => !COPIES.test(weight.name) || !tracked.get(weight.key)?.fullName || !originals.has(identity(weight)));
}

/** The name of the model, where every variable has it in front and a layer behind it. */
function modelPrefix(names: readonly string[]): string {
  const first = names[0]?.split('/')[0];
  if (first === undefined || names.length < 2) return '';
  return names.every((name) => name.startsWith(`${first}/`) && name.split('/').length > 2) ? `${first}/` : '';
}

function layerName(name: string): string {
  const bare = name.endsWith(VARIABLE_SUFFIX) ? name.slice(0, -VARIABLE_SUFFIX.length) : name;
  const { scope } = splitName(withoutPart(bare));
  // Weight normalization, and cells in layers, stay with their layer by name alone; a name without scope is its own layer.
  return scope === '' ? bare : scope;
}

function roleOf(weight: BundleWeight, name: string, className: string | undefined): Role {
  if (COUNTER.test(name)) return 'constant';
  if (isIndexType({ declaredDtype: weight.dtype }) || (weight.shape.length === 0 && weight.dtype !== 'string')) return 'constant';
  const { base } = splitName(name);
  if (className !== undefined && /Normalization$/.test(className)) {
    if (base === 'mean') return 'runningMean';
    if (base === 'variance') return 'runningVariance';
  }
  return roleByName({ name: withoutPart(name), shape: weight.shape });
}

function axesOfVariable(role: Role, name: string, shape: readonly number[], className: string | undefined): UnitAxes | undefined {
  const { scope, base } = splitName(name);
  const rank = shape.length;
  if (role === 'kernel' && rank >= 3) {
    const speaks = className ?? scope.split('/').at(-1) ?? '';
    if (/Conv\dDTranspose|conv\d?d?_transpose|deconv/i.test(speaks)) return { output: rank - 2, input: rank - 1 };
    if (/^Depthwise|(?:^|_)depthwise(?!\w*separable)/i.test(speaks) && base !== 'pointwise_kernel') return depthwiseAxes(shape);
    if (className === undefined && /attention|einsum/i.test(scope) && rank === 3) return undefined;
  }
  return axesOf(role, base, shape);
}

function metadataOf(text: string | undefined): (Partial<Layer> & { readonly className?: string }) | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // What Keras wrote of a layer is only shown; a layer without it has its name and its weights.
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const className = asString(own(value, 'class_name'));
  const config = own(value, 'config');
  return { ...(isObject(config) && facetsOf(config)), ...(className !== undefined && { className }) };
}
