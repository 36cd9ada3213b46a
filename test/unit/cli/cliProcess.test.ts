import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Report } from '../../../src/core/report';
import { CLI, run, runCli } from '../../support/cliProcess';

const root = path.join(__dirname, '../../..');
const ESRGAN = path.join(root, 'node_modules/@upscalerjs/esrgan-slim/models/x2/model.json');
const GIB = 1024 ** 3;

describe('the command line as a process', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-cli-'));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A weights manifest of float32 tensors in one shard. */
  function manifest(name: string, tensors: Record<string, number[]>, shardBytes?: number): string {
    const own = path.join(folder, name);
    mkdirSync(own);
    const weights = Object.entries(tensors).map(([tensor, values]) => ({ name: tensor, shape: [values.length], dtype: 'float32' }));
    writeFileSync(path.join(own, 'weights.bin'), Buffer.from(Float32Array.from(Object.values(tensors).flat()).buffer));
    if (shardBytes !== undefined) truncateSync(path.join(own, 'weights.bin'), shardBytes);
    writeFileSync(path.join(own, 'x-weights_manifest.json'), JSON.stringify([{ paths: ['weights.bin'], weights }]));
    return path.join(own, 'x-weights_manifest.json');
  }

  it('prints version and help', async () => {
    const { version } = JSON.parse(await import('node:fs').then((fs) => fs.readFileSync(path.join(root, 'package.json'), 'utf8'))) as { version: string };
    assert.deepEqual(await runCli(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await runCli(['--help']);
    assert.equal(help.code, 0);
    for (const option of ['analyze FILE', '--json', '--tensor NAME', '--bins N', '--no-cache', '--version']) assert.ok(help.stdout.includes(option), option);
  });

  it('ends with 2 and one line on wrong usage', async () => {
    for (const args of [[], ['frobnicate'], ['analyze'], ['analyze', 'a', '--bins', '0'], ['analyze', 'a', '--nonsense']]) {
      const { code, stdout, stderr } = await runCli(args);
      assert.equal(code, 2, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, /^weightgram: [^\n]+\n$/);
    }
  });

  it('ends with 1 and one line that names file, fault and remedy where the file cannot be read', async () => {
    const file = (name: string, contents: string): string => {
      writeFileSync(path.join(folder, name), contents);
      return path.join(folder, name);
    };
    mkdirSync(path.join(folder, 'empty-folder'));
    const cases: [string, RegExp][] = [
      [path.join(folder, 'nothing.json'), /nothing\.json: there is no such file\. Check the path\./],
      [path.join(path.dirname(ESRGAN), 'mdel.json'), /Did you mean .*model\.json\?/],
      [path.dirname(ESRGAN), /is a folder\. Give the model in it, .*model\.json\./],
      [path.join(folder, 'empty-folder'), /is a folder without a model\.json/],
      [path.join(path.dirname(ESRGAN), 'group1-shard1of1.bin'), /holds the weights of .*model\.json.* Give that file instead\./],
      [path.join(root, 'package.json'), /package\.json is an npm package manifest/],
      [file('empty.json', ''), /empty\.json/],
      [file('broken.json', '{"modelTopology": {'), /broken\.json/],
      [file('lfs.json', 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n'), /Git LFS/],
      [file('line\nbreak.json', 'no model'), /line\\nbreak\.json/],
      [os.devNull, /is not a regular file/],
    ];
    for (const [name, message] of cases) {
      const { code, stdout, stderr } = await runCli(['analyze', name, '--no-cache']);
      assert.equal(code, 1, name);
      assert.equal(stdout, '');
      assert.match(stderr, /^weightgram: [^\n]+\n$/, name);
      assert.match(stderr, message);
    }
  });

  it('suggests names where a tensor is not there', async () => {
    const misspelt = await runCli(['analyze', ESRGAN, '--tensor', 'UPN1/kernal', '--no-cache']);
    assert.equal(misspelt.code, 1);
    assert.match(misspelt.stderr, /^weightgram: .*model\.json has no tensor "UPN1\/kernal"\. Did you mean UPN1\/kernel[^\n]*\?\n$/);
    const layer = await runCli(['analyze', ESRGAN, '--tensor', 'UPN1', '--no-cache']);
    assert.match(layer.stderr, /It is a layer, and its tensors are UPN1\/kernel, UPN1\/bias\./);
  });

  it('shows what can still be read of a truncated file, and ends with 0', async () => {
    const file = manifest('truncated', { 'a/kernel': [1, 2, 3, 4], 'b/kernel': [5, 6, 7, 8] }, 20);
    const json = await runCli(['analyze', file, '--json', '--no-cache']);
    const report = JSON.parse(json.stdout) as Report;
    assert.equal(json.code, 0);
    assert.deepEqual(report.unreadable.map(({ tensor }) => tensor), ['b/kernel']);
    assert.equal(report.tensors[0]?.statistics?.max, 4);
    const text = await runCli(['analyze', file, '--no-cache']);
    assert.match(text.stdout, /unreadable +b /);
    assert.match(text.stdout, /● 1 error\n {2}b\/kernel unreadable-tensor\n/);
  });

  it('keeps control characters of names out of the terminal', async () => {
    const file = manifest('evil', { 'a\u001b[2J\u0007<b>*/kernel': [1, 2, NaN] });
    const { stdout } = await runCli(['analyze', file, '--no-cache']);
    assert.ok(stdout.includes('a\\u001b[2J\\u0007<b>*'));
    assert.ok(!stdout.includes('\u001b'));
  });

  it('writes a large report completely into a pipe that is read slowly', async () => {
    const command = `"${process.execPath}" "${CLI}" analyze "${ESRGAN}" --json --no-cache --bins 10000 | (sleep 1; cat)`;
    const { code, stdout, stderr } = await run('bash', ['-o', 'pipefail', '-c', command]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.ok(stdout.length > 1_000_000, `${stdout.length} characters`);
    assert.equal((JSON.parse(stdout) as Report).tensors.length, 24);
  });

  it('is quiet when the reader goes away', async () => {
    const command = `"${process.execPath}" "${CLI}" analyze "${ESRGAN}" --json --no-cache --bins 10000 | head -c 20; echo " \${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await run('bash', ['-c', command]);
    assert.match(stdout, / 0\n$/);
    assert.equal(stderr, '');
  });

  it('uses the cache, and leaves none with --no-cache', async () => {
    const env = { XDG_CACHE_HOME: path.join(folder, 'cache') };
    const first = await runCli(['analyze', ESRGAN, '--json', '--no-cache'], { env });
    assert.throws(() => readdirSync(path.join(folder, 'cache', 'weightgram')), /ENOENT/);
    const second = await runCli(['analyze', ESRGAN, '--json'], { env });
    assert.ok(readdirSync(path.join(folder, 'cache', 'weightgram')).length > 0);
    const third = await runCli(['analyze', ESRGAN, '--json'], { env });
    assert.equal(second.stdout, first.stdout);
    assert.equal(third.stdout, first.stdout);
  });

  it('stops at once on Ctrl+C, with 130 and without a word', async () => {
    const own = path.join(folder, 'large');
    mkdirSync(own);
    // Sparse: no block of it is on the disk, but all of it has to be read.
    writeFileSync(path.join(own, 'weights.bin'), '');
    truncateSync(path.join(own, 'weights.bin'), 32 * GIB);
    const weights = Array.from({ length: 32 }, (_, i) => ({ name: `layer${i}/kernel`, shape: [GIB / 4], dtype: 'float32' }));
    const file = path.join(own, 'large-weights_manifest.json');
    writeFileSync(file, JSON.stringify([{ paths: ['weights.bin'], weights }]));
    let interruptedMs = 0;
    const { code, stdout, stderr } = await runCli(['analyze', file, '--no-cache'], {
      onStart: (child) => setTimeout(() => {
        interruptedMs = performance.now();
        child.kill('SIGINT');
      }, 2000),
    });
    assert.deepEqual([code, stdout, stderr], [130, '', '']);
    assert.ok(performance.now() - interruptedMs < 1500, `${performance.now() - interruptedMs} ms after Ctrl+C`);
  });

  it('prints a table without colour into a pipe', async () => {
    const { code, stdout, stderr } = await runCli(['analyze', ESRGAN, '--no-cache']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.ok(!stdout.includes('\u001b'));
    assert.match(stdout, /^model\.json · TensorFlow\.js layers model · 222 k weights · 880 KiB · 12 layers\n/);
    assert.match(stdout, /[▁▂▃▄▅▆▇█]{10,} +UPN1 +5×5×64→64 +102 k +0 % +4\.9 % +0\.0353 +0\.566\n/);
  });

  // util-linux' script gives a process a terminal; other systems' take other arguments.
  const onLinux = process.platform === 'linux' ? it : it.skip;

  onLinux('uses colour and the width of a terminal, and respects NO_COLOR', async () => {
    const file = manifest('colourful', { 'a_layer_with_a_very_long_name_that_does_not_fit_into_a_narrow_terminal/kernel': new Array<number>(64).fill(0) });
    const onTerminal = (env: Record<string, string>) =>
      run('script', ['-qec', `stty cols 70; "${process.execPath}" "${CLI}" analyze "${file}" --no-cache`, '/dev/null'], { env: { TERM: 'xterm-256color', ...env } });
    const coloured = await onTerminal({});
    assert.ok(coloured.stdout.includes('\u001b[31m●'));
    const plain = await onTerminal({ NO_COLOR: '1' });
    const lines = plain.stdout.replaceAll('\u001b[2K', '').split(/[\r\n]+/);
    assert.ok(!lines.join('').includes('\u001b['));
    assert.ok(lines.some((line) => /^● .*a_la.*….*inal/.test(line)), plain.stdout);
    const table = lines.filter((line) => /histogram|^● .*…/.test(line));
    assert.equal(table.length, 2);
    assert.ok(table.every((line) => [...line].length <= 70), plain.stdout);
  });
});
