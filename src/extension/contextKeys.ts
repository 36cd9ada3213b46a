import * as vscode from 'vscode';
import type { Discovery } from './discovery';
import { CONTEXT_KEYS } from './ids';
import type { ModelStore } from './models';

/** Keeps the keys that menus and welcome texts follow. */
export function registerContextKeys(store: ModelStore, discovery: Discovery): vscode.Disposable {
  const set = changeSetter();
  const onList = (): void => {
    // `resourcePath` is the path of the editor's window: of a Windows file it is fsPath there, and path where the window is remote.
    set(CONTEXT_KEYS.modelPaths, [...new Set(store.entries.flatMap(({ uri }) => [uri.fsPath, uri.path]))]);
  };
  const onModel = (): void => {
    const { entries } = store;
    set(CONTEXT_KEYS.analyzed, entries.filter((entry) => entry.analysis?.complete).length);
    set(CONTEXT_KEYS.running, entries.some((entry) => entry.isRunning));
  };
  const onSearch = (): void => set(CONTEXT_KEYS.searched, discovery.hasSearched);
  onList();
  onModel();
  onSearch();
  return vscode.Disposable.from(store.onDidChangeList(onList), store.onDidChangeList(onModel), store.onDidChangeModel(onModel), discovery.onDidChange(onSearch));
}

/** setContext crosses to the window each time: only what changed is sent. */
function changeSetter(): (key: string, value: unknown) => void {
  const last = new Map<string, string>();
  return (key, value) => {
    const text = JSON.stringify(value);
    if (last.get(key) === text) return;
    last.set(key, text);
    void vscode.commands.executeCommand('setContext', key, value);
  };
}
