import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RULES } from '../../../../src/core/rules/index';
import type { Threshold } from '../../../../src/core/rules/rule';
import { readSilenceFile } from '../../../../src/core/silences/readSilenceFile';

const folder = path.join(__dirname, '../../../../docs/rules');
const SECTIONS = ['What it finds', 'Formula', 'Source', 'Why it matters', 'When it is normal', 'What to do', 'Example', 'How to silence it'];

const ids = RULES.map(({ id }) => id).sort();
const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');

describe('pages of the rules', () => {
  it('are one for each rule, and none for a rule that is gone', () => {
    const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md').map((name) => name.replace(/\.md$/, ''));
    assert.deepEqual(pages.sort(), ids);
  });

  it('are all listed in the README, with title and severity', () => {
    const listed = [...readme.matchAll(/^\| \[([a-z0-9-]+)\]\(([a-z0-9-]+)\.md\) \| ([^|]+) \| ([^|]+) \|/gm)];
    assert.deepEqual(listed.map(([, id]) => id!).sort(), ids);
    for (const [, id, file, title, severity] of listed) {
      const rule = RULES.find((candidate) => candidate.id === id)!;
      assert.equal(file, id);
      assert.equal(title, rule.title);
      assert.equal(severity, rule.severity);
    }
  });

  for (const rule of RULES) {
    describe(rule.id, () => {
      const file = path.join(folder, `${rule.id}.md`);
      // A missing page has a test of its own above.
      const page = existsSync(file) ? readFileSync(file, 'utf8') : '';

      it('says everything a page has to say, with a picture', () => {
        assert.ok(page.startsWith(`# ${rule.title}\n`), 'title');
        for (const section of SECTIONS) assert.match(page, new RegExp(`^## ${section}\\n\\n\\S`, 'm'), section);
        assert.ok(page.includes(`\n![Healthy and suspicious](images/${rule.id}.svg)\n`), 'picture');
      });

      it('names each threshold and its default on one line', () => {
        const lines = page.replaceAll('−', '-').replace(/(?<=\d)[\u2009 ](?=\d{3})/g, '').split('\n');
        for (const [name, { default: value }] of Object.entries<Threshold>(rule.thresholds ?? {})) {
          const numbers = lines.filter((line) => line.includes(`\`${name}\``)).flatMap((line) => line.match(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g) ?? []);
          assert.ok(numbers.some((number) => Number(number) === value), `\`${name}\` with its default ${value}`);
        }
      });

      it('shows a silence that the reader of .weightgram.json understands', () => {
        const [, json] = /```json\n([^]*?)```/.exec(page.slice(page.indexOf('## How to silence it'))) ?? [];
        assert.ok(json !== undefined, 'an example');
        const { complaints, silences } = readSilenceFile(json, '/models/.weightgram.json');
        assert.deepEqual(complaints.map(({ message }) => message), []);
        assert.deepEqual(silences.map(({ rule: silenced }) => silenced), [rule.id]);
      });
    });
  }

  it('are what rules that yield to others mean', () => {
    for (const { id, yieldsTo = [] } of RULES) for (const other of yieldsTo) assert.ok(ids.includes(other) && other !== id, `${id} yields to ${other}`);
  });
});
