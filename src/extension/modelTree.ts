import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import type { Model } from '../core/model';
import { palette, subjectOf } from './hoverSubject';
import { layerHover, modelHover, tensorHover } from './hoverText';
import type { ModelChange, ModelEntry } from './modelEntry';
import type { ModelStore } from './models';
import { levelOf } from './layerGroups';
import { treeItem } from './modelTreeItems';
import { partition, sortLayers, viewsOf } from './modelTreeNodes';
import type { LayerNode, ModelNode, SortOrder, TensorNode, TreeNode } from './modelTreeNodes';
import type { Settings } from './settings';

/** Rows of one model that exist: made when somebody expands it. */
interface Rows {
  /** By index into Model.layers; those below the rest node too. */
  readonly layers: Map<number, LayerNode>;
  readonly tensors: Map<number, TensorNode>;
}

/** Models → layers → weights. Nothing is read of a model before it is expanded. */
export class ModelTree implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  readonly #store: ModelStore;
  readonly #settings: () => Settings;
  readonly #changed = new vscode.EventEmitter<TreeNode | TreeNode[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #models = new Map<ModelEntry, ModelNode>();
  readonly #rows = new Map<ModelEntry, Rows>();
  readonly #subscriptions: vscode.Disposable[];
  #order: SortOrder = 'order';

  constructor(store: ModelStore, settings: () => Settings) {
    this.#store = store;
    this.#settings = settings;
    this.#subscriptions = [store.onDidChangeList(() => this.#onList()), store.onDidChangeModel((change) => this.#onModel(change))];
  }

  get order(): SortOrder {
    return this.#order;
  }

  sort(order: SortOrder): void {
    this.#order = order;
    // Layers of a large model stand below other rows now.
    this.#rows.clear();
    this.#changed.fire(undefined);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    return treeItem(node);
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (!node) return this.#store.listed.map((entry) => this.#modelNode(entry));
    switch (node.kind) {
      case 'model':
        return this.#childrenOfModel(node);
      case 'group':
        return this.#level(node, node.group.layers, node.group.key);
      case 'layer':
        return node.model.layers[node.index]!.tensors.map((index) => this.#tensorNode(node, index));
      case 'rest':
        return this.#level(node, partition(node.model).rest, '');
      case 'tensor':
      case 'problem':
        return [];
    }
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.kind === 'model' ? undefined : node.parent;
  }

  resolveTreeItem(item: vscode.TreeItem, node: TreeNode): vscode.TreeItem {
    const text = this.#hover(node);
    if (text !== undefined) item.tooltip = new vscode.MarkdownString(text);
    return item;
  }

  /** The row of a layer, for reveal; undefined where the model is not opened or has no such layer. */
  layerNode(entry: ModelEntry, name: string): LayerNode | undefined {
    const { model } = entry;
    const index = model?.layers.findIndex((layer) => layer.name === name) ?? -1;
    if (!model || index < 0) return undefined;
    const parent = this.#modelNode(entry);
    const { withWeights, rest } = partition(model);
    const isRest = rest.includes(index);
    const from: LayerNode['parent'] = isRest ? { kind: 'rest', entry, model, parent } : parent;
    return this.#find(from, isRest ? rest : this.#sorted(model, withWeights, entry), '', index);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  async #childrenOfModel(node: ModelNode): Promise<TreeNode[]> {
    const { entry } = node;
    const problem: TreeNode[] = entry.problem === undefined ? [] : [{ kind: 'problem', entry, message: entry.problem, parent: node }];
    // A model that cannot be opened is not tried again by each look at its row: its file changing does that, or a person.
    if (problem.length > 0 && !entry.model) return problem;
    try {
      const model = problem.length > 0 ? entry.model! : await entry.open();
      if (problem.length === 0) void entry.analyze();
      const { withWeights, rest } = partition(model);
      const layers = this.#level(node, this.#sorted(model, withWeights, entry), '');
      return [...problem, ...layers, ...(rest.length > 0 ? [{ kind: 'rest', entry, model, parent: node } as const] : [])];
    } catch (error) {
      return [{ kind: 'problem', entry, message: messageOf(error), parent: node }];
    }
  }

  #sorted(model: Model, layers: readonly number[], { analysis }: ModelEntry): readonly number[] {
    return this.#order === 'order' ? layers : sortLayers(layers, this.#order, viewsOf(model, analysis));
  }

  /** Rows below one: of very many layers only those of the groups are made, until somebody unfolds one. */
  #level(parent: LayerNode['parent'], layers: readonly number[], above: string): TreeNode[] {
    const model = parent.entry.model!;
    const level = levelOf(model, layers, above, this.#order !== 'order');
    if ('layers' in level) return level.layers.map((index) => this.#layerNode(parent, index));
    return level.groups.map((group) => ({ kind: 'group', entry: parent.entry, model, group, parent }));
  }

  /** The row of a layer, below the groups that hold it. */
  #find(parent: LayerNode['parent'], layers: readonly number[], above: string, index: number): LayerNode {
    const model = parent.entry.model!;
    const level = levelOf(model, layers, above, this.#order !== 'order');
    const group = 'groups' in level ? level.groups.find((one) => one.layers.includes(index)) : undefined;
    return group ? this.#find({ kind: 'group', entry: parent.entry, model, group, parent }, group.layers, group.key, index) : this.#layerNode(parent, index);
  }

  #modelNode(entry: ModelEntry): ModelNode {
    const known = this.#models.get(entry) ?? { kind: 'model', entry };
    this.#models.set(entry, known);
    return known;
  }

  #layerNode(parent: LayerNode['parent'], index: number): LayerNode {
    const rows = this.#rowsOf(parent.entry);
    const known = rows.layers.get(index) ?? { kind: 'layer', entry: parent.entry, model: parent.entry.model!, index, parent };
    rows.layers.set(index, known);
    return known;
  }

  #tensorNode(parent: LayerNode, index: number): TensorNode {
    const rows = this.#rowsOf(parent.entry);
    const known = rows.tensors.get(index) ?? { kind: 'tensor', entry: parent.entry, model: parent.model, index, parent };
    rows.tensors.set(index, known);
    return known;
  }

  #rowsOf(entry: ModelEntry): Rows {
    const known = this.#rows.get(entry) ?? { layers: new Map(), tensors: new Map() };
    this.#rows.set(entry, known);
    return known;
  }

  #onList(): void {
    const current = new Set(this.#store.entries);
    for (const entry of [...this.#models.keys()]) {
      if (current.has(entry)) continue;
      this.#models.delete(entry);
      this.#rows.delete(entry);
    }
    this.#changed.fire(undefined);
  }

  /** Refreshes what changed and exists. A model's own row is left until the end: refreshing it would fetch all rows below it. */
  #onModel({ entry, structure, tensors, findings }: ModelChange): void {
    const node = this.#models.get(entry);
    if (!node) return;
    const rows = this.#rows.get(entry);
    if (structure && rows && [...rows.layers.values()].some((layer) => layer.model !== entry.model)) this.#rows.delete(entry);
    if (structure || (findings && !entry.isRunning) || entry.analysis?.complete) {
      this.#changed.fire(node);
      return;
    }
    if (!rows || !entry.model) return;
    const layers = new Set([...tensors].map((tensor) => entry.model!.tensors[tensor]!.layer));
    const changed = [...layers].flatMap((layer) => rows.layers.get(layer) ?? []);
    if (changed.length > 0) this.#changed.fire(changed);
  }

  #hover(node: TreeNode): string | undefined {
    const waiting = node.entry.isRunning ? 'The figures are being computed.' : 'Expand or inspect the model to see its figures.';
    const subject = subjectOf(node.entry, this.#settings(), { palette: palette(), waiting });
    if (!subject) return undefined;
    switch (node.kind) {
      case 'model':
        return modelHover(subject, node.entry.assessment);
      case 'layer':
        return layerHover(subject, node.index);
      case 'tensor':
        return tensorHover(subject, node.index);
      case 'group':
      case 'rest':
      case 'problem':
        return undefined;
    }
  }
}
