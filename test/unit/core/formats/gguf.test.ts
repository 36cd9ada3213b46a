import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FormatError, HumanError, UnsupportedError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import type { Model } from '../../../../src/core/model';
import { seededRandom } from '../../../../src/core/seededRandom';
import { partsOf } from '../../../../src/protocol/parts';
import { describeFixtures, FIXTURE_MODELS, openFile, statisticsOf } from '../../../support/fixtureModels';
import { buildGguf } from '../../../support/ggufBuilder';
import type { GgufFile, GgufTensor, GgufValue } from '../../../support/ggufBuilder';
import { memorySource } from '../../../support/memorySource';
import type { ReadLog } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';

describeFixtures('gguf');

async function openBytes(bytes: Uint8Array, log?: ReadLog): Promise<Model> {
  const model = await openModel(memorySource(new Map([['a.gguf', bytes]]), 'a.gguf', log));
  checkInvariants(model);
  return model;
}

const open = (file: GgufFile): Promise<Model> => openBytes(buildGguf(file));

const MATRIX: GgufTensor = { name: 'blk.0.attn_q.weight', shape: [2, 4] };

async function refused(file: GgufFile, message: RegExp): Promise<void> {
  await assert.rejects(open(file), (error: unknown) => error instanceof FormatError && message.test(error.message) && error.message.includes('a.gguf'));
}

const text = (value: string): GgufValue => ({ type: 'text', value });
const number = (value: number): GgufValue => ({ type: 'u32', value });

describe('GGUF headers', () => {
  it('of version 2 and of both byte orders are read alike', async () => {
    const models = await Promise.all([{ version: 2 }, { version: 3 }, { version: 3, big: true }].map((options) => open({ ...options, tensors: [MATRIX], metadata: [['general.architecture', text('llama')]] })));
    for (const { tensors, producer } of models) {
      assert.deepEqual([tensors[0]!.shape, tensors[0]!.dtype, producer], [[2, 4], 'float32', 'llama']);
    }
    assert.deepEqual(models.map(({ tensors }) => tensors[0]!.byteOrder), [undefined, undefined, 'big']);
  });

  it('of other versions are named', async () => {
    for (const [version, message] of [[1, /version 1.*August 2023/], [7, /version 7.*reads versions 2 and 3/]] as const) {
      await assert.rejects(open({ version, tensors: [MATRIX] }), (error: unknown) => error instanceof UnsupportedError && message.test(error.message));
    }
    await refused({ version: 4711, tensors: [MATRIX] }, /version 4711/);
  });

  it('say what the model is', async () => {
    const metadata = [['general.name', text('Tiny')], ['general.architecture', text('qwen3')], ['general.file_type', number(15)], ['general.quantized_by', text('somebody')]] as const;
    assert.equal((await open({ metadata })).producer, 'Tiny (qwen3, Q4_K_M), quantized by somebody');
  });

  it('have values of every type, and arrays that are passed over', async () => {
    const plain = (['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32', 'u64', 'i64', 'f64'] as const).map((type): [string, GgufValue] => [type, { type, value: 3 }]);
    const metadata: [string, GgufValue][] = [
      ...plain,
      ['flag', { type: 'bool', value: true }],
      ['long', text('x'.repeat(300_000))],
      ['texts', { type: 'array', of: 'text', values: Array.from({ length: 70_000 }, (_, i) => `token ${i}`) }],
      ['numbers', { type: 'array', of: 'f32', values: Array.from({ length: 200_000 }, (_, i) => i) }],
      ['nested', { type: 'array', of: 'array', values: [{ type: 'array', of: 'u8', values: [1, 2] }, { type: 'array', of: 'text', values: ['a'] }] }],
      ['general.name', text('behind all of it')],
    ];
    assert.equal((await open({ metadata, tensors: [MATRIX] })).producer, 'behind all of it');
  });

  it('align their data as they say', async () => {
    const tensors: GgufTensor[] = [{ ...MATRIX, data: new Uint8Array(32).fill(1) }, { name: 'b', shape: [3] }];
    const model = await open({ alignment: 1024, tensors, metadata: [['general.alignment', number(1024)]] });
    assert.deepEqual(model.tensors.map(({ segments }) => segments[0]!.offset), [1024, 2048]);
    assert.deepEqual(model.problems, []);
  });

  it('list 100,000 tensors, and read no weights', async () => {
    const tensors = Array.from({ length: 100_000 }, (_, i): GgufTensor => ({ name: `blk.${Math.floor(i / 10)}.ffn_${i % 10}.weight`, shape: [2, 8] }));
    const bytes = buildGguf({ tensors });
    const header = bytes.length - tensors.length * 64;
    const log: ReadLog = { reads: [], open: 0 };
    const before = process.cpuUsage();
    const model = await openModel(memorySource(new Map([['a.gguf', bytes]]), 'a.gguf', log));
    const { user } = process.cpuUsage(before);
    assert.equal(model.tensors.length, 100_000);
    assert.equal(model.problems.length, 0);
    assert.ok(log.reads.reduce((sum, { length }) => sum + length, 0) < header + 1_000_000);
    // An order of magnitude above what it takes, for machines that do other things besides.
    assert.ok(user < 10e6, `${user} µs`);
  }).timeout(30_000);
});

describe('GGUF names', () => {
  const layersOf = async (names: readonly (readonly [string, readonly number[]])[]): Promise<Model> => open({ tensors: names.map(([name, shape]) => ({ name, shape })) });

  it('become layers in the order of the network, with roles and units', async () => {
    const model = await layersOf([
      ['output.weight', [16, 8]], ['output_norm.weight', [8]], ['blk.10.attn_q.weight', [8, 8]], ['blk.2.attn_norm.weight', [8]], ['blk.2.attn_q.weight', [8, 8]],
      ['blk.2.attn_q.bias', [8]], ['blk.2.ffn_up_exps.weight', [4, 6, 8]], ['blk.2.ssm_conv1d.weight', [8, 4]], ['blk.2.ssm_a', [8, 4]], ['rope_freqs.weight', [4]],
      ['token_embd.weight', [16, 8]],
    ]);
    assert.deepEqual(model.layers.map(({ name }) => name), [
      'rope_freqs', 'token_embd', 'blk.2.attn_norm', 'blk.2.attn_q', 'blk.2.ffn_up_exps', 'blk.2.ssm_conv1d', 'blk.2', 'blk.10.attn_q', 'output_norm', 'output',
    ]);
    const found = Object.fromEntries(model.tensors.map(({ name, role, axes }) => [name, [role, axes?.output, axes?.input]]));
    assert.deepEqual(found, {
      'output.weight': ['head', 0, 1], 'output_norm.weight': ['normScale', undefined, undefined], 'blk.10.attn_q.weight': ['kernel', 0, 1],
      'blk.2.attn_norm.weight': ['normScale', undefined, undefined], 'blk.2.attn_q.weight': ['kernel', 0, 1], 'blk.2.attn_q.bias': ['bias', undefined, undefined],
      'blk.2.ffn_up_exps.weight': ['kernel', undefined, undefined], 'blk.2.ssm_conv1d.weight': ['kernel', 0, undefined], 'blk.2.ssm_a': ['other', undefined, undefined],
      'rope_freqs.weight': ['constant', undefined, undefined], 'token_embd.weight': ['embedding', 1, 0],
    });
  });

  it('of LoRA pairs are adapters', async () => {
    const model = await layersOf([['blk.0.attn_q.weight.lora_a', [4, 8]], ['blk.0.attn_q.weight.lora_b', [8, 4]]]);
    assert.deepEqual(model.tensors.map(({ role }) => role), ['adapter', 'adapter']);
  });

  it('that stand twice are told apart', async () => {
    const model = await open({ tensors: [MATRIX, MATRIX] });
    assert.equal(new Set(model.tensors.map(({ name }) => name)).size, 2);
    assert.match(model.problems[0]!.message, /more than once/);
  });
});

describe('split GGUF models', () => {
  const part = (no: number, count: number, tensors: readonly GgufTensor[], total = 2): Uint8Array =>
    buildGguf({ tensors, metadata: [['split.no', { type: 'u16', value: no }], ['split.count', { type: 'u16', value: count }], ['split.tensors.count', { type: 'i32', value: total }]] });
  const first = part(0, 2, [MATRIX]);
  const second = part(1, 2, [{ name: 'blk.1.attn_q.weight', shape: [2, 4] }]);
  const names = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'] as const;
  const openPart = async (files: Readonly<Record<string, Uint8Array>>, name: string): Promise<Model> => {
    const log: ReadLog = { reads: [], open: 0 };
    const source = memorySource(new Map(Object.entries(files)), name, log);
    const model = await openModel(source);
    checkInvariants(model);
    assert.equal(log.open, 1, 'all parts are closed again');
    return model;
  };

  it('are one model from any part', async () => {
    for (const name of names) {
      const model = await openPart({ [names[0]]: first, [names[1]]: second }, name);
      assert.deepEqual(model.tensors.map((tensor) => [tensor.name, model.files[tensor.segments[0]!.file]!.path.endsWith(tensor.name.startsWith('blk.0') ? names[0] : names[1])]), [['blk.0.attn_q.weight', true], ['blk.1.attn_q.weight', true]]);
      assert.deepEqual(model.problems, []);
    }
  });

  it('name a part that is missing, damaged or of another model, and read the others', async () => {
    const missing = await openPart({ [names[0]]: first }, names[0]);
    assert.equal(missing.tensors.length, 1);
    assert.match(missing.problems[0]!.message, /m-00002-of-00002\.gguf/);
    const damaged = await openPart({ [names[0]]: first, [names[1]]: second.subarray(0, 40) }, names[0]);
    assert.equal(damaged.tensors.length, 1);
    assert.match(damaged.problems[0]!.message, /m-00002-of-00002\.gguf" cannot be read/);
    const other = await openPart({ [names[0]]: first, [names[1]]: part(4, 7, [{ name: 'x', shape: [1] }, { name: 'y', shape: [1] }]) }, names[0]);
    assert.deepEqual(other.problems.map(({ message }) => /says of itself that it is part 5 of 7|2 tensors .* hold 3/.test(message)), [true, true]);
  });

  it('say so where a part has another name', async () => {
    const model = await openPart({ 'renamed.gguf': first }, 'renamed.gguf');
    assert.equal(model.tensors.length, 1);
    assert.match(model.problems[0]!.message, /part 1 of 2.*name does not say so/);
    const many = await openPart({ 'm-00001-of-65535.gguf': part(0, 65535, [MATRIX]) }, 'm-00001-of-65535.gguf');
    assert.match(many.problems[0]!.remedy, /4096 parts/);
  });
});

describe('damaged GGUF files', () => {
  it('cut at any byte of the header give a FormatError, and behind it a tensor that cannot be read', async () => {
    for (const name of ['types.gguf', 'big-endian.gguf']) {
      const bytes = new Uint8Array(readFileSync(path.join(FIXTURE_MODELS, 'gguf', name)));
      const whole = await openBytes(bytes);
      const data = Math.min(...whole.tensors.map(({ segments }) => segments[0]!.offset));
      // Of the vocabulary's 600 items, each like the other, every seventh byte.
      for (let length = 0; length < data; length += length > 200 && length < 5500 && name === 'types.gguf' ? 7 : 1) {
        try {
          const model = await openBytes(bytes.subarray(0, length));
          assert.ok(model.tensors.every(({ unreadable }) => unreadable !== undefined), `${name} at ${length}`);
        } catch (error) {
          assert.ok(error instanceof HumanError && /format|unsupported/.test(error.code), `${name} at ${length}: ${String(error)}`);
        }
      }
      const most = await openBytes(bytes.subarray(0, data + 1000));
      const lost = most.tensors.filter(({ unreadable }) => unreadable !== undefined).length;
      assert.ok(lost > 0 && lost < most.tensors.length);
    }
  }).timeout(20_000);

  it('with any byte of the header changed are read or refused, quickly', async () => {
    const bytes = new Uint8Array(readFileSync(path.join(FIXTURE_MODELS, 'gguf/split-00001-of-00003.gguf')));
    const random = seededRandom(5);
    for (let i = 0; i < 3000; i++) {
      const changed = bytes.slice();
      for (let n = 0; n < 1 + random() * 3; n++) changed[Math.floor(random() * 400)] = random() * 256;
      try {
        await openBytes(changed);
      } catch (error) {
        assert.ok(error instanceof HumanError, String(error));
      }
    }
  }).timeout(20_000);

  it('that declare more than they have room for', async () => {
    await refused({ tensorCount: 2n ** 40n }, /declares 1099511627776 tensors/);
    await refused({ tensorCount: 2n ** 63n }, /tensors, more than it has room for/);
    await refused({ entryCount: 2n ** 60n }, /metadata entries/);
    await refused({ metadata: [['a', { type: 'array', of: 'u8', values: [], count: 2 ** 50 }]] }, /the array "a" would take 1125899906842624 bytes/);
    await refused({ metadata: [['a', { type: 'array', of: 'text', values: [], count: 2 ** 40 }]] }, /the array "a"/);
    await refused({ metadata: [['k'.repeat(70_000), number(1)]] }, /key of metadata entry 0 is said to be 70000/);
    await refused({ tensors: [{ ...MATRIX, name: 'n'.repeat(2000) }] }, /name of tensor 0 is said to be 2000/);
    await refused({ tensors: [{ name: 'a', shape: new Array<number>(9).fill(1) }] }, /9 dimensions/);
  });

  it('with arrays nested without end, values of no type, and no place for data', async () => {
    let nested: GgufValue = { type: 'array', of: 'u8', values: [] };
    for (let depth = 0; depth < 40; depth++) nested = { type: 'array', of: 'array', values: [nested] };
    await refused({ metadata: [['a', nested]] }, /arrays of arrays, more than 4 deep/);
    await refused({ metadata: [['a', { type: 'array', of: 'nothing', values: [], count: 3 }]] }, /is of type 4294967295/);
    for (const alignment of [0, 48]) await refused({ tensors: [MATRIX], metadata: [['general.alignment', number(alignment)]] }, /general\.alignment/);
  });

  it('lose only the tensors that are wrong', async () => {
    const healthy: GgufTensor = { name: 'healthy', shape: [8] };
    const cases: readonly (readonly [GgufTensor, RegExp])[] = [
      [{ name: 'a', shape: [2n ** 40n, 2n ** 40n], offset: 0 }, /more than any file can hold/],
      [{ name: 'a', shape: [2n ** 63n], offset: 0 }, /more than any file can hold/],
      [{ name: 'a', shape: [4], offset: 2n ** 40n }, /the file ends at/],
      [{ name: 'a', shape: [4], offset: 2n ** 63n }, /the file ends at/],
      [{ name: 'a', shape: [1000, 1000], offset: 0, data: new Uint8Array(4) }, /the file ends at/],
      [{ name: 'a', shape: [2, 48], dtype: 'Q8_0', data: new Uint8Array(102) }, /rows of 48 elements.*blocks of 32/],
      [{ name: 'a', shape: [4], type: 99 }, /is of type 99, which this version does not know/],
      [{ name: 'a', shape: [4], type: 31 }, /Q4_0_4_4 \(type 31\), which ggml no longer has/],
    ];
    for (const [tensor, reason] of cases) {
      const model = await open({ tensors: [healthy, tensor] });
      assert.match(model.tensors[1]!.unreadable ?? '', reason);
      assert.equal(model.tensors[0]!.unreadable, undefined);
    }
  });

  it('say where tensors lie on each other, between alignments, or leave gaps', async () => {
    const problems = async (tensors: GgufTensor[]): Promise<string> => (await open({ tensors, tail: new Uint8Array(4096) })).problems.map(({ message }) => message).join('\n');
    assert.match(await problems([MATRIX, { name: 'b', shape: [8], offset: 0 }]), /places "b" over "blk\.0\.attn_q\.weight"/);
    assert.match(await problems([MATRIX, { name: 'b', shape: [8], offset: 36 }]), /places "b" at 36, which is no multiple of its alignment, 32/);
    assert.match(await problems([MATRIX, { name: 'b', shape: [8], offset: 1024 }]), /has 992 bytes between its tensors/);
    assert.equal(await problems([MATRIX, { name: 'b', shape: [8] }]), '');
  });

  it('name metadata that stands twice', async () => {
    const model = await open({ tensors: [MATRIX], metadata: [['general.name', text('one')], ['general.name', text('two')]] });
    assert.match(model.problems[0]!.message, /"general\.name" more than once/);
    assert.equal(model.producer, 'one');
  });

  it('escape names that a terminal would obey', async () => {
    const model = await open({ tensors: [{ name: '\u001b[31mred', shape: [4], type: 99 }] });
    assert.ok(!model.tensors[0]!.unreadable!.includes('\u001b'));
  });
});

describe('tensors of GGUF blocks', () => {
  it('are cut into parts where a block begins, and their scales come together again', async () => {
    const model = await openFile(path.join(FIXTURE_MODELS, 'gguf/types.gguf'));
    const statistics = await statisticsOf(model);
    model.tensors.forEach((tensor, index) => {
      const scales = statistics.get(index)!.blockScales;
      const isBlocks = /^I?[A-Z]+\d/.test(tensor.dtype);
      assert.equal(scales !== undefined, isBlocks, tensor.dtype);
      assert.equal(scales?.min !== undefined, /^(?:Q[45]_1|Q[245]_K)$/.test(tensor.dtype), tensor.dtype);
      for (const { firstElement } of partsOf(tensor, index)) assert.equal(firstElement % 256, 0);
    });
    const scales = (await statisticsOf(await openFile(path.join(FIXTURE_MODELS, 'gguf/faults.gguf')))).get(0)!.blockScales!;
    assert.deepEqual([scales.scale.count, scales.scale.zeros, scales.scale.nonFinite, scales.min!.nonFinite], [24, 1, 3, 0]);
  });
});
