import path from 'node:path';
import * as vscode from 'vscode';
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
}

/** Where a model was met. Those of a search go when the next search does not find them; those that a person opened stay. */
export type Origin = 'search' | 'person';

/** All models that are known, each with one analysis that every front shares. */
export class ModelStore implements vscode.Disposable {
  readonly #services: StoreServices;
  readonly #entries = new Map<string, { readonly entry: ModelEntry; origin: Origin }>();
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
  add(uri: vscode.Uri, formatTitle: string, origin: Origin): ModelEntry {
    const known = this.#entries.get(uri.fsPath);
    if (known) {
      if (origin === 'person') known.origin = origin;
      return known.entry;
    }
    const entry = new ModelEntry(uri, formatTitle, this.#services, (change) => this.#modelChanged.fire(change));
    this.#entries.set(uri.fsPath, { entry, origin });
    this.#listChanged.fire();
    return entry;
  }

  /** The file is gone, or no model any more. What somebody looks at stays and says so. */
  remove(uri: vscode.Uri, reason: string): void {
    const known = this.#entries.get(uri.fsPath);
    if (!known) return;
    if (known.entry.analysis) {
      known.entry.vanish(reason);
      return;
    }
    this.#forget(known.entry);
    this.#listChanged.fire();
  }

  /** After a search: what earlier ones found and this one did not is forgotten, unless somebody looks at it. */
  keepOnly(found: ReadonlySet<string>, within: (uri: vscode.Uri) => boolean): void {
    for (const { entry, origin } of [...this.#entries.values()]) {
      if (origin === 'search' && within(entry.uri) && !found.has(entry.path) && !entry.analysis) this.#forget(entry);
    }
    this.#listChanged.fire();
  }

  dispose(): void {
    for (const { entry } of this.#entries.values()) entry.dispose();
    this.#entries.clear();
    this.#listChanged.dispose();
    this.#modelChanged.dispose();
  }

  #forget(entry: ModelEntry): void {
    this.#entries.delete(entry.path);
    entry.dispose();
  }
}

/** Folder by folder, and numbers in names by their value: x2 before x10. */
function comparePaths(a: string, b: string): number {
  const order = new Intl.Collator('en', { numeric: true }).compare;
  return order(path.dirname(a), path.dirname(b)) || order(path.basename(a), path.basename(b));
}
