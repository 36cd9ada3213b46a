import * as vscode from 'vscode';
import { layerFigures } from '../core/layerFigures';
import { isWeight } from '../core/model';
import { formatCount, formatShare } from '../core/numberText';
import { escapeIcons } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';

/** Models whose headers are opened for a search, where none is open yet. */
const MOST_OPENED = 20;

interface LayerPick extends vscode.QuickPickItem {
  readonly entry?: ModelEntry;
  readonly layer?: string;
}

/** Lets the person choose a layer of the open models by typing part of its name. */
export async function pickLayer(store: ModelStore): Promise<{ entry: ModelEntry; layer: string } | undefined> {
  const items = openEntries(store).then((entries) => entries.flatMap(picksOf));
  const picked = await vscode.window.showQuickPick<LayerPick>(items, { placeHolder: 'Layer or weight name', matchOnDescription: true, matchOnDetail: true });
  return picked?.entry && picked.layer !== undefined ? { entry: picked.entry, layer: picked.layer } : undefined;
}

async function openEntries(store: ModelStore): Promise<ModelEntry[]> {
  const isOpen = (entry: ModelEntry): boolean => entry.model !== undefined;
  if (!store.listed.some(isOpen)) {
    // A model that cannot be opened has no layers to find; its row in the tree says why.
    await Promise.allSettled(store.listed.slice(0, MOST_OPENED).map((entry) => entry.open()));
  }
  return store.listed.filter(isOpen);
}

function picksOf(entry: ModelEntry): LayerPick[] {
  const model = entry.model!;
  const layers = model.layers.flatMap((layer, index): LayerPick[] => {
    if (!layer.tensors.some((tensor) => isWeight(model.tensors[tensor]!))) return [];
    const { parameters, nearZero } = layerFigures(model, index, entry.analysis?.statistics ?? new Map());
    const figures = [nearZero === null ? undefined : `${formatShare(nearZero)} near zero`, formatCount(parameters), layer.className];
    return [{ label: escapeIcons(layer.name), description: escapeIcons(figures.filter(Boolean).join(' · ')), entry, layer: layer.name }];
  });
  return [{ label: escapeIcons(entry.label), kind: vscode.QuickPickItemKind.Separator }, ...layers];
}
