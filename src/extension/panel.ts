import { randomBytes } from 'node:crypto';
import path from 'node:path';
import * as vscode from 'vscode';
import { CancelledError, FormatError } from '../core/errors';
import type { Model } from '../core/model';
import { layerVerdict } from '../core/verdict/layerVerdict';
import { overlaysOf } from '../core/verdict/overlays';
import { summaryOf } from '../core/statistics/spectrumSummary';
import type { SpectrumSummary } from '../core/statistics/spectrumSummary';
import type { Engine } from '../protocol/engine';
import type { HostSide, PageSide } from '../protocol/pageContract';
import { gridView } from '../protocol/gridView';
import { tensorView } from '../protocol/pageView';
import { Peer } from '../protocol/rpc';
import type { Handlers } from '../protocol/rpc';
import { COMMANDS, PANEL_VIEW_TYPE } from './ids';
import type { Log } from './log';
import type { ModelChange, ModelEntry } from './modelEntry';
import { panelPage } from './panelPage';
import { pageState, pageUpdate } from './pageState';
import type { PageSource } from './pageState';
import { keyOf } from './modelUri';
import { saveTensor } from './saveTensor';
import type { Settings } from './settings';
import type { Twins } from './twins';

export interface PanelServices {
  readonly extensionUri: vscode.Uri;
  readonly log: Log;
  engine(): Engine;
  settings(): Settings;
  /** Where workers read a file. */
  pathOf(uri: vscode.Uri): string;
  readonly twins: Twins;
}

/** What a page is about. */
export interface Subject {
  readonly uri: vscode.Uri;
  /** Asked when the page stands, and again where it failed. @throws HumanError where the file is no model. */
  find(): Promise<ModelEntry>;
}

/** One page of one model: the host's side, for a panel of ours as for an editor that VS Code opened. */
export class ModelPanel implements vscode.Disposable {
  readonly #subject: Subject;
  readonly #services: PanelServices;
  readonly #panel: vscode.WebviewPanel;
  readonly #peer: Peer<HostSide, PageSide>;
  readonly #activated = new vscode.EventEmitter<void>();
  /** The person looks at this page. */
  readonly onDidActivate = this.#activated.event;
  readonly #selected = new vscode.EventEmitter<string>();
  /** The person chose a layer in the page. */
  readonly onDidSelect = this.#selected.event;
  /** The panel was closed. */
  readonly onDidClose: vscode.Event<void>;
  #selectedLayer: string | undefined;
  /** A page has asked for its state: before that, and while it is hidden, there is nobody to tell. */
  #isLive = false;
  /** Undefined while it is looked for, and where the file is no model. */
  #entry: ModelEntry | undefined;
  #beginning: Promise<ModelEntry> | undefined;
  #disposed = false;

  constructor(subject: Subject, panel: vscode.WebviewPanel, services: PanelServices, selectedLayer: string | undefined) {
    this.#subject = subject;
    this.#services = services;
    this.#panel = panel;
    this.#selectedLayer = selectedLayer;
    this.onDidClose = panel.onDidDispose;
    const { webview } = panel;
    webview.options = panelOptions(services.extensionUri);
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
      if (panel.active) this.#activated.fire();
    });
    panel.onDidDispose(() => this.#close());
    webview.html = this.#page();
    // Work begins while the page loads, which asks for it and says why there is nothing to show.
    this.#begin().catch(() => undefined);
  }

  get uri(): vscode.Uri {
    return this.#subject.uri;
  }

  get entry(): ModelEntry | undefined {
    return this.#entry;
  }

  get selectedLayer(): string | undefined {
    return this.#selectedLayer;
  }

  get isDisposed(): boolean {
    return this.#disposed;
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
    if (change.findings && change.entry.analysis?.complete === true) void this.#services.twins.look(change.entry);
  }

  /** The file changed: where there was nothing to show, there may be now. */
  retry(): void {
    if (this.#disposed || this.#entry?.model) return;
    const tell = (): void => {
      if (this.#isLive) this.#peer.tell('reset', null);
    };
    // Whether or not a page listens: it may be loading.
    this.#begin().then(tell, tell);
  }

  dispose(): void {
    this.#panel.dispose();
  }

  /** Finds, opens and analyses the model, once for all who ask; anew where that failed. */
  #begin(): Promise<ModelEntry> {
    const beginning = this.#beginning ?? this.#find();
    this.#beginning = beginning;
    beginning.catch(() => {
      if (this.#beginning === beginning) this.#beginning = undefined;
    });
    return beginning;
  }

  /** @throws HumanError where the page was closed meanwhile, or the file is no model. */
  async #find(): Promise<ModelEntry> {
    const entry = this.#entry ?? (await this.#subject.find());
    this.#throwIfClosed();
    this.#entry = entry;
    void entry.analyze();
    if (!entry.model) await entry.open();
    this.#throwIfClosed();
    return entry;
  }

  #throwIfClosed(): void {
    if (this.#disposed) throw new CancelledError();
  }

  /** @throws FormatError where the page asks for a tensor of the file as it was. */
  #model(tensor: number): Model {
    const model = this.#entry?.model;
    if (!model?.tensors[tensor]) throw new FormatError(`${keyOf(this.uri)} has no tensor number ${tensor} any more. Open it again.`);
    return model;
  }

  #close(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#isLive = false;
    this.#peer.dispose();
    this.#selected.dispose();
    this.#activated.dispose();
  }

  #onSelected(layer: string): void {
    this.#selectedLayer = layer;
    this.#selected.fire(layer);
  }

  #source(): PageSource | undefined {
    const entry = this.#entry;
    if (!entry) return undefined;
    const { model, analysis, assessment, problem } = entry;
    const { nearZeroRatio, histogramBins } = this.#services.settings();
    // A copy of a virtual file is nothing that a person knows.
    const shown = model && this.uri.scheme !== 'file' ? { ...model, path: this.uri.toString(true) } : model;
    return shown && { model: shown, analysis, assessment, problem, nearZeroRatio, histogramBins, sameWeightsAs: this.#services.twins.of(entry) };
  }

  #handlers(): Handlers<HostSide> {
    const services = this.#services;
    return {
      ready: async () => {
        // Even a page that shows only why there is nothing hears of a change.
        this.#isLive = true;
        const entry = await this.#begin();
        // Again, where it failed: what is done or cancelled stays so.
        if (!entry.model) await entry.open();
        void entry.analyze();
        void services.twins.look(entry);
        return pageState(this.#source()!, this.#selectedLayer);
      },
      histogram: ({ tensor, edges }, signal) => {
        const sampled = this.#entry?.analysis?.statistics.get(tensor)?.sampled;
        return services.engine().histogram(this.#model(tensor), tensor, edges, { signal, sampled });
      },
      verdict: async ({ layer }) => (this.#entry?.analysis && layerVerdict(this.#entry.analysis, layer)) ?? null,
      overlays: async ({ tensor: index }) => {
        const tensor = this.#entry?.model?.tensors[index];
        const layer = tensor && this.#entry?.model?.layers[tensor.layer];
        const statistics = this.#entry?.analysis?.statistics.get(index);
        return tensor && layer && statistics ? overlaysOf(layer, tensor, statistics) : [];
      },
      units: async ({ tensor }) => {
        const statistics = this.#entry?.analysis?.statistics.get(tensor);
        if (statistics) this.#peer.tell('update', { tensors: [tensorView(tensor, statistics, { withUnits: true })] });
        return null;
      },
      spectrum: ({ tensor }, signal) => this.#spectrum(tensor, signal),
      grid: async ({ tensor, request }, signal) => gridView(await services.engine().grid(this.#model(tensor), tensor, request, signal)),
      saveValues: ({ tensor, format }) => saveTensor(services.engine(), this.#model(tensor), { tensor, format, beside: this.uri }),
      cancel: async () => {
        this.#entry?.cancel();
        return null;
      },
      readFully: async ({ layer }) => {
        void this.#entry?.readFully(layer ?? undefined);
        return null;
      },
      restart: async () => {
        void this.#entry?.restart();
        return null;
      },
      openRule: async ({ rule }) => {
        await vscode.commands.executeCommand(COMMANDS.openRule, rule);
        return null;
      },
      openFile: async () => {
        await vscode.commands.executeCommand(COMMANDS.openFile, this.uri);
        return null;
      },
      showLog: async () => {
        services.log.show();
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
    const model = this.#model(tensor);
    const onProgress = (share: number): void => {
      if (this.#isLive) this.#peer.tell('spectrumProgress', { tensor, share });
    };
    const spectrum = await this.#services.engine().spectrum(model, tensor, { signal, onProgress });
    if (!this.#disposed && this.#entry?.model === model) this.#entry.noteSpectrum(tensor, spectrum);
    return summaryOf(spectrum);
  }

  async #save(suggestedName: string, contents: Uint8Array): Promise<boolean> {
    const folder = vscode.Uri.joinPath(this.uri, '..');
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
      modelPath: keyOf(this.uri),
      title: path.posix.basename(this.uri.path),
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
