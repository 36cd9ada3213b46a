import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import type { Discovery } from './discovery';
import type { Log } from './log';

/** Looks at JSON files that are opened in a tab, wherever they lie: their menus follow too, in node_modules and outside the workspace. */
export function registerEditorFiles(discovery: Discovery, log: Log): vscode.Disposable {
  const look = async (tabs: readonly vscode.Tab[]): Promise<void> => {
    for (const { input } of tabs) {
      if (!(input instanceof vscode.TabInputText) || input.uri.scheme !== 'file' || !/\.json$/i.test(input.uri.path)) continue;
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
