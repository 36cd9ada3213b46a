import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { api, closeAllEditors, fileIn, until, workspaceFolder } from './support';

/** All hover texts at the first place of `needle` in a file. */
async function hoverAt(uri: vscode.Uri, needle: string): Promise<string> {
  const document = await vscode.workspace.openTextDocument(uri);
  const offset = document.getText().indexOf(needle);
  assert.ok(offset >= 0, `${needle} is in ${uri.fsPath}`);
  const position = document.positionAt(offset + 1);
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', uri, position);
  return hovers.flatMap(({ contents }) => contents.map((content) => (typeof content === 'string' ? content : content.value))).join('\n');
}

describe('a hover', () => {
  before(api);
  after(closeAllEditors);

  it('over a weight in the text of a model.json has its picture, figures and findings', async () => {
    const text = await hoverAt(fileIn('planted', 'model.json'), 'digits/kernel');
    assert.match(text, /!\[Histogram[^\]]*\]\(data:image\/svg\+xml;base64,/);
    assert.match(text, /\*\*640\*\* parameters/);
    assert.match(text, /64×10, float32/);
    assert.match(text, /\*\*3\*\* NaN, \*\*1\*\* \+Infinity/);
    assert.match(text, /Error/);
    assert.match(text, /median/);
  });

  it('over a layer in the text of a model.json speaks of the layer', async () => {
    const text = await hoverAt(fileIn('planted', 'model.json'), 'edge_filters');
    assert.match(text, /\*\*edge\\_filters\*\* · Conv2D/);
    assert.match(text, /kernel 3×3×1→16, float32 · bias 16, float32/);
  });

  it('works in the other flavours', async () => {
    assert.match(await hoverAt(fileIn('face-api', 'tiny_face_detector_model-weights_manifest.json'), 'conv0/filters'), /Histogram/);
    assert.match(await hoverAt(fileIn('basic-pitch', 'model.json'), 'StatefulPartitionedCall/model_1/conv2d_1/Conv2D'), /conv2d/);
  });

  it('over a name in Python and JavaScript names the model', async () => {
    for (const file of ['load.py', 'load.js']) {
      const text = await hoverAt(fileIn('src', file), 'edge_filters');
      assert.match(text, /in planted\\\/model\\\.json/, file);
      assert.match(text, /Histogram/, file);
    }
  });

  it('says nothing over other strings, and outside of strings', async () => {
    assert.equal(await hoverAt(fileIn('src', 'load.py'), 'holds values'), '');
    assert.equal(await hoverAt(fileIn('package.json'), 'name'), '');
  });

  it('shows the names of a hostile file as text', async () => {
    const { store } = await api();
    const folder = path.join(workspaceFolder().fsPath, 'hostile');
    mkdirSync(folder, { recursive: true });
    const name = '[x](command:evil)<img src=x>|$(flame)';
    const uri = fileIn('hostile', 'hostile.json');
    try {
      writeFileSync(path.join(folder, 'w.bin'), Buffer.alloc(16));
      writeFileSync(uri.fsPath, JSON.stringify([{ weights: [{ name, shape: [4], dtype: 'float32' }], paths: ['w.bin'] }]));
      await until('the manifest is found', () => store.get(uri) !== undefined);
      const text = await hoverAt(uri, '(command:evil)');
      assert.ok(text.includes('\\[x\\]\\(command\\:evil\\)\\<img src\\=x\\>\\|\\$\\(flame\\)'), text);
      assert.doesNotMatch(text, /(?<!\\)\](?<!\\)\(command/);
      assert.doesNotMatch(text, /(?<!\\)<img/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
