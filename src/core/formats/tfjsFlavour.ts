import { outlineJson } from './jsonOutline';
import type { JsonOutline, OutlineEntry } from './jsonOutline';

const KERAS_KEYS = ['modelTopology.model_config', 'modelTopology.class_name', 'modelTopology.config', 'modelTopology.keras_version', 'modelTopology.layers'];
const KERAS_MODELS = new Set(['Sequential', 'Functional', 'Model']);
const GRAPH_KEYS = ['modelTopology.node', 'modelTopology.library', 'modelTopology.versions'];
/** Names that only graphs have: constants and ops, not variables. */
const GRAPH_WEIGHT = /(?:ReadVariableOp|\/axis|\/perm|\/shape|\/stack(?:_\d)?|StatefulPartitionedCall)/;

type Flavour = 'layers' | 'graph';

/** Every format asks about the same head, one after the other. */
const outlines = new WeakMap<Uint8Array, { readonly outline: JsonOutline | undefined }>();

function outlineOf(head: Uint8Array): JsonOutline | undefined {
  const known = outlines.get(head);
  if (known) return known.outline;
  const outline = outlineJson(new TextDecoder('utf-8').decode(head));
  outlines.set(head, { outline });
  return outline;
}

/** Which model.json this is, undefined where it is none. `undecided`: a model whose topology lies beyond the head. */
export function flavourOf(head: Uint8Array): Flavour | 'undecided' | undefined {
  const outline = outlineOf(head);
  return outline?.root === 'object' ? flavourOfOutline(outline) : undefined;
}

function flavourOfOutline({ entries, end }: JsonOutline): Flavour | 'undecided' | undefined {
  if (GRAPH_KEYS.some((key) => entries.has(key))) return 'graph';
  if (KERAS_KEYS.some((key) => entries.has(key))) return 'layers';
  const hasManifest = isGroupList(entries, 'weightsManifest');
  const format = entries.get('format')?.text;
  const knowsTopology = entries.has('modelTopology');
  if (format === 'layers-model' || format === 'graph-model') {
    const belongs = hasManifest || knowsTopology || end === 'cut' || entries.has('weightsManifest');
    return belongs ? (format === 'graph-model' ? 'graph' : 'layers') : undefined;
  }
  if (isKerasAtTop(entries) && (hasManifest || end === 'cut')) return 'layers';
  if (!hasManifest && !(knowsTopology && (entries.has('weightsManifest') || entries.has('generatedBy') || entries.get('modelTopology')?.kind === 'string'))) return undefined;
  if (hasManifest && GRAPH_WEIGHT.test(entries.get('weightsManifest[].weights[].name')?.text ?? '')) return 'graph';
  return end === 'complete' ? 'layers' : 'undecided';
}

/** Some programs wrote the Keras configuration itself at the top, beside the manifest. */
function isKerasAtTop(entries: ReadonlyMap<string, OutlineEntry>): boolean {
  return KERAS_MODELS.has(entries.get('class_name')?.text ?? '') && entries.has('config');
}

/** A list of { weights: [{ name, shape, dtype }], paths }, or as much of it as the head holds. */
function isGroupList(entries: ReadonlyMap<string, OutlineEntry>, path: string): boolean {
  const group = `${path}[]`;
  const weights = entries.get(`${group}.weights`)?.kind === 'array';
  const paths = entries.get(`${group}.paths`)?.kind === 'array';
  const describesWeights = entries.has(`${group}.weights[].name`) && (entries.has(`${group}.weights[].dtype`) || entries.has(`${group}.weights[].shape`));
  return weights && (paths || describesWeights);
}

export function looksLikeManifest(head: Uint8Array): boolean {
  const outline = outlineOf(head);
  return outline?.root === 'array' && isGroupList(outline.entries, '');
}
