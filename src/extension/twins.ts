import path from 'node:path';
import * as vscode from 'vscode';
import { areSameWeights, traitsOf } from '../core/compare/sameWeights';
import type { WeightTraits } from '../core/compare/sameWeights';
import { messageOf } from '../core/errors';
import type { Model } from '../core/model';
import type { Engine } from '../protocol/engine';
import type { Log } from './log';
import type { ModelChange, ModelEntry } from './modelEntry';
import type { ModelStore } from './models';

/** Models of one folder whose headers are looked at: more lie in folders of checkpoints, which differ from one another. */
const MOST_LOOKED_AT = 12;

/** Reading so much takes a moment. A larger model is compared where somebody has looked at it. */
const MOST_READ_BYTES = 64 * 2 ** 20;

export interface TwinsServices {
  readonly store: ModelStore;
  readonly log: Log;
  engine(): Engine;
}

/** Which models of a folder hold the same weights: a network that was exported to several formats. */
export class Twins implements vscode.Disposable {
  readonly #services: TwinsServices;
  /** By the model as it was opened: a file that changes is another one. */
  readonly #traits = new WeakMap<Model, WeightTraits>();
  readonly #looked = new WeakSet<Model>();
  readonly #found = new vscode.EventEmitter<ModelEntry>();
  /** A model whose twins may have become known. */
  readonly onDidFind = this.#found.event;
  readonly #subscription: vscode.Disposable;

  constructor(services: TwinsServices) {
    this.#services = services;
    this.#subscription = services.store.onDidChangeModel((change) => this.#onChange(change));
  }

  /** Names of the other models of the folder with the same weights, as far as they are known. */
  of(entry: ModelEntry): string[] {
    const own = this.#known(entry);
    if (!own) return [];
    return this.#neighbours(entry).filter((other) => {
      const traits = this.#known(other);
      return traits !== undefined && areSameWeights(own, traits);
    }).map(({ uri }) => path.posix.basename(uri.path));
  }

  /** Somebody looks at this model: those beside it with as many weights are compared, where that costs little. */
  async look(entry: ModelEntry): Promise<void> {
    const { model } = entry;
    if (!model || entry.analysis?.complete !== true || this.#looked.has(model)) return;
    this.#looked.add(model);
    for (const other of this.#neighbours(entry).slice(0, MOST_LOOKED_AT)) {
      try {
        await this.#compare(entry, other);
      } catch (error) {
        // Nobody asked about the other file.
        this.#services.log.debug(`comparing ${other.path}: ${messageOf(error)}`);
      }
    }
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#found.dispose();
  }

  async #compare(entry: ModelEntry, other: ModelEntry): Promise<void> {
    if (this.#known(other) || other.problem !== undefined) return;
    const engine = this.#services.engine();
    // Opened in its entry, so that a change of the file is heard of.
    const model = await other.open();
    if (model.parameters !== entry.model?.parameters || model.bytes > MOST_READ_BYTES) return;
    const { statistics } = await engine.analyze(model);
    const traits = traitsOf(model, statistics);
    if (!traits) return;
    this.#traits.set(model, traits);
    this.#found.fire(entry);
  }

  #onChange({ entry, findings }: ModelChange): void {
    if (!findings || entry.analysis?.complete !== true) return;
    if (this.#known(entry)) for (const other of this.#neighbours(entry)) this.#found.fire(other);
  }

  #known(entry: ModelEntry): WeightTraits | undefined {
    const { model, analysis } = entry;
    const kept = model && this.#traits.get(model);
    if (kept || !model || analysis?.complete !== true) return kept;
    const traits = traitsOf(model, analysis.statistics);
    if (traits) this.#traits.set(model, traits);
    return traits;
  }

  #neighbours(entry: ModelEntry): ModelEntry[] {
    const folder = path.dirname(entry.uri.fsPath);
    return this.#services.store.listed.filter((other) => other !== entry && other.uri.scheme === entry.uri.scheme && path.dirname(other.uri.fsPath) === folder);
  }
}
