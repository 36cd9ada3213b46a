import path from 'node:path';
import * as vscode from 'vscode';
import type { Policy } from '../core/silences/policy';
import type { Engine } from '../protocol/engine';
import type { Log } from './log';
import { ModelEntry } from './modelEntry';
import type { ModelChange } from './modelEntry';
import type { Settings } from './settings';

export interface StoreServices {
  readonly log: Log;
  /** The engine of the moment: a change of settings replaces it. */
  engine(): Engine;
  settings(): Settings;
  /** What was decided about a model's findings. Never rejects. */
  policyOf(model: vscode.Uri): Promise<Policy>;
}

interface Known {
  readonly entry: ModelEntry;
  /** Panels that show it. */
  holders: number;
  /** The file is gone, or no model any more: it stays for its panels only. */
  isGone: boolean;
}

/** All models that are known, each with one analysis that every front shares. */
export class ModelStore implements vscode.Disposable {
  readonly #services: StoreServices;
  readonly #entries = new Map<string, Known>();
  readonly #listChanged = new vscode.EventEmitter<void>();
  readonly #modelChanged = new vscode.EventEmitter<ModelChange>();
  /** Models came or went. */
  readonly onDidChangeList = this.#listChanged.event;
  /** A model was opened, or results came in; at most about ten times a second for each model. */
  readonly onDidChangeModel = this.#modelChanged.event;

  constructor(services: StoreServices) {
    this.#services = services;
  }

  /** By path, so that neighbours stand together. */
  get entries(): ModelEntry[] {
    return [...this.#entries.values()].map(({ entry }) => entry).sort((a, b) => comparePaths(a.path, b.path));
  }

  get(uri: vscode.Uri): ModelEntry | undefined {
    return this.#entries.get(uri.fsPath)?.entry;
  }

  /** The entry of a file that was identified as a model; the same one each time. */
  add(uri: vscode.Uri, formatTitle: string): ModelEntry {
    const known = this.#entries.get(uri.fsPath);
    if (known) {
      known.isGone = false;
      return known.entry;
    }
    const entry = new ModelEntry(uri, formatTitle, this.#services, (change) => this.#modelChanged.fire(change));
    this.#entries.set(uri.fsPath, { entry, holders: 0, isGone: false });
    this.#listChanged.fire();
    return entry;
  }

  /** A `.weightgram.json` changed: all that was counted is judged anew. */
  async judgeAnew(): Promise<void> {
    await Promise.all(this.entries.map((entry) => entry.judgeAnew()));
  }

  /** A panel shows this model: it stays until the panel lets go of it, whatever becomes of its file. */
  hold(entry: ModelEntry): vscode.Disposable {
    const known = this.#entries.get(entry.path);
    if (known?.entry !== entry) return { dispose: () => undefined };
    known.holders++;
    return {
      dispose: () => {
        known.holders--;
        if (known.isGone) this.#forgetUnheld([known]);
      },
    };
  }

  /** The file is gone, or no model any more: `what` ends a sentence. A model that a panel shows stays and says so. */
  remove(uri: vscode.Uri, what: string): void {
    const known = this.#entries.get(uri.fsPath);
    if (known) this.#remove(known, what);
  }

  /** A folder is gone, and all that was in it. */
  removeFolder(uri: vscode.Uri, what: string): void {
    const inside = [...this.#entries.values()].filter(({ entry }) => entry.uri.path.startsWith(`${uri.path}/`));
    for (const known of inside) this.#remove(known, what);
  }

  /** After a search: what it did not find is forgotten, but for what panels show. */
  keepOnly(found: ReadonlySet<string>): void {
    this.#forgetUnheld([...this.#entries.values()].filter(({ entry }) => !found.has(entry.path)));
  }

  dispose(): void {
    for (const { entry } of this.#entries.values()) entry.dispose();
    this.#entries.clear();
    this.#listChanged.dispose();
    this.#modelChanged.dispose();
  }

  #remove(known: Known, what: string): void {
    known.isGone = true;
    if (known.holders > 0) known.entry.vanish(`${known.entry.path} ${what}. The figures are those of the file as it was.`);
    this.#forgetUnheld([known]);
  }

  #forgetUnheld(all: readonly Known[]): void {
    const unheld = all.filter(({ holders }) => holders === 0);
    if (unheld.length === 0) return;
    for (const { entry } of unheld) {
      this.#entries.delete(entry.path);
      entry.dispose();
    }
    this.#listChanged.fire();
  }
}

/** Folder by folder, and numbers in names by their value: x2 before x10. */
function comparePaths(a: string, b: string): number {
  const order = new Intl.Collator('en', { numeric: true }).compare;
  return order(path.dirname(a), path.dirname(b)) || order(path.basename(a), path.basename(b));
}
