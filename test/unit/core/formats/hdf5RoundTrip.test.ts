import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { bytesPerElement } from '../../../../src/core/dtype';
import type { Tensor } from '../../../../src/core/model';
import { canBeDivided, partsOf } from '../../../../src/protocol/parts';
import { fletcher32 } from '../../../../src/worker/decoders/chunkFilters';
import { elementReader } from '../../../../src/worker/elementReader';
import { OpenFiles } from '../../../../src/worker/jobFiles';
import { openFile } from '../../../support/fixtureModels';
import { HDF5_DTYPES, Hdf5Builder } from '../../../support/hdf5Builder';
import type { TestDataset, TestLayout } from '../../../support/hdf5Builder';
import { Random } from '../../../support/random';

type Filters = NonNullable<TestDataset['filters']>;

const FILTERS: readonly Filters[] = [[], [{ id: 1, parameters: [4] }], [{ id: 2, parameters: [] }, { id: 1, parameters: [4] }], [{ id: 2, parameters: [] }, { id: 3, parameters: [] }]];

describe('HDF5: random tensors, written and read back', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-hdf5-'));
  after(() => rmSync(folder, { recursive: true }));

  for (let seed = 1; seed <= 6; seed++) {
    it(`every type, shape and layout (seed ${seed})`, async () => {
      const random = new Random(seed);
      const builder = new Hdf5Builder();
      const links: Record<string, number> = {};
      const wanted = new Map<string, Uint8Array>();
      for (let i = 0; i < 40; i++) {
        const { dataset, elements } = randomDataset(random);
        links[`tensor_${i}`] = builder.dataset(dataset);
        wanted.set(`tensor_${i}`, elements);
      }
      const file = path.join(folder, `${seed}.h5`);
      writeFileSync(file, builder.finish(builder.group(links)));
      const model = await openFile(file);
      assert.deepEqual(model.problems, []);
      assert.equal(model.tensors.length, 40);
      const files = new OpenFiles(model.files);
      for (const tensor of model.tensors) {
        assert.equal(tensor.unreadable, undefined);
        assert.deepEqual(Buffer.from(await readWhole(files, tensor)), Buffer.from(wanted.get(tensor.name)!), `${tensor.name} [${tensor.shape.join(', ')}] ${tensor.dtype} ${tensor.encoding?.kind}`);
        if (tensor.elements > 1) await checkTail(files, tensor, wanted.get(tensor.name)!, random);
      }
      files.close();
    });
  }

  it('a chunk that unpacks to more than its shape takes, and one with another checksum, are damaged', async () => {
    const builder = new Hdf5Builder();
    const layout = (chunk: Uint8Array): TestLayout => ({ kind: 'chunked', chunkShape: [4], index: 'fixedArray', chunks: [chunk] });
    const common = { dtype: 'float32', shape: [4], bytes: new Uint8Array(16) } as const;
    const links = {
      bomb: builder.dataset({ ...common, layout: layout(deflateSync(new Uint8Array(1 << 24))), filters: FILTERS[1]! }),
      short: builder.dataset({ ...common, layout: layout(deflateSync(new Uint8Array(8))), filters: FILTERS[1]! }),
      garbage: builder.dataset({ ...common, layout: layout(new Uint8Array(30).fill(7)), filters: FILTERS[1]! }),
      checksum: builder.dataset({ ...common, layout: layout(new Uint8Array(20).fill(1)), filters: [{ id: 3, parameters: [] }] }),
      lzf: builder.dataset({ ...common, layout: layout(Uint8Array.of(0x20, 0xff)), filters: [{ id: 32000, parameters: [] }] }),
    };
    const file = path.join(folder, 'damaged.h5');
    writeFileSync(file, builder.finish(builder.group(links)));
    const model = await openFile(file);
    const files = new OpenFiles(model.files);
    for (const tensor of model.tensors) {
      assert.equal(tensor.unreadable, undefined);
      await assert.rejects(async () => readWhole(files, tensor), { code: 'format', message: new RegExp(`A chunk of "${tensor.name}" is damaged`) });
    }
    files.close();
  });

  it('large tensors in short rows of chunks are shared between workers, others are not', () => {
    const chunked = (shape: readonly number[], chunkShape: readonly number[]): Tensor => ({
      name: 'x', layer: 0, role: 'kernel', dtype: 'float32', shape, elements: shape.reduce((a, b) => a * b), bytes: shape.reduce((a, b) => a * b) * 4,
      segments: [], encoding: { kind: 'chunked', chunkShape, filters: [] },
    });
    const rows = chunked([8192, 4096], [16, 1024]);
    assert.ok(canBeDivided(rows) && partsOf(rows, 0).length > 1);
    assert.equal(partsOf(chunked([8192, 4096], [8192, 16]), 0).length, 1);
  });
});

async function readWhole(files: OpenFiles, tensor: Tensor): Promise<Uint8Array> {
  const reader = elementReader({ files, tensor });
  const bytes = new Uint8Array(tensor.bytes);
  if (tensor.elements > 0) await reader.read(0, tensor.elements, bytes);
  reader.close();
  return bytes;
}

/** From the middle on, in steps, as a part is read. */
async function checkTail(files: OpenFiles, tensor: Tensor, wanted: Uint8Array, random: Random): Promise<void> {
  const width = tensor.bytes / tensor.elements;
  const reader = elementReader({ files, tensor });
  for (let at = random.integer(tensor.elements); at < tensor.elements; ) {
    const count = Math.min(tensor.elements - at, 1 + random.integer(9));
    const bytes = new Uint8Array(count * width);
    await reader.read(at, count, bytes);
    assert.deepEqual(Buffer.from(bytes), Buffer.from(wanted.subarray(at * width, (at + count) * width)), tensor.name);
    at += count;
  }
  reader.close();
}

/** `elements` are what a reader should give: little-endian, in row-major order. */
function randomDataset(random: Random): { dataset: TestDataset; elements: Uint8Array } {
  const dtype = random.pick(HDF5_DTYPES);
  const width = bytesPerElement(dtype);
  const shape = Array.from({ length: random.integer(7) }, () => (random.chance(0.03) ? 0 : 1 + random.integer(4)));
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = random.bytes(count * width);
  const isBig = random.chance(0.4);
  const common = { dtype, shape, isBig };
  const swapped = (values: Uint8Array): Uint8Array => (isBig ? swap(values, width) : values);
  if (shape.length === 0 || count === 0 || random.chance(0.3)) {
    return { dataset: { ...common, bytes, layout: { kind: count > 0 && random.chance(0.5) ? 'compact' : 'contiguous' } }, elements: swapped(bytes) };
  }
  const chunkShape = shape.map((size) => 1 + random.integer(size));
  const index = random.pick(['implicit', 'fixedArray', 'btree1'] as const);
  const filters = (index === 'implicit' ? [] : random.pick(FILTERS)).map(({ id, parameters }) => ({ id, parameters: id === 2 ? [width] : parameters }));
  const fill = random.chance(0.5) ? random.bytes(width) : undefined;
  const elements = bytes.slice();
  const chunks = chunksOf(bytes, shape, chunkShape, width).map(({ chunk, places }) => {
    if (index === 'implicit' || random.chance(0.8)) return applied(chunk, filters, width);
    for (const place of places) elements.set(fill ?? new Uint8Array(width), place * width);
    return undefined;
  });
  return { dataset: { ...common, bytes, layout: { kind: 'chunked', chunkShape, index, chunks }, filters, ...(fill && { fill }) }, elements: swapped(elements) };
}

/** In row-major order of the grid; each with the flat places of its elements that lie in the array. */
function chunksOf(bytes: Uint8Array, shape: readonly number[], chunkShape: readonly number[], width: number): { chunk: Uint8Array; places: number[] }[] {
  const grid = shape.map((size, axis) => Math.ceil(size / chunkShape[axis]!));
  return positions(grid).map((at) => {
    const chunk = new Uint8Array(chunkShape.reduce((product, size) => product * size, width));
    const places: number[] = [];
    positions(chunkShape).forEach((within, index) => {
      const position = within.map((offset, axis) => at[axis]! * chunkShape[axis]! + offset);
      if (position.some((offset, axis) => offset >= shape[axis]!)) return;
      const flat = position.reduce((sum, offset, axis) => sum * shape[axis]! + offset, 0);
      places.push(flat);
      chunk.set(bytes.subarray(flat * width, (flat + 1) * width), index * width);
    });
    return { chunk, places };
  });
}

function positions(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>((all, size) => all.flatMap((before) => Array.from({ length: size }, (_, i) => [...before, i])), [[]]);
}

function applied(chunk: Uint8Array, filters: Filters, width: number): Uint8Array {
  return filters.reduce((bytes, { id }) => {
    if (id === 1) return new Uint8Array(deflateSync(bytes));
    if (id === 2) return Uint8Array.from(bytes, (_, i) => bytes[(i % (bytes.length / width)) * width + Math.floor(i / (bytes.length / width))]!);
    const sum = new Uint8Array(4);
    new DataView(sum.buffer).setUint32(0, fletcher32(bytes), true);
    return Uint8Array.from([...bytes, ...sum]);
  }, chunk);
}

function swap(bytes: Uint8Array, width: number): Uint8Array {
  return Uint8Array.from(bytes, (_, i) => bytes[i - (i % width) + width - 1 - (i % width)]!);
}
