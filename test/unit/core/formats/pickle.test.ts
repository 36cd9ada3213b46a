import assert from 'node:assert/strict';
import { readPickle } from '../../../../src/core/formats/pickleMachine';
import type { PickleOutcome } from '../../../../src/core/formats/pickleMachine';
import { looksLikePickle } from '../../../../src/core/formats/pickleOpcodes';
import { PickleBytes, PickleCall, PickleDict, PickleGlobal, PicklePersistent } from '../../../../src/core/formats/pickleValues';
import type { PickleValue } from '../../../../src/core/formats/pickleValues';
import { memorySource } from '../../../support/memorySource';
import { int, opcodes } from '../../../support/pickleBuilder';
import type { OpcodePart } from '../../../support/pickleBuilder';

async function read(bytes: Uint8Array): Promise<PickleOutcome> {
  return readPickle(memorySource(new Map([['data.pkl', bytes]]), 'data.pkl'));
}

async function valueOf(...parts: readonly OpcodePart[]): Promise<unknown> {
  const { value, failure } = await read(opcodes(...parts));
  assert.equal(failure, undefined);
  return plain(value!);
}

/** For comparing: names of classes, calls as lists. */
function plain(value: PickleValue): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof PickleDict) return new Map([...value.entries].map(([key, item]) => [plain(key), plain(item)]));
  if (value instanceof PickleGlobal) return value.path;
  if (value instanceof PicklePersistent) return { persistent: plain(value.id) };
  if (value instanceof PickleBytes) return value.bytes ?? { length: value.length };
  if (!(value instanceof PickleCall)) return value;
  const { callee, args, state, items, entries } = value;
  return { callee: plain(callee), args: plain(args), ...(state !== undefined && { state: plain(state) }), ...(items && { items: items.map(plain) }), ...(entries && { entries: new Map([...entries].map(([key, item]) => [plain(key), plain(item)])) }) };
}

async function fails(pattern: RegExp, ...parts: readonly OpcodePart[]): Promise<void> {
  const { failure, value } = await read(opcodes(...parts));
  assert.match(failure ?? '', pattern);
  assert.equal(value, undefined);
}

describe('pickles are read as data', () => {
  it('numbers of every protocol', async () => {
    assert.deepEqual(await valueOf('(I-12\nL34L\nF1.5\nK\xffM', int(65535, 2), 'J', int(-2, 4), 'I01\nI00\n\x88\x89NG?\xf8\0\0\0\0\0\0t.'), [-12, 34, 1.5, 255, 65535, -2, true, false, true, false, null, 1.5]);
    assert.deepEqual(await valueOf('(\x8a\0\x8a\x02\xff\x7f\x8a\x01\xff\x8a\x09', int(-(2n ** 64n), 9), '\x8b', int(3, 4), '\x01\0\x01L123456789012345678901\nFinf\nFnan\nt.'), [0, 32767, -1, -(2n ** 64n), 65537, 123456789012345678901n, Infinity, NaN]);
  });

  it('texts and bytes', async () => {
    assert.deepEqual(await valueOf('(S\'a\\n\\x41\\\'\'\nVb\\u00e9\nX', int(2, 4), '\xc3\xa9\x8c\x01c\x8d', int(1, 8), 'dU\x01eT', int(1, 4), 'ft.'), ['a\nA\'', 'bé', 'é', 'c', 'd', 'e', 'f']);
    assert.deepEqual(await valueOf('(B', int(2, 4), '\x01\x02C\x01\x03\x8e', int(1, 8), '\x04\x96', int(1, 8), '\x05t.'), [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4), Uint8Array.of(5)]);
  });

  it('lists, tuples, sets and dictionaries', async () => {
    assert.deepEqual(await valueOf('(]K\x01a](K\x02K\x03e)(l(K\x04t\x85(K\x05\x91\x8f(K\x06K\x07\x90K\x08K\x09\x86NNN\x87t.'), [[1], [2, 3], [], [], [[4]], [5], [6, 7], [8, 9], [null, null, null]]);
    assert.deepEqual(await valueOf('}(K\x01NK\x02Nu(K\x03Nd\x86.'), [new Map([[1, null], [2, null]]), new Map([[3, null]])]);
    assert.deepEqual(await valueOf('}U\x01aK\x01s.'), new Map([['a', 1]]));
  });

  it('calls, objects and their states, written down and never made', async () => {
    assert.deepEqual(await valueOf('cos\nsystem\nU\x02ls\x85R.'), { callee: 'os.system', args: ['ls'] });
    assert.deepEqual(await valueOf('(U\x02lsios\nsystem\n.'), { callee: 'os.system', args: ['ls'] });
    assert.deepEqual(await valueOf('(cos\nsystem\nU\x02lso.'), { callee: 'os.system', args: ['ls'] });
    assert.deepEqual(await valueOf('\x8c\x02os\x8c\x06system\x93U\x02ls\x85R.'), { callee: 'os.system', args: ['ls'] });
    assert.deepEqual(await valueOf('ca\nB\n)\x81}U\x01xK\x01sb.'), { callee: 'a.B', args: [], state: new Map([['x', 1]]) });
    assert.deepEqual(await valueOf('ca\nB\n)}\x92K\x01aK\x02K\x03s.'), { callee: 'a.B', args: [], items: [1], entries: new Map([[2, 3]]) });
  });

  it('memo, marks and the stack', async () => {
    assert.deepEqual(await valueOf('K\x01q\x00K\x02p1\nK\x03r', int(2, 4), 'K\x04\x94(h\x00g1\nj', int(2, 4), 'h\x03t.'), [1, 2, 3, 4]);
    assert.deepEqual(await valueOf('K\x01(K\x02K\x031K\x0402\x86.'), [1, 1]);
    assert.deepEqual(await valueOf('K\x01(0.'), 1);
  });

  it('frames, buffers, extensions and persistent ids', async () => {
    assert.deepEqual(await valueOf('\x80\x05\x95', int(99, 8), '(\x97\x98\x82\x07\x83', int(300, 2), '\x84', int(70000, 4), 'P12\nU\x01xQt.'), [{ persistent: 'out-of-band buffer' }, 'copyreg.extension 7', 'copyreg.extension 300', 'copyreg.extension 70000', { persistent: '12' }, { persistent: 'x' }]);
  });

  it('cycles', async () => {
    const { value } = await read(opcodes(']q\0h\0a.'));
    assert.ok(Array.isArray(value) && value[0] === value);
  });

  it('long payloads by their place, without reading them', async () => {
    const log = { reads: [] as { name: string; offset: number; length: number }[], open: 0 };
    const long = 40_000_000;
    const bytes = opcodes('(B', int(long, 4), new Uint8Array(long), 'K\x01t.');
    const { value } = await readPickle(memorySource(new Map([['data.pkl', bytes]]), 'data.pkl', log));
    assert.ok(Array.isArray(value) && value[0] instanceof PickleBytes);
    assert.deepEqual([value[0].offset, value[0].length, value[0].bytes, value[1]], [6, long, undefined, 1]);
    assert.ok(log.reads.reduce((sum, { length }) => sum + length, 0) < 1_000_000);
  });

  it('keys that stand twice are told, and the last one counts', async () => {
    const outcome = await read(opcodes('}U\x01aK\x01sU\x01aK\x02s.'));
    assert.deepEqual([plain(outcome.value!), outcome.duplicates], [new Map([['a', 2]]), ['a']]);
  });

  it('fields that lie across windows of the file', async () => {
    const items = Array.from({ length: 90_000 }, (_, i) => opcodes('X', int(4, 4), `n${String(i % 1000).padStart(3, '0')}`));
    const { value, failure } = await read(opcodes(']', ...items.map((item) => opcodes(item, 'a')), 'cmodule\nname\na.'));
    assert.equal(failure, undefined);
    assert.ok(Array.isArray(value) && value.length === 90_001);
    assert.ok(value.slice(0, -1).every((text, i) => text === `n${String(i % 1000).padStart(3, '0')}`));
  });
});

describe('pickles that are none', () => {
  it('are refused at the byte where they break', async () => {
    await fails(/empty stack, at byte 0/, '.');
    await fails(/empty stack, at byte 2/, 'K\x01\x86.');
    await fails(/empty stack/, 'K\x01(\x85.');
    await fails(/never begun, at byte 0/, 't.');
    await fails(/unknown opcode, 33, at byte 1/, 'N!.');
    await fails(/memo 7, which nothing was put into/, 'h\x07.');
    await fails(/memo 4294967295/, 'Nr\xff\xff\xff\xff.');
    await fails(/names the memo "-1"/, 'Np-1\n.');
    await fails(/key without a value/, '}(K\x01u.');
    await fails(/no dictionary/, 'NK\x01K\x02s.');
    await fails(/no list/, 'NK\x01a.');
    await fails(/by what is no text/, 'NN\x93.');
    await fails(/no class/, '(o.');
    await fails(/protocol 9/, '\x80\x09N.');
    await fails(/"x" .*integer/, 'Ix\n.');
    await fails(/a text in quotes/, 'Sx\n.');
    await fails(/a number/, 'F1.2.3\n.');
  });

  it('end early, or say that they are longer than the file', async () => {
    await fails(/without a STOP/, 'N');
    await fails(/more than are left/, 'X\xff\xff\xff\x7fabc.');
    await fails(/more than are left/, '\x8e\xff\xff\xff\xff\xff\xff\xff\xff.');
    await fails(/more than are left/, 'T\xff\xff\xff\xff.');
    await fails(/ends early/, 'J\x01');
    await fails(/ends early/, 'cos\nsyst');
    await fails(/ends early/, 'I12');
    await fails(/./, '');
  });

  it('are bounded in lines, stack and nesting', async () => {
    await fails(/a line of more than/, 'c', 'a'.repeat(70_000), '\n.');
    await fails(/a line of more than/, 'I', '1'.repeat(300_000), '\n.');
    await fails(/stacks more than 1000000 values/, 'N'.repeat(1_000_001), '.');
    await fails(/more than 1000000 lists in one another/, '('.repeat(1_000_001), '.');
  });

  it('name what they named before they broke', async () => {
    const { globals, failure } = await read(opcodes('cposix\nsystem\nU\x02ls\x85R!!!'));
    assert.ok(failure !== undefined);
    assert.deepEqual([...globals.values()].map(({ path }) => path), ['posix.system']);
  });
});

describe('the look of a pickle', () => {
  it('is known by its first opcodes', () => {
    for (const bytes of [opcodes('\x80\x02}q\0.'), opcodes('\x80\x04\x95', int(9, 8), '}\x94.'), opcodes('(dp0\nS\'a\'\np1\nI1\ns.'), opcodes('\x80\x02X', int(90_000, 4), 'abc')]) assert.ok(looksLikePickle(bytes));
  });

  it('is not that of text and other files', () => {
    for (const text of ['', 'N.', '(define x 1)', 'cat\ndog\nbird\n', '[1, 2]', '{"a": 1}', ']]>', '\x80\x09N.', '\x89PNG\r\n\x1a\n', '\x93NUMPY\x01\0v\0{}', 'GGUF\x03\0\0\0', '\x80\x02\xff\xff']) {
      assert.ok(!looksLikePickle(opcodes(text)), JSON.stringify(text));
    }
  });
});
