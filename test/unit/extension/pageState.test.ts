import assert from 'node:assert/strict';
import { RULES } from '../../../src/core/rules/index';
import { pageState, pageUpdate } from '../../../src/extension/pageState';
import type { PageSource } from '../../../src/extension/pageState';
import { analysisOf } from '../../support/handMade';

const finished = analysisOf({
  tensors: [{ name: 'a/kernel', role: 'kernel', shape: [4], values: [1, 2, 3, NaN] }, { name: 'b/kernel', role: 'kernel', shape: [2], values: [1, 2] }],
  failures: new Map([[1, 'w.bin is gone.']]),
});
const source: PageSource = {
  model: finished.model,
  analysis: { ...finished, progress: { kind: 'done', fromCache: true, elapsedMs: 5 } },
  assessment: { sentences: [{ text: 'One error in a.', layers: ['a'] }] },
  problem: undefined,
  nearZeroRatio: 0.02,
  histogramBins: 50,
};

describe('what a page is built from', () => {
  it('crosses a port as JSON, with nothing lost', () => {
    const state = pageState(source, 'a');
    assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
    assert.deepEqual(state.tensors.map(({ index }) => index), [...finished.statistics.keys()]);
    assert.deepEqual(state.failures, [{ index: 1, reason: 'w.bin is gone.' }]);
    assert.equal(state.selectedLayer, 'a');
    assert.equal(state.nearZeroRatio, 0.02);
    assert.deepEqual(state.rules.map(({ id }) => id), RULES.map(({ id }) => id));
  });

  it('counts what is silenced', () => {
    const [finding] = finished.findings;
    const silenced = [{ finding: finding!, by: { kind: 'silence', path: '/models/.weightgram.json', index: 0 } }] as const;
    const analysis = { ...source.analysis!, findings: [], silenced };
    assert.equal(pageState(source, undefined).silenced, 0);
    assert.equal(pageState({ ...source, analysis }, undefined).silenced, 1);
    assert.equal(pageUpdate({ ...source, analysis }, { tensors: new Set(), findings: true }).silenced, 1);
  });

  it('is the frame alone before the analysis begins', () => {
    const state = pageState({ ...source, analysis: undefined }, undefined);
    assert.equal(state.tensors.length, 0);
    assert.equal(state.progress.kind, 'running');
    assert.ok(!('selectedLayer' in state));
    assert.equal(state.layers.length, finished.model.layers.length);
  });

  it('says why the file cannot be read any more, and keeps the figures', () => {
    const state = pageState({ ...source, problem: 'm.json was deleted.' }, undefined);
    assert.deepEqual(state.progress, { kind: 'failed', message: 'm.json was deleted.' });
    assert.ok(state.tensors.length > 0);
  });
});

describe('an update', () => {
  it('has the tensors that changed and their layers, and nothing of the others', () => {
    const update = pageUpdate(source, { tensors: new Set([0]), findings: false });
    assert.deepEqual(update.tensors?.map(({ index }) => index), [0]);
    assert.deepEqual(update.layers?.map(({ index }) => index), [0]);
    assert.ok(!('failures' in update) && !('findings' in update));
    assert.deepEqual(update.progress, { kind: 'done', fromCache: true, elapsedMs: 5 });
  });

  it('has why a tensor failed', () => {
    assert.deepEqual(pageUpdate(source, { tensors: new Set([1]), findings: false }).failures, [{ index: 1, reason: 'w.bin is gone.' }]);
  });

  it('has all layers where findings changed: their severity may have', () => {
    const update = pageUpdate(source, { tensors: new Set(), findings: true });
    assert.equal(update.findings, finished.findings);
    assert.equal(update.layers?.length, finished.model.layers.length);
  });
});
