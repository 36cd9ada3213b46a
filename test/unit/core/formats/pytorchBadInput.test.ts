import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import { HumanError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import type { Model } from '../../../../src/core/model';
import { findingsOf } from '../../../../src/core/rules/index';
import { FIXTURE_MODELS } from '../../../support/fixtureModels';
import { memorySource } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';
import { int, opcodes, pickle, storage, tensor, torchLegacy, torchZip } from '../../../support/pickleBuilder';
import type { Picklable } from '../../../support/pickleBuilder';

async function open(bytes: Uint8Array, name = 'model.pt'): Promise<Model> {
  const model = await openModel(memorySource(new Map([[name, bytes]]), name));
  checkInvariants(model);
  return model;
}

async function refused(bytes: Uint8Array, pattern: RegExp): Promise<void> {
  await assert.rejects(openModel(memorySource(new Map([['model.pt', bytes]]), 'model.pt')), (error) => {
    assert.ok(error instanceof HumanError, String(error));
    assert.match(error.message, pattern);
    assert.match(error.message, /\/models\/model\.pt/);
    return true;
  });
}

/** Messages of the errors that say what would run. */
async function dangers(bytes: Uint8Array): Promise<string[]> {
  const model = await open(bytes);
  return findingsOf(model, new Map(), new Map()).filter(({ rule, severity }) => rule === 'unsafe-pickle' && severity === 'error').map(({ message }) => message);
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const weight = tensor({ storage: storage('FloatStorage', '0', 4), size: [2, 2], stride: [2, 1] });
const four = { 0: floats(1, 2, 3, 4) };
const dict = (...pairs: [Picklable, Picklable][]): Picklable => ({ dict: pairs });

describe('pickles that would run code', () => {
  const payloads: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['REDUCE', opcodes('cos\nsystem\nU\x09rm -rf /x\x85R0'), /calls os\.system\("rm -rf \/x"\)/],
    ['REDUCE of posix', opcodes('cposix\nsystem\n(S\'id\'\ntR0'), /calls posix\.system\("id"\)/],
    ['STACK_GLOBAL with its texts from the memo', opcodes('U\x02osq\x07U\x06systemq\x0800h\x07h\x08\x93U\x02id\x85R0'), /calls os\.system\("id"\)/],
    ['INST', opcodes('(S\'id\'\nisubprocess\nPopen\n0'), /calls subprocess\.Popen\("id"\)/],
    ['OBJ', opcodes('(cbuiltins\nexec\nS\'import x\'\no0'), /calls builtins\.exec\("import x"\)/],
    ['NEWOBJ', opcodes('cwebbrowser\nopen\nU\x01x\x85\x810'), /calls webbrowser\.open\("x"\)/],
    ['NEWOBJ_EX', opcodes('csocket\nsocket\n)}\x920'), /calls socket\.socket\(\)/],
    ['a name that is imported and not called', opcodes('cctypes\nCDLL\n0'), /names ctypes\.CDLL/],
    ['a name with dots through a harmless module', opcodes('U\x05torchU\x17serialization.os.system__'.replace('\x17', '\x19').slice(0, -2), '_', '_\x930'), /serialization\.os\.system__/],
    ['a chain of getattr', opcodes('cbuiltins\ngetattr\n(cbuiltins\n__import__\nU\x02os\x85RU\x06systemtRU\x02id\x85R0'), /builtins\.getattr/],
    ['a pickle in a pickle', opcodes('c_pickle\nloads\nC\x05abcde\x85R0'), /calls _pickle\.loads\("abcde"\)/],
    ['a submodule of a dangerous one', opcodes('casyncio.subprocess\ncreate_subprocess_shell\nU\x01x\x85R0'), /asyncio\.subprocess/],
    ['torch.hub', opcodes('ctorch.hub\nload\nU\x01x\x85R0'), /torch\.hub\.load\("x"\)/],
    ['a traced graph with its source code', opcodes('ctorch.fx.graph_module\nreduce_graph_module\n}U\x03for\x86R0'), /torch\.fx\.graph_module\.reduce_graph_module/],
    ['Python 2', opcodes('c__builtin__\neval\nS\'1\'\n\x85R0'), /__builtin__\.eval/],
  ];

  for (const [title, payload, pattern] of payloads) {
    it(title, async () => {
      const value = pickle(dict(['a.weight', weight]));
      const infected = opcodes(value.subarray(0, 2), payload, value.subarray(2));
      const model = await open(torchZip(infected, four));
      assert.deepEqual(model.tensors.map(({ name }) => name), ['a.weight'], 'the weights are read all the same');
      const [message, ...rest] = (await dangers(torchZip(infected, four))).filter((said) => pattern.test(said));
      assert.match(message ?? '', pattern);
      assert.match(message!, /Loading model\.pt with Python .* would run code/);
      assert.equal(rest.length, 0);
    });
  }

  it('in a file without weights, and in one that breaks behind its payload', async () => {
    assert.deepEqual((await dangers(opcodes('\x80\x02cos\nsystem\nU\x02id\x85R.'))).length, 1);
    const [message] = await dangers(opcodes('\x80\x02cos\nsystem\nU\x02id\x85R!!!!'));
    assert.match(message!, /os\.system/);
  });

  it('in the legacy layout: in the magic number, the system, the object and the keys', async () => {
    const whole = torchLegacy(dict(['a', weight]), [{ key: '0', elements: 4, bytes: four[0] }]);
    assert.equal((await open(whole)).tensors.length, 1);
    const payload = opcodes('cos\nsystem\nU\x02id\x85R0');
    const starts = [...whole.keys()].filter((at) => whole[at] === 0x80 && whole[at + 1] === 2);
    assert.ok(starts.length >= 5);
    for (const at of starts.slice(0, 5)) assert.equal((await dangers(opcodes(whole.subarray(0, at + 2), payload, whole.subarray(at + 2)))).length, 1, `at ${at}`);
  });

  it('in a second data.pkl, and in one of another folder', async () => {
    const bad = opcodes('\x80\x02cos\nsystem\nU\x02id\x85R.');
    assert.equal((await dangers(torchZip(dict(['a', weight]), four, { 'extra/other.pkl': bad }))).length, 1);
    // Same length, so that the directory still fits.
    const twice = torchZip(dict(['a', weight]), four, { 'dat_.pkl': bad });
    const renamed = Uint8Array.from(twice);
    for (let at = 0; at + 16 <= twice.length; at++) if (new TextDecoder('latin1').decode(twice.subarray(at, at + 16)) === 'archive/dat_.pkl') renamed[at + 11] = 0x61;
    assert.equal((await dangers(renamed)).length, 1);
    const { problems } = await open(renamed);
    assert.ok(problems.some(({ message }) => /more than one entry of the name "archive\/data\.pkl"/.test(message)));
  });

  it('are not what programs call their own modules', async () => {
    for (const global of ['test.Net', 'models.os.Net', 'system.Net', 'functools.partial', 'builtins.type', 'torch._dynamo.eval_frame.OptimizedModule']) {
      assert.deepEqual(await dangers(torchZip(dict(['a', weight], ['b', { global }]), four)), [], global);
    }
  });

  it('are not what usual checkpoints hold', async () => {
    for (const file of ['checkpoint.pth', 'lightning.ckpt', 'module.pt', 'module_legacy.pth', 'scripted.pt', 'quantized.pt', 'arrays_0.bin', 'arrays_2.bin', 'arrays_5.bin']) {
      const model = await open(new Uint8Array(readFileSync(path.join(FIXTURE_MODELS, 'pytorch', file))), file);
      assert.deepEqual(model.problems, [], file);
    }
  });
});

describe('pickles that are not understood', () => {
  it('unknown classes are named and counted; tensors that they hold as attributes are listed', async () => {
    const object: Picklable = { call: { global: 'shop.Basket' }, args: [], state: dict(['inner', weight]) };
    const model = await open(torchZip(dict(['a', weight], ['b', object], ['c', { call: { global: 'shop.make' }, args: [weight] }]), four));
    assert.deepEqual(model.tensors.map(({ name }) => name), ['a', 'b.inner']);
    assert.ok(model.problems.some(({ message, kind }) => kind === undefined && /2 Python classes and functions that Weightgram does not know: shop\.Basket, shop\.make/.test(message)));
  });

  it('a pickle of something else says what it is', async () => {
    await refused(pickle(dict(['a', 1])), /Python pickle without tensors/);
    await refused(pickle({ call: { global: 'sklearn.linear_model.LinearRegression' }, args: [] }), /scikit-learn/);
    await refused(pickle({ call: { global: 'transformers.training_args.TrainingArguments' }, args: [] }), /training arguments/);
  });

  it('other archives of PyTorch say what they are', async () => {
    const zip = (files: Record<string, Uint8Array>): Uint8Array => zipSync(files, { level: 0 });
    await refused(zip({ 'archive/version': Uint8Array.of(51), 'archive/serialized_exported_program.json': Uint8Array.of(123) }), /torch\.export/);
    await refused(zip({ 'net/version': Uint8Array.of(49), 'net/model.json': Uint8Array.of(123), 'net/tensors/0': Uint8Array.of(1) }), /PyTorch 1\.0 to 1\.3/);
    await refused(zip({ 'net/version': Uint8Array.of(49), 'net/.data/extern_modules': Uint8Array.of(1) }), /torch\.package/);
    await refused(zip({ 'net/version': Uint8Array.of(49) }), /without data\.pkl/);
    const tar = new Uint8Array(1024);
    tar.set(new TextEncoder().encode('sys_info'), 0);
    tar.set(new TextEncoder().encode('ustar'), 257);
    await refused(tar, /tar layout/);
  });
});

describe('checkpoints that lie', () => {
  const one = async (built: Picklable, storages: Record<string, Uint8Array> = four): Promise<string> => {
    const model = await open(torchZip(dict(['good', weight], ['bad', built]), storages));
    assert.equal(model.tensors[0]?.unreadable, undefined);
    return model.tensors[1]?.unreadable ?? model.problems.map(({ message }) => message).join('\n');
  };
  const view = (offset: Picklable, size: Picklable[], stride: Picklable[], elements = 4, key = '0'): Picklable => tensor({ storage: storage('FloatStorage', key, elements), offset, size, stride });

  it('tensors beyond their storage, and before it', async () => {
    assert.match(await one(view(0, [3, 2], [2, 1])), /reaches to byte 24 of its storage, which has 16/);
    assert.match(await one(view(1, [2, 2], [2, 1])), /reaches to byte 20/);
    assert.match(await one(view(-1, [2], [1])), /begins before its storage/);
    assert.match(await one(view(0, [2], [-1])), /strides do not fit/);
    assert.match(await one(view(0, [2], [1, 1])), /strides do not fit/);
    assert.match(await one(view(0, [2], ['1'])), /strides do not fit/);
    assert.match(await one(view(2n ** 62n, [2], [1])), /begins before|reaches/);
    assert.match(await one(view(0, [2, 2], [2 ** 52, 2 ** 52])), /reaches/);
    assert.match(await one(view(0, [2], [1], 1_000_000, '7')), /"archive\/data\/7", is not in/);
    // The size that the pickle claims does not matter, what the archive has does.
    assert.match(await one(view(0, [1000], [1], 1000)), /which has 16/);
  });

  it('sizes that are none are counted and left out', async () => {
    for (const size of [[-1], ['a'], [2 ** 53], [2 ** 30, 2 ** 30, 2 ** 30], [0, 2 ** 52, 2 ** 52], new Array<number>(65).fill(1)]) {
      const said = await one(view(0, size, size.map(() => 1)));
      assert.match(said, /1 tensor whose sizes are none/, String(size));
    }
  });

  it('billions of elements that are one', async () => {
    assert.match(await one(view(0, [2 ** 20, 2 ** 20], [0, 0])), /more than Weightgram reads of a view that repeats itself/);
  });

  it('types that are listed and not read', async () => {
    assert.match(await one(tensor({ storage: storage('ComplexDoubleStorage', '0', 1), size: [1], stride: [1] })), /type complex128/);
    assert.match(await one(tensor({ storage: storage('UntypedStorage', '0', 16), size: [4], stride: [1], dtype: 'torch.bits8' })), /type bits8/);
    assert.match(await one(tensor({ storage: storage('StrangeStorage', '0', 16), size: [4], stride: [1] })), /type that Weightgram does not know/);
    assert.match(await one({ call: { global: 'torch._utils._rebuild_meta_tensor_no_storage' }, args: [{ global: 'torch.float32' }, [2, 3], [3, 1], false] }), /"meta" device/);
    assert.match(await one({ call: { global: 'torch._utils._rebuild_sparse_tensor' }, args: [{ global: 'torch.sparse_coo' }, [weight, weight, [5, 5]]] }), /sparse tensor/);
  });

  it('arguments that are no arguments', async () => {
    for (const name of ['_rebuild_tensor_v2', '_rebuild_tensor_v3', '_rebuild_qtensor', '_rebuild_parameter', '_rebuild_sparse_tensor', '_rebuild_meta_tensor_no_storage', '_rebuild_wrapper_subclass', '_rebuild_device_tensor_from_numpy']) {
      for (const args of [[], [1], [null, null, null, null], [weight], [[], {}, 'x'] as Picklable[]]) {
        const cleaned = args.map((arg) => (typeof arg === 'object' && arg !== null && !Array.isArray(arg) && Object.keys(arg).length === 0 ? null : arg));
        await open(torchZip(dict(['good', weight], ['bad', { call: { global: `torch._utils.${name}` }, args: cleaned }]), four));
      }
    }
  });

  it('storages of the legacy layout that are missing, too long or of another size', async () => {
    const two = dict(['a', tensor({ storage: storage('FloatStorage', 'x', 2), size: [2], stride: [1] })], ['b', tensor({ storage: storage('FloatStorage', 'y', 2), size: [2], stride: [1] })]);
    const readable = async (storages: Parameters<typeof torchLegacy>[1]): Promise<string[]> => (await open(torchLegacy(two, storages))).tensors.filter(({ unreadable }) => unreadable === undefined).map(({ name }) => name);
    const x = { key: 'x', elements: 2, bytes: floats(1, 2) };
    const y = { key: 'y', elements: 2, bytes: floats(3, 4) };
    assert.deepEqual(await readable([x, y]), ['a', 'b']);
    assert.deepEqual(await readable([y, x]), ['a', 'b']);
    assert.deepEqual(await readable([x]), ['a']);
    assert.deepEqual(await readable([x, { ...y, bytes: floats(3) }]), ['a']);
    assert.deepEqual(await readable([{ ...x, elements: 3 }, y]), []);
    assert.deepEqual(await readable([{ ...x, elements: -1 }, y]), []);
    assert.deepEqual(await readable([x, { ...y, elements: 2n ** 62n }]), ['a']);
    assert.deepEqual(await readable([{ key: 'z', elements: 0, bytes: floats() }, x, y]), []);
  });

  it('encrypted and strangely packed storages', async () => {
    const bytes = torchZip(dict(['a', weight]), four);
    const directory = bytes.findIndex((_, at) => new TextDecoder('latin1').decode(bytes.subarray(at, at + 4)) === 'PK\x01\x02' && bytes[at + 46 + 8] === 0x64 && bytes[at + 46 + 12] === 0x2f);
    assert.ok(directory > 0);
    const changed = Uint8Array.from(bytes);
    changed[directory + 8] = 1;
    const model = await open(changed);
    assert.match(model.tensors[0]!.unreadable!, /is encrypted/);
  });
});

describe('pickles made to exhaust', () => {
  const within = async (ms: number, use: () => Promise<unknown>): Promise<void> => {
    const begin = Date.now();
    await use();
    assert.ok(Date.now() - begin < ms, `took ${Date.now() - begin} ms`);
  };

  it('lists of lists of the same list', async () => {
    const laughs = opcodes(...Array.from({ length: 200 }, (_, i) => opcodes('](', ...new Array<string>(30).fill(i === 0 ? 'N' : `g${i - 1}\n`), `ep${i}\n0`)), 'g199\n');
    await within(4000, async () => {
      const model = await open(torchZip(dict(['a', weight], ['b', { raw: laughs }]), four));
      assert.deepEqual(model.tensors.map(({ name }) => name), ['a']);
    });
  });

  it('tuples 100,000 deep', async () => {
    const deep = opcodes(')', '\x85'.repeat(100_000));
    await within(4000, async () => {
      const model = await open(torchZip(dict(['a', weight], ['b', { raw: deep }]), four));
      assert.equal(model.tensors.length, 1);
      assert.ok(model.problems.some(({ message }) => /100 levels deep/.test(message)));
    });
  });

  it('calls of calls 100,000 deep, as tensors and as anything else', async () => {
    const nested = (name: string): Uint8Array => opcodes(`ctorch._utils\n${name}\n`.repeat(100_000), 'N', '\x85R'.repeat(100_000));
    for (const name of ['_rebuild_parameter', 'Other']) {
      await within(4000, async () => assert.equal((await open(torchZip(dict(['a', weight], ['b', { raw: nested(name) }]), four))).tensors.length, 1));
    }
  });

  it('circles through dictionaries, lists and states', async () => {
    const circle = opcodes('}q\x40U\x01ah\x40sU\x01b]q\x41h\x40ah\x41asU\x01cca\nB\n)\x81q\x42}U\x01xh\x42sbs');
    assert.equal((await open(torchZip(dict(['a', weight], ['b', { raw: circle }]), four))).tensors.length, 1);
  });

  it('archives that unpack to more than they can', async () => {
    const zeros = zipSync({ 'archive/data.pkl': new Uint8Array(20_000_000) }, { level: 9 });
    await within(4000, () => refused(zeros, /damaged/));
    const bomb = Uint8Array.from(zeros);
    const at = bomb.findIndex((_, i) => bomb[i] === 0x50 && bomb[i + 1] === 0x4b && bomb[i + 2] === 1 && bomb[i + 3] === 2);
    bomb.set(int(0x70000000, 4), at + 24);
    await within(4000, () => refused(bomb, /unpack/));
  });
});

describe('checkpoints that were cut', function () {
  this.timeout(60_000);

  for (const [file, steps] of [['module.pt', 150], ['module_legacy.pth', 400], ['views_legacy.pth', 250], ['arrays_0.bin', 200], ['arrays_5.bin', 150], ['scripted.pt', 80]] as const) {
    it(`${file}: only HumanErrors, and what is left can be read`, async () => {
      const whole = new Uint8Array(readFileSync(path.join(FIXTURE_MODELS, 'pytorch', file)));
      for (let i = 0; i < steps; i++) {
        const length = Math.floor((whole.length * i) / steps);
        try {
          await open(whole.subarray(0, length), file);
        } catch (error) {
          assert.ok(error instanceof HumanError, `${length}: ${error instanceof Error ? error.stack : String(error)}`);
        }
      }
    });
  }
});
