import assert from 'node:assert/strict';
import { mkdtempSync, openSync, closeSync, ftruncateSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { PlainDtype } from '../../../../src/core/dtype';
import { FormatError, HumanError, UnsupportedError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import type { Model } from '../../../../src/core/model';
import { seededRandom } from '../../../../src/core/seededRandom';
import { describeFixtures, FIXTURE_MODELS, openFile, valuesOf } from '../../../support/fixtureModels';
import { memorySource } from '../../../support/memorySource';
import type { ReadLog } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';
import { packTensors, safetensorsFile } from '../../../support/safetensorsBuilder';
import { randomShape, randomTensor, sameValues } from '../../../support/tensorData';

describeFixtures('safetensors');

const CODES: readonly (readonly [string, PlainDtype])[] = [
  ['F64', 'float64'], ['F32', 'float32'], ['F16', 'float16'], ['BF16', 'bfloat16'], ['F8_E4M3', 'float8_e4m3fn'], ['F8_E5M2', 'float8_e5m2'], ['F8_E4M3FNUZ', 'float8_e4m3fnuz'],
  ['F8_E5M2FNUZ', 'float8_e5m2fnuz'], ['F8_E8M0', 'float8_e8m0fnu'], ['I64', 'int64'], ['I32', 'int32'], ['I16', 'int16'], ['I8', 'int8'], ['U64', 'uint64'], ['U32', 'uint32'],
  ['U16', 'uint16'], ['U8', 'uint8'], ['BOOL', 'bool'], ['C64', 'complex64'],
];

let folder: string;
before(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-safetensors-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

async function open(files: Readonly<Record<string, Uint8Array>>, name = 'model.safetensors', log?: ReadLog): Promise<Model> {
  const model = await openModel(memorySource(new Map(Object.entries(files)), name, log));
  checkInvariants(model);
  return model;
}

const f32 = (begin: number, end: number, shape: readonly unknown[] = [(end - begin) / 4]): object => ({ dtype: 'F32', shape, data_offsets: [begin, end] });
const openHeader = async (header: string | Record<string, unknown>, dataBytes: number, length?: bigint): Promise<Model> => open({ 'model.safetensors': safetensorsFile(header, new Uint8Array(dataBytes), length) });
const reasons = (model: Model): Record<string, string> => Object.fromEntries(model.tensors.flatMap(({ name, unreadable }) => (unreadable === undefined ? [] : [[name, unreadable]])));

describe('safetensors: what is written is read', () => {
  it('random tensors of every type and shape', async () => {
    const random = seededRandom(21);
    for (let round = 0; round < 6; round++) {
      const written = CODES.flatMap(([code, dtype]) => [0, 1].map((copy) => ({ name: `${code}.${copy}`, code, ...randomTensor(dtype, randomShape(random), random) })));
      const file = path.join(folder, 'random.safetensors');
      writeFileSync(file, packTensors(written.map(({ code, ...tensor }) => ({ ...tensor, dtype: code }))));
      const model = await openFile(file);
      checkInvariants(model);
      assert.deepEqual(model.problems, []);
      for (const { name, dtype, shape, values } of written) {
        const tensor = model.tensors.find((one) => one.name === name)!;
        assert.deepEqual([tensor.dtype, tensor.shape], [dtype, shape], name);
        assert.ok(sameValues(await valuesOf(model, tensor), values), name);
      }
    }
  });

  it('FP6 is listed, and says why it has no figures', async () => {
    const model = await openHeader({ a: { dtype: 'F6_E2M3', shape: [8], data_offsets: [0, 6] }, b: f32(6, 10) }, 10);
    assert.deepEqual(reasons(model), {});
    assert.deepEqual(model.tensors.map(({ dtype, bytes }) => [dtype, bytes]), [['float6_e2m3fn', 6], ['float32', 4]]);
    await assert.rejects(valuesOf(model, model.tensors[0]!), (error) => error instanceof UnsupportedError && /float6_e2m3fn, which this version lists and does not decode/.test(error.message));
  });

  it('what wrote the file', async () => {
    const file = packTensors([], { format: 'pt', 'modelspec.title': 'A LoRA', script: 'line\nline', long: 'x'.repeat(1000), empty: '' });
    assert.equal((await open({ 'model.safetensors': file })).producer, 'PyTorch, modelspec.title: A LoRA');
    assert.equal((await openHeader({ __metadata__: [1, 2], a: f32(0, 4) }, 4)).producer, undefined);
  });

  it('a header of a hundred thousand tensors, in two reads', async () => {
    const header = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`model.layers.${i % 1000}.mlp.experts.${Math.floor(i / 1000)}.weight`, f32(4 * i, 4 * i + 4, [1, 1])]));
    const log: ReadLog = { reads: [], open: 0 };
    const model = await openModel(memorySource(new Map([['m.safetensors', safetensorsFile(header, new Uint8Array(400_000))]]), 'm.safetensors', log));
    assert.equal(model.layers.length, 100_000);
    assert.ok(log.reads.length <= 5 && log.reads.reduce((sum, { length }) => sum + length, 0) < 12e6, JSON.stringify(log.reads));
  });
});

describe('safetensors: damaged and forged', () => {
  it('cut anywhere: the tensors before the cut are read', async () => {
    const file = packTensors([{ name: 'a', dtype: 'F32', shape: [4], bytes: new Uint8Array(16) }, { name: 'b.weight', dtype: 'F16', shape: [2, 3], bytes: new Uint8Array(12) }], { format: 'pt' });
    const dataStart = file.length - 28;
    for (let length = 0; length < file.length; length++) {
      const files = { 'model.safetensors': file.slice(0, length) };
      if (length < dataStart) await assert.rejects(open(files), HumanError, `${length} bytes`);
      else assert.deepEqual(Object.keys(reasons(await open(files))), length < dataStart + 16 ? ['a', 'b.weight'] : ['b.weight']);
    }
    assert.match(reasons(await open({ 'model.safetensors': file.slice(0, -5) }))['b.weight']!, /model\.safetensors ends 5 bytes before it does.*fetch it again/);
  });

  it('header lengths: beyond the file, beyond the limit', async () => {
    await assert.rejects(openHeader({ a: f32(0, 4) }, 4, 2n ** 40n), /header should take 1099511627776 bytes, and the file ends after/);
    const bytes = safetensorsFile({ a: f32(0, 4) }, new Uint8Array(4), 200_000_000n);
    const source = memorySource(new Map([['m.safetensors', bytes]]), 'm.safetensors');
    const huge = { ...source, size: 300_000_000, read: async (offset: number, length: number) => (assert.ok(length < 1e6), source.read(offset, Math.min(length, bytes.length - offset))) };
    await assert.rejects(openModel(huge), (error) => error instanceof UnsupportedError && /200000000 bytes; safetensors allows 100000000/.test(error.message));
  });

  it('headers that are none', async () => {
    for (const header of ['{"a":{"dtype":"F32"', '{"dtype": nope}', '{"dtype":' + '['.repeat(100_000)]) await assert.rejects(openHeader(header, 4), FormatError);
  });

  it('types, shapes and places that are none: only those tensors are unreadable', async () => {
    const model = await openHeader({
      good: f32(0, 16), type: { dtype: 'F33', shape: [1], data_offsets: [16, 20] }, number: 7, missing: { dtype: 'F32', shape: [1] }, negative: f32(16, 20, [-1]), fraction: f32(16, 20, [1.5]),
      deep: f32(16, 20, new Array(1000).fill(1)), billions: f32(16, 20, [2 ** 40, 2 ** 40]), many: f32(16, 20, [2 ** 31]), backwards: { dtype: 'F32', shape: [1], data_offsets: [20, 16] },
      beyond: f32(2 ** 52, 2 ** 52 + 4), text: { dtype: 'F32', shape: '1', data_offsets: '16' }, constructor: null, __proto__x: f32(16, 20),
    }, 20);
    const found = reasons(model);
    assert.deepEqual(model.tensors.filter(({ unreadable }) => unreadable === undefined).map(({ name }) => name).sort(), ['__proto__x', 'good']);
    const patterns: Record<string, RegExp> = { type: /"F33" is not known/, number: /says 7 where/, missing: /no place/, negative: /its shape.*\[-1\]/, billions: /its shape/, many: /takes 8589934592 bytes.* gives it 4/, beyond: /ends \d+ bytes before/ };
    for (const [name, pattern] of Object.entries(patterns)) assert.match(found[name]!, pattern);
  });

  it('overlaps, gaps and bytes at the end', async () => {
    const model = await openHeader({ a: f32(0, 16), b: f32(12, 20), c: f32(24, 28), d: f32(0, 16) }, 40);
    assert.deepEqual(Object.keys(reasons(model)).sort(), ['b', 'd']);
    assert.match(reasons(model)['b']!, /bytes that are those of "[ad]" as well/);
    assert.match(model.problems[0]!.message, /belong to no tensor: 4 bytes before "c", and 1 more gaps/);
  });

  it('names that stand twice', async () => {
    const model = await openHeader('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 8);
    assert.equal(model.tensors.length, 2);
    assert.match(model.problems[0]!.message, /names "a" more than once/);
  });

  it('a Git LFS pointer says how to get the file', async () => {
    const pointer = new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n');
    await assert.rejects(open({ 'model.safetensors': pointer }), /model\.safetensors is a Git LFS pointer.*git lfs pull/);
  });
});

describe('safetensors: shards', () => {
  const shard = (...names: string[]): Uint8Array => packTensors(names.map((name) => ({ name, dtype: 'BF16', shape: [2, 2], bytes: new Uint8Array(8) })), { format: 'pt' });
  const INDEX = 'model.safetensors.index.json';
  const index = (weights: Record<string, unknown>): Uint8Array => new TextEncoder().encode(JSON.stringify({ metadata: { total_size: 8 }, weight_map: weights }));
  const two = { a: 's1.safetensors', b: 's2.safetensors', c: 's2.safetensors' };
  const says = (model: Model, pattern: RegExp): void => assert.ok(model.problems.some(({ message, remedy }) => pattern.test(`${message} ${remedy}`)), JSON.stringify(model.problems));

  it('one model of all files', async () => {
    const model = await open({ [INDEX]: index(two), 's1.safetensors': shard('a'), 's2.safetensors': shard('b', 'c') }, INDEX);
    assert.deepEqual(model.files.map((file) => path.basename(file.path)), [INDEX, 's1.safetensors', 's2.safetensors']);
    assert.deepEqual(model.tensors.map(({ name, segments }) => [name, segments[0]!.file]), [['a', 1], ['b', 2], ['c', 2]]);
    assert.deepEqual([model.problems, model.producer], [[], 'PyTorch']);
  });

  it('missing, damaged and unfetched shards cost only their tensors, and are named', async () => {
    const files: Record<string, Uint8Array> = { [INDEX]: index(two), 's1.safetensors': shard('a') };
    const missing = await open(files, INDEX);
    assert.deepEqual(Object.keys(reasons(missing)), ['b', 'c']);
    assert.match(reasons(missing)['b']!, /type and shape are not known.*"s2\.safetensors".*does not exist/);
    says(missing, /cannot read its shard "s2\.safetensors".*Put "s2\.safetensors" beside/);
    const damaged = await open({ ...files, 's2.safetensors': shard('b', 'c').slice(0, 30) }, INDEX);
    assert.deepEqual(Object.keys(reasons(damaged)), ['b', 'c']);
    says(damaged, /s2\.safetensors is a damaged safetensors file: its header should take/);
    const pointer = new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n');
    says(await open({ ...files, 's2.safetensors': pointer }, INDEX), /Git LFS pointer in place of its shard "s2\.safetensors".*git lfs pull/);
  });

  it('index and shards that differ', async () => {
    const model = await open({ [INDEX]: index(two), 's1.safetensors': shard('a', 'b'), 's2.safetensors': shard('b') }, INDEX);
    says(model, /"s1\.safetensors" holds "b", which .* does not name/);
    says(model, /says that "s2\.safetensors" holds "c", and it does not/);
    says(model, /declares "b" more than once/);
    assert.deepEqual(Object.keys(reasons(model)), ['c']);
  });

  it('paths out of the folder and what is no path are refused', async () => {
    const model = await open({ [INDEX]: index({ z: 's.safetensors', a: '../s.safetensors', b: '/etc/passwd', c: 7, d: 'https://x.y/s.safetensors' }), 's.safetensors': shard('z') }, INDEX);
    assert.deepEqual(Object.keys(reasons(model)).sort(), ['a', 'b', 'c', 'd']);
    says(model, /"\.\.\/s\.safetensors", which leaves the folder/);
    says(model, /"\/etc\/passwd", an absolute path/);
    await assert.rejects(open({ [INDEX]: new TextEncoder().encode('{"weight_map":{"a":"s.safetensors"},') }, INDEX), FormatError);
  });

  it('any byte of an index or shard changed: opened, or refused with a reason', async () => {
    const files: Record<string, Uint8Array> = { [INDEX]: index(two), 's1.safetensors': shard('a'), 's2.safetensors': shard('b', 'c') };
    for (const name of Object.keys(files)) {
      for (let at = 0; at < files[name]!.length; at++) {
        const changed = files[name]!.slice();
        changed[at]! ^= 1 << (at % 8);
        await open({ ...files, [name]: changed }, INDEX).catch((error: unknown) => assert.ok(error instanceof HumanError, `${name} byte ${at}: ${String(error)}`));
      }
    }
  });

  it('300 GB in sixty files are listed from their headers', async () => {
    const weights: Record<string, string> = {};
    const bytesEach = 5_000_000_000;
    for (let number = 1; number <= 60; number++) {
      const name = `model-${number}.safetensors`;
      const header: Record<string, unknown> = {};
      for (let i = 0; i < 10; i++) {
        header[`model.layers.${number}.mlp.${i}.weight`] = { dtype: 'BF16', shape: [25_000, 10_000], data_offsets: [(i * bytesEach) / 10, ((i + 1) * bytesEach) / 10] };
        weights[`model.layers.${number}.mlp.${i}.weight`] = name;
      }
      const bytes = safetensorsFile(header, new Uint8Array());
      const file = openSync(path.join(folder, name), 'w');
      writeSync(file, bytes);
      ftruncateSync(file, bytes.length + bytesEach);
      closeSync(file);
    }
    writeFileSync(path.join(folder, INDEX), index(weights));
    const start = performance.now();
    const model = await openFile(path.join(folder, INDEX));
    const took = performance.now() - start;
    assert.equal(model.tensors.length, 600);
    assert.ok(model.bytes > 300e9);
    assert.deepEqual(model.problems, []);
    assert.ok(took < 1000, `${took.toFixed(0)} ms`);
  });

  it('a shard opens by itself', async () => {
    const model = await openFile(path.join(FIXTURE_MODELS, 'safetensors', 'model-00001-of-00002.safetensors'));
    assert.equal(model.tensors.length, 15);
    assert.deepEqual(model.problems, []);
  });
});
