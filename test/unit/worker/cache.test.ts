import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { serialize } from 'node:v8';
import type { Model } from '../../../src/core/model';
import type { TensorStatistics } from '../../../src/core/statistics/tensorStatistics';
import { Cache } from '../../../src/worker/cache';
import { analysisOf } from '../../support/handMade';

function modelAt(name: string, modifiedMs = 1): { model: Model; statistics: ReadonlyMap<number, TensorStatistics> } {
  const { model, statistics } = analysisOf({ tensors: [{ name: 'a/kernel', values: [1, 2, 0, NaN] }, { name: 'a/bias', values: [3] }] });
  return { model: { ...model, path: name, files: [{ path: name, sizeBytes: 9, modifiedMs }] }, statistics };
}

describe('the cache', () => {
  let folder: string;
  let cache: Cache;

  beforeEach(() => {
    folder = path.join(mkdtempSync(path.join(os.tmpdir(), 'weightgram-cache-')), 'made/when/needed');
    cache = new Cache(folder);
  });

  afterEach(() => rmSync(path.resolve(folder, '../../..'), { recursive: true, force: true }));

  const entry = (): string => path.join(folder, readdirSync(folder)[0]!);

  it('gives back what it was given', async () => {
    const { model, statistics } = modelAt('/m.json');
    assert.equal(await cache.load(model), null);
    await cache.save(model, { statistics });
    assert.deepEqual((await cache.load(model))!.statistics, statistics);
    assert.equal(readdirSync(folder).length, 1);
  });

  it('forgets a model whose files changed', async () => {
    const { model, statistics } = modelAt('/m.json');
    await cache.save(model, { statistics });
    assert.equal(await cache.load(modelAt('/m.json', 2).model), null);
    assert.equal(await cache.load({ ...model, files: [{ ...model.files[0]!, sizeBytes: 10 }] }), null);
    assert.equal(await cache.load({ ...model, files: [...model.files, { path: '/shard', sizeBytes: 1, modifiedMs: 1 }] }), null);
    assert.equal(await cache.load(modelAt('/other.json').model), null);
  });

  it('takes a broken entry for none, and writes over it', async () => {
    const { model, statistics } = modelAt('/m.json');
    await cache.save(model, { statistics });
    const whole = readFileSync(entry());
    const broken: (() => void)[] = [
      () => truncateSync(entry(), whole.length >> 1),
      () => writeFileSync(entry(), ''),
      () => writeFileSync(entry(), 'not of this world'),
      () => writeFileSync(entry(), serialize({ stamp: 'another' })),
      () => writeFileSync(entry(), serialize(null)),
    ];
    for (const breakIt of broken) {
      breakIt();
      assert.equal(await cache.load(model), null);
      await cache.save(model, { statistics });
      assert.ok(await cache.load(model));
    }
  });

  it('stays within its size, the oldest go first', async () => {
    const first = modelAt('/0.json');
    await cache.save(first.model, first);
    const bytes = readFileSync(entry()).length;
    const small = new Cache(folder, 3.5 * bytes);
    utimesSync(entry(), 1, 1);
    for (const name of ['/1.json', '/2.json', '/3.json']) {
      const { model, statistics } = modelAt(name);
      await small.save(model, { statistics });
    }
    assert.equal(readdirSync(folder).length, 3);
    assert.equal(await small.load(first.model), null);
    assert.ok(await small.load(modelAt('/3.json').model));
  });

  it('is a pity and no error where nothing can be written', async () => {
    const { model, statistics } = modelAt('/m.json');
    const file = path.join(os.tmpdir(), `weightgram-no-folder-${process.pid}`);
    writeFileSync(file, '');
    const blocked = new Cache(file);
    await blocked.save(model, { statistics });
    assert.equal(await blocked.load(model), null);
    rmSync(file);
  });
});
