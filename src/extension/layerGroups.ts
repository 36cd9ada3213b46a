import type { Model } from '../core/model';

/** Rows that one level of the tree shows: beyond it nobody scrolls, and VS Code asks for each of them. */
export const MOST_ROWS = 500;

/** Layers that stand behind one row. */
export interface LayerGroup {
  /** Unique within its model: the common part of the names, or where a run begins. */
  readonly key: string;
  readonly label: string;
  /** Indices into Model.layers, in the order in which they are shown. */
  readonly layers: readonly number[];
}

/** Either rows for the layers themselves, or rows that each hold some of them. */
export type Level = { readonly layers: readonly number[] } | { readonly groups: readonly LayerGroup[] };

/**
 * How many layers are shown below one row: up to MOST_ROWS one by one; more by the next part of their names ("model.layers" › "12" › "mlp"),
 * in model order. Layers that a person sorted, or whose names have no such parts, in runs.
 * @param above the key of the group that they are in; '' for a whole model.
 */
export function levelOf(model: Model, layers: readonly number[], above: string, isSorted: boolean): Level {
  if (layers.length <= MOST_ROWS) return { layers };
  const groups = isSorted ? [] : byNextPart(model, layers, above);
  return { groups: groups.length > 1 && groups.length <= MOST_ROWS ? groups : runsOf(model, layers, above, isSorted) };
}

/** By the part after what all names have in common. */
function byNextPart(model: Model, layers: readonly number[], above: string): LayerGroup[] {
  const names = layers.map((index) => model.layers[index]!.name);
  const common = commonParts(names);
  const groups = new Map<string, number[]>();
  names.forEach((name, i) => {
    const key = partsOf(name).slice(0, common + 1).join('');
    const known = groups.get(key);
    if (known) known.push(layers[i]!);
    else groups.set(key, [layers[i]!]);
  });
  return [...groups].map(([key, own]) => ({ key, label: labelOf(key, above), layers: own }));
}

/** Parts with the mark that ends them: "model.", "layers.", "12". */
function partsOf(name: string): string[] {
  return name.match(/[^./]*[./]?/g)?.filter((part) => part !== '') ?? [name];
}

/** How many parts all names begin with, of the shortest name all but the last. */
function commonParts(names: readonly string[]): number {
  const first = partsOf(names[0]!);
  let common = first.length - 1;
  for (const name of names) {
    const parts = partsOf(name);
    common = Math.min(common, parts.length - 1);
    for (let i = 0; i < common; i++) if (parts[i] !== first[i]) common = i;
  }
  return Math.max(0, common);
}

/** What a key adds to that of the group above. */
function labelOf(key: string, above: string): string {
  const rest = above !== '' && key.startsWith(above) ? key.slice(above.length) : key;
  return rest.replace(/[./]$/, '') || key;
}

/** As many as are shown at once, or so many that no level has more than that. */
function runsOf(model: Model, layers: readonly number[], above: string, isSorted: boolean): LayerGroup[] {
  const size = Math.max(MOST_ROWS, Math.ceil(layers.length / MOST_ROWS));
  const groups: LayerGroup[] = [];
  for (let from = 0; from < layers.length; from += size) {
    const own = layers.slice(from, from + size);
    const [first, last] = [own[0]!, own.at(-1)!].map((index) => model.layers[index]!.name);
    groups.push({ key: `${above}\n${isSorted ? 'sorted ' : ''}${from}`, label: isSorted ? `${from + 1}–${from + own.length}` : `${first} … ${last}`, layers: own });
  }
  return groups;
}
