import assert from 'node:assert/strict';
import { namesIn, neighboursByName, ownersOf } from '../../../src/extension/neighbours';

describe('files that belong together', () => {
  it('shards belong to their index', () => {
    assert.deepEqual(ownersOf('/m/model-00002-of-00030.safetensors'), ['/m/model.safetensors.index.json']);
    assert.deepEqual(ownersOf('/m/pytorch_model-00001-of-00003.bin'), ['/m/pytorch_model.bin.index.json']);
    assert.deepEqual(ownersOf('C:\\m\\diffusion_pytorch_model-00001-of-00003.safetensors'), ['C:\\m\\diffusion_pytorch_model.safetensors.index.json']);
    assert.deepEqual(ownersOf('/m/variables/variables.index'), ['/m/saved_model.pb']);
    assert.deepEqual(ownersOf('/m/ckpt-7.data-00000-of-00002'), ['/m/ckpt-7.index']);
  });

  it('splits belong to the first of them, which belongs to nobody', () => {
    assert.deepEqual(ownersOf('/m/llama-00003-of-00005.gguf'), ['/m/llama-00001-of-00005.gguf']);
    assert.deepEqual(ownersOf('/m/llama-00001-of-00005.gguf'), []);
  });

  it('a file of its own belongs to nobody', () => {
    for (const name of ['model.safetensors', 'model.json', 'a-of-b.gguf', 'variables.index', 'x-1-of-2.bin']) assert.deepEqual(ownersOf(`/m/${name}`), [], name);
  });

  it('are found by their names, or in the file', () => {
    assert.deepEqual(neighboursByName('a-00001-of-00002.gguf', ['a-00002-of-00002.gguf', 'b-00002-of-00002.gguf', 'a-00002-of-00003.gguf', 'a.json']), ['a-00002-of-00002.gguf']);
    assert.deepEqual(neighboursByName('ckpt-1.index', ['ckpt-1.data-00000-of-00001', 'ckpt-10.data-00000-of-00001', 'checkpoint']), ['ckpt-1.data-00000-of-00001']);
    assert.deepEqual(neighboursByName('model.onnx', ['model.onnx_data']), []);
    assert.deepEqual(namesIn(new TextEncoder().encode('…"paths":["group1-shard1of1.bin"]…'), ['group1-shard1of1.bin', 'other.bin']), ['group1-shard1of1.bin']);
  });
});
