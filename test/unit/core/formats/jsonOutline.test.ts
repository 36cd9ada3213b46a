import assert from 'node:assert/strict';
import { outlineJson } from '../../../../src/core/formats/jsonOutline';

describe('the outline of a JSON head', () => {
  it('takes no longer for a file of blanks, or of comments, than for any other', () => {
    const began = performance.now();
    for (const text of [' '.repeat(65_536), '/**/'.repeat(16_384), '// a\n'.repeat(13_000), '\n\t '.repeat(20_000)]) {
      assert.equal(outlineJson(text), undefined);
      assert.equal(outlineJson(`${text}{"a": 1}`)?.entries.has('a'), true);
    }
    assert.ok(performance.now() - began < 2000);
  });
});
