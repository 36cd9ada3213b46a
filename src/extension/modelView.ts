import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import type { Discovery } from './discovery';
import { VIEWS } from './ids';
import type { Log } from './log';
import type { ModelEntry } from './modelEntry';
import { ModelTree } from './modelTree';
import type { SortOrder, TreeNode } from './modelTreeNodes';
import type { ModelStore } from './models';
import type { Panels } from './panels';
import type { Settings } from './settings';

const ORDER_WORDS: Record<SortOrder, string> = {
  order: '',
  sparsity: 'by share near zero',
  size: 'by size',
  severity: 'by severity',
};

/** The Models view, kept in step with the panels. */
export class ModelView implements vscode.Disposable {
  readonly #tree: ModelTree;
  readonly #view: vscode.TreeView<TreeNode>;
  readonly #log: Log;
  readonly #subscriptions: vscode.Disposable[];

  constructor(services: { store: ModelStore; discovery: Discovery; panels: Panels; log: Log; settings(): Settings }) {
    const { store, discovery, panels } = services;
    this.#log = services.log;
    this.#tree = new ModelTree(store, services.settings);
    this.#view = vscode.window.createTreeView(VIEWS.models, { treeDataProvider: this.#tree, showCollapseAll: true });
    this.#subscriptions = [
      this.#tree,
      this.#view,
      this.#view.onDidChangeSelection(({ selection }) => selectInPanel(panels, selection[0])),
      panels.onDidSelect(({ entry, layer }) => void this.reveal(entry, layer)),
      discovery.onDidChange(() => this.#setMessage(discovery)),
      store.onDidChangeList(() => this.#setMessage(discovery)),
    ];
  }

  get selection(): readonly TreeNode[] {
    return this.#view.selection;
  }

  sort(order: SortOrder): void {
    this.#tree.sort(order);
    this.#view.description = ORDER_WORDS[order];
  }

  /** Selects a layer's row where the view is open; it never opens the view by itself. */
  async reveal(entry: ModelEntry, layer: string): Promise<void> {
    if (!this.#view.visible) return;
    const [selected] = this.#view.selection;
    if (selected && layerNameOf(selected) === layer && selected.entry === entry) return;
    const node = this.#tree.layerNode(entry, layer);
    if (!node) return;
    try {
      await this.#view.reveal(node, { select: true, focus: false });
    } catch (error) {
      // The rows may be fetched anew at this moment; the next selection is revealed again.
      this.#log.debug(`revealing ${layer}: ${messageOf(error)}`);
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #setMessage(discovery: Discovery): void {
    this.#view.message = discovery.notice ?? '';
  }
}

/** Moving through the rows moves through the panel, where one is open. */
function selectInPanel(panels: Panels, node: TreeNode | undefined): void {
  const layer = node && layerNameOf(node);
  if (node && layer !== undefined) panels.get(node.entry)?.select(layer);
}

/** The layer that a row is of. */
export function layerNameOf(node: TreeNode): string | undefined {
  switch (node.kind) {
    case 'layer':
      return node.model.layers[node.index]?.name;
    case 'tensor':
      return node.model.layers[node.parent.index]?.name;
    case 'model':
    case 'group':
    case 'rest':
    case 'problem':
      return undefined;
  }
}
