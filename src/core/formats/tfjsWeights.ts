import type { Format } from './format';
import { baseName } from './jsonValues';
import { readJson } from './jsonText';
import { looksLikeManifest } from './tfjsFlavour';
import { assembleModel, LayerList } from './assembleModel';
import type { Assignment } from './assembleModel';
import { placeWeights } from './tfjsTensors';
import type { PlacedWeight } from './tfjsTensors';
import { axesOf, isIndexType, isOptimizerName, roleByName, splitName } from './weightNames';
import { FormatError } from '../errors';

const ID = 'tfjs-weights';
const TITLE = 'TensorFlow.js weights manifest';

/** A bare manifest, `[{ "weights": […], "paths": […] }]`: names, shapes and shards, and no word of what the weights are for. */
export const tfjsWeights: Format = {
  id: ID,
  title: TITLE,
  extensions: ['.json'],
  matches: (head) => looksLikeManifest(head),
  async open(source, signal) {
    const manifest = await readJson(source, signal);
    if (!Array.isArray(manifest)) throw new FormatError(`${source.name} is no weights manifest: it holds no list of weight groups. Open the model.json of the model instead.`);
    const placed = await placeWeights(source, manifest, signal);
    const layers = new LayerList();
    const assignments = placed.weights.map((weight) => assignByName(weight, layers));
    return assembleModel({ source, format: ID, formatTitle: TITLE, placed, layers: layers.drafts, assignments });
  },
};

/** Layers are the scopes of names, in file order. */
export function assignByName(weight: PlacedWeight, layers: LayerList): Assignment {
  const { scope, base } = splitName(weight.name);
  const named = roleByName(weight);
  const role = named === 'other' && (isIndexType(weight) || weight.shape.length === 0) ? 'constant' : named;
  const axes = axesOf(role, base, weight.shape);
  const layer = layers.ensure(layerNameOf(weight, scope));
  return { layer, role, ...(axes && { axes }) };
}

function layerNameOf(weight: PlacedWeight, scope: string): string {
  if (weight.isOptimizer || isOptimizerName(weight.name)) return 'optimizer';
  return scope === '' ? baseName(weight.name) : scope;
}
