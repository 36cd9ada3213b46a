import path from 'node:path';
import * as vscode from 'vscode';
import type { Policy } from '../core/silences/policy';
import type { Engine } from '../protocol/engine';
import type { Log } from './log';
import { ModelEntry } from './modelEntry';
import type { ModelChange } from './modelEntry';
import { keyOf } from './modelUri';
import { ownersOf } from './neighbours';
import type { Settings } from './settings';

/** A search finds models by the thousand: trees and menus follow the first at once, and the rest together. */
const LIST_MS = 100;

export interface StoreServices {
  readonly log: Log;
  /** The engine of the moment: a change of settings replaces it. */
  engine(): Engine;
  settings(): Settings;
  /** What was decided about a model's findings. Never rejects. */
  policyOf(model: vscode.Uri): Promise<Policy>;
  /** Where workers read the file. */
  pathOf(model: vscode.Uri): string;
  /** Puts the file there, where it is not on a disk. @throws HumanError */
  prepare(model: vscode.Uri): Promise<void>;
  /** Nobody shows the model any more. */
  forget(model: vscode.Uri): void;
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
  #sorted: readonly ModelEntry[] | undefined;
  #listTimer: NodeJS.Timeout | undefined;
  #listChangedMs = 0;

  constructor(services: StoreServices) {
    this.#services = services;
  }

  /** By path, so that neighbours stand together. */
  get entries(): readonly ModelEntry[] {
    return (this.#sorted ??= [...this.#entries.values()].map(({ entry }) => entry).sort((a, b) => comparePaths(a.uri.fsPath, b.uri.fsPath)));
  }

  /** Without the shards of a model that is known by its index or first file: what a person would call the models. */
  get listed(): readonly ModelEntry[] {
    return this.entries.filter(({ uri }) => uri.scheme !== 'file' || !ownersOf(uri.fsPath).some((owner) => this.#entries.has(owner)));
  }

  get(uri: vscode.Uri): ModelEntry | undefined {
    return this.#entries.get(keyOf(uri))?.entry;
  }

  /** The entry of a file that was identified as a model; the same one each time. */
  add(uri: vscode.Uri, formatTitle: string): ModelEntry {
    const known = this.#entries.get(keyOf(uri));
    if (known) {
      known.isGone = false;
      return known.entry;
    }
    const entry = new ModelEntry(uri, formatTitle, this.#services, (change) => this.#modelChanged.fire(change));
    this.#entries.set(keyOf(uri), { entry, holders: 0, isGone: false });
    this.#noteList();
    return entry;
  }

  /** A `.weightgram.json` changed: all that was counted is judged anew. */
  async judgeAnew(): Promise<void> {
    await Promise.all(this.entries.map((entry) => entry.judgeAnew()));
  }

  /** A panel shows this model: it stays until the panel lets go of it, whatever becomes of its file. */
  hold(entry: ModelEntry): vscode.Disposable {
    const known = this.#entries.get(keyOf(entry.uri));
    if (known?.entry !== entry) return { dispose: () => undefined };
    known.holders++;
    return {
      dispose: () => {
        known.holders--;
        // Nothing searches where there is no disk: such a model is known for as long as somebody looks.
        if (known.isGone || entry.uri.scheme !== 'file') this.#forgetUnheld([known]);
      },
    };
  }

  /** The file is gone, or no model any more: `what` ends a sentence. A model that a panel shows stays and says so. */
  remove(uri: vscode.Uri, what: string): void {
    const known = this.#entries.get(keyOf(uri));
    if (known) this.#remove(known, what);
  }

  /** A folder is gone, and all that was in it. */
  removeFolder(uri: vscode.Uri, what: string): void {
    const inside = [...this.#entries.values()].filter(({ entry }) => entry.uri.scheme === uri.scheme && entry.uri.path.startsWith(`${uri.path}/`));
    for (const known of inside) this.#remove(known, what);
  }

  /** After a search: what it did not find is forgotten, but for what panels show. */
  keepOnly(found: ReadonlySet<string>): void {
    this.#forgetUnheld([...this.#entries.values()].filter(({ entry }) => !found.has(keyOf(entry.uri))));
  }

  dispose(): void {
    for (const { entry } of this.#entries.values()) entry.dispose();
    this.#entries.clear();
    clearTimeout(this.#listTimer);
    this.#listChanged.dispose();
    this.#modelChanged.dispose();
  }

  #remove(known: Known, what: string): void {
    known.isGone = true;
    if (known.holders > 0) known.entry.vanish(`${keyOf(known.entry.uri)} ${what}. The figures are those of the file as it was.`);
    this.#forgetUnheld([known]);
  }

  #forgetUnheld(all: readonly Known[]): void {
    const unheld = all.filter(({ holders }) => holders === 0);
    if (unheld.length === 0) return;
    for (const { entry } of unheld) {
      this.#entries.delete(keyOf(entry.uri));
      entry.dispose();
      this.#services.forget(entry.uri);
    }
    this.#noteList();
  }

  #noteList(): void {
    this.#sorted = undefined;
    if (this.#listTimer) return;
    const tell = (): void => {
      this.#listTimer = undefined;
      this.#listChangedMs = Date.now();
      this.#listChanged.fire();
    };
    const waitMs = this.#listChangedMs + LIST_MS - Date.now();
    if (waitMs <= 0) tell();
    else this.#listTimer = setTimeout(tell, waitMs);
  }
}

const order = new Intl.Collator('en', { numeric: true });

/** Folder by folder, and numbers in names by their value: x2 before x10. */
function comparePaths(a: string, b: string): number {
  return order.compare(path.dirname(a), path.dirname(b)) || order.compare(path.basename(a), path.basename(b));
}
