import assert from 'node:assert/strict';
import { FormatError, HumanError, UnsupportedError } from '../../../../src/core/errors';
import { inflateHead, isZip, MAX_DEFLATE_RATIO, readZipEntries } from '../../../../src/core/formats/zip';
import { MAX_ZIP_DIRECTORY_BYTES } from '../../../../src/core/formats/zipDirectory';
import { sliceSource } from '../../../../src/core/formats/sliceSource';
import { memorySource } from '../../../support/memorySource';
import type { ReadLog } from '../../../support/memorySource';
import { Random } from '../../../support/random';
import { zipFile } from '../../../support/zipBuilder';
import type { BuiltEntry } from '../../../support/zipBuilder';

const source = (bytes: Uint8Array, log?: ReadLog) => memorySource(new Map([['a.zip', bytes]]), 'a.zip', log);
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

async function refused(bytes: Uint8Array, pattern: RegExp, kind: typeof FormatError | typeof UnsupportedError = FormatError): Promise<void> {
  await assert.rejects(readZipEntries(source(bytes)), (error) => {
    assert.ok(error instanceof kind, String(error));
    assert.match(error.message, pattern);
    assert.match(error.message, /\/models\/a\.zip/);
    return true;
  });
}

const entries: readonly BuiltEntry[] = [
  { name: 'stored.txt', bytes: text('as it is') },
  { name: 'packed.txt', bytes: text('again and again and again and again'), isPacked: true },
  { name: 'folder/', bytes: text('') },
  { name: '../../etc/ünï', bytes: text('x'), localExtra: new Uint8Array(48) },
  { name: 'empty', bytes: text(''), isPacked: true },
];

describe('ZIP archives', () => {
  for (const is64 of [false, true]) {
    for (const before of [0, 1000]) {
      it(`${is64 ? '64-bit' : '32-bit'} sizes, ${before} bytes before it: entries as they are`, async () => {
        const file = new Uint8Array([...new Uint8Array(before), ...zipFile(entries, { is64, comment: 'PK\x05\x06 in a comment of more than twenty-two characters' })]);
        const found = await readZipEntries(source(file));
        assert.deepEqual(found.map(({ name, method, bytes }) => [name, method, bytes]), [['stored.txt', 'stored', 8], ['packed.txt', 'deflate', 35], ['../../etc/ünï', 'stored', 1], ['empty', 'deflate', 0]]);
        for (const entry of found) {
          const whole = entries.find(({ name }) => name === entry.name)!.bytes;
          assert.deepEqual([...(await inflateHead(source(file), entry, 1e9))], [...whole]);
          assert.deepEqual([...(await inflateHead(source(file), entry, 3))], [...whole.subarray(0, 3)]);
        }
        const stored = sliceSource(source(file), found[0]!.dataOffset, found[0]!.bytes);
        assert.equal(new TextDecoder().decode(await stored.read(3, 5)), 'it is');
        await assert.rejects(stored.read(4, 5), /ends before/);
      });
    }
  }

  it('the head of a large entry takes a small part of it', async () => {
    const random = new Random(4);
    const bytes = random.bytes(3_000_000).map((byte) => byte & 15);
    const file = zipFile([{ name: 'large', bytes, isPacked: true }]);
    const log: ReadLog = { reads: [], open: 0 };
    const [entry] = await readZipEntries(source(file));
    assert.deepEqual(await inflateHead(source(file, log), entry!, 1000), bytes.slice(0, 1000));
    assert.ok(log.reads.reduce((sum, { length }) => sum + length, 0) <= 4096);
  });

  it('ten thousand entries take few reads', async () => {
    const file = zipFile(Array.from({ length: 10_000 }, (_, i) => ({ name: `data/${i}`, bytes: new Uint8Array(100) })));
    const log: ReadLog = { reads: [], open: 0 };
    assert.equal((await readZipEntries(source(file, log))).length, 10_000);
    assert.ok(log.reads.length < 20, `${log.reads.length} reads`);
  });

  it('is told by its first bytes', () => {
    assert.ok(isZip(zipFile(entries)));
    assert.ok(!isZip(text('PK\x05\x06')));
  });
});

describe('hostile ZIP archives', () => {
  it('cut anywhere: refused with a reason', async () => {
    const file = zipFile(entries, { is64: true });
    for (let length = 0; length < file.length; length++) await assert.rejects(readZipEntries(source(file.slice(0, length))), FormatError, `${length} bytes`);
  });

  it('any byte changed: read, or refused with a reason', async () => {
    const file = zipFile(entries, { is64: true });
    for (let at = 0; at < file.length; at++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const changed = file.slice();
        changed[at]! ^= change;
        try {
          for (const entry of await readZipEntries(source(changed))) await inflateHead(source(changed), entry, 100);
        } catch (error) {
          assert.ok(error instanceof HumanError, `byte ${at}: ${String(error)}`);
        }
      }
    }
  });

  it('entries on the same bytes: refused, both named', async () => {
    const shared = zipFile([{ name: 'one', bytes: text('123') }, { name: 'two', bytes: text('456'), lie: { offset: 0 } }]);
    await refused(shared, /"one" and "two" lie on the same bytes/);
    await refused(zipFile([{ name: 'one', bytes: text('123'), isPacked: true, lie: { compressedBytes: 20 } }, { name: 'two', bytes: text('4') }]), /"one" and "two"/);
  });

  it('sizes beyond the file: refused before anything is allocated', async () => {
    await refused(zipFile([{ name: 'one', bytes: text('1'), isPacked: true, lie: { compressedBytes: 2 ** 40 } }], { is64: true }), /"one" should have 1099511627776 bytes/);
    await refused(zipFile(entries, { lie: { bytes: 2 ** 31 } }), /the list of its entries should have 2147483648 bytes/);
    await refused(zipFile(entries, { lie: { entries: 60_000 } }), /it should hold 60000 entries/);
    await refused(zipFile(entries, { is64: true, lie: { offset: 2 ** 50 } }), /the list of its entries/);
    await refused(zipFile([{ name: 'one', bytes: text('1'), lie: { offset: 5 } }]), /begins at byte 5, and there is no entry/);
  });

  it('a list of entries beyond the limit: named, and not read', async () => {
    const size = MAX_ZIP_DIRECTORY_BYTES + 1000;
    const end = zipFile([], { lie: { entries: 3, bytes: size, offset: 0 } });
    const log: ReadLog = { reads: [], open: 0 };
    const real = source(end, log);
    const huge = { ...real, size: size + end.length, read: async (offset: number, length: number) => (assert.ok(length < 1e6, 'not read'), offset >= size ? real.read(offset - size, length) : new Uint8Array([...new Uint8Array(size - offset), ...(await real.read(0, end.length))])) };
    await assert.rejects(readZipEntries(huge), (error) => error instanceof UnsupportedError && /up to 500000 entries and 100663296 bytes/.test(error.message));
  });

  it('a bomb: refused by its ratio, and never unpacked beyond what was asked for', async () => {
    const zeros = new Uint8Array(5_000_000);
    const file = zipFile([{ name: 'lie', bytes: zeros, isPacked: true, lie: { bytes: 4_000_000_000 } }, { name: 'zeros', bytes: zeros, isPacked: true }]);
    const [lie, honest] = await readZipEntries(source(file));
    assert.ok(lie!.bytes > MAX_DEFLATE_RATIO * lie!.compressedBytes);
    await assert.rejects(inflateHead(source(file), lie!, 10), (error) => error instanceof UnsupportedError && /more than 1032 times as many/.test(error.message));
    assert.equal((await inflateHead(source(file), honest!, 10)).length, 10);
  });

  it('fewer bytes than promised, broken streams, passwords and other methods: each its own words', async () => {
    const head = async (entry: BuiltEntry): Promise<Uint8Array> => {
      const file = zipFile([entry]);
      return inflateHead(source(file), (await readZipEntries(source(file)))[0]!, 1e6);
    };
    const bytes = text('again and again and again and again');
    await assert.rejects(head({ name: 'short', bytes, isPacked: true, lie: { bytes: 100 } }), /should unpack to 100 bytes and ends after 35/);
    await assert.rejects(head({ name: 'broken', bytes: new Uint8Array(100).fill(0xff), lie: { method: 8 } }), /"broken" cannot be unpacked/);
    await assert.rejects(head({ name: 'secret', bytes, lie: { flags: 1 } }), /"secret" is encrypted/);
    await assert.rejects(head({ name: 'other', bytes, lie: { method: 93 } }), /"other" is packed in a way/);
  });
});
