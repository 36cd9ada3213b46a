import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { assess, assessmentText } from '../../../src/core/assessment';
import type { Model } from '../../../src/core/model';
import { buildReport } from '../../../src/core/report';
import { RULES } from '../../../src/core/rules/index';
import { speaksOfSamples } from '../../../src/core/rules/sampling';
import { evenSample, sampledElements, samplePlanOf, SAMPLE_GROUPS } from '../../../src/core/statistics/evenSample';
import { cumulativeShare } from '../../../src/core/statistics/histogram';
import { QUANTILES } from '../../../src/core/statistics/tensorStatistics';
import { planSamples } from '../../../src/protocol/budget';
import type { Engine } from '../../../src/protocol/engine';
import { builtEngineFolder, realEngine } from '../../support/kernelBuild';
import { normals } from '../../support/handMade';
import { tensorOf } from '../../support/sampleData';
import { writeManifest } from '../../support/tinyTfjs';
import type { TinyWeight } from '../../support/tinyTfjs';

const MIB = 2 ** 20;

describe('an even sample', () => {
  it('is the same at every call, ascends, stays inside, and has a run in each stretch', () => {
    for (const [elements, bytes, dtype] of [[10_000_000, 4 * MIB, 'float32'], [9_999_999, 2 * MIB, 'float16'], [300_007, 80_000, 'float32'], [2 ** 33, 64 * MIB, 'bfloat16']] as const) {
      const plan = evenSample({ dtype, elements }, bytes)!;
      assert.deepEqual(plan, evenSample({ dtype, elements }, bytes));
      assert.deepEqual(samplePlanOf({ elements }, { runs: plan.starts.length, runElements: plan.runElements }), plan);
      const stretch = elements / plan.starts.length;
      plan.starts.forEach((start, run) => {
        assert.equal(start % 256, 0);
        assert.ok(start >= run * stretch - 512 && start + plan.runElements <= (run + 1) * stretch + 512, `run ${run} of ${plan.starts.length}`);
      });
      const read = sampledElements(plan, elements) * (dtype === 'float32' ? 4 : 2);
      assert.ok(plan.starts.length >= SAMPLE_GROUPS && read <= bytes && read > bytes * 0.85, `${read} of ${bytes}`);
    }
  });

  it('is the whole tensor where nothing would be left out', () => {
    assert.equal(evenSample({ dtype: 'float32', elements: 1000 }, 4000), undefined);
    assert.equal(evenSample({ dtype: 'Q4_K', elements: 256 * 20 }, 1e6), undefined);
  });
});

describe('a budget', () => {
  const modelOf = (elements: readonly number[], more: Parameters<typeof tensorOf>[2] = {}): Model => {
    const tensors = elements.map((count) => tensorOf('float32', count, more));
    return { tensors } as unknown as Model;
  };
  const readOf = (model: Model, budget: number): number => {
    const samples = planSamples(model, model.tensors.map((_, index) => index), budget);
    return model.tensors.reduce((sum, tensor, index) => sum + 4 * (samples.has(index) ? sampledElements(samples.get(index)!, tensor.elements) : tensor.elements), 0);
  };

  it('is kept, by many tensors, large ones and small ones', () => {
    const sizes = [1000, 50_000_000, 4_000_000, 600_000, 100_000_000, 262_144];
    for (const budget of [8 * MIB, 40 * MIB, 300 * MIB]) {
      const read = readOf(modelOf(sizes), budget);
      assert.ok(read <= budget && read >= 0.8 * budget, `${read} of ${budget}`);
    }
    const many = readOf(modelOf(new Array<number>(2000).fill(400_000)), 512 * MIB);
    assert.ok(many <= 512 * MIB && many >= 300 * MIB, String(many));
  });

  it('takes the same share of all large tensors', () => {
    const model = modelOf([40_000_000, 80_000_000]);
    const samples = planSamples(model, [0, 1], 40 * MIB);
    const [a, b] = [0, 1].map((index) => sampledElements(samples.get(index)!, model.tensors[index]!.elements));
    assert.ok(Math.abs(b! / a! - 2) < 0.05);
  });

  it('leaves all as it is where all fits, where it is 0, and for what cannot be read in part', () => {
    assert.equal(planSamples(modelOf([1e6, 1e6]), [0, 1], 8e6).size, 0);
    assert.equal(planSamples(modelOf([1e9]), [0], 0).size, 0);
    for (const encoding of [{ kind: 'deflate', skipBytes: 0 }, { kind: 'chunked', chunkShape: [1000], filters: ['deflate'] }] as const) assert.equal(planSamples(modelOf([1e8], { encoding }), [0], MIB).size, 0);
  });
});

describe('an analysis within a budget', function () {
  this.timeout(120_000);
  const ROWS = 1500;
  const COLUMNS = 1000;
  let folder: string;
  let engine: Engine;

  before(() => void builtEngineFolder());
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-sampling-'));
    engine = realEngine();
  });
  afterEach(() => {
    engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Rows differ in scale and mean, as those of trained kernels do: neighbours are alike, and a sample of runs knows less than its count says. */
  const alike = (seed: number): Float32Array => {
    const values = normals(ROWS * COLUMNS, 1, seed);
    const rows = normals(2 * ROWS, 1, seed + 1000);
    for (let i = 0; i < values.length; i++) {
      const row = Math.floor(i / COLUMNS);
      values[i] = values[i]! * Math.exp(rows[row]!) + 0.5 * rows[ROWS + row]!;
    }
    return values;
  };
  const weight = (name: string, values: Float32Array, shape: readonly number[] = [ROWS, COLUMNS]): TinyWeight => ({ name, shape, dtype: 'float32', bytes: new Uint8Array(values.buffer) });

  it('keeps its error bounds beside the whole, also where neighbours are alike', async () => {
    const file = writeManifest(folder, [1, 2, 3, 4].map((seed) => weight(`layer${seed}/kernel`, alike(seed))));
    const model = await engine.open(file);
    const whole = await engine.analyze(model);
    const sampled = await engine.analyze(model, { budgetBytes: 4 * MIB });
    let misses = 0;
    for (const [index, figures] of sampled.statistics) {
      const exact = whole.statistics.get(index)!;
      const { elements, of, shareError, meanError } = figures.sampled!;
      assert.deepEqual([of, elements], [ROWS * COLUMNS, figures.count]);
      assert.ok(elements < of * 0.2 && elements > of * 0.14);
      assert.ok(shareError > 0 && shareError < 0.08, `bound ${shareError}`);
      assert.ok(meanError! > 0 && meanError! < exact.standardDeviation! / 4);
      if (Math.abs(figures.mean! - exact.mean!) > meanError!) misses++;
      for (const quantile of exact.quantiles) if (Math.abs(cumulativeShare(figures, quantile!) - cumulativeShare(exact, quantile!)) > shareError) misses++;
      assert.equal(figures.outputChannels, undefined);
      assert.ok(figures.min! >= exact.min! && figures.max! <= exact.max!);
    }
    // Four tensors with ten figures each: of 95 % bands two may miss.
    assert.ok(misses <= 2, `${misses} of 40 figures lie outside of their bands`);
    assert.ok([...whole.statistics.values()].every((figures) => figures.sampled === undefined && figures.outputChannels));
  });

  it('does not mistake the number of values for what they tell', async () => {
    const file = writeManifest(folder, [weight('alike/kernel', alike(5)), weight('independent/kernel', normals(ROWS * COLUMNS))]);
    const model = await engine.open(file);
    const { statistics } = await engine.analyze(model, { budgetBytes: 4 * MIB });
    const errorOf = (name: string): number => statistics.get(model.tensors.findIndex((tensor) => tensor.name === name))!.sampled!.shareError;
    assert.ok(errorOf('alike/kernel') > 4 * errorOf('independent/kernel'), `${errorOf('alike/kernel')} and ${errorOf('independent/kernel')}`);
    assert.ok(errorOf('independent/kernel') < 0.01);
  });

  it('reads small tensors whole, says in every finding and in words that it is a sample, and guesses nothing', async () => {
    const zeros = new Float32Array(ROWS * COLUMNS);
    zeros[ROWS * COLUMNS - 1] = 1;
    const broken = normals(ROWS * COLUMNS, 0.1, 7).map((value, i) => (i % 3 === 0 ? NaN : value));
    const file = writeManifest(folder, [weight('rare/kernel', zeros), weight('broken/kernel', broken), weight('copy/kernel', normals(ROWS * COLUMNS)), weight('twin/kernel', normals(ROWS * COLUMNS)), weight('small/kernel', new Float32Array(4096), [64, 64])]);
    const model = await engine.open(file);
    const analysis = await engine.analyze(model, { budgetBytes: 4 * MIB });
    const rulesOf = (name: string): string[] => analysis.findings.filter(({ subject }) => subject.name === name).map(({ rule }) => rule);
    assert.deepEqual(rulesOf('small/kernel'), ['all-zero-tensor']);
    assert.ok(!rulesOf('rare/kernel').includes('all-zero-tensor'), 'its one weight was not read');
    assert.ok(!analysis.findings.some(({ rule }) => rule === 'identical-tensors'));
    const nan = analysis.findings.find(({ rule, subject }) => rule === 'non-finite-values' && subject.name === 'broken/kernel')!;
    assert.match(nan.message, /\(Sampled: \d+(\.\d+)?\s%/u);
    for (const finding of analysis.findings.filter(({ subject }) => subject.name !== 'small/kernel' && subject.kind === 'tensor')) assert.match(finding.message, /Sampled/);
    assert.match(assessmentText(assess(analysis)), /from a sample: \d+/);
    const report = buildReport(analysis, { bins: 32 });
    assert.deepEqual(report.tensors.map(({ statistics }) => statistics!.sampled !== undefined), model.tensors.map(({ name }) => name !== 'small/kernel'));
    const whole = await engine.analyze(model, { only: [model.tensors.findIndex(({ name }) => name === 'rare/kernel')] });
    assert.equal([...whole.statistics.values()][0]!.sampled, undefined);
  });

  it('counts a window of the same sample', async () => {
    const model = await engine.open(writeManifest(folder, [weight('a/kernel', alike(9))]));
    const figures = (await engine.analyze(model, { budgetBytes: 2 * MIB })).statistics.get(0)!;
    const [low, high] = [figures.quantiles[2]!, figures.quantiles[6]!];
    const { counts, below, above } = await engine.histogram(model, 0, [low, 0, high], { sampled: figures.sampled });
    assert.equal(counts.reduce((sum, count) => sum + count, 0) + below + above, figures.count);
    assert.ok(Math.abs(below / figures.count - QUANTILES[2]) < 0.01);
  });

  it('keeps nothing of a sample, and takes the whole from the cache whatever the budget', async () => {
    const cacheFolder = path.join(folder, 'cache');
    const caching = realEngine({ cacheFolder });
    try {
      const model = await caching.open(writeManifest(path.join(folder, 'model'), [weight('a/kernel', alike(11))]));
      assert.ok((await caching.analyze(model, { budgetBytes: 2 * MIB })).statistics.get(0)!.sampled);
      const whole = await caching.analyze(model);
      assert.deepEqual([whole.fromCache, whole.statistics.get(0)!.sampled], [undefined, undefined]);
      const again = await caching.analyze(model, { budgetBytes: 2 * MIB });
      assert.deepEqual([again.fromCache, again.statistics.get(0)!.sampled], [true, undefined]);
    } finally {
      caching.dispose();
    }
  });
});

describe('rules on samples', () => {
  it('are silent unless they are named, each of which exists', () => {
    const speaking = RULES.filter((rule) => speaksOfSamples(rule)).map(({ id }) => id);
    for (const silent of ['all-zero-tensor', 'zero-run', 'identical-tensors', 'duplicate-units', 'dead-output-units', 'constant-tensor', 'clipped-weights', 'unused-levels', 'wasted-precision', 'rank-loss']) assert.ok(!speaking.includes(silent), silent);
    assert.ok(speaking.includes('non-finite-values') && speaking.includes('unreadable-tensor'));
    assert.equal(speaking.length, 24 + RULES.filter(({ scope }) => scope === 'file').length);
  });
});
