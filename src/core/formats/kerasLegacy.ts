import type { Problem } from '../model';
import type { Assignment, WeightDraft } from './assembleModel';
import { LayerList } from './assembleModel';
import type { Hdf5Contents, Hdf5Dataset } from './hdf5/walk';
import { quote } from './jsonValues';
import type { AssignedWeights } from './kerasStore';
import { layerDraftOf } from './kerasTopology';
import type { KerasLayer } from './kerasTopology';
import { assignWeights } from './kerasWeights';
import type { NamedWeight } from './kerasWeights';
import { splitName } from './weightNames';

/** Missing weights of one file that are told one by one. */
const MAX_MISSING = 20;

/** Where the layers' groups lie: below `model_weights`, or at the root of a file of weights alone. undefined where the file has none. */
export function legacyRoot({ attributes, rootNames }: Hdf5Contents): string | undefined {
  const hasLayers = (path: string): boolean => attributes.get(path)?.has('layer_names') === true || attributes.get(path)?.has('layer_names0') === true;
  if (hasLayers('model_weights') || (rootNames.includes('model_weights') && attributes.get('')?.has('model_config'))) return 'model_weights';
  return hasLayers('') ? '' : undefined;
}

/** A dataset and what Keras calls it. */
interface Named {
  readonly dataset: Hdf5Dataset;
  /** The group of the layer, '' for what is in none. */
  readonly group: string;
  /** Within the group, as `weight_names` has it. */
  readonly weight: string;
  readonly isOptimizer: boolean;
}

/**
 * The legacy layout of Keras (keras/src/legacy/saving/legacy_h5_format.py): a group a layer, whose attribute `weight_names` lists its
 * datasets; `layer_names` lists the groups. Layers stand in the order of the topology, or of that list.
 */
export async function assignLegacy(contents: Hdf5Contents, root: string, topology: readonly KerasLayer[]): Promise<AssignedWeights & { problems: readonly Problem[] }> {
  const { named, problems } = await listed(contents, root);
  const known = topology.length > 0 ? topology : layersOfGroups(named);
  const layers = new LayerList(known.map(layerDraftOf));
  const lookups: NamedWeight[] = named.map(({ group, weight, isOptimizer, dataset }) => ({ name: group === '' ? weight : `${group}/${weight}`, shape: dataset.draft.shape, isOptimizer, ...(group !== '' && { group }) }));
  const assignments: Assignment[] = assignWeights(lookups, known, layers);
  const count = new Map<string, number>();
  for (const { weight } of named) count.set(weight, (count.get(weight) ?? 0) + 1);
  const weights: WeightDraft[] = named.map(({ dataset, weight, group }) => ({ ...dataset.draft, name: count.get(weight) === 1 || group === '' ? weight : `${group}/${weight}` }));
  return { weights, layers: layers.drafts, assignments, problems };
}

/** In the order of the lists; datasets that no list names follow. */
async function listed(contents: Hdf5Contents, root: string): Promise<{ named: readonly Named[]; problems: readonly Problem[] }> {
  const left = new Map(contents.datasets.map((dataset) => [dataset.path, dataset]));
  const named: Named[] = [];
  const missing: string[] = [];
  const groups = (await contents.attributes.get(root)?.chunkedTexts('layer_names')) ?? [];
  for (const group of [...groups, 'top_level_model_weights', OPTIMIZER]) {
    const isOptimizer = group === OPTIMIZER;
    const path = isOptimizer ? group : within(root, group);
    for (const weight of (await contents.attributes.get(path)?.chunkedTexts('weight_names')) ?? []) {
      const dataset = left.get(`${path}/${weight}`);
      if (!dataset) missing.push(`${path}/${weight}`);
      else named.push({ dataset, group: isOptimizer || group === 'top_level_model_weights' ? '' : group, weight, isOptimizer });
      left.delete(`${path}/${weight}`);
    }
  }
  const problems = missing.slice(0, MAX_MISSING).map((path): Problem => ({
    message: `${contents.file.name} lists the weight ${quote(path)} and does not hold it`,
    remedy: 'The file was cut or changed after it was saved. Save the model anew.',
  }));
  return { named: [...named, ...[...left.values()].map((dataset) => unlisted(dataset, root))], problems };
}

const OPTIMIZER = 'optimizer_weights';

function unlisted(dataset: Hdf5Dataset, root: string): Named {
  const isOptimizer = dataset.path.startsWith(`${OPTIMIZER}/`);
  const path = root !== '' && dataset.path.startsWith(`${root}/`) ? dataset.path.slice(root.length + 1) : dataset.path;
  const cut = path.indexOf('/');
  return isOptimizer || cut < 0 ? { dataset, group: '', weight: path, isOptimizer } : { dataset, group: path.slice(0, cut), weight: path.slice(cut + 1), isOptimizer };
}

function within(root: string, group: string): string {
  return root === '' ? group : `${root}/${group}`;
}

/** Without a topology: a layer for each group, or for each scope where the weights of a group are of several (nested models, directions). */
function layersOfGroups(named: readonly Named[]): readonly KerasLayer[] {
  const scopes = new Map<string, Set<string>>();
  for (const { group, weight, isOptimizer } of named) {
    if (isOptimizer || group === '') continue;
    const { scope } = splitName(weight);
    const own = scopes.get(group) ?? new Set<string>();
    own.add(scope);
    scopes.set(group, own);
  }
  const names = new Set<string>();
  for (const [group, own] of scopes) {
    for (const scope of own) names.add(layerName(group, scope, own.size === 1));
  }
  return [...names].map((name) => ({ name, aliases: [], storePath: '' }));
}

/** `lstm/lstm_cell` of the group lstm is that layer; `conv` of the group encoder is a layer of a nested model. */
function layerName(group: string, scope: string, isOnly: boolean): string {
  if (scope === '' || scope === group) return group;
  const isNamed = scope.split('/').includes(group);
  if (isOnly && isNamed) return group;
  return scope.startsWith(`${group}/`) ? scope : `${group}/${scope}`;
}
