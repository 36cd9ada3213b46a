import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { identify, openModel } from '../../../src/core/formats/index';
import type { Model, Tensor } from '../../../src/core/model';
import { hasValues } from '../../../src/core/values/npy';
import { saveValues } from '../../../src/worker/saveJob';
import { computeGrid } from '../../../src/worker/valuesJob';
import { NodeByteSource } from '../../../src/worker/nodeByteSource';
import { Random } from '../../support/random';

const FIXTURES = path.resolve(__dirname, '../../fixtures/models');
const NEVER = new AbortController().signal;
/** Enough of every way of storing; the rest of a file is stored likewise. */
const MOST_TENSORS = 40;

async function modelIn(file: string): Promise<Model | undefined> {
  const source = await NodeByteSource.open(file);
  try {
    const head = await source.read(0, Math.min(65_536, source.size));
    return identify(head, path.basename(file)).kind === 'model' ? await openModel(source) : undefined;
  } catch {
    // Fixtures that are refused on purpose.
    return undefined;
  } finally {
    await source.close();
  }
}

/** What a .npy file holds after its header of one or more times 64 bytes. */
function valuesOf(npy: Buffer): Float64Array {
  const from = 10 + npy.readUInt16LE(8);
  const bytes = new Uint8Array(npy.subarray(from));
  return npy.toString('latin1', 0, from).includes("'<f4'") ? Float64Array.from(new Float32Array(bytes.buffer)) : new Float64Array(bytes.buffer);
}

describe('values of real files', () => {
  let folder: string;
  before(() => void (folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-formats-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Windows of two random axes, the others at random: leaps and blocks, streams and chunks. */
  async function check(model: Model, tensor: Tensor, random: Random): Promise<void> {
    const job = { files: model.files, tensor };
    const file = path.join(folder, 'values.npy');
    await saveValues({ ...job, path: file, format: 'npy' }, NEVER);
    const all = valuesOf(readFileSync(file));
    assert.equal(all.length, tensor.elements, tensor.name);
    const { shape } = tensor;
    for (let round = 0; round < 3; round++) {
      const [a, b] = shape.map((_, axis) => axis).sort(() => random.next() - 0.5);
      const at = shape.map((size) => random.integer(size));
      const windowOf = (axis: number): { axis: number; from: number; to: number } => {
        const from = random.integer(shape[axis]!);
        return { axis, from, to: from + 1 + random.integer(shape[axis]! - from) };
      };
      const rows = b === undefined ? undefined : windowOf(b);
      const columns = a === undefined ? undefined : windowOf(a);
      const grid = await computeGrid({ ...job, request: { ...(rows && { rows }), ...(columns && { columns }), at, mostRows: 1000, mostColumns: 1000, reduction: 'maxMagnitude' } }, NEVER);
      if (grid.places) continue;
      const expected: number[] = [];
      for (let row = rows?.from ?? 0; row < (rows?.to ?? 1); row++) {
        for (let column = columns?.from ?? 0; column < (columns?.to ?? 1); column++) {
          const place = [...at];
          if (rows) place[rows.axis] = row;
          if (columns) place[columns.axis] = column;
          expected.push(all[place.reduce((flat, index, axis) => flat * shape[axis]! + index, 0)]!);
        }
      }
      // float32 where that holds the value: NaN keeps no payload.
      assert.deepEqual(Array.from(grid.values), expected, `${model.name}: ${tensor.name}`);
    }
  }

  for (const format of readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)) {
    it(`of ${format} are the same by rectangle as in one go`, async function () {
      this.timeout(30_000);
      const random = new Random(5);
      let checked = 0;
      for (const entry of readdirSync(path.join(FIXTURES, format), { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || /\.(?:py|md)$/.test(entry.name) || entry.name === 'expected.json') continue;
        const model = await modelIn(path.join(entry.parentPath, entry.name));
        for (const tensor of model?.tensors.filter(hasValues).slice(0, MOST_TENSORS) ?? []) {
          await check(model!, tensor, random);
          checked++;
        }
      }
      assert.ok(checked > 0, `${format} has tensors`);
    });
  }
});
