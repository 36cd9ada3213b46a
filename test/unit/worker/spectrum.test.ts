import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CancelledError, HumanError } from '../../../src/core/errors';
import type { Model } from '../../../src/core/model';
import type { Spectrum } from '../../../src/core/statistics/spectrum';
import type { Engine } from '../../../src/protocol/engine';
import { builtEngineFolder, realEngine } from '../../support/kernelBuild';
import { normals } from '../../support/handMade';
import { NUMPY_SPECTRA, spectrumValues } from '../../support/spectrumData';
import { writeManifest } from '../../support/tinyTfjs';
import type { TinyWeight } from '../../support/tinyTfjs';

const float32 = (name: string, shape: readonly number[], values: Float32Array): TinyWeight =>
  ({ name, shape, dtype: 'float32', bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) });

/** Real worker threads on real files. */
describe('spectra', function () {
  this.timeout(120_000);
  let folder: string;
  let engine: Engine;

  before(() => void builtEngineFolder());
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-spectra-'));
    engine = realEngine();
  });
  afterEach(() => {
    engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const openWith = (weights: readonly TinyWeight[], shardBytes?: number): Promise<Model> => engine.open(writeManifest(folder, weights, shardBytes));

  it('are those of numpy, whatever the shape, over the borders of shards', async () => {
    const names = Object.keys(NUMPY_SPECTRA.cases);
    const model = await openWith(names.map((name) => float32(`${name}/kernel`, NUMPY_SPECTRA.cases[name]!.shape, spectrumValues(name))), 70_001);
    for (const [index, name] of names.entries()) {
      const spectrum = await engine.spectrum(model, index);
      const { singularValues, frobeniusNorm, variance } = NUMPY_SPECTRA.cases[name]!;
      assert.equal(spectrum.singularValues.length, singularValues.length);
      assert.equal(spectrum.isPartial, false);
      const largest = singularValues[0]!;
      singularValues.forEach((expected, i) => {
        const actual = spectrum.singularValues[i]!;
        if (expected >= 1e-3 * largest) assert.ok(Math.abs(actual / expected - 1) < 1e-8, `${name} ${i}: ${actual} is not ${expected}`);
        else assert.ok(Math.abs(actual - expected) < 1e-6 * largest, `${name} ${i}: ${actual} is not ${expected}`);
      });
      assert.ok(Math.abs(spectrum.frobeniusNorm / frobeniusNorm - 1) < 1e-9);
      assert.ok(Math.abs(spectrum.variance! / variance - 1) < 1e-9);
    }
  });

  it('of a convolution say what its filters have in common', async () => {
    const model = await openWith([float32('conv/kernel', [3, 3, 16, 60], spectrumValues('convolution'))]);
    const { filters, rows, columns } = await engine.spectrum(model, 0);
    assert.deepEqual([rows, columns], [60, 144]);
    assert.deepEqual(filters!.size, [3, 3]);
    assert.equal(filters!.count, 960);
    NUMPY_SPECTRA.filterShares.forEach((share, i) => assert.ok(Math.abs(filters!.varianceShares[i]! - share) < 1e-9));
  });

  it('of an identity, a zero and a single number’s outer product', async () => {
    const identity = new Float32Array(60 * 60);
    for (let i = 0; i < 60; i++) identity[i * 61] = 0.5;
    const model = await openWith([float32('a/kernel', [60, 60], identity), float32('b/kernel', [9, 7], new Float32Array(63)), float32('c/kernel', [40, 30], new Float32Array(1200).fill(2))]);
    assert.ok((await engine.spectrum(model, 0)).singularValues.every((value) => Math.abs(value - 0.5) < 1e-12));
    assert.deepEqual([...(await engine.spectrum(model, 1)).singularValues], new Array(7).fill(0));
    const [first, ...others] = (await engine.spectrum(model, 2)).singularValues;
    assert.ok(Math.abs(first! - 2 * Math.sqrt(1200)) < 1e-10);
    assert.ok(others.every((value) => value < 1e-6 * first!));
  });

  it('read integers as what they stand for', async () => {
    const model = await openWith([
      { name: 'i/kernel', shape: [64, 64], dtype: 'int32', bytes: new Uint8Array(new Int32Array(64 * 64).fill(3).buffer) },
      { name: 'u/kernel', shape: [64, 64], dtype: 'uint8', bytes: new Uint8Array(64 * 64).fill(5) },
    ]);
    for (const [index, value] of [3, 5].entries()) assert.ok(Math.abs((await engine.spectrum(model, index)).singularValues[0]! - 64 * value) < 1e-9);
  });

  it('of shuffled weights are the same each time, and lose the planted direction', async () => {
    const spectrumOf = async (): Promise<Spectrum> => engine.spectrum(await openWith([float32('spiked/kernel', [128, 128], spectrumValues('spiked'))]), 0);
    const [first, second] = [await spectrumOf(), await spectrumOf()];
    assert.deepEqual(first.shuffled, second.shuffled);
    assert.equal(first.shuffled!.length, 8);
    assert.ok(first.shuffled![0]! < 0.7 * first.singularValues[0]!);
  });

  it('tell how far they are, and are remembered', async () => {
    const model = await openWith([float32('n/kernel', [500, 400], normals(200_000))]);
    const shares: number[] = [];
    const spectrum = await engine.spectrum(model, 0, { onProgress: (share) => shares.push(share) });
    assert.ok(shares.length > 3);
    assert.deepEqual(shares, [...shares].sort((a, b) => a - b));
    assert.equal(shares.at(-1), 1);
    assert.equal(await engine.spectrum(model, 0), spectrum);
  });

  it('stop within 100 ms of a cancel, in the worker too', async () => {
    const model = await openWith([float32('n/kernel', [1500, 1500], normals(1500 * 1500)), float32('m/kernel', [20, 20], normals(400))]);
    engine.dispose();
    engine = realEngine({ workers: 1 });
    await engine.spectrum(model, 1);
    const cancel = new AbortController();
    let cancelledMs = 0;
    const running = engine.spectrum(model, 0, { signal: cancel.signal, onProgress: (share) => {
      if (share < 0.3 || cancel.signal.aborted) return;
      cancelledMs = performance.now();
      cancel.abort();
    } });
    await assert.rejects(running, CancelledError);
    assert.ok(performance.now() - cancelledMs < 100);
    // The only worker answers at once: it no longer computes.
    const fresh = { ...model };
    await engine.spectrum(fresh, 1);
    assert.ok(performance.now() - cancelledMs < 1000, `${performance.now() - cancelledMs} ms`);
  });

  it('are refused where there is none, and say why', async () => {
    const model = await openWith([
      float32('a/bias', [9], new Float32Array(9)),
      float32('b/kernel', [3, 3], Float32Array.of(1, 2, NaN, 4, 5, 6, 7, 8, 9)),
      float32('c/kernel', [3, 3], Float32Array.of(1, 2, Infinity, 4, 5, 6, 7, 8, 9)),
    ]);
    const refusals = [/no matrix/, /NaN or infinite/, /NaN or infinite/, /no tensor number 3/];
    for (const [index, expected] of refusals.entries()) {
      await assert.rejects(engine.spectrum(model, index), (error) => error instanceof HumanError && expected.test(error.message));
    }
  });

  it('are refused before memory is taken where they take too much', async () => {
    const model = await openWith([float32('a/kernel', [3, 3], new Float32Array(9))]);
    const huge = { ...model, tensors: [{ ...model.tensors[0]!, shape: [40_000, 40_000], elements: 1.6e9, bytes: 6.4e9 }] };
    await assert.rejects(engine.spectrum(huge, 0), /takes .* of memory, more than/);
  });

  it('are refused where the file has changed', async () => {
    const model = await openWith([float32('a/kernel', [30, 30], normals(900))]);
    appendFileSync(model.files[1]!.path, 'x');
    await assert.rejects(engine.spectrum(model, 0), /changed after the model was opened/);
  });
});
