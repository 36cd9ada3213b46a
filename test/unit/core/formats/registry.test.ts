import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FORMATS } from '../../../../src/core/formats/index';

const root = path.resolve(__dirname, '../../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Manifest {
  readonly contributes: {
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
    readonly configuration: unknown;
  };
}

/** Every glob that the settings propose for files to look at. */
function defaultGlobs(configuration: unknown): string[] {
  const settings = (Array.isArray(configuration) ? configuration : [configuration]) as { properties: Record<string, { default?: unknown }> }[];
  return settings.flatMap(({ properties }) => [properties['weightgram.files.include']?.default ?? []].flat().map(String));
}

describe('a format is registered in all its places', () => {
  const rows = JSON.parse(read('test/fixtures/formats.json')) as { format: string }[];
  const docs = read('docs/formats.md');
  const manifest = JSON.parse(read('package.json')) as Manifest;

  for (const { id, title, extensions } of FORMATS) {
    it(`${id} has a row of real models in test/fixtures/formats.json`, () => {
      assert.ok(rows.some((row) => row.format === id));
    });

    it(`${id} has a section in docs/formats.md`, () => {
      assert.ok(docs.includes(`\n## ${title}\n`), `a heading "## ${title}"`);
      assert.ok(docs.includes(`\`${id}\``), `the id \`${id}\``);
    });

    it(`${id}: the workspace is searched for ${extensions.join(', ')}`, () => {
      const globs = defaultGlobs(manifest.contributes.configuration);
      for (const extension of extensions) assert.ok(globs.some((glob) => glob.includes(extension.slice(1))), `${extension} in ${globs.join(' ')}`);
    });
  }

  it('ids and titles are unique, extensions are lower case with a dot', () => {
    assert.equal(new Set(FORMATS.map(({ id }) => id)).size, FORMATS.length);
    assert.equal(new Set(FORMATS.map(({ title }) => title)).size, FORMATS.length);
    for (const { extensions } of FORMATS) for (const extension of extensions) assert.match(extension, /^\.[a-z\d.]+$/);
  });

  it('menus follow what the cheap look found, not the names of files', () => {
    const entries = Object.entries(manifest.contributes.menus).flatMap(([menu, items]) => items.filter(({ command }) => command === 'weightgram.inspect').map(({ when }) => ({ menu, when })));
    const onFiles = entries.filter(({ menu }) => /^(?:explorer|editor)\//.test(menu));
    assert.ok(onFiles.some(({ menu }) => menu === 'explorer/context') && onFiles.some(({ menu }) => menu === 'editor/title/context'));
    for (const { menu, when } of onFiles) assert.match(when ?? '', /resourcePath in weightgram\.modelPaths/, menu);
  });
});
