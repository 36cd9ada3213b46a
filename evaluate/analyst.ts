import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Analysis } from '../src/core/analysis';
import { matrixLayout } from '../src/core/linearAlgebra/matrixLayout';
import { isWeight } from '../src/core/model';
import type { Model } from '../src/core/model';
import { findingsOf } from '../src/core/rules/index';
import type { Spectrum } from '../src/core/statistics/spectrum';
import type { Engine } from '../src/protocol/engine';
import { realEngine } from '../test/support/kernelBuild';
import { writeModel } from './savedModel';
import type { SavedModel } from './savedModel';

/** Judges models as the product does: files on disk, worker threads, the kernel. */
export class Analyst {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-evaluate-'));
  readonly #engine: Engine = realEngine();
  #count = 0;

  /** @param spectra of all matrices too, which a person has to ask for. */
  async analyze(file: string, { spectra = false } = {}): Promise<Analysis> {
    const model = await this.#engine.open(file);
    const analysis = await this.#engine.analyze(model, { noCache: true });
    if (!spectra) return analysis;
    const found = await this.#spectraOf(analysis);
    return { ...analysis, findings: findingsOf(model, analysis.statistics, analysis.failures, { spectra: found }) };
  }

  /** Headers only. */
  async open(model: SavedModel): Promise<Model> {
    return await this.#onDisk(model, (file) => this.#engine.open(file));
  }

  async judge(model: SavedModel, options?: { spectra?: boolean }): Promise<Analysis> {
    return await this.#onDisk(model, (file) => this.analyze(file, options));
  }

  /** Of one tensor of a model. */
  async spectrum(model: SavedModel, tensor: string): Promise<Spectrum> {
    return await this.#onDisk(model, async (file) => {
      const opened = await this.#engine.open(file);
      return await this.#engine.spectrum(opened, opened.tensors.findIndex(({ name }) => name === tensor));
    });
  }

  async #onDisk<T>(model: SavedModel, use: (file: string) => Promise<T>): Promise<T> {
    const folder = path.join(this.#folder, String(this.#count++));
    const result = await use(writeModel(model, folder));
    rmSync(folder, { recursive: true });
    return result;
  }

  async #spectraOf({ model, statistics }: Analysis): Promise<Map<number, Spectrum>> {
    const spectra = new Map<number, Spectrum>();
    for (const [index, { nan, positiveInfinity, negativeInfinity }] of statistics) {
      if (isMatrix(model, index) && nan + positiveInfinity + negativeInfinity === 0) spectra.set(index, await this.#engine.spectrum(model, index));
    }
    return spectra;
  }

  dispose(): void {
    this.#engine.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Larger ones take seconds; those of the evaluation are far smaller. */
const MOST_ELEMENTS = 4e6;

function isMatrix({ tensors }: Model, index: number): boolean {
  const tensor = tensors[index]!;
  return isWeight(tensor) && ['kernel', 'embedding', 'head'].includes(tensor.role) && matrixLayout(tensor) !== undefined && tensor.elements <= MOST_ELEMENTS;
}
