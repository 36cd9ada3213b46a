import assert from 'node:assert/strict';
import { CancelledError, FormatError, UnsupportedError } from '../../../../src/core/errors';
import { doubleOf, fieldsOf, floatOf, integersOf, packedVarints, ProtobufFile, SMALL_BYTES, textOf, WIRE } from '../../../../src/core/formats/protobufWire';
import type { WireField } from '../../../../src/core/formats/protobufWire';
import { seededRandom } from '../../../../src/core/seededRandom';
import { memorySource } from '../../../support/memorySource';
import type { ReadLog } from '../../../support/memorySource';
import { bytesField, doubleField, floatField, joined, textField, varint, varintField } from '../../../support/protobufBytes';

async function walk(bytes: Uint8Array, log?: ReadLog, signal?: AbortSignal): Promise<WireField[]> {
  const source = memorySource(new Map([['a.pb', bytes]]), 'a.pb', log);
  const fields: WireField[] = [];
  for await (const field of fieldsOf(source, 0, bytes.length, signal)) fields.push(field);
  return fields;
}

describe('the walker over protobuf messages', () => {
  it('tells the fields of every wire type', async () => {
    const [number, negative, float, double, text] = await walk(joined([varintField(1, 300n), varintField(2, -5n), floatField(3, 0.1), doubleField(4, 0.1), textField(5, 'größer')]));
    assert.deepEqual([number!.number, number!.wireType, number!.value], [1, WIRE.varint, 300]);
    assert.equal(negative!.value, -5);
    assert.equal(floatOf(float!), Math.fround(0.1));
    assert.equal(doubleOf(double!), 0.1);
    assert.equal(textOf(text!), 'größer');
    assert.deepEqual([floatOf(double!), doubleOf(float!)], [NaN, NaN]);
  });

  it('reads varints of every length, signed as int64', () => {
    const values = [0n, 1n, 127n, 128n, 2n ** 28n - 1n, 2n ** 28n, 2n ** 31n, 2n ** 32n, 2n ** 35n, 2n ** 42n + 5n, 2n ** 53n - 1n, -1n, -128n, -(2n ** 31n), -(2n ** 53n) + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    assert.deepEqual(packedVarints(joined(values.map(varint)), values.length), values.map(Number));
    assert.equal(packedVarints(Uint8Array.of(1, 0x80), 10), undefined);
    assert.deepEqual(packedVarints(Uint8Array.of(1, 2, 3), 2), [1, 2]);
  });

  it('steps over long payloads without reading them', async () => {
    const log: ReadLog = { reads: [], open: 0 };
    const payload = new Uint8Array(5_000_000);
    const fields = await walk(joined([varintField(1, 7n), bytesField(9, payload), textField(2, 'behind'), bytesField(9, payload), varintField(3, 1n)]), log);
    assert.deepEqual(fields.map(({ number }) => number), [1, 9, 2, 9, 3]);
    assert.equal(fields[1]!.bytes, undefined);
    assert.equal(fields[1]!.end - fields[1]!.start, payload.length);
    assert.equal(textOf(fields[2]!), 'behind');
    assert.ok(log.reads.reduce((sum, { length }) => sum + length, 0) < 20_000, JSON.stringify(log.reads));
  });

  it('finds random fields across the borders of its windows, in one read for many', async () => {
    const random = seededRandom(7);
    const lengths = Array.from({ length: 3000 }, () => Math.floor(random() < 0.02 ? random() * 2 * SMALL_BYTES : random() * 40));
    const message = joined(lengths.map((length, i) => bytesField(1 + (i % 200), Uint8Array.from({ length }, (_, at) => (i + at) & 255))));
    const log: ReadLog = { reads: [], open: 0 };
    const fields = await walk(message, log);
    assert.deepEqual(fields.map(({ start, end }) => end - start), lengths);
    for (const [i, { number, bytes, start, end }] of fields.entries()) {
      assert.equal(number, 1 + (i % 200));
      assert.ok(bytes !== undefined || end - start > SMALL_BYTES);
      assert.deepEqual(bytes ?? message.slice(start, end), message.slice(start, end));
    }
    assert.ok(log.reads.length < 150, `${log.reads.length} reads`);
    assert.deepEqual(await new ProtobufFile(memorySource(new Map([['a', message]]), 'a')).message({ start: 0, end: message.length }, 3000), fields);
  });

  it('reads packed and single integers alike', async () => {
    const file = new ProtobufFile(memorySource(new Map([['a', new Uint8Array()]]), 'a'));
    const [packed, single, broken] = await walk(joined([bytesField(1, joined([3n, -1n].map(varint))), varintField(1, 9n), bytesField(1, Uint8Array.of(0x80))]));
    assert.deepEqual([...integersOf(file, packed!, 10), ...integersOf(file, single!, 10)], [3, -1, 9]);
    assert.throws(() => integersOf(file, broken!, 10), FormatError);
  });

  for (const [what, bytes] of [
    ['a tag without a field number', [0x00, 1]],
    ['a group', [0x0b, 0x0c]],
    ['an unknown wire type', [0x0f, 1]],
    ['a tag that does not end', [0x80, 0x80, 0x80]],
    ['a tag of more than 32 bits', [0x88, 0x80, 0x80, 0x80, 0x80, 0x01, 1]],
    ['a number of more than 10 bytes', [0x08, ...new Array<number>(11).fill(0x80), 0]],
    ['a number that does not end', [0x08, 0x80]],
    ['a length beyond the end', [0x0a, 5, 1, 2]],
    ['a length of 2^63', [0x0a, ...varint(2n ** 63n)]],
    ['half a float', [0x0d, 1, 2]],
    ['half a double', [0x09, 1, 2, 3, 4, 5]],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(walk(Uint8Array.from(bytes)), (error) => error instanceof FormatError && error.message.includes('/models/a.pb'));
    });
  }

  it('refuses ranges beyond the file, and more than was asked for', async () => {
    const file = new ProtobufFile(memorySource(new Map([['a', joined([varintField(1, 1n), varintField(2, 1n)])]]), 'a'));
    await assert.rejects(file.message({ start: 0, end: 100 }, 10), FormatError);
    await assert.rejects(file.payload({ start: 0, end: 4 }, 3), FormatError);
    await assert.rejects(file.message({ start: 0, end: 4 }, 1), UnsupportedError);
  });

  it('stops when it is told to', async () => {
    const message = joined(Array.from({ length: 100_000 }, () => varintField(1, 1n)));
    const controller = new AbortController();
    const source = memorySource(new Map([['a', message]]), 'a');
    await assert.rejects(async () => {
      for await (const field of fieldsOf(source, 0, message.length, controller.signal)) if (field.start > 10) controller.abort();
    }, CancelledError);
  });
});
