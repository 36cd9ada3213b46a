import assert from 'node:assert/strict';
import type { LiveAnalysis } from '../../../src/extension/modelEntry';
import { nearZeroOfModel, partition, severityOfTensor, sortLayers, viewsOf } from '../../../src/extension/modelTreeNodes';
import { analysisOf } from '../../support/handMade';

const analysis: LiveAnalysis = {
  ...analysisOf({
    tensors: [
      { name: 'small/kernel', role: 'kernel', shape: [4], values: [0, 0, 0, 1] },
      { name: 'axes/constant', role: 'constant', shape: [2], values: [0, 0] },
      { name: 'large/kernel', role: 'kernel', shape: [8], values: [1, 2, 3, 4, 5, 6, 7, 8] },
      { name: 'broken/kernel', role: 'kernel', shape: [6], values: [1, 2, 3, NaN, -2, 0.5] },
      { name: 'unread/kernel', role: 'kernel', shape: [3] },
    ],
  }),
  progress: { kind: 'done', fromCache: false, elapsedMs: 1 },
};
const { model } = analysis;
const names = (layers: readonly number[]): string[] => layers.map((layer) => model.layers[layer]!.name);

describe('the rows of a model', () => {
  it('are the layers with weights; those with constants only stand apart', () => {
    const { withWeights, rest } = partition(model);
    assert.deepEqual(names(withWeights), ['small', 'large', 'broken', 'unread']);
    assert.deepEqual(names(rest), ['axes']);
  });

  it('sort by what is most remarkable, what is not known last', () => {
    const { withWeights } = partition(model);
    const sorted = (order: Parameters<typeof sortLayers>[1]): string[] => names(sortLayers(withWeights, order, viewsOf(model, analysis)));
    assert.deepEqual(sorted('order'), ['small', 'large', 'broken', 'unread']);
    assert.deepEqual(sorted('size'), ['large', 'broken', 'small', 'unread']);
    assert.deepEqual(sorted('sparsity'), ['small', 'large', 'broken', 'unread']);
    assert.equal(sorted('severity')[0], 'broken');
  });

  it('have figures that are computed once for each state of the analysis', () => {
    assert.equal(viewsOf(model, analysis), viewsOf(model, analysis));
    assert.notEqual(viewsOf(model, { ...analysis }), viewsOf(model, analysis));
    assert.equal(viewsOf(model, undefined)[0]!.nearZero, null);
  });
});

describe('the figures of a model', () => {
  it('count weights only, and only those that were read', () => {
    assert.equal(nearZeroOfModel(analysis), 3 / 18);
    assert.equal(nearZeroOfModel({ ...analysis, statistics: new Map() }), null);
  });

  it('have the worst finding of a tensor', () => {
    assert.equal(severityOfTensor(analysis, 'broken/kernel'), 'error');
    assert.equal(severityOfTensor(analysis, 'large/kernel'), undefined);
    assert.equal(severityOfTensor(undefined, 'broken/kernel'), undefined);
  });
});
