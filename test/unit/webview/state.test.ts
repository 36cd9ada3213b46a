import assert from 'node:assert/strict';
import { INITIAL_VIEW, mergeUpdate, pageData, restoreView, Store } from '../../../src/webview/state';
import { pageState, tensor, tensorView } from './support';

const LAYERS = [{ name: 'a', tensors: [0, 1] }, { name: 'reshape', tensors: [2] }, { name: 'b', tensors: [3] }];
const TENSORS = [tensor('a/bias', 0, { role: 'bias', elements: 100 }), tensor('a/kernel', 0), tensor('shape', 1, { role: 'constant' }), tensor('b/gamma', 2, { role: 'normScale' })];

describe('pageData', () => {
  it('leaves layers without weights out and finds the weight that says most', () => {
    assert.deepEqual(pageData(pageState(LAYERS, TENSORS)).layersWithWeights, [{ index: 0, mainTensor: 1 }, { index: 2, mainTensor: 3 }]);
  });
});

describe('mergeUpdate', () => {
  it('replaces items of the same index and keeps the others', () => {
    const first = pageData(pageState(LAYERS, TENSORS, { tensors: [tensorView(0), tensorView(1)] }));
    const second = mergeUpdate(first, { tensors: [tensorView(1, { zeros: 5 }), tensorView(3)], layers: [{ index: 2, parameters: 4, sparsity: 0.5, nearZero: 0.5, severity: 'error' }], assessment: { sentences: [{ text: 'so' }] } });
    assert.equal(second.tensors.get(0), first.tensors.get(0));
    assert.equal(second.tensors.get(1)!.figures.zeros, 5);
    assert.equal(second.tensors.size, 3);
    assert.equal(second.layers[0], first.layers[0]);
    assert.equal(second.layers[2]!.severity, 'error');
    assert.deepEqual(second.assessment, { sentences: [{ text: 'so' }] });
    assert.equal(second.findings, first.findings);
    assert.equal(first.tensors.size, 2, 'what was shown does not change beneath the page');
  });
});

describe('restoreView', () => {
  it('takes back what was kept', () => {
    const kept = { ...INITIAL_VIEW, selectedLayer: 'a', countScale: 'log' as const, sort: { key: 'zeros' as const, descending: true }, closed: ['error'] };
    assert.deepEqual(restoreView(JSON.parse(JSON.stringify(kept))), kept);
  });

  it('falls back where it was kept by another version, or is nothing of the kind', () => {
    for (const kept of [undefined, null, 7, 'x', [], { countScale: 'cubic', sort: { key: 'colour' }, closed: 'error', tableScroll: '3', selectedLayer: 4 }]) {
      assert.deepEqual(restoreView(kept), INITIAL_VIEW);
    }
  });
});

describe('Store', () => {
  it('tells only of changes', () => {
    const store = new Store(INITIAL_VIEW);
    let told = 0;
    store.subscribe(() => told++);
    store.setView({ filter: '' });
    assert.equal(told, 0);
    store.setView({ filter: 'conv' });
    assert.equal(told, 1);
    assert.equal(store.state.view.filter, 'conv');
  });
});
