import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import type { Identification } from '../core/formats/identify';
import type { Engine } from '../protocol/engine';
import type { Log } from './log';
import type { ModelStore } from './models';
import { keyOf } from './modelUri';
import { affectsFiles, readFileSettings } from './settings';
import { anyOf } from './settingValues';

/** Files whose head is looked at in one folder: enough for any repository of code, and a bound for data sets of small JSON files. */
const MOST_CANDIDATES = 20_000;

/** Heads that are read at once: more would only queue in the workers. */
const LOOKS_AT_ONCE = 8;

/** Changes come in bursts (a checkout, a build): they are looked at together when it is quiet. */
const QUIET_MS = 400;

export interface DiscoveryServices {
  readonly store: ModelStore;
  readonly log: Log;
  engine(): Engine;
  /** As the store's: where a file is read, and what puts it there. */
  pathOf(uri: vscode.Uri): string;
  prepare(uri: vscode.Uri): Promise<void>;
}

/** Finds the models of the workspace by the cheap look at the head of every candidate, and keeps watch. */
export class Discovery implements vscode.Disposable {
  readonly #services: DiscoveryServices;
  readonly #changed = new vscode.EventEmitter<void>();
  /** A search began or ended. */
  readonly onDidChange = this.#changed.event;
  /** What a file was, as long as its size and time stay. */
  readonly #known = new Map<string, { readonly stamp: string; readonly identification: Identification }>();
  readonly #pending = new Map<string, vscode.Uri>();
  readonly #subscriptions: vscode.Disposable[] = [];
  #created: vscode.Uri[] = [];
  #watchers: vscode.Disposable[] = [];
  #search: AbortController | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #notice: string | undefined;
  #isDone = false;
  #disposed = false;

  constructor(services: DiscoveryServices) {
    this.#services = services;
    this.#subscriptions.push(
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#restart()),
      vscode.workspace.onDidChangeConfiguration((event) => affectsFiles(event) && this.#restart()),
    );
  }

  /** All folders were searched, and no search runs. */
  get hasSearched(): boolean {
    return this.#isDone && this.#search === undefined;
  }

  /** What a person should know of the last search: that it was cut. */
  get notice(): string | undefined {
    return this.#notice;
  }

  /** Searches all folders. A search that runs already is replaced. */
  async search(): Promise<void> {
    this.#search?.abort();
    const search = new AbortController();
    this.#search = search;
    this.#notice = undefined;
    this.#changed.fire();
    const startedMs = Date.now();
    const { store, log } = this.#services;
    try {
      const found = new Set<string>();
      for (const folder of vscode.workspace.workspaceFolders ?? []) {
        // Models are read in ranges from the disk: a virtual folder has none.
        if (folder.uri.scheme !== 'file') continue;
        const candidates = await this.#candidates(folder, search.signal);
        await this.#look(candidates, search.signal, (uri) => found.add(uri.fsPath));
      }
      if (search.signal.aborted || this.#disposed) return;
      store.keepOnly(found);
      log.info(`found ${found.size} models in ${Date.now() - startedMs} ms`);
    } catch (error) {
      if (!search.signal.aborted) log.error('searching for models', error);
    } finally {
      if (this.#search === search) {
        this.#search = undefined;
        this.#isDone = true;
        if (!this.#disposed) this.#changed.fire();
      }
    }
  }

  /** Begins to watch for files that come, change and go. */
  watch(): void {
    for (const watcher of this.#watchers) watcher.dispose();
    this.#watchers = (vscode.workspace.workspaceFolders ?? [])
      .filter((folder) => folder.uri.scheme === 'file')
      .flatMap((folder) => {
        const include = anyOf(readFileSettings(folder).include);
        if (include === undefined) return [];
        const files = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, include));
        // A folder that is moved or deleted is one event, about the folder: its files are not named.
        const folders = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '**'), false, true, false);
        return [
          files,
          folders,
          files.onDidCreate((uri) => this.#note(uri)),
          files.onDidChange((uri) => this.#note(uri)),
          files.onDidDelete((uri) => this.#services.store.remove(uri, 'was deleted')),
          folders.onDidCreate((uri) => this.#noteCreated(uri)),
          folders.onDidDelete((uri) => this.#services.store.removeFolder(uri, 'was deleted')),
        ];
      });
  }

  /** The cheap look at one file; a model joins the store. @throws HumanError where the file cannot be read. */
  async identify(uri: vscode.Uri, signal?: AbortSignal): Promise<Identification> {
    const { size, mtime } = await vscode.workspace.fs.stat(uri);
    const stamp = `${size} ${mtime}`;
    await this.#services.prepare(uri);
    const known = this.#known.get(keyOf(uri));
    const identification = known?.stamp === stamp ? known.identification : await this.#services.engine().identify(this.#services.pathOf(uri), signal);
    this.#known.set(keyOf(uri), { stamp, identification });
    if (this.#disposed || signal?.aborted) return identification;
    if (identification.kind === 'model') this.#services.store.add(uri, identification.title);
    else this.#services.store.remove(uri, `${identification.is} now`);
    return identification;
  }

  dispose(): void {
    this.#disposed = true;
    this.#search?.abort();
    clearTimeout(this.#quiet);
    for (const disposable of [...this.#watchers, ...this.#subscriptions, this.#changed]) disposable.dispose();
  }

  #restart(): void {
    this.watch();
    void this.search();
  }

  async #candidates(folder: vscode.WorkspaceFolder, signal: AbortSignal): Promise<vscode.Uri[]> {
    const settings = readFileSettings(folder);
    const include = anyOf(settings.include);
    if (include === undefined) return [];
    const cancel = new vscode.CancellationTokenSource();
    signal.addEventListener('abort', () => cancel.cancel(), { once: true });
    const uris = await vscode.workspace.findFiles(new vscode.RelativePattern(folder, include), anyOf(settings.exclude) ?? null, MOST_CANDIDATES, cancel.token);
    if (uris.length >= MOST_CANDIDATES) {
      this.#notice = `Only the first ${MOST_CANDIDATES} files of ${folder.name} were looked at. Narrow "Weightgram › Files: Include" in the settings.`;
    }
    return uris;
  }

  async #look(uris: readonly vscode.Uri[], signal: AbortSignal | undefined, onModel: (uri: vscode.Uri) => void): Promise<void> {
    const waiting = [...uris];
    const look = async (): Promise<void> => {
      for (let uri = waiting.shift(); uri && !signal?.aborted && !this.#disposed; uri = waiting.shift()) {
        try {
          if ((await this.identify(uri, signal)).kind === 'model') onModel(uri);
        } catch (error) {
          // One unreadable file says nothing about the others, and nobody asked for it by name.
          this.#services.log.debug(`looking at ${uri.fsPath}: ${messageOf(error)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, look));
  }

  #note(uri: vscode.Uri): void {
    this.#pending.set(uri.fsPath, uri);
    this.#waitForQuiet();
  }

  #noteCreated(uri: vscode.Uri): void {
    this.#created.push(uri);
    this.#waitForQuiet();
  }

  #waitForQuiet(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => void this.#lookAtPending(), QUIET_MS);
  }

  async #lookAtPending(): Promise<void> {
    const uris = [...this.#pending.values()];
    const created = this.#created;
    this.#pending.clear();
    this.#created = [];
    if (await hasFolder(created)) {
      await this.search();
      return;
    }
    const allowed = await this.#withoutExcluded(uris);
    await this.#look(allowed, undefined, () => undefined);
  }

  /** A watcher knows nothing of excludes: a file in node_modules that changes must not enter by this door. */
  async #withoutExcluded(uris: readonly vscode.Uri[]): Promise<vscode.Uri[]> {
    const checked = await Promise.all(
      uris.map(async (uri) => {
        if (this.#services.store.get(uri)) return uri;
        const folder = vscode.workspace.getWorkspaceFolder(uri);
        if (!folder) return undefined;
        const exclude = anyOf(readFileSettings(folder).exclude) ?? null;
        const relative = vscode.workspace.asRelativePath(uri, false).replace(/[[\]{}*?]/g, '[$&]');
        const hits = await vscode.workspace.findFiles(new vscode.RelativePattern(folder, relative), exclude, 1);
        return hits.length > 0 ? uri : undefined;
      }),
    );
    return checked.filter((uri) => uri !== undefined);
  }
}

/** More new files than this come from a checkout: a search costs less than asking of each what it is. */
const MANY_CREATED = 200;

async function hasFolder(uris: readonly vscode.Uri[]): Promise<boolean> {
  if (uris.length > MANY_CREATED) return true;
  const kinds = await Promise.allSettled(uris.map((uri) => vscode.workspace.fs.stat(uri)));
  return kinds.some((kind) => kind.status === 'fulfilled' && (kind.value.type & vscode.FileType.Directory) !== 0);
}
