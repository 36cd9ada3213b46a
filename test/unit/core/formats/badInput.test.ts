import assert from 'node:assert/strict';
import { FileError, FormatError, HumanError, UnsupportedError } from '../../../../src/core/errors';
import { MAX_JSON_BYTES } from '../../../../src/core/formats/jsonText';
import { openModel } from '../../../../src/core/formats/index';
import type { Model } from '../../../../src/core/model';
import { checkInvariants } from '../../../support/modelChecks';
import { buildModel, float32Weight, kerasOf, openBuilt, stringWeight } from '../../../support/tfjsBuilder';
import type { BuiltGroup } from '../../../support/tfjsBuilder';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const LFS = encode('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n');

async function open(files: Map<string, Uint8Array>): Promise<Model> {
  const model = await openModel(openBuilt(files));
  checkInvariants(model);
  return model;
}

/** The first weights of a model whose manifest was changed. */
async function openChanged(groups: readonly BuiltGroup[], change: (json: { weightsManifest: { paths: unknown[]; weights: Record<string, unknown>[] }[]; [key: string]: unknown }) => void): Promise<Model> {
  const files = buildModel(groups);
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json'))) as Parameters<typeof change>[0];
  change(json);
  files.set('model.json', encode(JSON.stringify(json)));
  return open(files);
}

function readable(model: Model): string[] {
  return model.tensors.filter((tensor) => tensor.unreadable === undefined).map((tensor) => tensor.name);
}

function says(model: Model, pattern: RegExp): void {
  assert.ok(model.problems.some(({ message, remedy }) => pattern.test(`${message} ${remedy}`)), `${String(pattern)} in ${JSON.stringify(model.problems)}`);
}

async function refused(text: Uint8Array | string, kind: typeof FormatError | typeof UnsupportedError, pattern: RegExp): Promise<void> {
  const files = new Map([['model.json', typeof text === 'string' ? encode(text) : text]]);
  await assert.rejects(openModel(openBuilt(files)), (error) => {
    assert.ok(error instanceof kind, String(error));
    assert.match(error.message, pattern);
    assert.match(error.message, /\/models\/model\.json/, 'the message names the file');
    return true;
  });
}

const abc = [float32Weight('a/kernel', [4]), float32Weight('b/kernel', [4]), float32Weight('c/kernel', [4])];
const one: BuiltGroup[] = [{ weights: abc, shards: [{ path: 'w.bin' }] }];
const three: BuiltGroup[] = [{ weights: abc, shards: [{ path: 'w1.bin', bytes: 16 }, { path: 'w2.bin', bytes: 16 }, { path: 'w3.bin' }] }];

describe('bad input: shards', () => {
  it('truncated: what lies before the end is read', async () => {
    const files = buildModel(one);
    files.set('w.bin', files.get('w.bin')!.subarray(0, 40));
    const model = await open(files);
    assert.deepEqual(readable(model), ['a/kernel', 'b/kernel']);
    assert.match(model.tensors[2]!.unreadable!, /w\.bin.*truncated/);
    says(model, /w\.bin.* is truncated: 8 of 48 bytes are missing.*Fetch the shard again/);
  });

  it('missing: the other shards are read, before and behind', async () => {
    const files = buildModel(three);
    files.delete('w2.bin');
    const model = await open(files);
    assert.deepEqual(readable(model), ['a/kernel', 'c/kernel']);
    assert.deepEqual(model.tensors[2]!.segments, [{ file: 2, offset: 0, length: 16 }]);
    assert.match(model.tensors[1]!.unreadable!, /w2\.bin/);
    says(model, /w2\.bin.*Put "w2\.bin" beside/);
  });

  it('two missing: what cannot be placed is not guessed', async () => {
    const files = buildModel(three);
    files.delete('w1.bin');
    files.delete('w2.bin');
    assert.deepEqual(readable(await open(files)), []);
  });

  it('truncated among several: told by the size that the others have', async () => {
    const weights = Array.from({ length: 5 }, (_, i) => float32Weight(`l${i}/kernel`, [4]));
    const shards = weights.map((_, i) => ({ path: `s${i}.bin`, bytes: 16 }));
    const files = buildModel([{ weights, shards }]);
    files.set('s2.bin', files.get('s2.bin')!.subarray(0, 10));
    const model = await open(files);
    assert.deepEqual(readable(model), ['l0/kernel', 'l1/kernel', 'l3/kernel', 'l4/kernel']);
    says(model, /"s2\.bin" is truncated/);
  });

  it('truncated among several of which none tells: nothing behind the first is guessed', async () => {
    const files = buildModel([{ weights: abc, shards: [{ path: 'x.bin', bytes: 20 }, { path: 'y.bin' }] }]);
    files.set('y.bin', files.get('y.bin')!.subarray(0, 20));
    const model = await open(files);
    assert.deepEqual(readable(model), ['a/kernel']);
    says(model, /One of the shards "x\.bin", "y\.bin" is truncated/);
  });

  it('longer: read, and said', async () => {
    const files = buildModel(one);
    files.set('w.bin', new Uint8Array(60).fill(1));
    const model = await open(files);
    assert.equal(readable(model).length, 3);
    says(model, /"w\.bin" is longer than its weights: 12 bytes/);
  });

  it('a Git LFS pointer', async () => {
    const files = buildModel(one);
    files.set('w.bin', LFS);
    const model = await open(files);
    assert.deepEqual(readable(model), []);
    says(model, /Git LFS pointer.*"w\.bin".*git lfs pull/);
    assert.match(model.tensors[0]!.unreadable!, /git lfs pull/);
  });

  for (const path of ['../w.bin', '/etc/passwd', 'C:\\w.bin', 'https://example.org/w.bin', 'sub/../../w.bin', '..\\w.bin', 'file:///etc/passwd', '\\\\server\\w.bin', '', 'w\0.bin', null, 7, { a: 1 }]) {
    it(`a path that is not followed: ${JSON.stringify(path)}`, async () => {
      const model = await openChanged(one, (json) => (json.weightsManifest[0]!.paths = [path]));
      assert.deepEqual(readable(model), []);
      assert.equal(model.files.length, 1);
      says(model, /names the shard .*Only files in the model's own folder are read/);
    });
  }

  it('a shard of two groups begins anew in each', async () => {
    const files = buildModel([{ weights: [abc[0]!], shards: [{ path: 'w.bin' }] }, { weights: [abc[1]!], shards: [{ path: 'w.bin' }] }]);
    const model = await open(files);
    assert.equal(model.files.length, 2);
    assert.deepEqual(model.tensors.map((tensor) => tensor.segments[0]?.offset), [0, 0]);
  });

  it('a shard that vanishes or shrinks while its strings are walked costs only what it held', async () => {
    const files = buildModel([{ weights: [float32Weight('a/kernel', [400]), stringWeight('words', [1], ['ab'])], shards: [{ path: 'w.bin' }] }]);
    const source = openBuilt(files);
    const opened = await openModel({
      ...source,
      sibling: async (path) => {
        const shard = await source.sibling(path);
        return { ...shard, read: () => Promise.reject(new FileError(`${shard.name} shrank while it was read.`)) };
      },
    });
    checkInvariants(opened);
    assert.deepEqual(readable(opened), ['a/kernel']);
    assert.match(opened.tensors[1]!.unreadable!, /shrank while it was read/);
  });

  it('no shards at all', async () => {
    const model = await openChanged(one, (json) => delete (json.weightsManifest[0] as Record<string, unknown>)['paths']);
    assert.deepEqual(readable(model), []);
    says(model, /names no shard/);
  });
});

describe('bad input: weights', () => {
  const shapes: readonly (readonly [unknown, RegExp])[] = [
    [[-1, 4], /dimension -1/],
    [[2.5], /dimension 2\.5/],
    [['4'], /"4".*no number/],
    [[null], /null.*no number/],
    [[2 ** 30, 2 ** 30], /more elements than any file/],
    [[2 ** 52], /more bytes than any file/],
    [[1e400], /dimension|no number/],
    ['4', /shape is a text, not a list/],
    [undefined, /shape is nothing/],
    [Array.from({ length: 300 }, () => 1), /300 dimensions/],
  ];
  for (const [shape, pattern] of shapes) {
    it(`shape ${String(JSON.stringify(shape)).slice(0, 40)}`, async () => {
      const model = await openChanged(one, (json) => (json.weightsManifest[0]!.weights[1]!['shape'] = shape));
      assert.deepEqual(readable(model), ['a/kernel']);
      assert.match(model.tensors[1]!.unreadable!, pattern);
      assert.match(model.tensors[2]!.unreadable!, /size of the weight before it, "b\/kernel", is unknown/);
    });
  }

  it('a shape beyond the shard', async () => {
    const model = await openChanged(one, (json) => (json.weightsManifest[0]!.weights[1]!['shape'] = [1000]));
    assert.deepEqual(readable(model), ['a/kernel']);
    says(model, /truncated/);
  });

  it('an unknown dtype: what follows cannot be placed, and says so', async () => {
    const model = await openChanged(one, (json) => (json.weightsManifest[0]!.weights[1]!['dtype'] = 'float7'));
    assert.deepEqual(readable(model), ['a/kernel']);
    assert.match(model.tensors[1]!.unreadable!, /dtype "float7"/);
  });

  it('an unknown dtype with its size told: the rest is read', async () => {
    const model = await openChanged(one, (json) => Object.assign(json.weightsManifest[0]!.weights[1]!, { dtype: 'float7', byteLength: 16 }));
    assert.deepEqual(readable(model), ['a/kernel', 'c/kernel']);
  });

  it('an unknown quantization of a known size: the rest is read', async () => {
    const model = await openChanged([{ weights: abc, shards: [{ path: 'w.bin' }] }], (json) =>
      Object.assign(json.weightsManifest[0]!.weights[1]!, { shape: [16], quantization: { dtype: 'int8', scale: 1, min: 0 } }),
    );
    assert.deepEqual(readable(model), ['a/kernel', 'c/kernel']);
    assert.match(model.tensors[1]!.unreadable!, /quantization "int8"/);
  });

  it('an affine quantization without scale', async () => {
    const model = await openChanged(one, (json) => Object.assign(json.weightsManifest[0]!.weights[1]!, { shape: [16], quantization: { dtype: 'uint8', min: 0 } }));
    assert.match(model.tensors[1]!.unreadable!, /no scale or no min/);
    assert.equal(readable(model).length, 2);
  });

  it('non-finite or useless scales open, with a problem on the tensor', async () => {
    for (const quantization of ['{"dtype":"uint8","scale":1,"min":-Infinity}', '{"dtype":"uint8","scale":NaN,"min":0}', '{"dtype":"uint8","scale":0,"min":0}', '{"dtype":"uint8","scale":null,"min":0}', '{"dtype":"uint8","scale":-1,"min":0}']) {
      const files = buildModel([{ weights: [{ spec: { name: 'a/kernel', shape: [4], dtype: 'float32', quantization: { dtype: 'uint8', scale: 1, min: 0 } }, bytes: new Uint8Array(4) }], shards: [{ path: 'w.bin' }] }]);
      const text = new TextDecoder().decode(files.get('model.json')).replace(/"quantization":\{.*?\}/, `"quantization":${quantization}`);
      files.set('model.json', encode(text));
      const model = await open(files);
      assert.equal(model.tensors[0]!.unreadable, undefined, quantization);
      assert.equal(model.tensors[0]!.quantization?.scheme, 'affine');
      assert.equal(model.problems.length, 1);
      assert.equal(model.problems[0]!.tensor, 0);
    }
  });

  it('duplicate names', async () => {
    const model = await openChanged(one, (json) => {
      for (const weight of json.weightsManifest[0]!.weights) weight['name'] = 'a/kernel';
      json.weightsManifest[0]!.weights[1]!['name'] = 'a/kernel (2)';
    });
    assert.deepEqual(model.tensors.map((tensor) => tensor.name), ['a/kernel', 'a/kernel (2)', 'a/kernel (3)']);
    says(model, /declares "a\/kernel" more than once/);
    assert.equal(model.problems[0]!.tensor, 2);
  });

  it('names of other types, HTML, Markdown and control characters stay names', async () => {
    const names = ['<img src=x onerror=alert(1)>/kernel', '**a**[x](command:y)/kernel', 'a\u0000\u001b[31m\u202eb/kernel'];
    const model = await openChanged(one, (json) => json.weightsManifest[0]!.weights.forEach((weight, i) => (weight['name'] = names[i])));
    assert.deepEqual(model.tensors.map((tensor) => tensor.name), names);
    const nameless = await openChanged(one, (json) => (json.weightsManifest[0]!.weights[1]!['name'] = { evil: true }));
    assert.deepEqual(readable(nameless), ['a/kernel', 'c/kernel']);
  });

  it('__proto__ in names and configurations is a name', async () => {
    const model = await open(
      new Map([
        ['model.json', encode('{"modelTopology":{"class_name":"Sequential","config":{"layers":[{"class_name":"Dense","config":{"name":"__proto__","__proto__":{"units":3},"constructor":1}}]}},"weightsManifest":[{"paths":["w.bin"],"weights":[{"name":"__proto__/kernel","shape":[1],"dtype":"float32"},{"name":"__proto__","shape":[1],"dtype":"toString"}]}]}')],
        ['w.bin', new Uint8Array(4)],
      ]),
    );
    assert.deepEqual(readable(model), ['__proto__/kernel']);
    assert.equal(({} as Record<string, unknown>)['units'], undefined);
  });

  it('strings whose prefixes lead out of the file', async () => {
    const files = buildModel([{ weights: [stringWeight('words', [2], ['ab', 'cd']), abc[0]!], shards: [{ path: 'w.bin' }] }]);
    files.get('w.bin')!.set([255, 255, 255, 255], 6);
    const model = await open(files);
    assert.deepEqual(readable(model), []);
    assert.match(model.tensors[1]!.unreadable!, /size of the weight before it, "words"/);
  });

  it('a string tensor that claims more strings than are walked', async () => {
    const model = await openChanged(one, (json) => Object.assign(json.weightsManifest[0]!.weights[0]!, { dtype: 'string', shape: [1e9] }));
    assert.match(model.tensors[0]!.unreadable!, /1000000000 strings/);
  });

  it('more weights than any model has', async () => {
    const weights = Array.from({ length: 70_000 }, () => ({ name: 'a', shape: [], dtype: 'bool' }));
    const files = new Map([['model.json', encode(JSON.stringify({ modelTopology: kerasOf([])['modelTopology'], weightsManifest: [{ paths: ['w.bin'], weights }] }))], ['w.bin', new Uint8Array(10)]]);
    const model = await openModel(openBuilt(files));
    assert.equal(model.tensors.length, 50_000);
    assert.ok(model.problems.length < 300);
    says(model, /more than 50000 weights/);
  });
});

describe('bad input: the file itself', () => {
  it('empty, blank, broken', async () => {
    await refused('', FormatError, /is an empty file/);
    await refused('{"format":"layers-model","modelTopology":{"model_config":{', FormatError, /not valid JSON: the file ends .*line 1, column/);
    await refused('{"modelTopology": {"node": [}}', FormatError, /not valid JSON.*line 1, column 29/);
  });

  it('something else', async () => {
    await refused('{"name":"x","version":"1","scripts":{}}', UnsupportedError, /is an npm package manifest/);
    await refused('[1,2]', UnsupportedError, /JSON list of another kind/);
    await refused(LFS, FormatError, /Git LFS pointer.*git lfs pull/);
    await refused(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10, 0x1a, 10), FormatError, /is damaged: its superblock ends early/);
    await refused(Uint8Array.of(0x1f, 0x8b, 8, 0), UnsupportedError, /gzip archive/);
    await refused('{"modelTopology":{"node":[]},"weightSpecs":[],"weightData":"AAAA"}', UnsupportedError, /weightData/);
  });

  it('a 200 MB JSON is refused at once', async () => {
    const head = encode('{"modelTopology":{"node":[]},"x":"');
    const source = {
      ...openBuilt(new Map([['model.json', head]])),
      size: 200 * 1024 * 1024,
      read: (offset: number, length: number) => (offset + length > 1 << 20 ? Promise.reject(new Error('read too much')) : Promise.resolve(new Uint8Array(length).map((_, i) => head[i] ?? 0x78))),
    };
    await assert.rejects(openModel(source), (error) => error instanceof UnsupportedError && /200 MiB of JSON; Weightgram reads model descriptions up to 64 MiB/.test(error.message));
    assert.equal(MAX_JSON_BYTES, 64 << 20);
  });

  it('JSON nested a million deep', async () => {
    await refused(`{"modelTopology":{"node":${'['.repeat(1_000_000)}`, FormatError, /nested deeper/);
    const deep = `{"modelTopology":{"model_config":{"class_name":"Functional","config":{"layers":[{"class_name":"A","config":{"name":"x","k":${'['.repeat(100_000)}${']'.repeat(100_000)}},"inbound_nodes":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}}}}`;
    const model = await open(new Map([['model.json', encode(deep)]]));
    assert.equal(model.layers.length, 1);
  });

  it('models nested a thousand deep', async () => {
    const text = `{"modelTopology":{"class_name":"Sequential","config":{"layers":[${'{"class_name":"Sequential","config":{"name":"m","layers":['.repeat(1000)}${']}}'.repeat(1000)}]}},"weightsManifest":[]}`;
    says(await open(new Map([['model.json', encode(text)]])), /nest deeper than/);
  });

  it('no manifest, an empty one, one of another type; no topology', async () => {
    const json = kerasOf([{ class_name: 'Dense', config: { name: 'd', units: 3 } }]);
    for (const [manifest, pattern] of [[undefined, /no weightsManifest/], [null, /no weightsManifest/], [[], /empty weightsManifest/], [{}, /not a list/], [[null, 3, { weights: 1 }], /group 1 of its weights manifest/]] as const) {
      const model = await open(new Map([['model.json', encode(JSON.stringify({ ...json, weightsManifest: manifest }))]]));
      assert.deepEqual(model.layers.map((layer) => layer.name), ['d']);
      says(model, pattern);
    }
    const bare = await openChanged(one, (changed) => (changed['modelTopology'] = null));
    assert.deepEqual(bare.layers.map((layer) => layer.name), ['a', 'b', 'c']);
    const odd = await openChanged(one, (changed) => (changed['modelTopology'] = { model_config: 7 }));
    says(odd, /topology names no layers/);
  });

  it('cancels', async () => {
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(openModel(openBuilt(buildModel(one)), controller.signal), (error) => error instanceof HumanError && error.code === 'cancelled');
  });
});
