import path from 'node:path';
import * as vscode from 'vscode';
import { HumanError, messageOf } from '../core/errors';
import type { Discovery } from './discovery';
import { mayBeModel, opensInEditor } from './editorFormats';
import { COMMANDS } from './ids';
import type { Log } from './log';
import { escapeNotification } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';
import type { Panels } from './panels';
import { activeFile, pickModel, urisOf } from './targets';
import type { MenuArgument } from './targets';

/** A selection of more files than this was hardly meant to open as many panels. */
const MOST_AT_ONCE = 8;

export interface InspectServices {
  readonly store: ModelStore;
  readonly discovery: Discovery;
  readonly panels: Panels;
  readonly log: Log;
}

/** Inspect Weights: from a menu, the active editor, or a list. */
export async function inspect(services: InspectServices, argument: MenuArgument, selection: unknown): Promise<void> {
  const given = urisOf(argument, selection).slice(0, MOST_AT_ONCE);
  const uris = given.length > 0 ? given : await chosen(services);
  for (const uri of uris) await inspectFile(services, uri);
}

/** Opens the panel of a model file, or says why there is none. */
export async function inspectFile(services: InspectServices, uri: vscode.Uri): Promise<ModelEntry | undefined> {
  const entry = await entryOf(services, uri);
  if (!entry) return undefined;
  try {
    await entry.open();
  } catch (error) {
    await showProblem(services, error, uri);
    return undefined;
  }
  await services.panels.show(entry);
  return entry;
}

/** The entry of a file, where it is a model; else a message says what it is. */
export async function entryOf(services: InspectServices, uri: vscode.Uri): Promise<ModelEntry | undefined> {
  const { store, discovery } = services;
  const name = path.basename(uri.fsPath);
  try {
    const identification = await discovery.identify(uri);
    if (identification.kind === 'model') return store.add(uri, identification.title);
    await sayOther(services, `${name} ${identification.is}, not a model that Weightgram reads.`, uri);
  } catch (error) {
    await showProblem(services, error, uri);
  }
  return undefined;
}

/** A file of such a name is what the person means, even where it turns out to be something else: then a message says what it is. */
const CALLED_MODEL = /model[^/]*\.json$/i;

/** The model of the active editor, else what the person picks. */
async function chosen({ store, discovery, panels, log }: InspectServices): Promise<vscode.Uri[]> {
  const active = panels.active ?? activeFile();
  if (active && mayBeModel(active.path)) {
    try {
      const isMeant = CALLED_MODEL.test(active.path) || opensInEditor(active.path) || store.entries.length === 0;
      if (isMeant || (await discovery.identify(active)).kind === 'model') return [active];
    } catch (error) {
      // The list below is the way out; nobody named this file.
      log.debug(`looking at ${active.fsPath}: ${messageOf(error)}`);
    }
  }
  const picked = await pickModel(store, 'Which model should be inspected?');
  return picked ? [picked] : [];
}

async function sayOther(services: InspectServices, sentence: string, uri: vscode.Uri): Promise<void> {
  const choose = 'Choose a Model…';
  const open = 'Open as Text';
  const action = await vscode.window.showWarningMessage(escapeNotification(sentence), choose, open);
  if (action === open) await vscode.commands.executeCommand(COMMANDS.openFile, uri);
  if (action !== choose) return;
  const picked = await pickModel(services.store, 'Which model should be inspected?');
  if (picked) await inspectFile(services, picked);
}

async function showProblem(services: InspectServices, error: unknown, uri: vscode.Uri): Promise<void> {
  if (error instanceof HumanError && error.code === 'cancelled') return;
  services.log.error(`inspecting ${uri.fsPath}`, error);
  const again = 'Try Again';
  const log = 'Show Log';
  const action = await vscode.window.showErrorMessage(escapeNotification(messageOf(error)), again, log);
  if (action === log) services.log.show();
  if (action === again) await inspectFile(services, uri);
}
