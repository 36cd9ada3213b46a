import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, unlinkSync, utimesSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CancelledError, HumanError } from '../../../src/core/errors';
import { finish } from '../../../src/core/statistics/finish';
import { evenEdges, finiteCount } from '../../../src/core/statistics/histogram';
import { TypeScriptKernel } from '../../../src/core/statistics/twin';
import type { Engine } from '../../../src/protocol/engine';
import { createEngine } from '../../../src/protocol/pooledEngine';
import { builtEngineFolder, realEngine, spawnWorker } from '../../support/kernelBuild';
import { float32Bytes, scanBytes } from '../../support/sampleData';
import { writeManifest } from '../../support/tinyTfjs';
import type { TinyWeight } from '../../support/tinyTfjs';

/** Real worker threads on real files. */
describe('the engine', function () {
  this.timeout(120_000);
  let folder: string;
  let engine: Engine;

  before(() => void builtEngineFolder());
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-engine-'));
    engine = realEngine();
  });
  afterEach(() => {
    engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const weight = (name: string, elements: number, kind = 'normal'): TinyWeight => ({ name, shape: [elements], dtype: 'float32', bytes: float32Bytes(kind, elements) });
  /** More than one part. */
  const LARGE = 5_000_000;

  it('gives what the twin gives, for tensors that straddle shards and begin anywhere', async () => {
    const weights: TinyWeight[] = [
      { name: 'a/flags', shape: [3], dtype: 'bool', bytes: Uint8Array.of(1, 0, 1) },
      weight('b/kernel', 100_001),
      weight('b/bias', 11),
      { name: 'd/index', shape: [9], dtype: 'int32', bytes: new Uint8Array(Int32Array.from({ length: 9 }, (_, i) => i * 1e6).buffer) },
      weight('e/narrow', 30_000, 'narrow, far from zero'),
    ];
    const file = writeManifest(folder, weights, 70_001);
    const model = await engine.open(file);
    const seen: number[] = [];
    const analysis = await engine.analyze(model, { onTensor: (index) => seen.push(index) });
    assert.deepEqual([...analysis.failures], []);
    assert.equal(analysis.complete, true);
    assert.deepEqual([...seen].sort(), model.tensors.map((_, index) => index));
    for (const [index, tensor] of model.tensors.entries()) {
      const bytes = weights.find((one) => one.name === tensor.name)!.bytes;
      const expected = finish(scanBytes(new TypeScriptKernel(), tensor, bytes), tensor);
      const actual = analysis.statistics.get(index)!;
      assert.deepEqual([actual.count, actual.min, actual.max, actual.zeros, actual.nearZeros], [expected.count, expected.min, expected.max, expected.zeros, expected.nearZeros]);
      assert.deepEqual(actual.distribution, expected.distribution);
      assert.ok(Math.abs(actual.mean! - expected.mean!) <= 1e-6 * expected.standardDeviation!);
    }
    const narrow = analysis.statistics.get(model.tensors.findIndex((tensor) => tensor.name === 'e/narrow'))!;
    assert.equal(narrow.fineHistogram!.counts.reduce((sum, count) => sum + count, 0), 30_000);
  });

  it('counts the values at the ends of the range where many are near, and does not look where few are', async () => {
    const values = new Float32Array(float32Bytes('normal', LARGE).buffer).map((value) => Math.max(-0.123, Math.min(0.0877, value)));
    const weights: TinyWeight[] = [
      { name: 'clipped/kernel', shape: [LARGE], dtype: 'float32', bytes: new Uint8Array(values.buffer) },
      weight('bell/kernel', 100_000),
      { name: 'even/kernel', shape: [100_000], dtype: 'float32', bytes: new Uint8Array(Float32Array.from({ length: 100_000 }, (_, i) => i / 100_000 - 0.4).buffer) },
    ];
    const model = await engine.open(writeManifest(folder, weights));
    const { statistics } = await engine.analyze(model);
    const [clipped, ...others] = weights.map(({ name }) => statistics.get(model.tensors.findIndex((tensor) => tensor.name === name))!);
    assert.equal(clipped!.atMin, values.filter((value) => value === Math.fround(-0.123)).length);
    assert.equal(clipped!.atMax, values.filter((value) => value === Math.fround(0.0877)).length);
    assert.deepEqual(others.map(({ atMin, atMax }) => [atMin, atMax]), [[undefined, undefined], [undefined, undefined]]);
  });

  it('finds like units over the parts of a large tensor', async () => {
    const [rows, units] = [20_000, 400];
    const values = new Float32Array(float32Bytes('normal', rows * units).buffer);
    for (let row = 0; row < rows; row++) values[row * units + 333] = 0.5 * values[row * units + 44]!;
    const model = await engine.open(writeManifest(folder, [{ name: 'wide/kernel', shape: [rows, units], dtype: 'float32', bytes: new Uint8Array(values.buffer) }]));
    const { statistics } = await engine.analyze(model);
    assert.deepEqual(statistics.get(0)!.similarUnits!.map(({ first, second, weights }) => [first, second, weights]), [[44, 333, 64]]);
  });

  it('splits large tensors over its workers, and counts them between any edges', async () => {
    const data = weight('big/kernel', LARGE, 'with NaN and infinities');
    const model = await engine.open(writeManifest(folder, [data]));
    const progress: number[] = [];
    const { statistics } = await engine.analyze(model, { onProgress: (done, total) => progress.push(done / total) });
    const figures = statistics.get(0)!;
    assert.ok(progress.length > 1);
    assert.equal(progress[progress.length - 1], 1);
    const values = new Float32Array(data.bytes.buffer);
    assert.equal(finiteCount(figures), values.reduce((count, x) => count + (Number.isFinite(x) ? 1 : 0), 0));
    const { counts, below, above } = await engine.histogram(model, 0, evenEdges(-1, 1, 50));
    assert.equal(below, values.reduce((count, x) => count + (x < -1 && x > -Infinity ? 1 : 0), 0));
    assert.equal(above, values.reduce((count, x) => count + (x > 1 && x < Infinity ? 1 : 0), 0));
    assert.equal(below + above + counts.reduce((sum, count) => sum + count, 0), finiteCount(figures));
  });

  it('stops within 100 ms, and works on afterwards', async () => {
    const data = weight('', LARGE);
    const model = await engine.open(writeManifest(folder, Array.from({ length: 6 }, (_, i) => ({ ...data, name: `l${i}/kernel` }))));
    const controller = new AbortController();
    let aborted = 0;
    const analysis = engine.analyze(model, {
      signal: controller.signal,
      onProgress: () => {
        if (aborted) return;
        aborted = performance.now();
        controller.abort();
      },
    });
    await assert.rejects(analysis, CancelledError);
    assert.ok(performance.now() - aborted < 100);
    await assert.rejects(engine.analyze(model, { signal: AbortSignal.abort() }), CancelledError);
    assert.equal((await engine.analyze(model, { only: [3] })).statistics.size, 1);
  });

  it('says of each tensor that its file changed or vanished, and reads the others', async () => {
    const model = await engine.open(writeManifest(folder, [weight('a/kernel', 5000), weight('b/kernel', 5000), weight('c/kernel', 5000)], 20_000));
    appendFileSync(path.join(folder, 'shard1.bin'), 'x');
    unlinkSync(path.join(folder, 'shard2.bin'));
    const { failures, statistics, findings } = await engine.analyze(model);
    assert.deepEqual([...statistics.keys()], [0]);
    assert.match(failures.get(1)!, /shard1\.bin changed after the model was opened/);
    assert.match(failures.get(2)!, /shard2\.bin does not exist/);
    assert.equal(findings.filter((finding) => finding.severity === 'error').length, 2);
    await assert.rejects(engine.histogram(model, 1, [0, 1]), (error) => error instanceof HumanError && /changed/.test(error.message));
  });

  it('remembers an analysis until a file changes', async () => {
    const cacheFolder = path.join(folder, 'cache');
    const file = writeManifest(path.join(folder, 'model'), [weight('a/kernel', 5000), weight('a/bias', 5)]);
    const first = realEngine({ cacheFolder });
    const fresh = await first.analyze(await first.open(file));
    first.dispose();
    assert.equal(readdirSync(cacheFolder).length, 1);
    const second = realEngine({ cacheFolder });
    try {
      const again = await second.analyze(await second.open(file));
      assert.equal(again.fromCache, true);
      assert.deepEqual(again.statistics, fresh.statistics);
      assert.deepEqual(again.findings, fresh.findings);
      const other = await second.analyze(await second.open(file), { nearZeroRatio: 0.5 });
      assert.ok(other.statistics.get(0)!.nearZeros > fresh.statistics.get(0)!.nearZeros);
      assert.notEqual((await second.analyze(await second.open(file), { noCache: true })).fromCache, true);
      utimesSync(path.join(folder, 'model/shard0.bin'), 5, 5);
      assert.notEqual((await second.analyze(await second.open(file))).fromCache, true);
    } finally {
      second.dispose();
    }
  });

  it('computes the same, only slower, where there is no WebAssembly SIMD', async () => {
    const file = writeManifest(folder, [weight('a/kernel', 50_000)]);
    const plain = realEngine({ kernelPath: path.join(folder, 'none.wasm') });
    try {
      const [a, b] = [await engine.analyze(await engine.open(file)), await plain.analyze(await plain.open(file))].map((analysis) => analysis.statistics.get(0)!);
      assert.deepEqual(b!.distribution, a!.distribution);
      assert.ok(Math.abs(a!.mean! - b!.mean!) <= 1e-6 * a!.standardDeviation!);
    } finally {
      plain.dispose();
    }
  });

  it('loses only the tensor whose worker is ended from outside, at most', async () => {
    const handles: ReturnType<typeof spawnWorker>[] = [];
    const mortal = createEngine({
      workers: 1,
      cacheEnabled: false,
      spawn: () => {
        handles.push(spawnWorker());
        return handles[handles.length - 1]!;
      },
    });
    try {
      const data = weight('', 1_000_000);
      const model = await mortal.open(writeManifest(folder, Array.from({ length: 8 }, (_, i) => ({ ...data, name: `l${i}/kernel` }))));
      const { statistics, failures } = await mortal.analyze(model, { onTensor: () => { if (handles.length === 1) void handles[0]!.worker.terminate(); } });
      assert.deepEqual([statistics.size, failures.size], [8, 0]);
      assert.equal(handles.length, 2);
    } finally {
      mortal.dispose();
    }
  });

  it('opens with the errors of the format and of the disk', async () => {
    await assert.rejects(engine.open(path.join(folder, 'none.json')), (error) => error instanceof HumanError && error.code === 'io' && /none\.json/.test(error.message));
    const file = writeManifest(folder, [weight('a/kernel', 5)]);
    assert.equal((await engine.identify(file)).kind, 'model');
  });
});
