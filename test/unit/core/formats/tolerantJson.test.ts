import assert from 'node:assert/strict';
import { FormatError } from '../../../../src/core/errors';
import { MAX_JSON_DEPTH, parseJson } from '../../../../src/core/formats/tolerantJson';
import { Random } from '../../../support/random';

function refuses(text: string, pattern: RegExp): void {
  assert.throws(
    () => parseJson(text, '/m/model.json'),
    (error) => error instanceof FormatError && error.message.startsWith('/m/model.json is not valid JSON') && pattern.test(error.message),
    text.slice(0, 60),
  );
}

describe('parseJson', () => {
  it('accepts what converters write for non-finite numbers', () => {
    assert.deepEqual(parseJson('{"min": -Infinity, "scale": NaN, "max": Infinity, "a": [1, NaN]}', 'f'), { min: -Infinity, scale: NaN, max: Infinity, a: [1, NaN] });
  });

  it('skips a byte-order mark', () => {
    assert.deepEqual(parseJson('\ufeff{"a": 1}', 'f'), { a: 1 });
    assert.deepEqual(parseJson('\ufeff{"a": NaN}', 'f'), { a: NaN });
  });

  it('reads what the native parser reads, alike', () => {
    const random = new Random(7);
    const value = (depth: number): unknown => {
      const kind = random.integer(depth > 4 ? 5 : 7);
      if (kind === 0) return null;
      if (kind === 1) return random.chance(0.5);
      if (kind === 2) return (random.next() - 0.5) * 10 ** (random.integer(40) - 20);
      if (kind === 3) return random.integer(1000) - 500;
      if (kind === 4) return String.fromCodePoint(...Array.from({ length: random.integer(8) }, () => random.pick([34, 92, 10, 9, 0x1f600, 0x41, 0x2028, 8, 12])));
      if (kind === 5) return Array.from({ length: random.integer(4) }, () => value(depth + 1));
      return Object.fromEntries(Array.from({ length: random.integer(4) }, (_, i) => [`k${i}"\\`, value(depth + 1)]));
    };
    for (let i = 0; i < 500; i++) {
      const expected = [value(0)];
      const text = JSON.stringify(expected, null, random.pick([0, 2]));
      // The NaN keeps the native parser out.
      assert.deepEqual((parseJson(`[NaN, ${text}]`, 'f') as unknown[])[1], JSON.parse(text));
    }
  });

  it('names line and column of what is wrong', () => {
    refuses('{\n  "a": 1,\n  "b": x\n}', /"x" where a value is due \(line 3, column 8\)/);
    refuses('{"a": 1', /the file ends where "," or "}" is due \(line 1, column 8\)/);
    refuses('[1, 2', /the file ends/);
    refuses('["abc', /the file ends inside a string/);
    refuses('["a\nb"]', /control character inside a string/);
    refuses('["\\x"]', /unknown escape/);
    refuses('["\\u12g4"]', /broken \\u escape/);
    refuses('[1] 2', /after the end/);
    refuses('{a: 1}', /key in quotes/);
    refuses('[1,]', /where a value is due/);
    refuses('[01]', /where "," or "]" is due/);
    refuses('[nul]', /where a value is due/);
    refuses('// c\n{}', /where a value is due/);
  });

  it('bounds the nesting', () => {
    refuses('['.repeat(MAX_JSON_DEPTH + 1), new RegExp(`deeper than ${MAX_JSON_DEPTH}`));
    refuses(`[NaN,${'{"a":'.repeat(200_000)}`, /deeper/);
  });

  it('takes the last of duplicate keys, and __proto__ as a key', () => {
    assert.deepEqual(parseJson('{"a": 1, "a": NaN}', 'f'), { a: NaN });
    const parsed = parseJson('{"__proto__": {"polluted": NaN}}', 'f') as object;
    assert.equal(Object.getPrototypeOf(parsed), Object.prototype);
    assert.ok(Object.hasOwn(parsed, '__proto__'));
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });
});
