import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { RULES } from '../../../src/core/rules/index';
import { ROOT } from '../../support/paths';

/** What has to be in the package. */
const REQUIRED = [
  'CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'media/weightgram.svg', 'media/weightgram.schema.json',
  'dist/cli.js', 'dist/extension.js', 'dist/kernel.wasm', 'dist/linear.wasm', 'dist/plotly.min.js', 'dist/webview.css', 'dist/webview.js', 'dist/worker.js',
];

/** What may be in it besides: nothing that was not meant to be shipped slips in. */
const ALLOWED = [/^media\/(walkthrough\/)?[\w.-]+\.(svg|png|css|md)$/, /^docs\/rules\/[\w-]+\.md$/, /^docs\/rules\/images\/[\w-]+\.svg$/];

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
    assert.deepEqual(RULES.map(({ id }) => `docs/rules/${id}.md`).filter((page) => !files.includes(page)), []);
  });

  it('holds what these pages show and link to', () => {
    const missing = RULES.flatMap(({ id }) => {
      const page = readFileSync(path.join(ROOT, 'docs/rules', `${id}.md`), 'utf8');
      const targets = [...page.matchAll(/\]\(([^)#]+)/g)].map(([, target]) => target!).filter((target) => !/^https?:/.test(target));
      return targets.map((target) => path.posix.join('docs/rules', target)).filter((target) => !files.includes(target)).map((target) => `${id}: ${target}`);
    });
    assert.deepEqual(missing, []);
  });

  it('holds nothing else', () => {
    assert.deepEqual(files.filter((file) => !REQUIRED.includes(file) && !ALLOWED.some((pattern) => pattern.test(file))), []);
  });
});
