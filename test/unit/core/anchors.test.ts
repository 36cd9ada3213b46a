import assert from 'node:assert/strict';
import { anchorsOf, FILE_ANCHOR } from '../../../src/core/anchors';
import { analysisOf } from '../../support/handMade';

const { model } = analysisOf({ tensors: [{ name: 'conv/kernel', values: [1] }, { name: 'conv/bias', values: [1] }, { name: 'dense/kernel', values: [1] }] });

const TEXT = [
  '{ "modelTopology": { "config": { "layers": [',
  '  { "class_name": "Conv2D", "config": { "name": "conv" } } ] } },\r',
  '"weightsManifest": [{ "paths": [], "weights": [',
  '  { "name": "conv/kernel" }, { "name": "dense/kernel" }',
  '] }] }',
].join('\n');

describe('anchors of findings in a model file', () => {
  const anchorOf = anchorsOf(model, TEXT);

  /** The text that an anchor spans. */
  function spanned(kind: 'layer' | 'tensor' | 'model', name: string): string {
    const { startLine, startColumn, endLine, endColumn } = anchorOf({ kind, name });
    assert.equal(startLine, endLine);
    return TEXT.split('\n')[startLine]!.slice(startColumn, endColumn);
  }

  it('are the name itself where the file lists it', () => {
    assert.equal(spanned('layer', 'conv'), '"conv"');
    assert.equal(spanned('tensor', 'conv/kernel'), '"conv/kernel"');
  });

  it("of a weight that is not listed are its layer's, and of a layer without topology its first weight's", () => {
    assert.equal(spanned('tensor', 'conv/bias'), '"conv"');
    assert.equal(spanned('layer', 'dense'), '"dense/kernel"');
  });

  it('are the beginning of the file for the model, for names it does not hold, and without its text', () => {
    for (const subject of [{ kind: 'model', name: 'model.json' }, { kind: 'layer', name: 'gone' }] as const) assert.deepEqual(anchorOf(subject), FILE_ANCHOR);
    assert.deepEqual(anchorsOf(model, undefined)({ kind: 'layer', name: 'conv' }), FILE_ANCHOR);
  });
});
