import * as vscode from 'vscode';
import type { Engine } from '../protocol/engine';
import { CACHE_FOLDER } from './ids';
import type { Log } from './log';
import { makeEngine } from './nodeWorker';
import { readSettings } from './settings';
import type { Settings } from './settings';

/** The engine, made when it is first needed, and the settings that it and everything else work with. */
export class EngineService implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #log: Log;
  #engine: Engine | undefined;
  #settings = readSettings();

  constructor(context: vscode.ExtensionContext, log: Log) {
    this.#context = context;
    this.#log = log;
  }

  readonly settings = (): Settings => this.#settings;

  readonly engine = (): Engine => (this.#engine ??= this.#make());

  /** Work in an engine that is replaced ends as if it had been cancelled. */
  readSettings({ replaceEngine }: { replaceEngine: boolean }): void {
    this.#settings = readSettings();
    if (!replaceEngine) return;
    this.#engine?.dispose();
    this.#engine = undefined;
  }

  dispose(): void {
    this.#engine?.dispose();
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
