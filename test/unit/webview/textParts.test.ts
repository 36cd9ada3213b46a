import assert from 'node:assert/strict';
import { textParts } from '../../../src/webview/textParts';

const linked = (text: string, layers: readonly string[]): string => textParts(text, layers).map(({ text: words, layer }) => (layer === undefined ? words : `[${words}]`)).join('');

describe('links to layers in a text', () => {
  it('are where the whole name stands', () => {
    assert.equal(linked('look first at conv2d_1 (NaN), conv2d_10 (spike).', ['conv2d_1', 'conv2d_10']), 'look first at [conv2d_1] (NaN), [conv2d_10] (spike).');
    assert.equal(linked('see F_1_1 and F_1.', ['F_1']), 'see F_1_1 and [F_1].');
    assert.equal(linked('in a/b/c.', ['b', 'a/b/c']), 'in [a/b/c].');
  });

  it('lose no text, and take names that look like patterns as they are', () => {
    for (const [text, layers] of [['a (b) c', ['(b)']], ['x', ['y']], ['', ['']], ['name. name', ['name']]] as const) {
      assert.equal(textParts(text, layers).map((part) => part.text).join(''), text);
    }
    assert.equal(linked('a b.*c d', ['b.*c']), 'a [b.*c] d');
    assert.equal(linked('in name.', ['name']), 'in [name].');
  });
});
