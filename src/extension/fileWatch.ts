import path from 'node:path';
import * as vscode from 'vscode';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';
import { keyOf } from './modelUri';

/** A training run writes a model's files one after the other: it is read anew when nothing has changed for this long. */
const QUIET_MS = 600;

/** Reads models anew when one of their files changes. Only models that somebody opened are watched. */
export function registerFileWatch(store: ModelStore): vscode.Disposable {
  const watched = new Map<ModelEntry, WatchedModel>();
  const update = (entry: ModelEntry): void => {
    if (!entry.model) return;
    const known = watched.get(entry);
    if (known?.model === entry.model) return;
    known?.dispose();
    watched.set(entry, new WatchedModel(entry));
  };
  const dropOthers = (): void => {
    const current = new Set(store.entries);
    for (const [entry, watch] of watched) {
      if (current.has(entry)) continue;
      watch.dispose();
      watched.delete(entry);
    }
  };
  return vscode.Disposable.from(
    store.onDidChangeModel(({ entry, structure }) => structure && update(entry)),
    store.onDidChangeList(dropOthers),
    { dispose: () => watched.forEach((watch) => watch.dispose()) },
  );
}

class WatchedModel implements vscode.Disposable {
  readonly model;
  readonly #disposables: vscode.Disposable[] = [];
  #quiet: NodeJS.Timeout | undefined;

  constructor(entry: ModelEntry) {
    this.model = entry.model!;
    const keys = new Set(this.model.files.map((file) => keyOf(originalOf(entry, file.path))));
    const folders = new Map([...this.model.files].map((file) => originalOf(entry, path.dirname(file.path))).map((folder) => [keyOf(folder), folder]));
    for (const folder of folders.values()) {
      const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '*'));
      const onChange = (uri: vscode.Uri): void => {
        if (keys.has(keyOf(uri))) this.#reloadWhenQuiet(entry);
      };
      this.#disposables.push(watcher, watcher.onDidChange(onChange), watcher.onDidCreate(onChange), watcher.onDidDelete(onChange));
    }
  }

  dispose(): void {
    clearTimeout(this.#quiet);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #reloadWhenQuiet(entry: ModelEntry): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => void entry.reload(), QUIET_MS);
  }
}

/** The file that a person knows: of a copy of a virtual file the original. */
function originalOf(entry: ModelEntry, file: string): vscode.Uri {
  if (entry.uri.scheme === 'file') return vscode.Uri.file(file);
  const relative = path.relative(path.dirname(entry.path), file).split(path.sep);
  return vscode.Uri.joinPath(entry.uri, '..', ...relative);
}
