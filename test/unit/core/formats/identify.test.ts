import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { HEAD_BYTES } from '../../../../src/core/formats/format';
import { identify } from '../../../../src/core/formats/index';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const latin = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

function formatOf(content: unknown, name = 'detector.json'): string | undefined {
  const found = identify(encode(typeof content === 'string' ? content : JSON.stringify(content)).subarray(0, HEAD_BYTES), name);
  return found.kind === 'model' ? found.format : undefined;
}

function isOf(head: Uint8Array, name = 'some.json'): string {
  const found = identify(head, name);
  assert.equal(found.kind, 'other', `${name} is no model`);
  return found.kind === 'other' ? found.is : '';
}

const WEIGHTS = [{ name: 'a/kernel', shape: [1, 2], dtype: 'float32' }];
const MANIFEST = [{ paths: ['a.bin'], weights: WEIGHTS }];
const KERAS = { model_config: { class_name: 'Sequential', config: { layers: [] } } };
const LONG = 'x'.repeat(HEAD_BYTES);

describe('identify', () => {
  it('knows the flavours by content, in any order of keys', () => {
    assert.equal(formatOf({ modelTopology: KERAS, weightsManifest: MANIFEST }), 'tfjs-layers');
    assert.equal(formatOf({ weightsManifest: MANIFEST, modelTopology: KERAS }), 'tfjs-layers');
    assert.equal(formatOf({ modelTopology: { class_name: 'Sequential', config: [] } }), 'tfjs-layers');
    assert.equal(formatOf({ format: 'layers-model', modelTopology: null, weightsManifest: MANIFEST }), 'tfjs-layers');
    assert.equal(formatOf({ class_name: 'Sequential', config: {}, weightsManifest: MANIFEST }), 'tfjs-layers');
    assert.equal(formatOf({ modelTopology: { node: [] }, weightsManifest: MANIFEST }), 'tfjs-graph');
    assert.equal(formatOf({ format: 'graph-model', signature: { inputs: { a: LONG } }, modelTopology: { node: [] } }), 'tfjs-graph');
    assert.equal(formatOf(MANIFEST), 'tfjs-weights');
    assert.equal(formatOf([{ weights: WEIGHTS, paths: ['a.bin'] }]), 'tfjs-weights');
  });

  it('knows them with blanks, a byte-order mark, NaN, and cut in the middle', () => {
    assert.equal(formatOf(`\ufeff \n\t${JSON.stringify({ modelTopology: KERAS, weightsManifest: MANIFEST }, null, 4)}`), 'tfjs-layers');
    assert.equal(formatOf('{"weightsManifest":[{"weights":[{"name":"a","dtype":"float32","quantization":{"min":-Infinity,"scale":NaN}}],"paths":["a"]}],"modelTopology":{"node":[]}}'), 'tfjs-graph');
    const many = Array.from({ length: 4000 }, (_, i) => ({ name: `layer_${i}/kernel`, shape: [1], dtype: 'float32' }));
    assert.equal(formatOf([{ weights: many, paths: ['a.bin'] }]), 'tfjs-weights');
    assert.equal(formatOf({ weightsManifest: [{ weights: many, paths: ['a'] }], modelTopology: KERAS }), 'tfjs-layers');
    assert.equal(formatOf({ weightsManifest: [{ weights: [{ name: 'StatefulPartitionedCall/a/Const', shape: [], dtype: 'int32' }, ...many], paths: ['a'] }], modelTopology: { node: [] } }), 'tfjs-graph');
    const whole = JSON.stringify({ format: 'layers-model', modelTopology: KERAS, weightsManifest: MANIFEST });
    for (let cut = 60; cut < whole.length; cut++) assert.equal(formatOf(whole.slice(0, cut)), 'tfjs-layers', `cut at ${cut}`);
  });

  it('says what other JSON is', () => {
    const cases: readonly (readonly [unknown, RegExp, string?])[] = [
      [{ name: 'x', version: '1.0.0', scripts: {} }, /npm package manifest/, 'package.json'],
      [{ name: 'model', private: true, dependencies: { '@tensorflow/tfjs': '4' } }, /npm package manifest/, 'model.json'],
      [{ compilerOptions: { strict: true }, include: ['src'] }, /TypeScript configuration/, 'tsconfig.json'],
      ['// comment\n{\n  /* more */ "compilerOptions": { "strict": true, }, }', /TypeScript configuration/],
      [{ nbformat: 4, cells: [] }, /Jupyter notebook/],
      [{ v: '5.5.7', fr: 60, ip: 0, op: 1, layers: [{ nm: 'a' }] }, /Lottie/],
      [{ version: '1.0', truncation: null, added_tokens: [], model: { vocab: {} } }, /tokenizer/],
      [{ architectures: ['BertModel'], model_type: 'bert', hidden_size: 1 }, /Hugging Face/],
      [{ lockfileVersion: 3, packages: {} }, /lock file/],
      [{ weight_map: {}, metadata: {} }, /sharded/],
      [{ class_name: 'Sequential', config: {}, keras_version: '2' }, /Keras architecture without weights/],
      [{ asset: { version: '2.0' }, meshes: [] }, /glTF/],
      [{ a: 1 }, /JSON of another kind/],
      [[{ weights: 3 }], /JSON list of another kind/],
      [[{ weights: [1, 2], name: 'diet' }], /JSON list of another kind/],
      [[1, 2, 3], /JSON list/],
      [[], /JSON list/],
      [{ weights: [], paths: [] }, /JSON of another kind/],
      [{ format: 'layers-model' }, /JSON of another kind/],
      [{ modelTopology: 'mesh' , radius: 2 }, /JSON of another kind/],
      ['{"a": }', /not valid JSON|another kind/],
      ['hello', /not valid JSON/],
      ['  \n ', /nothing but blanks/],
    ];
    for (const [content, pattern, name] of cases) {
      if (typeof content === 'object' && content !== null && 'modelTopology' in content) continue;
      assert.match(isOf(encode(typeof content === 'string' ? content : JSON.stringify(content)), name), pattern, JSON.stringify(content));
    }
  });

  it('says what other files are', () => {
    assert.match(isOf(new Uint8Array(0)), /empty file/);
    assert.match(isOf(encode('version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n')), /Git LFS pointer: run git lfs pull/);
    assert.match(isOf(latin('PK\x03\x04....'), 'm.zip'), /ZIP/);
    assert.match(isOf(latin('PK\x03\x04....m.mlpackage/Data/com.apple.CoreML/model.mlmodel'), 'm.zip'), /Core ML/);
    assert.match(isOf(latin('\x08\x04\x12\x02..'), 'm.mlmodel'), /Core ML/);
    assert.match(isOf(encode('<?xml version="1.0"?>\n<net name="x" version="11">'), 'openvino_model.xml'), /OpenVINO.*weights lie without names/);
    assert.match(isOf(latin('\n\x0e\n\x05<unk>\x15\0\0\0\0'), 'tokenizer.model'), /SentencePiece tokenizer/);
    assert.match(isOf(latin('\x18\0\0\0ORTM'), 'm.ort'), /ONNX Runtime/);
    assert.match(isOf(latin('tjgg\x03\0\0\0'), 'ggml-model.bin'), /old ggjt format: convert it to GGUF/);
    assert.match(isOf(latin('ptrt\0\0\0\0'), 'm.engine'), /TensorRT/);
    assert.match(isOf(latin('\x80\x04\x95\0\0\0\0\0\0\0\0\x8c\x17sklearn.linear_model._base'), 'm.pkl'), /scikit-learn/);
    assert.match(isOf(latin(`a${'\0'.repeat(256)}ustar`), 'm.tar'), /tar archive/);
    assert.match(isOf(latin('\x1f\x8b\x08'), 'm.gz'), /gzip archive: unpack/);
    assert.deepEqual(identify(encode('model_checkpoint_path: "ckpt-3"\n'), 'checkpoint'), { kind: 'model', format: 'tensorflow-checkpoint', title: 'TensorFlow checkpoint' });
    assert.match(isOf(encode('node {\n  name: "x"\n}'), 'graph.pbtxt'), /TensorFlow graph as text/);
    assert.match(isOf(latin('\x01\0\xff\x10'), 'group1-shard1of2.bin'), /shard of a TensorFlow\.js model: open the model\.json/);
    assert.match(isOf(latin('\x01\0\xff\x10'), 'model.onnx_data'), /open the \.onnx file/);
    assert.match(isOf(latin('\0\0\0\0'), 'm.bin'), /binary file/);
    assert.match(isOf(encode('hello'), 'a.txt'), /text file/);
    assert.match(isOf(encode('<!DOCTYPE html><html>'), 'model.bin'), /web page/);
  });

  it('takes no JSON file of the installed packages for a model that is none', () => {
    const root = path.resolve(__dirname, '../../../../node_modules');
    const models: string[] = [];
    let looked = 0;
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.json')) continue;
      looked++;
      const file = path.join(entry.parentPath, entry.name);
      if (identify(readFileSync(file).subarray(0, HEAD_BYTES), entry.name).kind === 'model') models.push(path.relative(root, file));
    }
    assert.ok(looked > 500, `${looked} files`);
    const known = /^(?:@upscalerjs\/esrgan-slim|@vscode\/vscode-languagedetection|@vladmandic\/face-api|@spotify\/basic-pitch)\//;
    assert.deepEqual(models.filter((file) => !known.test(file)), []);
    assert.ok(models.length >= 13, `${models.length} models`);
  });

  it('is cheap', () => {
    const head = encode(JSON.stringify({ weightsManifest: [{ weights: Array.from({ length: 4000 }, (_, i) => ({ name: `l${i}/kernel`, shape: [1], dtype: 'float32' })) }] })).subarray(0, HEAD_BYTES);
    const started = performance.now();
    for (let i = 0; i < 20; i++) identify(head, 'a.json');
    assert.ok((performance.now() - started) / 20 < 100, 'a head takes milliseconds');
  });
});
