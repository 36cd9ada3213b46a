import assert from 'node:assert/strict';
import type { Layer, Model, Tensor } from '../../../src/core/model';
import { literalAt, nameIndex } from '../../../src/extension/nameIndex';

function tensor(name: string, layer: number, role: Tensor['role'] = 'kernel'): Tensor {
  return { name, layer, role, dtype: 'float32', shape: [2], elements: 2, bytes: 8, segments: [] };
}

function model(layers: readonly Layer[], tensors: readonly Tensor[]): Model {
  return { name: 'm.json', path: '/m.json', format: 'tfjs-layers', formatTitle: 'x', files: [], bytes: 0, layers, tensors, parameters: 0, problems: [] };
}

describe('the index of names', () => {
  const names = nameIndex(model(
    [{ name: 'dense', tensors: [0] }, { name: 'inner/conv', tensors: [1] }, { name: 'flatten', tensors: [] }, { name: 'a/twin', tensors: [2] }, { name: 'b/twin', tensors: [3] }, { name: 'shape', tensors: [4] }],
    [tensor('dense/kernel', 0), tensor('conv/kernel', 1), tensor('t1', 3), tensor('t2', 4), tensor('shape', 5, 'constant')],
  ));

  it('knows layers with weights and all tensors by their names', () => {
    assert.deepEqual(names.lookUp('dense'), { kind: 'layer', index: 0 });
    assert.deepEqual(names.lookUp('dense/kernel'), { kind: 'tensor', index: 0 });
    assert.equal(names.lookUp('flatten'), undefined);
  });

  it('knows a nested layer by its last part, where that is its own', () => {
    assert.deepEqual(names.lookUp('inner/conv'), { kind: 'layer', index: 1 });
    assert.deepEqual(names.lookUp('conv'), { kind: 'layer', index: 1 });
    assert.equal(names.lookUp('twin'), undefined);
  });

  it('takes the tensor where a layer has the same name', () => {
    assert.deepEqual(names.lookUp('shape'), { kind: 'tensor', index: 4 });
  });
});

describe('the quoted text around a column', () => {
  const at = (line: string, needle: string, quotes = '"\'`'): string | undefined => literalAt(line, line.indexOf(needle) + 1, quotes)?.text;

  it('is the string that the column is in', () => {
    assert.equal(at('x = model.get_layer("conv2d_1")', 'nv2d'), 'conv2d_1');
    assert.equal(at("x = model.get_layer('conv2d_1')", 'nv2d'), 'conv2d_1');
    assert.equal(at('{"name": "a/b"}', '/b', '"'), 'a/b');
  });

  it('reads escapes', () => {
    assert.equal(at('{"name": "q\\"uo\\u0074e"}', 'uo', '"'), 'q"uote');
  });

  it('is nothing outside of quotes', () => {
    assert.equal(at('x = conv2d_1', 'conv'), undefined);
    assert.equal(at('"open', 'open'), undefined);
  });

  it('costs no more on a line of megabytes', () => {
    const line = `{"pad":"${'x'.repeat(5_000_000)}","name":"conv"}`;
    const startedMs = performance.now();
    assert.equal(literalAt(line, line.indexOf('conv') + 1, '"')?.text, 'conv');
    assert.equal(literalAt(line, 2_000_000, '"'), undefined);
    assert.ok(performance.now() - startedMs < 50);
  });
});
