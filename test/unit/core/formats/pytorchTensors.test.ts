import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { zipSync } from 'fflate';
import { openModel } from '../../../../src/core/formats/index';
import type { Model } from '../../../../src/core/model';
import { seededRandom } from '../../../../src/core/seededRandom';
import { openFile, valuesOf } from '../../../support/fixtureModels';
import { memorySource } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';
import { pickle, storage, tensor, torchLegacy, torchZip } from '../../../support/pickleBuilder';
import type { Picklable } from '../../../support/pickleBuilder';

const folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-pytorch-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function onDisk(bytes: Uint8Array, name: string): Promise<Model> {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  const model = await openFile(file);
  checkInvariants(model);
  return model;
}

async function open(files: Readonly<Record<string, Uint8Array>>, name: string): Promise<Model> {
  const model = await openModel(memorySource(new Map(Object.entries(files)), name));
  checkInvariants(model);
  return model;
}

const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const dict = (...pairs: [Picklable, Picklable][]): Picklable => ({ dict: pairs });

describe('tensors of types that are newer than the fixtures', () => {
  it('float8, and integers without a sign, from storages without a type', async () => {
    const codes = Uint8Array.of(0x38, 0xb8, 0x7e, 0x01, 0x80, 0);
    const names = { float8_e4m3fn: [1, -1, 448, 2 ** -9, -0, 0], float8_e5m2: [0.5, -0.5, NaN, 2 ** -16, -0, 0], float8_e4m3fnuz: [0.5, -0.5, 224, 2 ** -10, NaN, 0], float8_e5m2fnuz: [0.25, -0.25, 49152, 2 ** -17, NaN, 0] };
    const built = Object.keys(names).map((name): [Picklable, Picklable] => [name, tensor({ storage: storage('storage.UntypedStorage', '0', 6), size: [2, 3], stride: [3, 1], dtype: `torch.${name}` })]);
    const wide = Uint32Array.of(4_000_000_000, 7);
    const longs = BigUint64Array.of(2n ** 53n, 3n);
    const model = await onDisk(torchZip(dict(...built, ['u32', tensor({ storage: storage('UntypedStorage', '1', 8), size: [2], stride: [1], dtype: 'torch.uint32' })], ['u64', tensor({ storage: storage('UntypedStorage', '2', 16), offset: 1, size: [1], stride: [1], dtype: 'torch.uint64' })], ['u16', tensor({ storage: storage('UntypedStorage', '1', 8), offset: 2, size: [2], stride: [1], dtype: 'torch.uint16' })]), { 0: codes, 1: bytesOf(wide), 2: bytesOf(longs) }), 'float8.pt');
    for (const [index, [name, wanted]] of Object.entries(names).entries()) {
      const found = model.tensors[index]!;
      assert.equal(found.dtype, name);
      assert.deepEqual([...(await valuesOf(model, found))].map((value) => value + 0), wanted.map((value) => value + 0), name);
    }
    assert.deepEqual([...(await valuesOf(model, model.tensors[4]!))], [4_000_000_000, 7]);
    assert.deepEqual([...(await valuesOf(model, model.tensors[5]!))], [3]);
    assert.deepEqual([...(await valuesOf(model, model.tensors[6]!))], [7, 0]);
  });

  it('big-endian archives', async () => {
    const bytes = new Uint8Array(12);
    [1.5, -2, 3].forEach((value, i) => new DataView(bytes.buffer).setFloat32(4 * i, value, false));
    const model = await onDisk(torchZip(dict(['a', tensor({ storage: storage('FloatStorage', '0', 3), size: [3], stride: [1] })], ['b', tensor({ storage: storage('FloatStorage', '0', 3), size: [2], stride: [2] })]), { 0: bytes }, { byteorder: new TextEncoder().encode('big') }), 'big.pt');
    assert.deepEqual([...(await valuesOf(model, model.tensors[0]!))], [1.5, -2, 3]);
    assert.deepEqual([...(await valuesOf(model, model.tensors[1]!))], [1.5, 3]);
  });

  it('parameters with a state, subclasses of tensors, and views of storages of PyTorch 0.3', async () => {
    const plain = tensor({ storage: storage('HalfStorage', '0', 4), size: [4], stride: [1] });
    const old: Picklable = { persistent: ['storage', { global: 'torch.cuda.FloatStorage' }, '0', 'cuda:0', 4, ['7', 1, 3]] };
    const model = await open({
      'a.pt': torchZip(dict(
        ['p', { call: { global: 'torch._utils._rebuild_parameter_with_state' }, args: [plain, true, null, dict(['note', 'x'])] }],
        ['s', { call: { global: 'torch._tensor._rebuild_from_type_v2' }, args: [{ global: 'torch._utils._rebuild_tensor_v2' }, { global: 'torch.nn.parameter.Buffer' }, [storage('HalfStorage', '0', 4), 0, [4], [1], false, null], dict()] }],
      ), { 0: new Uint8Array(8) }),
      'b.pth': torchLegacy(dict(['v', { call: { global: 'torch._utils._rebuild_tensor' }, args: [old, 1, [2], [1]] }]), [{ key: '0', elements: 4, bytes: new Uint8Array(16) }]),
    }, 'a.pt');
    assert.deepEqual(model.tensors.map(({ name, dtype, elements }) => [name, dtype, elements]), [['p', 'float16', 4], ['s', 'float16', 4]]);
    const bytes = torchLegacy(dict(['v', { call: { global: 'torch._utils._rebuild_tensor' }, args: [old, 1, [2], [1]] }]), [{ key: '0', elements: 4, bytes: bytesOf(Float32Array.of(0, 1, 2, 3)) }]);
    const legacy = await onDisk(bytes, 'view.pth');
    assert.deepEqual([...(await valuesOf(legacy, legacy.tensors[0]!))], [2, 3]);
  });

  it('storages that were deflated', async () => {
    const random = seededRandom(3);
    const values = Float32Array.from({ length: 30_000 }, () => random());
    const packed = zipSync({ 'archive/data.pkl': [pickle(dict(['a', tensor({ storage: storage('FloatStorage', '0', 30_000), offset: 10, size: [299, 100], stride: [100, 1] })], ['b', tensor({ storage: storage('FloatStorage', '0', 30_000), size: [100], stride: [2] })])), { level: 6 }], 'archive/data/0': [bytesOf(values), { level: 6 }] });
    const model = await onDisk(packed, 'packed.pt');
    assert.deepEqual([...(await valuesOf(model, model.tensors[0]!))], [...values.subarray(10, 29_910)]);
    assert.match(model.tensors[1]!.unreadable!, /packed in the archive/);
  });
});

describe('views of every layout', () => {
  it('are gathered as torch shows them', async function () {
    this.timeout(60_000);
    const random = seededRandom(5);
    const below = (limit: number): number => Math.floor(random() * limit);
    const held = Float32Array.from({ length: 5000 }, () => random() * 2 - 1);
    const views: { offset: number; size: number[]; stride: number[] }[] = [];
    for (let i = 0; i < 150; i++) {
      const size = Array.from({ length: below(7) }, () => below(5) + (random() < 0.05 ? 0 : 1));
      // Strides of a dense array in some order, or steps as they come.
      const order = size.map((_, axis) => axis).sort(() => random() - 0.5);
      let step = 1 + (random() < 0.3 ? below(3) : 0);
      const stride = new Array<number>(size.length).fill(0);
      for (const axis of order) {
        stride[axis] = random() < 0.1 ? 0 : random() < 0.1 ? below(9) : step;
        step *= size[axis]! || 1;
      }
      const reach = size.reduce((sum, length, axis) => sum + Math.max(0, length - 1) * stride[axis]!, 0);
      if (reach < 5000) views.push({ size, stride, offset: below(5000 - reach) });
    }
    assert.ok(views.length > 60);
    const built = views.map((view, i): [Picklable, Picklable] => [`t${i}`, tensor({ storage: storage('FloatStorage', '0', 5000), ...view })]);
    const model = await onDisk(torchZip(dict(...built), { 0: bytesOf(held) }), 'views.pt');
    const kinds = new Set(model.tensors.map(({ encoding }) => encoding?.kind));
    assert.deepEqual([...kinds].sort(), ['permuted', 'strided', undefined]);
    for (const [i, { size, stride, offset }] of views.entries()) {
      const wanted: number[] = [];
      const walk = (axis: number, at: number): void => {
        if (axis === size.length) wanted.push(held[at]!);
        else for (let j = 0; j < size[axis]!; j++) walk(axis + 1, at + j * stride[axis]!);
      };
      walk(0, offset);
      assert.deepEqual([...(await valuesOf(model, model.tensors[i]!))], wanted, JSON.stringify(views[i]));
    }
  });
});

describe('what a checkpoint is made of', () => {
  const weight = (key = '0'): Picklable => tensor({ storage: storage('FloatStorage', key, 4), size: [2, 2], stride: [2, 1] });
  const named = async (value: Picklable): Promise<[string, string, string][]> => {
    const model = await open({ 'm.pt': torchZip(value, { 0: new Uint8Array(16) }) }, 'm.pt');
    return model.tensors.map(({ name, role, layer }) => [name, role, model.layers[layer]!.name]);
  };

  it('the keys before the network are left out, of averages and optimizers they stay', async () => {
    const state = dict(['fc.weight', weight()]);
    const optimizer = dict(['state', dict([0, dict(['exp_avg', weight()])])], ['param_groups', { list: [] }]);
    for (const key of ['state_dict', 'model', 'model_state_dict', 'net', 'module', 'network', 'my_net']) {
      assert.deepEqual(await named(dict(['epoch', 3], [key, state], ['optimizer', optimizer])), [['fc.weight', 'head', 'fc'], ['optimizer.state.0.exp_avg', 'optimizer', 'optimizer']], key);
    }
    assert.deepEqual((await named(dict(['model', state], ['ema_model', dict(['fc.weight', weight()])]))).map(([name]) => name), ['fc.weight', 'ema_model.fc.weight']);
    assert.deepEqual((await named(dict(['generator', state], ['discriminator', dict(['fc.weight', weight()])]))).map(([name]) => name), ['generator.fc.weight', 'discriminator.fc.weight']);
    assert.deepEqual((await named(optimizer)).map(([name, role]) => [name, role]), [['state.0.exp_avg', 'optimizer']]);
    assert.deepEqual((await named(dict(['model', dict(['state_dict', state])])))[0], ['fc.weight', 'head', 'fc']);
  });

  it('wrappers of DDP and DeepSpeed stay in names, not in layers', async () => {
    for (const prefix of ['module.', '_forward_module.', '_orig_mod.']) {
      const found = await named(dict(['state_dict', dict([`${prefix}up.weight`, weight()], [`${prefix}down.weight`, weight()])], ['ema', dict(['up.weight', weight()])]));
      assert.deepEqual(found.map(([name, , layer]) => [name, layer]), [[`${prefix}up.weight`, 'up'], [`${prefix}down.weight`, 'down'], ['ema.up.weight', 'ema.up']]);
    }
  });

  it('a tensor, a list and a tuple by themselves', async () => {
    assert.deepEqual((await named(weight())).map(([name]) => name), ['tensor']);
    assert.deepEqual((await named({ list: [weight(), [weight()]] })).map(([name]) => name), ['0', '1.0']);
  });

  it('tied weights are two tensors at one place', async () => {
    const model = await open({ 'm.pt': torchZip(dict(['embed.weight', weight()], ['head.weight', weight()]), { 0: new Uint8Array(16) }) }, 'm.pt');
    assert.deepEqual(model.tensors[0]!.segments, model.tensors[1]!.segments);
  });

  it('modules that were pickled whole tell classes and settings', async () => {
    const empty = { call: { global: 'collections.OrderedDict' }, args: [] };
    const linear: Picklable = { call: { global: 'torch.nn.modules.linear.Linear' }, args: [], state: dict(['training', true], ['_parameters', { ...empty, entries: [['weight', weight()], ['bias', null]] }], ['_buffers', empty], ['_modules', empty], ['in_features', 2]) };
    const net: Picklable = { call: { global: 'my.models.Net' }, args: [], state: dict(['_parameters', empty], ['_buffers', { ...empty, entries: [['mean', weight()]] }], ['_modules', { ...empty, entries: [['up', linear]] }]) };
    const model = await open({ 'm.pt': torchZip(dict(['model', net]), { 0: new Uint8Array(16) }) }, 'm.pt');
    assert.deepEqual(model.tensors.map(({ name }) => name), ['mean', 'up.weight']);
    const layer = model.layers.find(({ name }) => name === 'up');
    assert.equal(layer?.className, 'Linear');
    assert.equal(layer.config?.['in_features'], 2);
    assert.deepEqual(model.problems, []);
  });
});

describe('sharded PyTorch models', () => {
  const shard = (name: string): Uint8Array => torchZip(dict([name, tensor({ storage: storage('FloatStorage', '0', 4), size: [2, 2], stride: [2, 1] })]), { 0: new Uint8Array(16) });
  const index = (map: Record<string, string>): Uint8Array => new TextEncoder().encode(JSON.stringify({ metadata: { total_size: 32 }, weight_map: map }));
  const NAME = 'pytorch_model.bin.index.json';

  it('are one model, and a shard by itself is one too', async () => {
    const files = { [NAME]: index({ 'a.weight': 'x-00001-of-00002.bin', 'b.weight': 'x-00002-of-00002.bin' }), 'x-00001-of-00002.bin': shard('a.weight'), 'x-00002-of-00002.bin': shard('b.weight') };
    const model = await open(files, NAME);
    assert.deepEqual([model.format, model.files.length, model.tensors.map(({ name, segments }) => [name, segments[0]!.file])], ['pytorch', 3, [['a.weight', 1], ['b.weight', 2]]]);
    assert.deepEqual((await open(files, 'x-00002-of-00002.bin')).tensors.map(({ name }) => name), ['b.weight']);
  });

  it('name what is missing, damaged, forbidden or not as the index says', async () => {
    const files = { [NAME]: index({ a: 'a.bin', b: 'b.bin', c: 'c.bin', d: '../d.bin', e: 'e.bin' }), 'a.bin': shard('a'), 'b.bin': shard('b').subarray(0, 200), 'e.bin': shard('f') };
    const model = await open(files, NAME);
    const state = new Map(model.tensors.map(({ name, unreadable }) => [name, unreadable]));
    assert.equal(state.get('a'), undefined);
    assert.match(state.get('b')!, /damaged ZIP archive/);
    assert.match(state.get('c')!, /c\.bin/);
    assert.match(state.get('d')!, /leaves the folder/);
    assert.match(state.get('e')!, /does not hold it/);
    assert.equal(state.get('f'), undefined);
    assert.ok(model.problems.some(({ message }) => /"e\.bin" holds "f", which the index does not name/.test(message)));
  });
});
