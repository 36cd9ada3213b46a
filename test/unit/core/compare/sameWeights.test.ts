import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { areSameWeights, traitsOf } from '../../../../src/core/compare/sameWeights';
import type { WeightTraits } from '../../../../src/core/compare/sameWeights';
import type { Model } from '../../../../src/core/model';
import type { TensorStatistics } from '../../../../src/core/statistics/tensorStatistics';
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import type { Engine } from '../../../../src/protocol/engine';
import { realEngine } from '../../../support/kernelBuild';
import { normals } from '../../../support/handMade';
import { writeManifest } from '../../../support/tinyTfjs';
import type { TinyWeight } from '../../../support/tinyTfjs';

const root = path.resolve(__dirname, '../../../..');

describe('the same weights', function () {
  this.timeout(60_000);
  let folder: string;
  let engine: Engine;

  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-same-'));
    engine = realEngine();
  });
  after(() => {
    engine.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const weight = (name: string, shape: readonly number[], values: Float32Array): TinyWeight => ({ name, shape, dtype: 'float32', bytes: new Uint8Array(values.buffer.slice(0)) });
  const traits = async (weights: readonly TinyWeight[]): Promise<WeightTraits | undefined> => {
    const model = await engine.open(writeManifest(mkdtempSync(path.join(folder, 'model-')), weights));
    return traitsOf(model, (await engine.analyze(model)).statistics);
  };

  const kernel = Float32Array.from(normals(600, 1));
  const bias = Float32Array.from(normals(30, 2));
  const transposed = Float32Array.from({ length: 600 }, (_, i) => kernel[(i % 20) * 30 + Math.floor(i / 20)]!);

  it('are the same under other names, in another order and transposed', async () => {
    const one = await traits([weight('dense/kernel', [20, 30], kernel), weight('dense/bias', [30], bias)]);
    const other = await traits([weight('b', [30], bias), weight('w', [30, 20], transposed)]);
    assert.ok(areSameWeights(one!, other!));
  });

  it('are others where one weight is, or one is missing', async () => {
    const one = await traits([weight('w', [20, 30], kernel), weight('b', [30], bias)]);
    const moved = kernel.slice();
    moved[17]! *= 1.001;
    assert.ok(!areSameWeights(one!, (await traits([weight('w', [20, 30], moved), weight('b', [30], bias)]))!));
    assert.ok(!areSameWeights(one!, (await traits([weight('w', [20, 30], kernel)]))!));
  });

  it('are not spoken of where a weight was not read, or sampled, or there is none', async () => {
    const model = await engine.open(writeManifest(mkdtempSync(path.join(folder, 'model-')), [weight('w', [20, 30], kernel), weight('b', [30], bias)]));
    const { statistics } = await engine.analyze(model);
    assert.equal(traitsOf(model, new Map([...statistics].slice(0, 1))), undefined);
    const sampled = { ...statistics.get(0)!, sampled: {} } as TensorStatistics;
    assert.equal(traitsOf(model, new Map([[0, sampled], [1, statistics.get(1)!]])), undefined);
    assert.equal(traitsOf({ tensors: [] } as unknown as Model, new Map()), undefined);
  });

  it('are recognized in files of several formats', async () => {
    const same = path.join(root, 'test/fixtures/models/same');
    const files = ['small.safetensors', 'small.onnx', 'small.pt', 'small.keras', 'small.npz', 'small.gguf'].filter((name) => readdirSync(same).includes(name));
    const found = new Map<string, WeightTraits>();
    for (const name of files) {
      const model = await engine.open(path.join(same, name));
      found.set(name, traitsOf(model, (await engine.analyze(model)).statistics)!);
    }
    const [[, first] = ['', undefined], ...others] = found;
    for (const [name, one] of others) assert.ok(areSameWeights(first!, one), `${name} and ${files[0]}`);
    assert.ok(others.length > 0);
  });
});
