import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import type { Discovery } from './discovery';
import { mayBeModel } from './editorFormats';
import type { Log } from './log';

/** Looks at files that may be models and are opened in a tab, wherever they lie: their menus follow too, in node_modules and outside the workspace. */
export function registerEditorFiles(discovery: Discovery, log: Log): vscode.Disposable {
  const look = async (tabs: readonly vscode.Tab[]): Promise<void> => {
    for (const { input } of tabs) {
      const isFile = input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom;
      if (!isFile || input.uri.scheme !== 'file' || !mayBeModel(input.uri.path)) continue;
      try {
        await discovery.identify(input.uri);
      } catch (error) {
        // Nobody asked about this file: without an answer it only has no menu entry.
        log.debug(`looking at ${input.uri.fsPath}: ${messageOf(error)}`);
      }
    }
  };
  const lookAtAll = (): void => void look(vscode.window.tabGroups.all.flatMap((group) => group.tabs));
  return vscode.Disposable.from(
    vscode.window.tabGroups.onDidChangeTabs(({ opened, changed }) => void look([...opened, ...changed])),
    // A search forgets what it does not find itself.
    discovery.onDidChange(() => discovery.hasSearched && lookAtAll()),
  );
}
