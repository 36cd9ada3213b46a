import assert from 'node:assert/strict';
import { findingsOfLayer, layerFigures, severityOfLayer } from '../../../src/core/layerFigures';
import { analysisOf } from '../../support/handMade';

const { model, statistics, findings } = analysisOf({
  tensors: [
    { name: 'a/kernel', values: [0, 0, 1, 0.001] },
    { name: 'a/bias', values: [0, 1] },
    { name: 'a/shape', role: 'constant', values: [0, 0, 0] },
    { name: 'b/kernel', shape: [4], unreadable: 'b.bin is missing.' },
    { name: 'c/kernel', shape: [64], values: new Float32Array(64) },
    { name: 'c/gamma', values: [NaN] },
  ],
  layers: { empty: {} },
});

describe('layerFigures', () => {
  it('counts weights, not constants', () => {
    assert.deepEqual(layerFigures(model, 0, statistics), { parameters: 6, sparsity: 3 / 6, nearZero: 4 / 6, readParameters: 6 });
  });

  it('has no shares where nothing has been read', () => {
    assert.deepEqual(layerFigures(model, 1, statistics), { parameters: 4, sparsity: null, nearZero: null, readParameters: 0 });
    assert.deepEqual(layerFigures(model, 3, statistics), { parameters: 0, sparsity: null, nearZero: null, readParameters: 0 });
    assert.equal(layerFigures(model, 99, statistics).parameters, 0);
  });

  it('finds what was found about a layer and its tensors, and the worst of it', () => {
    assert.deepEqual(findingsOfLayer(model, 2, findings).map(({ subject }) => subject.name), ['c/kernel', 'c/gamma']);
    assert.equal(severityOfLayer(model, 2, findings), 'error');
    assert.equal(severityOfLayer(model, 0, findings), undefined);
    const aboutLayer = [{ rule: 'x', severity: 'info', subject: { kind: 'layer', name: 'empty' }, message: 'm', advice: 'a' }] as const;
    assert.equal(severityOfLayer(model, 3, aboutLayer), 'info');
  });
});
