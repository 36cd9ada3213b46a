import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FormatError, HumanError } from '../../../../src/core/errors';
import { openModel } from '../../../../src/core/formats/index';
import type { Model } from '../../../../src/core/model';
import { describeFixtures, FIXTURE_MODELS, openFile } from '../../../support/fixtureModels';
import { dataspace, datatype, Hdf5Builder, link, NO_ADDRESS, softLink, text, u } from '../../../support/hdf5Builder';
import { memorySource } from '../../../support/memorySource';
import { checkInvariants } from '../../../support/modelChecks';

describeFixtures('hdf5');

const FOLDER = path.join(FIXTURE_MODELS, 'hdf5');

async function openBytes(bytes: Uint8Array, name = 'file.h5'): Promise<Model> {
  const model = await openModel(memorySource(new Map([[name, bytes]]), name));
  checkInvariants(model);
  return model;
}

function says(model: Model, pattern: RegExp): void {
  const told = [...model.problems.map(({ message }) => message), ...model.tensors.map(({ unreadable }) => unreadable ?? '')];
  assert.ok(told.some((message) => pattern.test(message)), `${pattern} in ${told.join('\n')}`);
}

const names = (model: Model): string[] => model.tensors.map(({ name }) => name);

describe('HDF5: what is listed', () => {
  it('groups are layers in natural order, and no tensor is read to list them', async () => {
    const model = await openFile(path.join(FOLDER, 'earliest.h5'));
    assert.equal(model.format, 'hdf5');
    assert.equal(model.formatTitle, 'HDF5 arrays');
    const many = model.layers.find(({ name }) => name === 'many')!;
    assert.deepEqual(many.tensors.map((index) => model.tensors[index]!.name), Array.from({ length: 40 }, (_, i) => `many/number_${i}`));
  });

  it('an object with several names once, links that lead in circles and out of the file', async () => {
    for (const file of ['earliest.h5', 'latest.h5']) {
      const model = await openFile(path.join(FOLDER, file));
      assert.deepEqual(names(model).filter((name) => /group|soft|elsewhere/.test(name)), ['group/own']);
      assert.equal(model.problems.length, 1);
      says(model, /"elsewhere" lies in another file, "\.\.\/other\.h5", which is not followed/);
    }
  });

  it('the order of creation where the file keeps it', async () => {
    const model = await openFile(path.join(FOLDER, 'ordered.h5'));
    assert.deepEqual(names(model), ['weights/z', 'weights/b', 'weights/a10', 'weights/a9']);
  });

  it('texts are listed and are no weights', async () => {
    const model = await openFile(path.join(FOLDER, 'latest.h5'));
    const words = model.tensors.find(({ name }) => name === 'words')!;
    assert.deepEqual([words.dtype, words.role, words.shape, words.unreadable], ['string', 'constant', [2], undefined]);
  });

  it('what is not decoded, with the reason', async () => {
    const model = await openFile(path.join(FOLDER, 'refused.h5'));
    const reasons = Object.fromEntries(model.tensors.map(({ name, unreadable }) => [name, unreadable]));
    assert.match(reasons['table']!, /records of 2 fields/);
    assert.match(reasons['complex128']!, /complex numbers of two float64/);
    assert.match(reasons['opaque']!, /opaque values of 3 bytes/);
    assert.match(reasons['ragged']!, /lists of varying length/);
    assert.match(reasons['reduced']!, /packed with scaleoffset, which is listed and not decoded/);
    assert.match(reasons['outside']!, /lie in other files, which are not followed/);
    assert.match(reasons['virtual']!, /virtual dataset/);
    assert.equal(reasons['committed'], undefined);
    assert.equal(model.tensors.find(({ name }) => name === 'lists')!.elements, 0);
    assert.ok(!names(model).includes('type'), 'a committed type is no tensor');
  });

  it('a user block of any power of two', async () => {
    const file = readFileSync(path.join(FOLDER, 'ordered.h5'));
    const plain = await openBytes(file);
    const shifted = new Uint8Array(2048 + file.length);
    shifted.set(file, 2048);
    const model = await openBytes(shifted);
    assert.deepEqual(model.tensors.map(({ segments }) => segments[0]!.offset), plain.tensors.map(({ segments }) => segments[0]!.offset + 2048));
  });
});

describe('HDF5: bad input', () => {
  const four = { dtype: 'float32', shape: [2, 2], bytes: new Uint8Array(16), layout: { kind: 'contiguous' } } as const;

  it('truncated anywhere: a HumanError, or what is left', async function () {
    this.timeout(60_000);
    for (const file of ['ordered.h5', 'refused.h5', 'latest.h5']) {
      const bytes = new Uint8Array(readFileSync(path.join(FOLDER, file)));
      for (let length = 0; length < bytes.length; length += length < 2200 ? 1 : 61) {
        await survives(bytes.slice(0, length));
      }
    }
  });

  it('a cut file says so, and its whole tensors are read', async () => {
    const builder = new Hdf5Builder();
    const early = builder.dataset(four);
    const late = builder.header([[0x01, dataspace([1024])], [0x03, datatype('float32', false)], [0x08, [3, 1, ...u(5000, 8), ...u(4096, 8)]]]);
    const model = await openBytes(builder.finish(builder.group({ early, late }), 9096));
    says(model, /should have 9096 bytes and has \d+: it was cut/);
    says(model, /"late" cannot be read: it should end at byte 9096/);
    assert.equal(model.tensors.find(({ name }) => name === 'early')!.unreadable, undefined);
  });

  it('groups that contain one another, and soft links in a circle', async () => {
    const builder = new Hdf5Builder();
    const dataset = builder.dataset(four);
    const rootAt = builder.length;
    // Headers of one length, so that the address of the root is known before it is written.
    const root = builder.header([[0x06, link('self', rootAt)], [0x06, softLink('a', '/b')], [0x06, softLink('b', '/a')], [0x06, link('data', dataset)]]);
    assert.equal(root, rootAt);
    const model = await openBytes(builder.finish(root));
    assert.deepEqual(names(model), ['data']);
  });

  it('groups that nest without end', async () => {
    const builder = new Hdf5Builder();
    let inner = builder.dataset(four);
    for (let depth = 0; depth < 500; depth++) inner = builder.group({ deeper: inner });
    const model = await openBytes(builder.finish(inner));
    assert.equal(model.tensors.length, 0);
    says(model, /lies deeper than 100 groups/);
  });

  it('shapes beyond any file, and beyond what was written', async () => {
    const builder = new Hdf5Builder();
    const huge = (shape: readonly (number | bigint)[]): number =>
      builder.header([[0x01, dataspace(shape)], [0x03, datatype('float32', false)], [0x08, [3, 1, ...u(NO_ADDRESS, 8), ...u(0, 8)]]]);
    const written = builder.header([[0x01, dataspace([1000])], [0x03, datatype('float32', false)], [0x08, [3, 1, ...u(100, 8), ...u(4000, 8)]]]);
    const root = builder.group({ product: huge([2 ** 40, 2 ** 40]), dimension: huge([2n ** 63n]), unwritten: huge([2 ** 40]), written });
    const model = await openBytes(builder.finish(root));
    says(model, /"product" cannot be read: its shape \[1099511627776, 1099511627776\] counts more elements/);
    says(model, /"dimension" cannot be read: .*has a number that is larger than any file/);
    says(model, /"unwritten" cannot be read: none of its 1099511627776 elements was ever written/);
    says(model, /"written" cannot be read: it should end at byte 4100/);
  });

  it('grids of more chunks than are listed, chunks outside of the file, chunks that do not fit', async () => {
    const builder = new Hdf5Builder();
    const grid = (shape: readonly number[], layout: readonly number[]): number => builder.header([[0x01, dataspace(shape)], [0x03, datatype('float32', false)], [0x08, layout]]);
    const many = grid([2 ** 30], [3, 2, 2, ...u(48, 8), ...u(1, 4), ...u(4, 4)]);
    const outside = grid([4], [4, 2, 0, 2, 4, ...u(4, 4), ...u(4, 4), 2, ...u(2 ** 40, 8)]);
    const unfit = grid([4], [4, 2, 0, 2, 4, ...u(4, 4), ...u(8, 4), 2, ...u(48, 8)]);
    const model = await openBytes(builder.finish(builder.group({ many, outside, unfit })));
    says(model, /"many" cannot be read: it is cut into 1073741824 chunks/);
    says(model, /"outside" cannot be read: .*the chunk at byte 1099511627776 lies outside of the file/);
    says(model, /"unfit" cannot be read: its chunks do not fit its shape/);
  });

  it('a B-tree that is its own child', async () => {
    const builder = new Hdf5Builder();
    const at = builder.length;
    builder.append([...text('TREE'), 1, 1, ...u(1, 2), ...u(NO_ADDRESS, 8), ...u(NO_ADDRESS, 8), ...u(4, 4), ...u(0, 4), ...u(0, 16), ...u(at, 8)]);
    const dataset = builder.header([[0x01, dataspace([4])], [0x03, datatype('float32', false)], [0x08, [3, 2, 2, ...u(at, 8), ...u(4, 4), ...u(4, 4)]]]);
    says(await openBytes(builder.finish(builder.group({ dataset }))), /comes back to itself|is of another level/);
  });

  it('a header that continues in itself', async () => {
    const builder = new Hdf5Builder();
    const at = builder.length;
    builder.append([...text('OCHK'), 0x10, ...u(16, 2), 0, ...u(at, 8), ...u(28, 8), 0, 0, 0, 0]);
    const dataset = builder.header([[0x10, [...u(at, 8), ...u(28, 8)]]]);
    says(await openBytes(builder.finish(builder.group({ dataset }))), /does not end|in circles/);
  });

  it('heaps and trees of no possible size', async () => {
    const bytes = new Uint8Array(readFileSync(path.join(FOLDER, 'latest.h5')));
    const latin = Buffer.from(bytes).toString('latin1');
    for (const signature of ['FRHP', 'BTHD', 'BTLF', 'FHDB', 'FAHD', 'EAHD', 'EAIB', 'FADB', 'GCOL']) {
      for (let at = latin.indexOf(signature); at >= 0; at = latin.indexOf(signature, at + 1)) {
        for (let field = 5; field < 150; field += 13) {
          const changed = bytes.slice();
          changed.fill(0xff, at + field, at + field + 6);
          await survives(changed);
          changed.fill(0, at + field, at + field + 6);
          await survives(changed);
        }
      }
    }
  }).timeout(60_000);

  it('a group whose links refer to nothing costs the group', async () => {
    const builder = new Hdf5Builder();
    const root = builder.group({ nowhere: 1_000_000, data: builder.dataset(four), superblock: 8 });
    const model = await openBytes(builder.finish(root));
    assert.deepEqual(names(model), ['data']);
    says(model, /"nowhere" cannot be read: .* lies outside of the file/);
  });

  it('a root that cannot be read, and a version of tomorrow', async () => {
    const builder = new Hdf5Builder();
    builder.dataset(four);
    await assert.rejects(openBytes(builder.finish(1_000_000)), FormatError);
    const bytes = builder.finish(48);
    bytes[8] = 9;
    await assert.rejects(openBytes(bytes), /superblock version 9; Weightgram reads 0 to 3/);
  });

  async function survives(bytes: Uint8Array): Promise<void> {
    const started = performance.now();
    try {
      await openBytes(bytes);
    } catch (error) {
      assert.ok(error instanceof HumanError, String((error as Error).stack));
    }
    assert.ok(performance.now() - started < 2000);
  }
});
