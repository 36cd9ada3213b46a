import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import type { Finding } from '../core/rules/rule';
import { exportReport } from './exportReport';
import type { FindingsNode } from './findingsTree';
import { CACHE_FOLDER, COMMANDS } from './ids';
import { entryOf, inspect } from './inspect';
import type { InspectServices } from './inspect';
import { escapeIcons, escapeNotification } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { SortOrder } from './modelTreeNodes';
import { layerNameOf } from './modelView';
import type { ModelView } from './modelView';
import { openRule } from './rulePages';
import { pickLayer } from './searchLayers';
import type { Settings } from './settings';
import { acceptAll, openSilences, silence } from './silencing';
import type { Found, Scope } from './silencing';
import { layerOfFinding } from './subjects';
import { pickModel, uriOf } from './targets';
import type { MenuArgument } from './targets';

export interface CommandServices extends InspectServices {
  readonly context: vscode.ExtensionContext;
  readonly view: ModelView;
  settings(): Settings;
}

export function registerCommands(services: CommandServices): vscode.Disposable {
  const { context, log, panels, store, view } = services;
  const sortBy = (order: SortOrder) => () => view.sort(order);
  const silenceAs = (scope: Scope) => (argument: MenuArgument, finding: Finding | undefined) => silence(foundIn(services, argument, finding), scope);
  const handlers: Record<(typeof COMMANDS)[keyof typeof COMMANDS], (...args: never[]) => unknown> = {
    [COMMANDS.inspect]: (argument: MenuArgument, selection: unknown) => inspect(services, argument, selection),
    [COMMANDS.refreshModels]: () => refresh(services),
    [COMMANDS.searchLayers]: async () => {
      const picked = await pickLayer(store);
      if (!picked) return;
      await showLayer(services, picked.entry.uri, picked.layer);
      await view.reveal(picked.entry, picked.layer);
    },
    [COMMANDS.sortByOrder]: sortBy('order'),
    [COMMANDS.sortBySparsity]: sortBy('sparsity'),
    [COMMANDS.sortBySize]: sortBy('size'),
    [COMMANDS.sortBySeverity]: sortBy('severity'),
    [COMMANDS.openRule]: (argument: string | FindingsNode | undefined) => openRule(context.extensionUri, ruleOf(argument)),
    [COMMANDS.openFile]: async (argument: MenuArgument) => {
      const uri = uriOf(argument);
      // A double click may open our own editor, by whose button one came here.
      if (uri) await vscode.commands.executeCommand('vscode.openWith', uri, 'default');
    },
    [COMMANDS.cancelAnalysis]: () => cancel(store.entries.filter((entry) => entry.isRunning)),
    [COMMANDS.analyzeFully]: async (argument: MenuArgument) => {
      const uri = uriOf(argument) ?? panels.active ?? (await pickModel(store, 'Which model should be read in full?'));
      const entry = uri && (await entryOf(services, uri));
      if (entry) await readFully(entry, layerIn(argument));
    },
    [COMMANDS.exportReport]: async (argument: MenuArgument) => {
      const uri = uriOf(argument) ?? panels.active ?? (await pickModel(store, 'Whose report should be exported?'));
      const entry = uri && (await entryOf(services, uri));
      if (entry) await exportReport(entry, services.settings());
    },
    [COMMANDS.clearCache]: () => clearCache(context),
    [COMMANDS.copyName]: (argument: MenuArgument) => vscode.env.clipboard.writeText(nameOf(argument)),
    [COMMANDS.showLayer]: (argument: MenuArgument, layer: unknown) => showLayer(services, argument, layer),
    [COMMANDS.showLog]: () => log.show(),
    [COMMANDS.acceptFindings]: () => acceptAll(store.entries),
    [COMMANDS.silenceSubject]: silenceAs('subject'),
    [COMMANDS.silenceInModel]: silenceAs('model'),
    [COMMANDS.silenceEverywhere]: silenceAs('everywhere'),
    [COMMANDS.openSilences]: (argument: MenuArgument) => {
      const silenced = argument && 'by' in argument ? argument : undefined;
      const index = silenced?.by.kind === 'silence' ? silenced.by.index : undefined;
      return openSilences(store.entries, silenced?.by, silenced?.entry.policy.file?.silences.find((one) => one.index === index)?.place);
    },
  };
  return vscode.Disposable.from(...Object.entries(handlers).map(([id, handler]) => vscode.commands.registerCommand(id, shown(handler, services))));
}

/** A command that fails says so where the person looks, and leaves its stack in the log. */
function shown(handler: (...args: never[]) => unknown, { log }: CommandServices): (...args: unknown[]) => Promise<unknown> {
  return async (...args) => {
    try {
      return await handler(...(args as never[]));
    } catch (error) {
      log.error('command', error);
      void vscode.window.showErrorMessage(escapeNotification(messageOf(error)));
      return undefined;
    }
  };
}

/** Searches anew, and tries again what could not be opened. */
async function refresh({ discovery, store }: CommandServices): Promise<void> {
  await discovery.search();
  await Promise.all(store.entries.filter((entry) => entry.problem !== undefined).map((entry) => entry.reload()));
}

/** The panel, at a layer. From a row of a tree the tree keeps the focus, so that its keys go on working. */
async function showLayer(services: CommandServices, argument: MenuArgument, layer: unknown): Promise<void> {
  const uri = uriOf(argument);
  const known = uri && (services.store.get(uri) ?? (await entryOf(services, uri)));
  if (!known) return;
  const name = typeof layer === 'string' ? layer : layerIn(argument);
  await services.panels.show(known, { preserveFocus: true, ...(name !== undefined && { layer: name }) });
}

/** Of a model that was only sampled the rest, or that of one layer. */
async function readFully(entry: ModelEntry, layer: string | undefined): Promise<void> {
  await entry.analyze();
  const isSampled = [...(entry.analysis?.statistics.values() ?? [])].some(({ sampled }) => sampled);
  if (!isSampled) void vscode.window.showInformationMessage(`Every value of ${escapeNotification(entry.label)} that can be read was read already.`);
  else await entry.readFully(layer === undefined ? undefined : entry.model?.layers.findIndex(({ name }) => name === layer));
}

/** What a row of the tree, or a quick fix with its finding, is about. */
function foundIn({ store }: CommandServices, argument: MenuArgument, finding: Finding | undefined): readonly Found[] {
  if (argument instanceof vscode.Uri) {
    const entry = store.get(argument);
    return entry && finding ? [{ entry, finding }] : [];
  }
  if (argument?.kind === 'rule') return argument.found;
  return argument?.kind === 'finding' ? [argument] : [];
}

function layerIn(argument: MenuArgument): string | undefined {
  if (!argument || argument instanceof vscode.Uri) return undefined;
  switch (argument.kind) {
    case 'finding':
    case 'silenced':
      return layerOfFinding(argument.entry, argument.finding);
    case 'severity':
    case 'rule':
    case 'silences':
      return undefined;
    default:
      return layerNameOf(argument);
  }
}

function ruleOf(argument: string | FindingsNode | undefined): string | undefined {
  if (typeof argument === 'string' || argument === undefined) return argument;
  switch (argument.kind) {
    case 'severity':
    case 'silences':
      return undefined;
    case 'rule':
      return argument.rule;
    case 'finding':
    case 'silenced':
      return argument.finding.rule;
  }
}

function nameOf(argument: MenuArgument): string {
  if (!argument || argument instanceof vscode.Uri) return argument?.fsPath ?? '';
  switch (argument.kind) {
    case 'model':
    case 'problem':
    case 'rest':
      return argument.entry.path;
    case 'group':
      return argument.group.key;
    case 'layer':
      return argument.model.layers[argument.index]?.name ?? '';
    case 'tensor':
      return argument.model.tensors[argument.index]?.name ?? '';
    case 'finding':
    case 'silenced':
      return argument.finding.subject.name;
    case 'silences':
      return '';
    case 'severity':
      return argument.severity;
    case 'rule':
      return argument.rule;
  }
}

async function cancel(running: readonly ModelEntry[]): Promise<void> {
  if (running.length <= 1) {
    running[0]?.cancel();
    return;
  }
  const all = { label: '$(stop-circle) Cancel all', entries: running };
  const each = running.map((entry) => ({ label: escapeIcons(entry.label), description: escapeIcons(vscode.workspace.asRelativePath(entry.uri)), entries: [entry] }));
  const picked = await vscode.window.showQuickPick([all, ...each], { placeHolder: 'Which analysis should stop?' });
  for (const entry of picked?.entries ?? []) entry.cancel();
}

async function clearCache(context: vscode.ExtensionContext): Promise<void> {
  const folder = vscode.Uri.joinPath(context.globalStorageUri, CACHE_FOLDER);
  try {
    await vscode.workspace.fs.delete(folder, { recursive: true });
  } catch (error) {
    const isAbsent = error instanceof vscode.FileSystemError && error.code === 'FileNotFound';
    if (!isAbsent) throw error;
  }
  void vscode.window.showInformationMessage('The cached results were removed. Models are read anew when they are inspected next.');
}
