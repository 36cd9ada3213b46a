import * as vscode from 'vscode';
import { OPEN_FILTERS } from './editorFormats';
import type { FindingsNode } from './findingsTree';
import { escapeIcons } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { TreeNode } from './modelTreeNodes';
import type { ModelStore } from './models';

/** What menus hand to a command: files of the Explorer or of a tab, or a row of one of our trees. */
export type MenuArgument = vscode.Uri | TreeNode | FindingsNode | undefined;

/** Files to work on, as a menu gave them. */
export function urisOf(argument: MenuArgument, selection: unknown): vscode.Uri[] {
  const selected = Array.isArray(selection) ? selection.filter((one): one is vscode.Uri => one instanceof vscode.Uri) : [];
  if (selected.length > 0) return selected;
  const uri = uriOf(argument);
  return uri ? [uri] : [];
}

export function uriOf(argument: MenuArgument): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  return argument && 'entry' in argument ? argument.entry.uri : undefined;
}

/** The file of the active editor tab, whatever shows it. */
export function activeFile(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom) return input.uri;
  return vscode.window.activeTextEditor?.document.uri;
}

interface ModelPick extends vscode.QuickPickItem {
  readonly entry?: ModelEntry;
}

const OPEN_OTHER: ModelPick = { label: '$(folder-opened) Choose a file…', alwaysShow: true };

/** Lets the person choose among the models that are known, or any file. */
export async function pickModel(store: ModelStore, placeHolder: string): Promise<vscode.Uri | undefined> {
  const picks = store.listed.map((entry): ModelPick => ({
    label: escapeIcons(entry.label),
    description: escapeIcons(vscode.workspace.asRelativePath(entry.uri)),
    detail: entry.formatTitle,
    entry,
  }));
  const picked = await vscode.window.showQuickPick<ModelPick>([...picks, OPEN_OTHER], { placeHolder, matchOnDescription: true });
  if (picked !== OPEN_OTHER) return picked?.entry?.uri;
  const files = await vscode.window.showOpenDialog({ title: placeHolder, openLabel: 'Inspect', filters: OPEN_FILTERS });
  return files?.[0];
}
