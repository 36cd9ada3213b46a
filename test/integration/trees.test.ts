import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { FindingsTree } from '../../src/extension/findingsTree';
import { ModelTree } from '../../src/extension/modelTree';
import type { TreeNode } from '../../src/extension/modelTreeNodes';
import { api, fileIn } from './support';

const SETTINGS = { nearZeroRatio: 0.01, histogramBins: 100, workers: 1, thresholds: {}, budgetBytes: 0 };

function labels(tree: ModelTree, nodes: readonly TreeNode[]): string[] {
  return nodes.map((node) => labelOf(tree.getTreeItem(node)));
}

function labelOf({ label }: vscode.TreeItem): string {
  return typeof label === 'string' ? label : (label?.label ?? '');
}

describe('the Models view', () => {
  let tree: ModelTree;
  let planted: TreeNode;

  before(async () => {
    const { store } = await api();
    tree = new ModelTree(store, () => SETTINGS);
    await store.get(fileIn('planted', 'model.json'))!.analyze();
    planted = (await tree.getChildren()).find((node) => node.entry.uri.fsPath === fileIn('planted', 'model.json').fsPath)!;
  });
  after(() => tree.dispose());

  it('shows a model by its folder where its file is called as all are', () => {
    const item = tree.getTreeItem(planted);
    assert.equal(item.label, 'planted/model.json');
    assert.match(String(item.description), /% near zero · 110.k weights/);
    assert.equal(item.collapsibleState, vscode.TreeItemCollapsibleState.Collapsed);
  });

  it('lists layers with weights in model order', async () => {
    assert.deepEqual(labels(tree, await tree.getChildren(planted)), [
      'edge_filters', 'edge_normalization', 'texture_filters', 'texture_normalization', 'features', 'unused', 'digits',
    ]);
  });

  it('has the share near zero first in a row, a histogram as icon and the severity in the uri', async () => {
    const layers = await tree.getChildren(planted);
    const item = tree.getTreeItem(layers.find((node) => node.kind === 'layer' && node.model.layers[node.index]!.name === 'unused')!);
    assert.match(String(item.description), /^99.% near zero · 4\.16.k · Dense$/);
    const icon = item.iconPath as { light: vscode.Uri; dark: vscode.Uri };
    assert.equal(icon.dark.scheme, 'data');
    assert.notEqual(icon.dark.toString(), icon.light.toString());
    assert.equal(item.resourceUri?.query, 'error');
  });

  it('sorts by size, sparsity and severity', async () => {
    const first = async (order: 'order' | 'sparsity' | 'size' | 'severity'): Promise<string | undefined> => {
      tree.sort(order);
      return labels(tree, await tree.getChildren(planted))[0];
    };
    assert.equal(await first('size'), 'features');
    assert.equal(await first('sparsity'), 'texture_filters');
    assert.equal(await first('severity'), 'texture_filters');
    assert.equal(await first('order'), 'edge_filters');
  });

  it('has weights below layers, and knows the way back up', async () => {
    const [layer] = await tree.getChildren(planted);
    const tensors = await tree.getChildren(layer);
    assert.deepEqual(labels(tree, tensors), ['kernel', 'bias']);
    assert.equal(tree.getParent(tensors[0]!), layer);
    assert.equal(tree.getParent(layer!), planted);
    assert.equal(tree.getParent(planted), undefined);
  });

  it('has ids of its own for every row', async () => {
    const { store } = await api();
    for (const entry of store.entries) await entry.analyze();
    const ids: (string | undefined)[] = [];
    const walk = async (node?: TreeNode): Promise<void> => {
      if (node) ids.push(tree.getTreeItem(node).id);
      for (const child of await tree.getChildren(node)) await walk(child);
    };
    await walk();
    assert.ok(ids.length > 200, `${ids.length} rows`);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('makes the tooltip when somebody hovers', async () => {
    const [layer] = await tree.getChildren(planted);
    const item = tree.getTreeItem(layer!);
    assert.equal(item.tooltip, undefined);
    const { value, isTrusted, supportHtml } = tree.resolveTreeItem(item, layer!).tooltip as vscode.MarkdownString;
    assert.match(value, /data:image\/svg\+xml;base64,/);
    assert.match(value, /output units hold only zeros/);
    assert.ok(!isTrusted && !supportHtml);
  });

  it('finds the row of a layer', async () => {
    const { store } = await api();
    const node = tree.layerNode(store.get(fileIn('planted', 'model.json'))!, 'digits');
    assert.equal(node && tree.getTreeItem(node).label, 'digits');
    assert.equal(tree.getParent(node!), planted);
  });
});

describe('the Suspicious Layers view', () => {
  it('goes from severity to rule to layer', async () => {
    const { store } = await api();
    const entry = store.get(fileIn('planted', 'model.json'))!;
    await entry.analyze();
    const tree = new FindingsTree(store);
    try {
      const [errors] = tree.getChildren();
      assert.match(labelOf(tree.getTreeItem(errors!)), /errors?$/);
      const rules = tree.getChildren(errors);
      assert.ok(rules.some((node) => node.kind === 'rule' && node.rule === 'non-finite-values'));
      const rule = rules.find((node) => node.kind === 'rule' && node.rule === 'non-finite-values');
      const digits = tree.getChildren(rule).find((node) => node.kind === 'finding' && node.entry === entry)!;
      const item = tree.getTreeItem(digits);
      assert.equal(item.label, 'digits/kernel');
      assert.match(String(item.description), /not finite/);
      assert.deepEqual(item.command?.arguments, [entry.uri, 'digits']);
      const { value } = tree.resolveTreeItem(item, digits).tooltip as vscode.MarkdownString;
      assert.match(value, /Why it matters/);
      assert.equal(tree.getParent(digits), rule);
    } finally {
      tree.dispose();
    }
  });
});
