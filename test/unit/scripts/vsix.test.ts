import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../../support/paths';

/** What has to be in the package. */
const REQUIRED = [
  'CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'media/weightgram.svg', 'media/weightgram.schema.json',
  'dist/cli.js', 'dist/extension.js', 'dist/kernel.wasm', 'dist/linear.wasm', 'dist/plotly.min.js', 'dist/webview.css', 'dist/webview.js', 'dist/worker.js',
];

/** What may be in it besides: nothing that was not meant to be shipped slips in. */
const ALLOWED = [/^media\/(walkthrough\/)?[\w.-]+\.(svg|png|css|md)$/, /^docs\/rules\/[\w-]+\.md$/];

describe('the package', function () {
  this.timeout(60_000);
  let files: string[];

  before(() => {
    files = execFileSync(path.join(ROOT, 'node_modules/.bin/vsce'), ['ls', '--no-dependencies'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
  });

  it('holds everything that the extension loads (after npm run build)', () => {
    assert.deepEqual(REQUIRED.filter((file) => !files.includes(file)), []);
  });

  it('holds a page for every rule', () => {
    assert.ok(files.filter((file) => file.startsWith('docs/rules/')).length > 5);
  });

  it('holds nothing else', () => {
    assert.deepEqual(files.filter((file) => !REQUIRED.includes(file) && !ALLOWED.some((pattern) => pattern.test(file))), []);
  });
});
