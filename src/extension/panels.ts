import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import type { Engine } from '../protocol/engine';
import type { Discovery } from './discovery';
import { opensInEditor } from './editorFormats';
import { EDITORS, PANEL_VIEW_TYPE } from './ids';
import { escapeNotification, visible } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';
import { keyOf } from './modelUri';
import { ModelPanel, createPanel } from './panel';
import type { PanelServices } from './panel';

/** A layer that was chosen in a page. */
export interface LayerSelection {
  readonly entry: ModelEntry;
  readonly layer: string;
}

export interface ShowOptions {
  readonly layer?: string;
  readonly preserveFocus?: boolean;
}

/** The pages that are open, whoever made their panels: ours, or VS Code for a custom editor. */
export class Panels implements vscode.Disposable {
  readonly #services: PanelServices;
  readonly #store: ModelStore;
  readonly #discovery: Discovery;
  /** The one that was looked at last comes last. */
  readonly #pages = new Set<ModelPanel>();
  /** For editors that VS Code is about to open. */
  readonly #layers = new Map<string, string>();
  readonly #selected = new vscode.EventEmitter<LayerSelection>();
  readonly onDidSelect = this.#selected.event;
  readonly #subscriptions: vscode.Disposable[];

  constructor(store: ModelStore, discovery: Discovery, services: PanelServices) {
    this.#services = services;
    this.#store = store;
    this.#discovery = discovery;
    this.#subscriptions = [
      store.onDidChangeModel((change) => {
        for (const page of this.#pages) if (page.entry === change.entry) page.update(change);
      }),
      services.twins.onDidFind((entry) => {
        for (const page of this.#pages) if (page.entry === entry) page.update({ entry, structure: false, findings: false, tensors: new Set() });
      }),
      vscode.window.registerWebviewPanelSerializer(PANEL_VIEW_TYPE, {
        deserializeWebviewPanel: (panel, state: unknown) => this.#restore(panel, state),
      }),
    ];
  }

  /** The model file whose page has the focus. */
  get active(): vscode.Uri | undefined {
    return [...this.#pages].find((page) => page.isActive)?.uri;
  }

  /** The page of a model, and of several the one that was looked at last. */
  get(entry: ModelEntry): ModelPanel | undefined {
    return [...this.#pages].filter(({ uri }) => keyOf(uri) === keyOf(entry.uri)).at(-1);
  }

  /** Brings the model's page to the front, or opens one: an editor where a double click would open one too, else a panel. */
  async show(entry: ModelEntry, { layer, preserveFocus = false }: ShowOptions = {}): Promise<void> {
    const known = this.get(entry);
    if (known) {
      known.reveal(preserveFocus);
      if (layer !== undefined) known.select(layer);
    } else if (opensInEditor(entry.uri.path)) {
      if (layer !== undefined) this.#layers.set(keyOf(entry.uri), layer);
      await vscode.commands.executeCommand('vscode.openWith', entry.uri, EDITORS.model, { preserveFocus, preview: false });
    } else {
      const panel = createPanel(this.#services.extensionUri, visible(entry.label));
      this.#host(entry.uri, panel, { find: () => Promise.resolve(entry), layer });
    }
  }

  /** Fills an editor that VS Code has opened for a file. */
  adopt(uri: vscode.Uri, panel: vscode.WebviewPanel): ModelPanel {
    const layer = this.#layers.get(keyOf(uri));
    this.#layers.delete(keyOf(uri));
    return this.#host(uri, panel, { find: () => this.#find(uri), layer });
  }

  /** Settings changed: every page is told all that stands on them. */
  refresh(): void {
    for (const page of this.#pages) if (page.entry) page.update({ entry: page.entry, structure: false, findings: true, tensors: new Set() });
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const page of [...this.#pages]) page.dispose();
    this.#selected.dispose();
  }

  #host(uri: vscode.Uri, webviewPanel: vscode.WebviewPanel, options: { find(): Promise<ModelEntry>; layer: string | undefined }): ModelPanel {
    const holds: vscode.Disposable[] = [];
    const held = async (): Promise<ModelEntry> => {
      const entry = await options.find();
      if (page.isDisposed) return entry;
      for (const hold of holds.splice(0)) hold.dispose();
      holds.push(this.#store.hold(entry));
      return entry;
    };
    const page = new ModelPanel({ uri, find: held }, webviewPanel, this.#services, options.layer);
    this.#pages.add(page);
    page.onDidSelect((layer) => page.entry && this.#selected.fire({ entry: page.entry, layer }));
    page.onDidActivate(() => {
      this.#pages.delete(page);
      this.#pages.add(page);
    });
    page.onDidClose(() => {
      this.#pages.delete(page);
      for (const hold of holds) hold.dispose();
    });
    return page;
  }

  /** The entry of a file that VS Code named. @throws HumanError saying what the file is, where it is no model. */
  async #find(uri: vscode.Uri): Promise<ModelEntry> {
    const identification = await this.#discovery.identify(uri);
    if (identification.kind === 'model') return this.#store.add(uri, identification.title);
    return await this.#insist(uri, this.#services.engine());
  }

  /** Opening says more of a file than the cheap look: what it is, and what to do. */
  async #insist(uri: vscode.Uri, engine: Engine): Promise<ModelEntry> {
    const model = await engine.open(this.#services.pathOf(uri));
    return this.#store.add(uri, model.formatTitle);
  }

  /** After a reload of the window the page only knows the model's file. */
  async #restore(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const key = typeof state === 'object' && state !== null && 'modelPath' in state ? state.modelPath : undefined;
    if (typeof key !== 'string') {
      panel.dispose();
      return;
    }
    const uri = uriOfKey(key);
    try {
      const entry = await this.#find(uri);
      if (this.get(entry)) panel.dispose();
      else this.#host(uri, panel, { find: () => Promise.resolve(entry), layer: undefined });
    } catch (error) {
      panel.dispose();
      this.#services.log.error(`restoring the panel of ${key}`, error);
      void vscode.window.showWarningMessage(escapeNotification(`The panel of ${key} was closed: ${messageOf(error)}`));
    }
  }
}

/** A scheme has at least two letters; one letter is a drive of Windows. */
function uriOfKey(key: string): vscode.Uri {
  return /^[a-z][a-z\d+.-]+:/i.test(key) ? vscode.Uri.parse(key) : vscode.Uri.file(key);
}
