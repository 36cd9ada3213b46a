import assert from 'node:assert/strict';
import type { Finding } from '../../../src/core/rules/rule';
import { treeNodes } from '../../../src/webview/findingNodes';

import { filterRows, findingGroups, layerRows, nextSort, sortRows, successorsOf, tensorLabels } from '../../../src/webview/selectors';
import { mergeUpdate, pageData } from '../../../src/webview/state';
import { pageState, tensor, tensorView } from './support';

const LAYERS = [
  { name: 'conv_10', className: 'Conv2D', tensors: [0] },
  { name: 'conv_2', className: 'Conv2D', tensors: [1], inputs: ['conv_10'] },
  { name: 'dense', className: 'Dense', tensors: [2], inputs: ['conv_2', 'conv_10'] },
];
const TENSORS = [tensor('conv_10/kernel', 0), tensor('conv_2/kernel', 1), tensor('dense/kernel', 2)];
const VIEWS = [0.5, null, 0.9].map((sparsity, index) => ({ index, parameters: 4, sparsity, nearZero: sparsity, severity: index === 2 ? ('error' as const) : null }));

function finding(rule: string, severity: Finding['severity'], kind: Finding['subject']['kind'], name: string): Finding {
  return { rule, severity, subject: { kind, name }, message: `${rule} in ${name}`, advice: 'Look.' };
}

const FINDINGS = [finding('spike', 'error', 'tensor', 'dense/kernel'), finding('dead', 'warning', 'layer', 'conv_2'), finding('dead', 'warning', 'layer', 'conv_10'), finding('old', 'warning', 'model', 'm')];
const DATA = pageData(pageState(LAYERS, TENSORS, { layers: VIEWS, findings: FINDINGS, rules: [{ id: 'dead', title: 'Dead units', why: '', whenNormal: '' }] }));

describe('layer rows', () => {
  const rows = layerRows(DATA);
  const names = (list: readonly { layer: { name: string } }[]): string[] => list.map(({ layer }) => layer.name);

  it('sort by figure, the unknown last either way', () => {
    assert.deepEqual(names(sortRows(rows, { key: 'zeros', descending: true })), ['dense', 'conv_10', 'conv_2']);
    assert.deepEqual(names(sortRows(rows, { key: 'zeros', descending: false })), ['conv_10', 'dense', 'conv_2']);
  });

  it('sort names as people count, and severity by gravity', () => {
    assert.deepEqual(names(sortRows(rows, { key: 'name', descending: false })), ['conv_2', 'conv_10', 'dense']);
    assert.deepEqual(names(sortRows(rows, { key: 'severity', descending: true })), ['dense', 'conv_10', 'conv_2']);
  });

  it('filter by all words, in name or class', () => {
    assert.deepEqual(names(filterRows(rows, 'conv2d _2')), ['conv_2']);
    assert.equal(filterRows(rows, '  '), rows);
    assert.equal(filterRows(rows, 'lstm').length, 0);
  });

  it('stay the same objects where nothing about them changed', () => {
    const next = layerRows(mergeUpdate(DATA, { tensors: [tensorView(1)], layers: VIEWS.map((view) => ({ ...view })) }), rows);
    assert.equal(next[0], rows[0]);
    assert.notEqual(next[1], rows[1]);
  });
});

describe('nextSort', () => {
  it('goes one way, the other, and back to the model’s order', () => {
    const first = nextSort({ key: 'order', descending: false }, 'zeros', true);
    const second = nextSort(first, 'zeros', true);
    assert.deepEqual([first, second, nextSort(second, 'zeros', true)], [{ key: 'zeros', descending: true }, { key: 'zeros', descending: false }, { key: 'order', descending: false }]);
  });
});

describe('findings', () => {
  it('are grouped by severity and rule, worst first', () => {
    const groups = findingGroups(FINDINGS, DATA.rules);
    assert.deepEqual(groups.map(({ severity, count }) => [severity, count]), [['error', 1], ['warning', 3]]);
    assert.deepEqual(groups[1]!.rules.map(({ title }) => title), ['Dead units', 'old']);
  });

  it('become a flat tree with the places a screen reader says', () => {
    const nodes = treeNodes(DATA, []);
    assert.deepEqual(nodes.map(({ level, position, of }) => [level, position, of]), [[1, 1, 2], [2, 1, 1], [3, 1, 1], [1, 2, 2], [2, 1, 2], [3, 1, 2], [3, 2, 2], [2, 2, 2], [3, 1, 1]]);
    assert.deepEqual(nodes.flatMap((node) => (node.kind === 'finding' ? [node.layer] : [])), ['dense', 'conv_2', 'conv_10', undefined]);
  });

  it('hide what is closed and keep rows that did not change', () => {
    const open = treeNodes(DATA, []);
    const closed = treeNodes(DATA, ['warning'], open);
    assert.equal(closed.length, 4);
    assert.equal(closed[0], open[0]);
    assert.notEqual(closed[3], open[3]);
  });
});

describe('successorsOf', () => {
  it('finds the layers that take an output', () => {
    assert.deepEqual(successorsOf(DATA.model, 'conv_10').map(({ name }) => name), ['conv_2', 'dense']);
  });
});

describe('tensorLabels', () => {
  it('are roles, and the end of the name where a role occurs twice', () => {
    const gamma = tensor('bn/gamma', 0, { role: 'normScale' });
    assert.deepEqual(tensorLabels([gamma, tensor('lstm/kernel', 0), tensor('lstm/recurrent_kernel', 0)]), ['γ', 'kernel', 'recurrent_kernel']);
  });
});
