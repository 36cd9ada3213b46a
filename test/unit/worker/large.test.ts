import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ByteSource } from '../../../src/core/byteSource';
import { openModel } from '../../../src/core/formats/index';
import { NodeByteSource } from '../../../src/worker/nodeByteSource';
import { builtEngineFolder, realEngine } from '../../support/kernelBuild';
import { checkInvariants } from '../../support/modelChecks';
import { skip } from '../../support/skip';
import { writeSparseModel } from '../../support/sparseModel';
import type { SparseModel } from '../../support/sparseModel';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** Reading in windows takes somewhat more than the headers themselves. */
const MOST_READ_A_FILE = 80 * 1024;

describe('a sharded model of 300 GB', function () {
  this.timeout(120_000);
  let folder: string;
  let made: SparseModel;

  before(function () {
    builtEngineFolder();
    folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-sparse-'));
    made = writeSparseModel(folder, 300e9);
    const { blocks } = statSync(path.join(folder, `model-00001-of-${String(made.shards).padStart(5, '0')}.safetensors`));
    // A disk without holes would be filled.
    if (blocks * 512 > MIB) skip(this, 'the disk of the temporary folder keeps no holes: 300 GB would be written');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is listed from its headers alone', async () => {
    const counted = { bytes: 0, open: 0 };
    const source = countingSource(await NodeByteSource.open(made.file), counted);
    const model = await openModel(source);
    await source.close();
    checkInvariants(model);
    assert.equal(counted.open, 0, 'every shard was closed');
    assert.deepEqual([model.tensors.length, model.files.length], [made.tensors, made.shards + 1]);
    assert.ok(model.bytes >= 300e9 && model.problems.length === 0);
    assert.ok(counted.bytes <= made.headerBytes + MOST_READ_A_FILE * (made.shards + 1), `${counted.bytes} bytes read of ${made.headerBytes} of headers`);
  });

  it('is analysed within its budget, in little memory', async () => {
    const engine = realEngine();
    const before = process.memoryUsage.rss();
    try {
      const model = await engine.open(made.file);
      let readBytes = 0;
      const { statistics, failures } = await engine.analyze(model, { budgetBytes: GIB / 2, onProgress: (done) => (readBytes = done) });
      assert.deepEqual([...failures], []);
      assert.equal(statistics.size, made.tensors);
      assert.ok(readBytes <= GIB / 2 && readBytes > GIB / 4, `${readBytes} bytes`);
      for (const [index, { sampled }] of statistics) assert.equal(sampled?.of, model.tensors[index]!.bytes > 10 * MIB ? model.tensors[index]!.elements : undefined);
      const grown = process.memoryUsage.rss() - before;
      assert.ok(grown < 300 * MIB, `${Math.round(grown / MIB)} MiB`);
    } finally {
      engine.dispose();
    }
  });

  it('gives one layer in full without the rest', async () => {
    const engine = realEngine();
    try {
      const model = await engine.open(made.file);
      const small = model.tensors.findIndex(({ name }) => name.endsWith('input_layernorm.weight'));
      const { statistics, complete } = await engine.analyze(model, { only: [small], budgetBytes: 0 });
      assert.deepEqual([[...statistics.keys()], complete], [[small], false]);
      assert.equal(statistics.get(small)!.zeros, 12288);
    } finally {
      engine.dispose();
    }
  });
});

/** Counts what is read of a file and of those beside it. */
function countingSource(source: ByteSource, counted: { bytes: number; open: number }): ByteSource {
  counted.open++;
  return {
    name: source.name,
    size: source.size,
    modifiedMs: source.modifiedMs,
    read: (offset, length, signal) => {
      counted.bytes += length;
      return source.read(offset, length, signal);
    },
    sibling: async (relative) => countingSource(await source.sibling(relative), counted),
    close: () => {
      counted.open--;
      return source.close();
    },
  };
}
