import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RULES } from '../../../../src/core/rules/index';

const folder = path.join(__dirname, '../../../../docs/rules');
const SECTIONS = ['What it finds', 'Formula', 'Source', 'Why it matters', 'When it is normal', 'What to do', 'Example'];

const ids = RULES.map(({ id }) => id).sort();
const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');

describe('pages of the rules', () => {
  it('are one for each rule, and none for a rule that is gone', () => {
    const pages = readdirSync(folder).filter((name) => name !== 'README.md').map((name) => name.replace(/\.md$/, ''));
    assert.deepEqual(pages.sort(), ids);
  });

  it('are all listed in the README, with title and severity', () => {
    const listed = [...readme.matchAll(/^\| \[([a-z-]+)\]\(([a-z-]+)\.md\) \| ([^|]+) \| ([^|]+) \|/gm)];
    assert.deepEqual(listed.map(([, id]) => id!).sort(), ids);
    for (const [, id, file, title, severity] of listed) {
      const rule = RULES.find((candidate) => candidate.id === id)!;
      assert.equal(file, id);
      assert.equal(title, rule.title);
      assert.equal(severity, rule.severity);
    }
  });

  for (const rule of RULES) {
    it(`${rule.id}.md says everything a page has to say`, () => {
      const page = readFileSync(path.join(folder, `${rule.id}.md`), 'utf8');
      assert.ok(page.startsWith(`# ${rule.title}\n`), 'title');
      for (const section of SECTIONS) assert.match(page, new RegExp(`^## ${section}\\n\\n\\S`, 'm'), section);
    });
  }
});
