import assert from 'node:assert/strict';
import { cacheFolder } from '../../../src/cli/cacheFolder';
import { editDistance, nearestNames } from '../../../src/core/nearestNames';
import { readableJson } from '../../../src/cli/output';
import { ProgressBar } from '../../../src/cli/progressBar';
import { barRows, cells, painter, sparkline, truncate, visible, wantsColour, wrap } from '../../../src/cli/terminal';

describe('terminal', () => {
  it('makes control characters and marks of direction visible', () => {
    assert.equal(visible('a\u001b[31mred\u0007\n\t\u009b\u202e\u200b'), 'a\\u001b[31mred\\u0007\\n\\t\\u009b\\u202e\\u200b');
    assert.equal(visible('σ²·ядро·层/<b>&amp;'), 'σ²·ядро·层/<b>&amp;');
    assert.equal(visible('\ud800'), '\\ud800', 'half of a surrogate pair');
  });

  it('knows how wide text is', () => {
    assert.equal(cells('kernel'), 6);
    assert.equal(cells('层kernel'), 8);
    assert.equal(cells('e\u0301'), 1);
    assert.equal(cells('😀'), 2);
  });

  it('cuts names in the middle to the width, and never a character in two', () => {
    assert.equal(truncate('model/block_12/conv/kernel', 11), 'model…ernel');
    assert.equal(truncate('short', 11), 'short');
    for (const name of ['model/block_12/conv/kernel', '层层层层层层', '😀😀😀😀']) {
      for (let width = 1; width < 12; width++) assert.ok(cells(truncate(name, width)) <= width, `${name} at ${width}`);
    }
  });

  it('wraps between words', () => {
    assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
    assert.deepEqual(wrap('indivisible', 4), ['indivisible']);
    assert.deepEqual(wrap('one two', Infinity), ['one two']);
  });

  it('draws counts as bars, and lets none that is not zero vanish', () => {
    assert.equal(sparkline([0, 1, 50, 100]), ' ▁▅█');
    assert.equal(sparkline([0, 0]), '  ');
    assert.equal(sparkline([1, 1_000_000]), '▁█');
    assert.deepEqual(barRows([0, 1, 8, 16], 2), ['   █', ' ▁██']);
  });

  it('uses colour on a terminal only, and not against the will of its owner', () => {
    assert.equal(wantsColour({ isTTY: true }, {}), true);
    assert.equal(wantsColour({}, {}), false);
    assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '1' }), false);
    assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '' }), true);
    assert.equal(wantsColour({ isTTY: true }, { TERM: 'dumb' }), false);
    assert.equal(painter(false)('red', 'x'), 'x');
    assert.equal(painter(true)('red', 'x'), '\u001b[31mx\u001b[39m');
  });

  it('shows progress on a terminal, seldom enough, and takes it away', () => {
    const written: string[] = [];
    let now = 0;
    const bar = new ProgressBar({ isTTY: true, write: (text) => written.push(text) }, () => now);
    for (; now < 100; now += 10) bar.update(now, 100);
    assert.equal(written.length, 2);
    assert.match(written[1]!, /█+░+ 80 % of 100 B/);
    bar.clear();
    assert.equal(written.at(-1), '\r\u001b[2K');
    const silent: string[] = [];
    const piped = new ProgressBar({ write: (text) => silent.push(text) }, () => 0);
    piped.update(1, 2);
    piped.clear();
    assert.deepEqual(silent, []);
  });

  it('keeps arrays of numbers on one line of JSON', () => {
    const value = { name: 'a,\n  [1,\n 2]', edges: [-1, 1e-7, 2], shape: [], nested: [[1, 2], [{ a: null }]], words: ['a', 'b'] };
    const text = readableJson(value);
    assert.deepEqual(JSON.parse(text), value);
    assert.match(text, /"edges": \[-1, 1e-7, 2\]/);
    assert.ok(text.endsWith('}\n'));
  });

  it('finds the names that were meant', () => {
    const names = ['conv2d/kernel', 'conv2d/bias', 'dense/kernel', 'batch_normalization/gamma'];
    assert.equal(nearestNames('conv2d/kernal', names)[0], 'conv2d/kernel');
    assert.deepEqual(nearestNames('GAMMA', names)[0], 'batch_normalization/gamma');
    assert.deepEqual(nearestNames('x', []), []);
    assert.equal(editDistance('kitten', 'sitting'), 3);
    assert.equal(editDistance('', 'abc'), 3);
  });

  it('puts the cache where the system wants it', () => {
    assert.equal(cacheFolder('linux', {}, '/home/a'), '/home/a/.cache/weightgram');
    assert.equal(cacheFolder('linux', { XDG_CACHE_HOME: '/c' }, '/home/a'), '/c/weightgram');
    assert.equal(cacheFolder('linux', { XDG_CACHE_HOME: 'relative' }, '/home/a'), '/home/a/.cache/weightgram');
    assert.equal(cacheFolder('darwin', {}, '/Users/a'), '/Users/a/Library/Caches/weightgram');
    assert.match(cacheFolder('win32', { LOCALAPPDATA: 'C:\\L' }, 'C:\\U'), /^C:\\L.weightgram.Cache$/);
  });
});
