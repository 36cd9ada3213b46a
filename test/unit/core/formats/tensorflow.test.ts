import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { HumanError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import { unsnappy } from '../../../../src/core/formats/tensorBundleSnappy';
import type { Model } from '../../../../src/core/model';
import { describeFixtures, FIXTURE_MODELS } from '../../../support/fixtureModels';
import { memorySource } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';
import { concatenate } from '../../../support/tfjsBuilder';

type Files = Map<string, Uint8Array>;

function folder(name: string): Files {
  const root = path.join(FIXTURE_MODELS, 'tensorflow', name);
  const names = readdirSync(root, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  return new Map(names.map((file) => [file, new Uint8Array(readFileSync(path.join(root, file)))]));
}

const openIn = (files: Files, file: string): Promise<Model> => openModel(memorySource(files, file));
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function survives(files: Files, file: string): Promise<void> {
  try {
    checkInvariants(await openIn(files, file));
  } catch (error) {
    assert.ok(error instanceof HumanError, String((error as Error).stack));
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** A LevelDB block of whole keys. */
function block(entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[], restarts = [0]): Uint8Array {
  const tail = new Uint8Array(Uint32Array.from([...restarts, restarts.length]).buffer);
  return concatenate([...entries.flatMap(([key, value]) => [Uint8Array.from([0, ...varint(key.length), ...varint(value.length)]), key, value]), tail]);
}

/** A table: blocks with how they are packed; `place` may lie about where one is. */
function table(blocks: readonly Uint8Array[], options: { readonly packing?: number; readonly place?: readonly number[] } = {}): Uint8Array {
  const { packing = 0 } = options;
  let at = 0;
  const places = blocks.map(({ length }) => {
    const place = Uint8Array.from(options.place ?? [...varint(at), ...varint(length)]);
    at += length + 5;
    return place;
  });
  const index = block(places.map((place, i) => [encode(`~${i}`), place] as const));
  const footer = new Uint8Array(48);
  footer.set([0, 0, ...varint(at), ...varint(index.length)]);
  footer.set([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb], 40);
  return concatenate([...blocks.flatMap((bytes) => [bytes, Uint8Array.of(packing, 0, 0, 0, 0)]), index, Uint8Array.of(0, 0, 0, 0, 0), footer]);
}

const HEADER = [new Uint8Array(), Uint8Array.of(8, 1, 0x1a, 2, 8, 1)] as const;

/** BundleEntryProto of a float32 vector. */
function entry(shape: number, offset: number, size: number): Uint8Array {
  const dimension = [8, ...varint(shape)];
  const shapeBytes = [0x12, dimension.length, ...dimension];
  return Uint8Array.from([8, 1, 0x12, shapeBytes.length, ...shapeBytes, 0x20, ...varint(offset), 0x28, ...varint(size)]);
}

describe('TensorFlow', () => {
  describeFixtures('tensorflow');

  it('tells the optimizer from the model by the objects that hold the variables', async () => {
    const model = await openIn(folder('adam'), 'ckpt-1.index');
    assert.deepEqual(model.layers.map(({ name }) => name), ['stem', 'norm', 'depthwise', 'answer', 'save_counter', 'optimizer']);
    const roleOf = new Map(model.tensors.map(({ name, role, axes }) => [name, [role, axes?.output]]));
    assert.deepEqual(roleOf.get('tiny/stem/kernel'), ['kernel', 3]);
    assert.deepEqual(roleOf.get('tiny/depthwise/kernel'), ['kernel', 2]);
    assert.deepEqual(roleOf.get('tiny/norm/moving_variance'), ['runningVariance', undefined]);
    assert.deepEqual(roleOf.get('adam/tiny_stem_kernel_velocity'), ['optimizer', undefined]);
    assert.equal(model.parameters, 493);
  });

  it('joins partitioned variables and knows the slots of TensorFlow 1 by their names', async () => {
    const model = await openIn(folder('v1'), 'model.ckpt-1.index');
    const table = model.tensors.find(({ name }) => name === 'table/weights')!;
    assert.deepEqual([table.shape, table.segments.length, table.role], [[10, 4], 3, 'kernel']);
    assert.equal(model.tensors.find(({ name }) => name === 'table/weights/Adam_1')!.role, 'optimizer');
    assert.equal(model.tensors.find(({ name }) => name === 'global_step')!.role, 'constant');
    assert.deepEqual(model.problems, []);
  });

  it('leads from a shard and from the checkpoint file to the index', async () => {
    for (const file of ['ckpt-1.data-00000-of-00001', 'checkpoint']) assert.equal((await openIn(folder('adam'), file)).path, '/models/ckpt-1.index');
    const alone = folder('adam');
    alone.delete('ckpt-1.index');
    await assert.rejects(openIn(alone, 'ckpt-1.data-00000-of-00001'), /holds the numbers of a TensorFlow checkpoint, whose index "ckpt-1\.index" is not there/);
    const moved: Files = new Map([...folder('adam'), ['checkpoint', encode('model_checkpoint_path: "/home/me/run/ckpt-1"\n')]]);
    assert.equal((await openIn(moved, 'checkpoint')).path, '/models/ckpt-1.index');
  });

  it('does not leave the folder', async () => {
    const files: Files = new Map([...folder('adam'), ['checkpoint', encode('model_checkpoint_path: "../../etc/ckpt-1"\n')]]);
    await assert.rejects(openIn(files, 'checkpoint'), HumanError);
  });

  it('names a shard that is missing or cut, and keeps the variables of the others', async () => {
    const missing = folder('v1');
    missing.delete('model.ckpt-1.data-00002-of-00003');
    const model = await openIn(missing, 'model.ckpt-1.index');
    checkInvariants(model);
    assert.match(model.tensors.find(({ name }) => name === 'table/weights')!.unreadable ?? '', /model\.ckpt-1\.data-00002-of-00003/);
    assert.equal(model.tensors.find(({ name }) => name === 'dense/kernel')!.unreadable, undefined);
    const cut = folder('v1');
    cut.set('model.ckpt-1.data-00002-of-00003', cut.get('model.ckpt-1.data-00002-of-00003')!.subarray(0, 200));
    assert.match((await openIn(cut, 'model.ckpt-1.index')).tensors.find(({ name }) => name === 'table/weights/Adam_1')!.unreadable ?? '', /ends at byte 200, and \d+ bytes were to be read at \d+. The shard was cut/);
  });

  it('finds normalizations that freezing has taken apart, and layers behind the names of frozen variables', async () => {
    const model = await openIn(folder('.'), 'frozen.pb');
    const norm = model.layers.find(({ name }) => name === 'tiny_1/norm_1')!;
    assert.deepEqual(norm.tensors.map((i) => model.tensors[i]!.role).sort(), ['normScale', 'normShift', 'runningMean', 'runningVariance']);
    assert.deepEqual(model.layers.map(({ name, className, activation }) => [name, className, activation]).filter(([, name]) => /Conv|MatMul/.test(name ?? '')), [
      ['tiny_1/stem_1', 'Conv2D', 'Relu'], ['tiny_1/depthwise_1', 'DepthwiseConv2dNative', undefined], ['tiny_1/answer_1', 'MatMul', 'Softmax'],
    ]);
  });

  it('never throws anything but a HumanError, wherever a file is cut', async function () {
    this.timeout(60_000);
    for (const [name, file] of [['adam', 'ckpt-1.index'], ['snappy', 'ckpt.index'], ['module', 'saved_model.pb'], ['.', 'values.pb'], ['.', 'frozen.pb']] as const) {
      const files = folder(name);
      const bytes = files.get(file)!;
      const step = Math.max(1, Math.floor(bytes.length / 250));
      for (let length = 0; length < bytes.length; length += length < 100 ? 1 : step) await survives(new Map([...files, [file, bytes.subarray(0, length)]]), file);
    }
  });

  describe('forged tables', () => {
    const opened = (bytes: Uint8Array): Promise<Model> => openIn(new Map([['m.index', bytes], ['m.data-00000-of-00001', new Uint8Array(16)]]), 'm.index');

    it('reads a sound one', async () => {
      const model = await opened(table([block([HEADER, [encode('dense/kernel'), entry(4, 0, 16)]])]));
      assert.deepEqual(model.tensors.map(({ name, shape, unreadable }) => [name, shape, unreadable]), [['dense/kernel', [4], undefined]]);
    });

    it('refuses restarts beyond the block, blocks on each other and blocks beyond the file', async () => {
      const sound = block([HEADER, [encode('a'), entry(4, 0, 16)]]);
      const lying = sound.slice();
      new DataView(lying.buffer).setUint32(lying.length - 4, 0x7fffffff, true);
      await assert.rejects(opened(table([lying])), /has 2147483647 restarts/);
      await assert.rejects(opened(table([sound, sound], { place: [0, ...varint(sound.length)] })), /its blocks lie on each other/);
      await assert.rejects(opened(table([sound], { place: [0, ...varint(2 ** 40)] })), /goes beyond its end/);
    });

    it('refuses a packed block that would fill memory', async () => {
      const bomb = Uint8Array.from([...varint(2 ** 31), 0, 0]);
      await assert.rejects(opened(table([block([HEADER]), bomb], { packing: 1 })), HumanError);
      assert.match(String(unsnappy(bomb, 1000)), /said to unpack to 2147483648 bytes; up to 1000/);
    });

    it('says of a variable that it takes more than its shard has', async () => {
      const model = await opened(table([block([HEADER, [encode('a/kernel'), entry(8, 0, 32)], [encode('b/kernel'), entry(2 ** 45, 0, 16)]])]));
      checkInvariants(model);
      assert.deepEqual(model.tensors.map(({ unreadable }) => unreadable !== undefined), [true, true]);
    });

    it('lists 100,000 variables in about a second', async function () {
      this.timeout(20_000);
      const blocks: Uint8Array[] = [];
      for (let first = 0; first < 100_000; first += 2000) {
        blocks.push(block([...(first === 0 ? [HEADER] : []), ...Array.from({ length: 2000 }, (_, i) => [encode(`layer_${first + i}/kernel`), entry(4, 0, 16)] as const)]));
      }
      const began = performance.now();
      const model = await opened(table(blocks));
      const ms = performance.now() - began;
      assert.equal(model.tensors.length, 100_000);
      assert.deepEqual(model.layers.slice(0, 3).map(({ name }) => name), ['layer_0', 'layer_1', 'layer_2']);
      // A second where nothing else runs.
      assert.ok(ms < 10_000, `${ms} ms`);
    });
  });

  describe('snappy', () => {
    it('unpacks literals and copies that overlap', () => {
      // "ab", then 10 bytes from 2 back, then a copy with a two-byte offset.
      assert.deepEqual(unsnappy(Uint8Array.from([15, 4, 97, 98, 0b11001, 2, 0b1010, 3, 0]), 100), encode('abababababababa'.slice(0, 12) + 'bab'));
    });

    it('refuses copies from before the begin, and ends that do not fit', () => {
      for (const packed of [[4, 0, 97, 1, 9], [4, 0, 97], [2, 8, 97, 98, 99], [4, 0xf0], [200]]) assert.equal(typeof unsnappy(Uint8Array.from(packed), 100), 'string', packed.join());
    });
  });
});
