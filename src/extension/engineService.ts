import * as vscode from 'vscode';
import type { Engine } from '../protocol/engine';
import { CACHE_FOLDER } from './ids';
import type { Log } from './log';
import { escapeNotification } from './markdown';
import { makeEngine } from './nodeWorker';
import { readSettings } from './settings';
import type { Settings } from './settings';
import type { SettingProblem } from './thresholdSettings';

/** The engine, made when it is first needed, and the settings that it and everything else work with. */
export class EngineService implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: Log;
  #engine: Engine | undefined;
  #settings: Settings;
  /** Sentences that were shown: a person who leaves a value as it is has read them. */
  readonly #told = new Set<string>();

  constructor(context: vscode.ExtensionContext, log: Log) {
    this.#context = context;
    this.#log = log;
    this.#settings = this.#read();
  }

  readonly settings = (): Settings => this.#settings;

  readonly engine = (): Engine => (this.#engine ??= this.#make());

  /** Work in an engine that is replaced ends as if it had been cancelled. */
  readSettings({ replaceEngine }: { replaceEngine: boolean }): void {
    this.#settings = this.#read();
    if (!replaceEngine) return;
    this.#engine?.dispose();
    this.#engine = undefined;
  }

  dispose(): void {
    this.#engine?.dispose();
  }

  #read(): Settings {
    const { settings, problems } = readSettings();
    for (const problem of problems) void this.#tell(problem);
    return settings;
  }

  async #tell({ setting, message }: SettingProblem): Promise<void> {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#log.warn(message);
    const open = 'Open Setting';
    const action = await vscode.window.showWarningMessage(escapeNotification(message), open);
    if (action === open) await vscode.commands.executeCommand('workbench.action.openSettings', setting);
  }

  #make(): Engine {
    return makeEngine({
      distPath: vscode.Uri.joinPath(this.#context.extensionUri, 'dist').fsPath,
      cacheFolder: vscode.Uri.joinPath(this.#context.globalStorageUri, CACHE_FOLDER).fsPath,
      workers: this.#settings.workers,
      log: this.#log,
    });
  }
}
