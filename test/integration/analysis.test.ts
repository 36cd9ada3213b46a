import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SETTINGS } from '../../src/extension/ids';
import { api, copyOfModel, entryOf, fileIn, until, withSetting } from './support';

describe('an analysis', () => {
  it('reads every real model of the workspace', async () => {
    const { store } = await api();
    for (const entry of store.entries) {
      await entry.analyze();
      assert.equal(entry.problem, undefined, entry.path);
      assert.equal(entry.analysis?.progress.kind, 'done', entry.path);
      assert.equal(entry.analysis.failures.size, 0, entry.path);
      assert.ok(entry.analysis.statistics.size > 0, entry.path);
    }
  });

  it('finds the faults that were planted, and says so in a sentence', async () => {
    const entry = await entryOf('planted', 'model.json');
    await entry.analyze();
    const found = (rule: string): string[] => entry.analysis!.findings.filter((finding) => finding.rule === rule).map(({ subject }) => subject.name);
    assert.ok(found('non-finite-values').includes('digits/kernel'));
    assert.ok(found('all-zero-tensor').includes('unused/kernel'));
    assert.ok(found('extreme-spike').includes('texture_filters/kernel'));
    assert.ok(entry.assessment.sentences.some(({ layers }) => layers?.includes('digits')));
  });

  it('is one for all who ask', async () => {
    const entry = await entryOf('small-detector', 'detector.json');
    await Promise.all([entry.analyze(), entry.analyze()]);
    const first = entry.analysis;
    await entry.analyze();
    assert.equal(entry.analysis, first);
  });

  it('stands at once from the cache when it is asked for again', async () => {
    const entry = await entryOf('esrgan-slim', 'model.json');
    await entry.analyze();
    await entry.restart();
    assert.equal(entry.analysis?.progress.kind, 'done');
    assert.equal(entry.analysis.progress.fromCache, true);
  });

  it('keeps what was counted when it is cancelled, and starts again', async () => {
    const entry = await entryOf('language-detection', 'model.json');
    const running = entry.restart();
    entry.cancel();
    await running;
    assert.equal(entry.isRunning, false);
    await entry.restart();
    assert.equal(entry.analysis?.progress.kind, 'done');
  });

  it('counts anew when the threshold changes', async () => {
    const entry = await entryOf('small-detector', 'detector.json');
    await entry.analyze();
    const total = (): number => [...entry.analysis!.statistics.values()].reduce((sum, { nearZeros }) => sum + nearZeros, 0);
    const before = total();
    await withSetting(SETTINGS.nearZeroThreshold, 20, () => until('more weights are near zero', () => entry.analysis?.complete === true && total() > 2 * before));
    await until('the old count is back', () => entry.analysis?.complete === true && total() === before);
  });

  it('goes on with another number of workers', async () => {
    const { store } = await api();
    const entry = store.get(fileIn('basic-pitch', 'model.json'))!;
    await withSetting(SETTINGS.workers, 3, async () => {
      await entry.restart();
      assert.equal(entry.analysis?.progress.kind, 'done');
    });
  });
});

describe('a file that changes', () => {
  it('is read anew', async () => {
    const { store } = await api();
    const copy = copyOfModel('small-detector', 'rewritten');
    try {
      await until('the copy is found', () => store.get(fileIn('rewritten', 'detector.json')) !== undefined);
      const entry = store.get(fileIn('rewritten', 'detector.json'))!;
      await entry.analyze();
      assert.ok(entry.analysis!.findings.every(({ rule }) => rule !== 'all-zero-tensor'));
      const weights = path.join(copy.folder, 'detector.bin');
      writeFileSync(weights, Buffer.alloc(readFileSync(weights).length));
      await until('the zeros are found', () => entry.analysis?.complete === true && entry.analysis.findings.some(({ rule }) => rule === 'all-zero-tensor'));
    } finally {
      copy.remove();
    }
  });

  it('says when a shard is gone, and the rest of the model stays', async () => {
    const { store } = await api();
    const copy = copyOfModel('small-detector', 'shardless');
    try {
      await until('the copy is found', () => store.get(fileIn('shardless', 'detector.json')) !== undefined);
      const entry = store.get(fileIn('shardless', 'detector.json'))!;
      await entry.analyze();
      rmSync(path.join(copy.folder, 'detector.bin'));
      await until('the missing shard is a finding', () => entry.analysis?.findings.some(({ rule, message }) => rule === 'unreadable-tensor' && message.includes('detector.bin')) === true);
      assert.ok(entry.model!.layers.length > 0);
    } finally {
      copy.remove();
    }
  });

  it('keeps its figures in an open panel when it is deleted, and says that it is gone', async () => {
    const { store, panels } = await api();
    const copy = copyOfModel('small-detector', 'deleted');
    const uri = fileIn('deleted', 'detector.json');
    await until('the copy is found', () => store.get(uri) !== undefined);
    const entry = store.get(uri)!;
    await panels.show(entry);
    const panel = panels.get(entry)!;
    await entry.analyze();
    const { size } = entry.analysis!.statistics;
    copy.remove();
    await until('it says so', () => entry.problem !== undefined);
    assert.ok(!existsSync(uri.fsPath));
    assert.ok(entry.problem!.includes(uri.fsPath), entry.problem);
    assert.equal(entry.analysis!.statistics.size, size);
    assert.equal(entry.analysis!.progress.kind, 'failed');
    panel.dispose();
    await until('the closed panel lets go of it', () => store.get(uri) === undefined);
  });
});
