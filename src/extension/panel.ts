import { randomBytes } from 'node:crypto';
import path from 'node:path';
import * as vscode from 'vscode';
import { FormatError } from '../core/errors';
import { layerVerdict } from '../core/verdict/layerVerdict';
import { overlaysOf } from '../core/verdict/overlays';
import { summaryOf } from '../core/statistics/spectrumSummary';
import type { SpectrumSummary } from '../core/statistics/spectrumSummary';
import type { Engine } from '../protocol/engine';
import type { HostSide, PageSide } from '../protocol/pageContract';
import { Peer } from '../protocol/rpc';
import type { Handlers } from '../protocol/rpc';
import { COMMANDS, PANEL_VIEW_TYPE } from './ids';
import type { Log } from './log';
import { visible } from './markdown';
import type { ModelChange, ModelEntry } from './modelEntry';
import { panelPage } from './panelPage';
import { pageState, pageUpdate } from './pageState';
import type { PageSource } from './pageState';
import type { Settings } from './settings';

export interface PanelServices {
  readonly extensionUri: vscode.Uri;
  readonly log: Log;
  engine(): Engine;
  settings(): Settings;
}

/** One panel of one model: the host's side of the page. */
export class ModelPanel implements vscode.Disposable {
  readonly #services: PanelServices;
  readonly #panel: vscode.WebviewPanel;
  readonly #peer: Peer<HostSide, PageSide>;
  readonly #selected = new vscode.EventEmitter<string>();
  /** The person chose a layer in the page. */
  readonly onDidSelect = this.#selected.event;
  /** The panel was closed. */
  readonly onDidClose: vscode.Event<void>;
  #selectedLayer: string | undefined;
  /** A page has asked for its state: before that, and while it is hidden, there is nobody to tell. */
  #isLive = false;
  #disposed = false;

  constructor(readonly entry: ModelEntry, panel: vscode.WebviewPanel, services: PanelServices, selectedLayer: string | undefined) {
    this.#services = services;
    this.#panel = panel;
    this.#selectedLayer = selectedLayer;
    this.onDidClose = panel.onDidDispose;
    const { webview } = panel;
    webview.options = panelOptions(services.extensionUri);
    panel.title = visible(entry.label);
    panel.iconPath = vscode.Uri.joinPath(services.extensionUri, 'media', 'panel.svg');
    this.#peer = new Peer(
      { post: (message) => void webview.postMessage(message), listen: (onMessage) => void webview.onDidReceiveMessage(onMessage) },
      this.#handlers(),
      {
        selected: ({ layer }) => this.#onSelected(layer),
        failed: ({ message, stack }) => services.log.error('the page', Object.assign(new Error(message), { stack: stack ?? message })),
      },
    );
    panel.onDidChangeViewState(() => {
      if (!panel.visible) this.#isLive = false;
    });
    panel.onDidDispose(() => this.#close());
    webview.html = this.#page();
    void entry.analyze();
  }

  get isActive(): boolean {
    return this.#panel.active;
  }

  reveal(preserveFocus: boolean): void {
    this.#panel.reveal(undefined, preserveFocus);
  }

  select(layer: string): void {
    if (layer === this.#selectedLayer) return;
    this.#selectedLayer = layer;
    if (this.#isLive) this.#peer.tell('select', { layer });
  }

  /** Tells the page what changed. */
  update(change: ModelChange): void {
    if (!this.#isLive) return;
    if (change.structure) {
      this.#peer.tell('reset', null);
      return;
    }
    const source = this.#source();
    if (source) this.#peer.tell('update', pageUpdate(source, change));
  }

  dispose(): void {
    this.#panel.dispose();
  }

  #close(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#isLive = false;
    this.#peer.dispose();
    this.#selected.dispose();
  }

  #onSelected(layer: string): void {
    this.#selectedLayer = layer;
    this.#selected.fire(layer);
  }

  #source(): PageSource | undefined {
    const { model, analysis, assessment, problem } = this.entry;
    const { nearZeroRatio, histogramBins } = this.#services.settings();
    return model && { model, analysis, assessment, problem, nearZeroRatio, histogramBins };
  }

  #handlers(): Handlers<HostSide> {
    const { entry } = this;
    const services = this.#services;
    return {
      ready: async () => {
        if (!entry.model) await entry.open();
        const source = this.#source()!;
        this.#isLive = true;
        return pageState(source, this.#selectedLayer);
      },
      histogram: async ({ tensor, edges }, signal) => {
        const model = entry.model;
        if (!model?.tensors[tensor]) throw new FormatError(`${entry.path} has no tensor number ${tensor} any more. Open the panel again.`);
        return services.engine().histogram(model, tensor, edges, signal);
      },
      verdict: async ({ layer }) => (entry.analysis && layerVerdict(entry.analysis, layer)) ?? null,
      overlays: async ({ tensor: index }) => {
        const tensor = entry.model?.tensors[index];
        const layer = tensor && entry.model.layers[tensor.layer];
        const statistics = entry.analysis?.statistics.get(index);
        return tensor && layer && statistics ? overlaysOf(layer, tensor, statistics) : [];
      },
      spectrum: ({ tensor }, signal) => this.#spectrum(tensor, signal),
      cancel: async () => {
        entry.cancel();
        return null;
      },
      restart: async () => {
        void entry.restart();
        return null;
      },
      openRule: async ({ rule }) => {
        await vscode.commands.executeCommand(COMMANDS.openRule, rule);
        return null;
      },
      openFile: async () => {
        await vscode.commands.executeCommand(COMMANDS.openFile, entry.uri);
        return null;
      },
      save: async ({ suggestedName, contents, encoding }) => this.#save(suggestedName, Buffer.from(contents, encoding)),
      copy: async ({ text }) => {
        await vscode.env.clipboard.writeText(text);
        return null;
      },
    };
  }

  /** The rules that look at spectra speak of it in all fronts. */
  async #spectrum(tensor: number, signal: AbortSignal): Promise<SpectrumSummary> {
    const { entry } = this;
    const { model } = entry;
    if (!model?.tensors[tensor]) throw new FormatError(`${entry.path} has no tensor number ${tensor} any more. Open the panel again.`);
    const onProgress = (share: number): void => {
      if (this.#isLive) this.#peer.tell('spectrumProgress', { tensor, share });
    };
    const spectrum = await this.#services.engine().spectrum(model, tensor, { signal, onProgress });
    if (!this.#disposed && entry.model === model) entry.noteSpectrum(tensor, spectrum);
    return summaryOf(spectrum);
  }

  async #save(suggestedName: string, contents: Uint8Array): Promise<boolean> {
    const folder = vscode.Uri.joinPath(this.entry.uri, '..');
    // The name is made from the model's names: only its last part may choose where the file goes.
    const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(folder, path.basename(suggestedName)) });
    if (!target || this.#disposed) return false;
    await vscode.workspace.fs.writeFile(target, contents);
    return true;
  }

  #page(): string {
    const { webview } = this.#panel;
    const uri = (...parts: string[]): string => webview.asWebviewUri(vscode.Uri.joinPath(this.#services.extensionUri, ...parts)).toString();
    return panelPage({
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString('base64url'),
      scriptUri: uri('dist', 'webview.js'),
      styleUri: uri('dist', 'webview.css'),
      plotlyUri: uri('dist', 'plotly.min.js'),
      modelPath: this.entry.path,
      title: this.entry.label,
    });
  }
}

export function createPanel(extensionUri: vscode.Uri, title: string): vscode.WebviewPanel {
  return vscode.window.createWebviewPanel(PANEL_VIEW_TYPE, title, vscode.ViewColumn.Active, panelOptions(extensionUri));
}

/** Only built files and pictures can be loaded; a hidden page is dropped and built again from its kept view. */
function panelOptions(extensionUri: vscode.Uri): vscode.WebviewOptions & vscode.WebviewPanelOptions {
  return {
    enableScripts: true,
    enableFindWidget: true,
    retainContextWhenHidden: false,
    localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'dist'), vscode.Uri.joinPath(extensionUri, 'media')],
  };
}
