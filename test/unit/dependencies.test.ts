import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '../..');

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

describe('docs/dependencies.md', () => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;
  const page = readFileSync(path.join(root, 'docs/dependencies.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ([@a-z][\w@/.-]*) \| ([^|]+) \| ([^|]+) \|$/gm)].filter(([, name]) => name !== 'package');

  it('has a line with a reason for every dependency, and none for one that is gone', () => {
    assert.deepEqual(rows.map(([, name]) => name!).sort(), Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).sort());
    for (const [, name, , reason] of rows) assert.ok(reason!.trim().length > 12, name);
  });

  it('says the licence that each package declares', () => {
    for (const [, name, licence] of rows) {
      const declared = JSON.parse(readFileSync(path.join(root, 'node_modules', name!, 'package.json'), 'utf8')) as { license?: string };
      assert.equal(licence!.trim(), declared.license, name);
    }
  });
});
