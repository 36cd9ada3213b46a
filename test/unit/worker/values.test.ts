import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HumanError } from '../../../src/core/errors';
import type { Model, Tensor } from '../../../src/core/model';
import type { Grid, GridRequest } from '../../../src/core/values/grid';
import { computeGrid } from '../../../src/worker/valuesJob';
import { saveValues, slabsOf } from '../../../src/worker/saveJob';
import { Random } from '../../support/random';
import { skip } from '../../support/skip';

const NEVER = new AbortController().signal;

interface Written {
  readonly tensor: Tensor;
  readonly files: Model['files'];
  /** By flat index in the order of the axes. */
  readonly values: Float32Array;
}

describe('values of a tensor', () => {
  let folder: string;

  before(() => void (folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-values-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const offsetOf = (shape: readonly number[], order: readonly number[], at: readonly number[]): number => order.reduce((flat, axis) => flat * shape[axis]! + at[axis]!, 0);

  /** Writes float32 values in the given order of axes. */
  function write(shape: readonly number[], order: readonly number[], valueOf: (flat: number) => number): Written {
    const elements = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length: elements }, (_, flat) => valueOf(flat));
    const stored = new Float32Array(elements);
    const plain = shape.map((_, axis) => axis);
    eachIndex(shape, (at) => (stored[offsetOf(shape, order, at)] = values[offsetOf(shape, plain, at)]!));
    const file = path.join(folder, 'values.bin');
    writeFileSync(file, stored);
    const { size, mtimeMs } = statSync(file);
    const isPlain = order.every((axis, i) => axis === i);
    const tensor: Tensor = {
      name: 'w', layer: 0, role: 'kernel', dtype: 'float32', shape, elements, bytes: 4 * elements, segments: [{ file: 0, offset: 0, length: 4 * elements }],
      ...(!isPlain && { encoding: { kind: 'permuted', order } }),
    };
    return { tensor, files: [{ path: file, sizeBytes: size, modifiedMs: mtimeMs }], values };
  }

  const grid = ({ tensor, files }: Written, request: Partial<GridRequest>): Promise<Grid> =>
    computeGrid({ files, tensor, request: { at: tensor.shape.map(() => 0), mostRows: 512, mostColumns: 512, reduction: 'maxMagnitude', ...request } }, NEVER);

  it('come from every pair of axes, whatever the order in the file', async () => {
    const random = new Random(1);
    for (let round = 0; round < 60; round++) {
      const shape = Array.from({ length: 2 + random.integer(4) }, () => 1 + random.integer(6));
      const order = shape.map((_, axis) => axis).sort(() => random.next() - 0.5);
      const written = write(shape, order, () => random.next() - 0.5);
      const [rowAxis, columnAxis, tileAxis] = shape.map((_, axis) => axis).sort(() => random.next() - 0.5) as [number, number, number | undefined];
      const at = shape.map((size) => random.integer(size));
      const windowOf = (axis: number): { axis: number; from: number; to: number } => {
        const from = random.integer(shape[axis]!);
        return { axis, from, to: from + 1 + random.integer(shape[axis]! - from) };
      };
      const rows = windowOf(rowAxis);
      const columns = windowOf(columnAxis);
      const tiles = tileAxis === undefined || random.chance(0.5) ? undefined : { axis: tileAxis, indices: Array.from({ length: shape[tileAxis]! }, (_, i) => i).sort(() => random.next() - 0.5) };
      const found = await grid(written, { rows, columns, at, ...(tiles && { tiles }) });
      const expected: number[] = [];
      for (const tile of tiles?.indices ?? [undefined]) {
        for (let row = rows.from; row < rows.to; row++) {
          for (let column = columns.from; column < columns.to; column++) {
            const place = [...at];
            place[rowAxis] = row;
            place[columnAxis] = column;
            if (tiles) place[tiles.axis] = tile!;
            expected.push(written.values[offsetOf(shape, shape.map((_, axis) => axis), place)]!);
          }
        }
      }
      assert.deepEqual(Array.from(found.values), expected, `shape ${shape.join('×')} order ${order.join(',')}`);
      assert.equal(found.elements, expected.length);
      assert.equal(found.min, Math.min(...expected));
      assert.equal(found.max, Math.max(...expected));
      assert.equal(found.places, undefined);
    }
  });

  it('are folded into cells: the largest magnitude with its place, or the mean', async () => {
    const random = new Random(2);
    const [rows, columns] = [37, 41];
    const written = write([rows, columns], [1, 0], () => random.next() - 0.5);
    const request = { rows: { axis: 0, from: 0, to: rows }, columns: { axis: 1, from: 0, to: columns }, mostRows: 5, mostColumns: 7 };
    const [largest, mean] = await Promise.all([grid(written, request), grid(written, { ...request, reduction: 'mean' })]);
    const cells = Array.from({ length: 35 }, (): number[] => []);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) cells[Math.floor((row * 5) / rows) * 7 + Math.floor((column * 7) / columns)]!.push(row * columns + column);
    }
    for (const [cell, places] of cells.entries()) {
      const best = places.reduce((a, b) => (Math.abs(written.values[b]!) > Math.abs(written.values[a]!) ? b : a));
      assert.equal(largest.values[cell], written.values[best]);
      assert.equal(largest.places![cell], best);
      const average = places.reduce((sum, place) => sum + written.values[place]!, 0) / places.length;
      assert.ok(Math.abs(mean.values[cell]! - average) < 1e-12);
    }
  });

  it('that are not finite are shown by the cell that holds them, and counted', async () => {
    const written = write([4, 4], [0, 1], (flat) => (flat === 5 ? NaN : flat === 10 ? -Infinity : flat));
    const found = await grid(written, { rows: { axis: 0, from: 0, to: 4 }, columns: { axis: 1, from: 0, to: 4 }, mostRows: 2, mostColumns: 2 });
    assert.deepEqual(Array.from(found.values), [NaN, 7, 13, -Infinity]);
    assert.deepEqual([found.nan, found.infinite, found.min, found.max], [1, 1, 0, 15]);
  });

  it('in a range are counted by cell', async () => {
    const written = write([10, 10], [0, 1], (flat) => flat);
    const found = await grid(written, { rows: { axis: 0, from: 0, to: 10 }, columns: { axis: 1, from: 0, to: 10 }, mostRows: 10, mostColumns: 1, range: { low: 17, high: 31 } });
    assert.deepEqual(Array.from(found.counts!), [0, 3, 10, 2, 0, 0, 0, 0, 0, 0]);
  });

  it('of a number and of a vector are a single row', async () => {
    assert.deepEqual(Array.from((await grid(write([], [], () => 7), {})).values), [7]);
    assert.deepEqual(Array.from((await grid(write([3], [0], (flat) => flat), { columns: { axis: 0, from: 0, to: 3 } })).values), [0, 1, 2]);
  });

  it('outside of the tensor are refused', async () => {
    const written = write([3, 4], [0, 1], () => 0);
    const rows = { axis: 0, from: 0, to: 3 };
    for (const wrong of [
      { rows, columns: { axis: 1, from: 0, to: 5 } }, { rows, columns: { axis: 0, from: 0, to: 3 } }, { rows: { axis: 2, from: 0, to: 1 } },
      { rows: { axis: 0, from: 2, to: 2 } }, { rows, at: [0, 4] }, { rows, at: [0] }, { rows, mostRows: 0 }, { rows, mostRows: 1e9 }, { rows, tiles: { axis: 1, indices: [4] } }, { rows, tiles: { axis: 1, indices: [] } },
      { rows: { axis: 0, from: 0.5, to: 2 } },
    ]) await assert.rejects(grid(written, wrong), HumanError, JSON.stringify(wrong));
  });

  it('are saved for numpy in the order of the axes', async function () {
    const python = ['/usr/bin/python3', 'python3'].find((one) => hasNumpy(one));
    if (python === undefined) skip(this, 'there is no python3 with numpy');
    const random = new Random(3);
    const written = write([3, 5, 7], [2, 0, 1], () => random.next() - 0.5);
    const file = path.join(folder, 'saved.npy');
    await saveValues({ ...written, path: file, format: 'npy' }, NEVER);
    const script = 'import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype.str, list(a.shape), a.flags.c_contiguous); sys.stdout.flush(); sys.stdout.buffer.write(a.tobytes())';
    const printed = execFileSync(python, ['-c', script, file]);
    const end = printed.indexOf('\n') + 1;
    assert.equal(printed.subarray(0, end).toString(), '<f4 [3, 5, 7] True\n');
    assert.deepEqual(new Float32Array(new Uint8Array(printed.subarray(end)).buffer), written.values);
  });

  it('are saved as CSV, and nothing stays behind', async () => {
    const written = write([2, 3], [1, 0], (flat) => flat / 4);
    const file = path.join(folder, 'saved.csv');
    assert.deepEqual(await saveValues({ ...written, path: file, format: 'csv' }, NEVER), { rows: 2, allRows: 2 });
    assert.equal(readFileSync(file, 'utf8'), 'axis 0,0,1,2\n0,0,0.25,0.5\n1,0.75,1,1.25\n');
    await assert.rejects(saveValues({ ...written, path: path.join(folder, 'nowhere', 'saved.csv'), format: 'csv' }, NEVER), /cannot be written/);
    assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.partial')), []);
  });

  it('go to the file in blocks that are whole in the order of the axes, none larger than what may be held', () => {
    const random = new Random(4);
    for (let round = 0; round < 50; round++) {
      const shape = Array.from({ length: random.integer(5) }, () => 1 + random.integer(7));
      const elements = shape.reduce((product, size) => product * size, 1);
      const most = 1 + random.integer(30);
      const sizes = [...slabsOf({ shape, elements } as unknown as Tensor, most)].map((slab) => slab.elements);
      assert.equal(sizes.reduce((sum, size) => sum + size, 0), elements, shape.join('×'));
      assert.ok(Math.max(...sizes) <= most, `${Math.max(...sizes)} of ${shape.join('×')} at most ${most}`);
    }
  });
});

function eachIndex(shape: readonly number[], use: (at: readonly number[]) => void): void {
  const at = shape.map(() => 0);
  const total = shape.reduce((product, size) => product * size, 1);
  for (let flat = 0; flat < total; flat++) {
    use(at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++at[axis]! < shape[axis]!) break;
      at[axis] = 0;
    }
  }
}

function hasNumpy(python: string): boolean {
  if (python.startsWith('/') && !existsSync(python)) return false;
  try {
    execFileSync(python, ['-c', 'import numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
