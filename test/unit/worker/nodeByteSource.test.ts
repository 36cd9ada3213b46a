import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HumanError } from '../../../src/core/errors';
import { NodeByteSource } from '../../../src/worker/nodeByteSource';

/** The user without rights, on Linux. */
const NOBODY = 65_534;

describe('files on disk as byte sources', () => {
  let folder: string;
  let model: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-source-'));
    mkdirSync(path.join(folder, 'model/sub'), { recursive: true });
    model = path.join(folder, 'model/model.json');
    writeFileSync(model, Uint8Array.from({ length: 100 }, (_, i) => i));
    writeFileSync(path.join(folder, 'model/shard.bin'), 'shard');
    writeFileSync(path.join(folder, 'model/sub/deep.bin'), 'deep');
    writeFileSync(path.join(folder, 'secret.bin'), 'secret');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Says what the error says: it names the file and tells what to do. */
  async function refused(work: () => Promise<unknown>, code: string, ...words: RegExp[]): Promise<void> {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof HumanError, String(error));
      assert.equal(error.code, code);
      for (const word of words) assert.match(error.message, word);
      return true;
    });
  }

  it('give ranges', async () => {
    const source = await NodeByteSource.open(model);
    assert.equal(source.size, 100);
    assert.equal(source.name, model);
    assert.deepEqual([...(await source.read(97, 3))], [97, 98, 99]);
    assert.equal((await source.read(100, 0)).length, 0);
    await refused(() => source.read(98, 3), 'io', /model\.json/);
    await source.close();
  });

  it('stop for a signal', async () => {
    const source = await NodeByteSource.open(model);
    await refused(() => source.read(0, 1, AbortSignal.abort()), 'cancelled');
    await source.close();
  });

  it('say that a file was cut while it was open', async () => {
    const source = await NodeByteSource.open(model);
    truncateSync(model, 10);
    await refused(() => source.read(0, 100), 'io', /model\.json/, /changed or cut/);
    await source.close();
  });

  it('say what is wrong with a path', async () => {
    await refused(() => NodeByteSource.open(path.join(folder, 'none.json')), 'io', /none\.json does not exist/, /check the path/);
    await refused(() => NodeByteSource.open(folder), 'io', /is a folder/);
    await refused(() => NodeByteSource.open('/dev/null'), 'io', /device/);
  });

  it('do not wait for the writer of a pipe', async () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await refused(() => NodeByteSource.open(pipe), 'io', /pipe/);
  });

  it('say that a file may not be read', async () => {
    const isRoot = process.geteuid?.() === 0;
    chmodSync(model, 0);
    // Root may read everything: for this one call be nobody.
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      await refused(() => NodeByteSource.open(model), 'io', /may not be read/);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('have siblings in their own folder only', async () => {
    symlinkSync(path.join(folder, 'secret.bin'), path.join(folder, 'model/link-out.bin'));
    symlinkSync(path.join(folder, 'model/shard.bin'), path.join(folder, 'model/link-in.bin'));
    symlinkSync(folder, path.join(folder, 'model/up'));
    const source = await NodeByteSource.open(model);
    for (const good of ['shard.bin', 'sub/deep.bin', './shard.bin', 'link-in.bin']) {
      const sibling = await source.sibling(good);
      assert.ok(sibling.size > 0);
      await sibling.close();
    }
    for (const bad of ['../secret.bin', 'sub/../../secret.bin', '..\\secret.bin', path.join(folder, 'secret.bin'), 'link-out.bin', 'up/secret.bin', 'https://example.org/a.bin', 'file:///etc/passwd', 'C:\\secret.bin', '', 'a\0b', '.']) {
      await refused(() => source.sibling(bad), 'format', /model\.json refers to/, /own folder/);
    }
    await refused(() => source.sibling('none.bin'), 'io', /none\.bin does not exist/);
    await source.close();
  });
});
