import assert from 'node:assert/strict';
import { anyOf, expandBraces, numberWithin, stringList } from '../../../src/extension/settingValues';

describe('settings written by hand', () => {
  it('keep a number within its bounds, and take the default for what is none', () => {
    const bounds = { least: 10, most: 2000, otherwise: 120 };
    assert.equal(numberWithin(300, bounds), 300);
    assert.equal(numberWithin(-5, bounds), 10);
    assert.equal(numberWithin(Infinity, bounds), 2000);
    assert.equal(numberWithin(NaN, bounds), 120);
    assert.equal(numberWithin('64', bounds), 120);
    assert.equal(numberWithin(undefined, bounds), 120);
  });

  it('take one glob where a list belongs, and drop what is no glob', () => {
    assert.deepEqual(stringList('**/*.json'), ['**/*.json']);
    assert.deepEqual(stringList([' a ', '', 3, null, 'b']), ['a', 'b']);
    assert.deepEqual(stringList(undefined), []);
  });
});

describe('globs', () => {
  it('write braces out', () => {
    assert.deepEqual(expandBraces('a/{b,c}/*'), ['a/b/*', 'a/c/*']);
    assert.deepEqual(expandBraces('{a,b{1,2}}.{x,y}'), ['a.x', 'a.y', 'b1.x', 'b1.y', 'b2.x', 'b2.y']);
    assert.deepEqual(expandBraces('plain/**'), ['plain/**']);
    assert.deepEqual(expandBraces('{open'), ['{open']);
  });

  it('stay as they are where the alternatives would explode', () => {
    const bomb = '{a,b}'.repeat(20);
    assert.ok(expandBraces(bomb).length <= 512);
  });

  it('join to one without braces inside braces', () => {
    assert.equal(anyOf(['**/a', '**/{b,c}']), '{**/a,**/b,**/c}');
    assert.equal(anyOf(['**/a', '**/a']), '**/a');
    assert.equal(anyOf([]), undefined);
  });
});
