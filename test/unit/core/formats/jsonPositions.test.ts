import assert from 'node:assert/strict';
import { openModel } from '../../../../src/core/formats/index';
import { MAX_POSITIONS_CHARACTERS, namePositions } from '../../../../src/core/formats/jsonPositions';
import { packageSource, readPackageFile } from '../../../support/folderSource';

const at = (text: string, kind: 'layer' | 'tensor'): [string, string][] =>
  namePositions(text).filter((position) => position.kind === kind).map(({ name, offset, length }) => [name, text.slice(offset, offset + length)]);

describe('namePositions', () => {
  for (const file of ['@upscalerjs/esrgan-slim/models/x2/model.json', '@vscode/vscode-languagedetection/model/model.json', '@spotify/basic-pitch/model/model.json', '@vladmandic/face-api/model/tiny_face_detector_model-weights_manifest.json']) {
    it(`finds every weight and every layer with weights in ${file}`, async () => {
      const text = new TextDecoder().decode(readPackageFile(file));
      const model = await openModel(packageSource(file));
      const positions = namePositions(text);
      const tensors = new Set(positions.filter(({ kind }) => kind === 'tensor').map(({ name }) => name));
      assert.deepEqual(model.tensors.map(({ name }) => name).filter((name) => !tensors.has(name)), []);
      const layers = new Set(positions.filter(({ kind }) => kind === 'layer').map(({ name }) => name));
      if (model.format === 'tfjs-layers') assert.deepEqual(model.layers.map(({ name }) => name).filter((name) => !layers.has(name)), []);
      if (model.format === 'tfjs-graph') assert.ok(model.layers.some(({ name }) => layers.has(name)));
      for (const { offset, length } of positions) assert.match(text.slice(offset, offset + length), /^"[^"]+"$/);
    });
  }

  it('joins the names of nested models, whichever key comes first', () => {
    const inner = { class_name: 'Sequential', config: { layers: [{ class_name: 'Dense', config: { units: 1, name: 'd' } }], name: 'inner' } };
    const text = JSON.stringify({ modelTopology: { model_config: { config: { layers: [inner, { config: { name: 'out' }, class_name: 'Dense' }], name: 'outer' } } } }, null, 2);
    assert.deepEqual(at(text, 'layer'), [['inner/d', '"d"'], ['inner', '"inner"'], ['out', '"out"']]);
  });

  it('numbers repeated weights as the model does, and survives NaN and broken text', () => {
    const text = '{"weightsManifest":[{"weights":[{"name":"a","quantization":{"min":-Infinity,"scale":NaN}},{"name":"b"},{"name":"a"}]}], "x": ';
    assert.deepEqual(at(text, 'tensor'), [['a', '"a"'], ['b', '"b"'], ['a (2)', '"a"']]);
    assert.deepEqual(namePositions('not json'), []);
    assert.deepEqual(namePositions(' '.repeat(MAX_POSITIONS_CHARACTERS + 1)), []);
  });
});
