import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import type { Discovery } from './discovery';
import { PANEL_VIEW_TYPE } from './ids';
import { escapeNotification, visible } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';
import { ModelPanel, createPanel } from './panel';
import type { PanelServices } from './panel';

/** A layer that was chosen in a page. */
export interface LayerSelection {
  readonly entry: ModelEntry;
  readonly layer: string;
}

/** At most one panel a model. */
export class Panels implements vscode.Disposable {
  readonly #services: PanelServices;
  readonly #store: ModelStore;
  readonly #panels = new Map<ModelEntry, ModelPanel>();
  readonly #selected = new vscode.EventEmitter<LayerSelection>();
  readonly onDidSelect = this.#selected.event;
  readonly #subscriptions: vscode.Disposable[];

  constructor(store: ModelStore, discovery: Discovery, services: PanelServices) {
    this.#services = services;
    this.#store = store;
    this.#subscriptions = [
      store.onDidChangeModel((change) => this.#panels.get(change.entry)?.update(change)),
      vscode.window.registerWebviewPanelSerializer(PANEL_VIEW_TYPE, {
        deserializeWebviewPanel: (panel, state: unknown) => this.#restore(panel, state, discovery),
      }),
    ];
  }

  /** The model whose panel has the focus. */
  get active(): ModelEntry | undefined {
    return [...this.#panels.values()].find((panel) => panel.isActive)?.entry;
  }

  get(entry: ModelEntry): ModelPanel | undefined {
    return this.#panels.get(entry);
  }

  /** Opens the model's panel or brings it to the front. */
  show(entry: ModelEntry, options: { readonly layer?: string; readonly preserveFocus?: boolean } = {}): ModelPanel {
    const known = this.#panels.get(entry);
    if (known) {
      known.reveal(options.preserveFocus ?? false);
      if (options.layer !== undefined) known.select(options.layer);
      return known;
    }
    return this.#adopt(entry, createPanel(this.#services.extensionUri, visible(entry.label)), options.layer);
  }

  /** Settings changed: every page is told all that stands on them. */
  refresh(): void {
    for (const [entry, panel] of this.#panels) panel.update({ entry, structure: false, findings: true, tensors: new Set() });
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const panel of [...this.#panels.values()]) panel.dispose();
    this.#selected.dispose();
  }

  #adopt(entry: ModelEntry, webviewPanel: vscode.WebviewPanel, layer?: string): ModelPanel {
    const panel = new ModelPanel(entry, webviewPanel, this.#services, layer);
    this.#panels.set(entry, panel);
    panel.onDidSelect((selected) => this.#selected.fire({ entry, layer: selected }));
    const hold = this.#store.hold(entry);
    panel.onDidClose(() => {
      this.#panels.delete(entry);
      hold.dispose();
    });
    return panel;
  }

  /** After a reload of the window the page only knows the model's path. */
  async #restore(panel: vscode.WebviewPanel, state: unknown, discovery: Discovery): Promise<void> {
    const modelPath = typeof state === 'object' && state !== null && 'modelPath' in state ? state.modelPath : undefined;
    if (typeof modelPath !== 'string') {
      panel.dispose();
      return;
    }
    const uri = vscode.Uri.file(modelPath);
    try {
      const identification = await discovery.identify(uri);
      const entry = identification.kind === 'model' ? this.#store.add(uri, identification.title) : undefined;
      if (!entry) throw new Error(`${modelPath} ${identification.kind === 'other' ? identification.is : 'is no model'}.`);
      if (this.#panels.has(entry)) panel.dispose();
      else this.#adopt(entry, panel);
    } catch (error) {
      panel.dispose();
      this.#services.log.error(`restoring the panel of ${modelPath}`, error);
      void vscode.window.showWarningMessage(escapeNotification(`The panel of ${modelPath} was closed: ${messageOf(error)}`));
    }
  }
}
