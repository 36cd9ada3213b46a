import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Analysis } from '../src/core/analysis';
import type { Engine } from '../src/protocol/engine';
import { realEngine } from '../test/support/kernelBuild';
import { writeModel } from './savedModel';
import type { SavedModel } from './savedModel';

/** Judges models as the product does: files on disk, worker threads, the kernel. */
export class Analyst {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-evaluate-'));
  readonly #engine: Engine = realEngine();
  #count = 0;

  async analyze(file: string): Promise<Analysis> {
    const model = await this.#engine.open(file);
    return await this.#engine.analyze(model, { noCache: true });
  }

  async judge(model: SavedModel): Promise<Analysis> {
    const folder = path.join(this.#folder, String(this.#count++));
    const analysis = await this.analyze(writeModel(model, folder));
    rmSync(folder, { recursive: true });
    return analysis;
  }

  dispose(): void {
    this.#engine.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
