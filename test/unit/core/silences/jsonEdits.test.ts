import assert from 'node:assert/strict';
import { parse } from 'jsonc-parser';
import { newFile, withEntry, withKey } from '../../../../src/core/silences/jsonEdits';
import { Random } from '../../../support/random';

/** JSON with comments, trailing commas and any layout, as people write it, with the value that it stands for. */
class Writer {
  constructor(private readonly random: Random) {}

  file(): { readonly text: string; readonly value: Record<string, unknown> } {
    const value: Record<string, unknown> = {};
    const keys = ['a', 'silences', 'c "d"'].filter(() => this.chance(0.7));
    for (const key of keys) value[key] = key === 'silences' ? this.list() : this.chance(0.5) ? { x: this.list() } : this.random.next();
    return { text: `${this.space()}${this.text(value, '')}${this.space()}`, value };
  }

  private list(): unknown[] {
    return Array.from({ length: Math.floor(this.random.next() * 4) }, (_, index) => ({ rule: `r${index}`, reason: '// no comment, ] and }' }));
  }

  private text(value: unknown, indent: string): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const isList = Array.isArray(value);
    const inner = this.chance(0.5) ? undefined : `${indent}${this.chance(0.2) ? '\t' : '  '}`;
    const members = isList ? value.map((one) => this.text(one, inner ?? indent)) : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}${this.space()}:${this.space()}${this.text(one, inner ?? indent)}`);
    const joined = members.map((member, index) => {
      const isLast = index === members.length - 1;
      const comma = !isLast || this.chance(0.2) ? ',' : '';
      return inner === undefined ? `${this.space()}${member}${comma}` : `\n${inner}${member}${comma}${this.chance(0.2) ? ' // why' : ''}`;
    }).join('');
    const end = inner === undefined ? this.space() : `\n${indent}`;
    return isList ? `[${joined}${end}]` : `{${joined}${end}}`;
  }

  private space(): string {
    return this.chance(0.7) ? '' : this.chance(0.5) ? ' ' : this.chance(0.5) ? '\n ' : ' /* , ] } */ ';
  }

  private chance(share: number): boolean {
    return this.random.next() < share;
  }
}

function read(text: string): unknown {
  const errors: never[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  assert.deepEqual(errors, [], text);
  return value;
}

/** What is left when all that stands in `added` and not in `before` is taken away, in order. */
function holdsInOrder(added: string, before: string): boolean {
  let at = 0;
  for (const character of before) {
    at = added.indexOf(character, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

describe('edits of a file that people write', () => {
  it('add an entry and change nothing else, whatever the layout', () => {
    const writer = new Writer(new Random(7));
    const entry = { rule: 'new', subject: 'a/"b"' };
    for (let i = 0; i < 2000; i++) {
      const { text, value } = writer.file();
      assert.deepEqual(read(text), value);
      const added = withEntry(text, 'silences', entry) ?? withKey(text, 'silences', [entry]);
      assert.deepEqual(read(added), { ...value, silences: [...((value['silences'] as unknown[] | undefined) ?? []), entry] }, `${text}\n→\n${added}`);
      assert.ok(holdsInOrder(added.replaceAll(/\s/g, ''), text.replaceAll(/\s/g, '')), `${text}\n→\n${added}`);
    }
  });

  it('replace the value of a key and nothing else', () => {
    const writer = new Writer(new Random(11));
    for (let i = 0; i < 500; i++) {
      const { text, value } = writer.file();
      const changed = withKey(text, 'baseline', 'b.json');
      assert.deepEqual(read(changed), { ...value, baseline: 'b.json' });
      const again = withKey(changed, 'baseline', [{ rule: 'r' }]);
      assert.deepEqual(read(again), { ...value, baseline: [{ rule: 'r' }] });
      assert.equal(withKey(again, 'baseline', 'b.json').replaceAll(/\s/g, ''), changed.replaceAll(/\s/g, ''));
    }
  });

  it('make a file that has none', () => {
    assert.equal(newFile('silences', [{ rule: 'r' }]), '{\n  "silences": [\n    { "rule": "r" }\n  ]\n}\n');
    assert.equal(newFile('baseline', 'b.json'), '{\n  "baseline": "b.json"\n}\n');
  });
});
