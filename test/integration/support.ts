import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { WeightgramApi } from '../../src/extension/api';
import type { ModelEntry } from '../../src/extension/modelEntry';

const EXTENSION_ID = 'weightgram.weightgram';

/** A change on disk passes a watcher, a quiet time and a worker before it is seen. */
const PATIENCE_MS = 20_000;

/** The running extension, after its first search of the workspace. */
export async function api(): Promise<WeightgramApi> {
  const extension = vscode.extensions.getExtension<WeightgramApi>(EXTENSION_ID);
  assert.ok(extension, `${EXTENSION_ID} is installed`);
  const exported = await extension.activate();
  await exported.searched;
  return exported;
}

export function workspaceFolder(): vscode.Uri {
  return vscode.workspace.workspaceFolders![0]!.uri;
}

export function fileIn(...parts: string[]): vscode.Uri {
  return vscode.Uri.joinPath(workspaceFolder(), ...parts);
}

/** The entry of a model that the first search found. */
export async function entryOf(...parts: string[]): Promise<ModelEntry> {
  const { store } = await api();
  const entry = store.get(fileIn(...parts));
  assert.ok(entry, `${parts.join('/')} was found`);
  return entry;
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  while (!holds()) {
    assert.ok(Date.now() < endMs, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A copy of a model's folder that a test may change; call the result's `remove` in the end. */
export function copyOfModel(from: string, name: string): { readonly folder: string; remove(): void } {
  const source = path.join(workspaceFolder().fsPath, from);
  const folder = path.join(workspaceFolder().fsPath, name);
  mkdirSync(folder, { recursive: true });
  // The weights first: the model file is found as soon as it is there.
  const files = readdirSync(source).sort((a, b) => Number(a.endsWith('.json')) - Number(b.endsWith('.json')));
  for (const file of files) copyFileSync(path.join(source, file), path.join(folder, file));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Sets a setting of the workspace for as long as `work` runs. */
export async function withSetting(id: string, value: unknown, work: () => Promise<void>): Promise<void> {
  const set = (to: unknown): Thenable<void> => vscode.workspace.getConfiguration().update(id, to, vscode.ConfigurationTarget.Workspace);
  await set(value);
  try {
    await work();
  } finally {
    await set(undefined);
  }
}

export function panelTabs(): vscode.Tab[] {
  return vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => tab.input instanceof vscode.TabInputWebview && tab.input.viewType.includes('weightgram'));
}

export async function closeAllEditors(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}
