import { FormatError } from '../errors';
import type { GgufCursor } from './ggufCursor';
import { quote } from './jsonValues';

/** Numbers, flags and short texts of the header, by key. */
export type Metadata = ReadonlyMap<string, number | string | boolean>;

/** The specification gives keys 2^16 − 1 bytes; more is no key. */
const MOST_KEY_BYTES = 65535;

/** Names and licences fit; the chat templates and licence texts that do not are of no use here. */
const MOST_TEXT_BYTES = 4096;

/** Models have some 50 entries; huggingface.js gives up at as many as this. */
const MOST_ENTRIES = 100_000;

/** Arrays of arrays are allowed and not known to be used; huggingface.js stops at this depth too. */
const MOST_ARRAY_DEPTH = 4;

/** `enum gguf_type` of gguf.h. */
enum ValueType {
  u8, i8, u16, i16, u32, i32, f32, bool, text, array, u64, i64, f64,
}

const BYTES: Readonly<Partial<Record<ValueType, number>>> = {
  [ValueType.u8]: 1, [ValueType.i8]: 1, [ValueType.bool]: 1, [ValueType.u16]: 2, [ValueType.i16]: 2, [ValueType.u32]: 4, [ValueType.i32]: 4,
  [ValueType.f32]: 4, [ValueType.u64]: 8, [ValueType.i64]: 8, [ValueType.f64]: 8,
};

const SMALLEST_ENTRY_BYTES = 8 + 4 + 1;

/**
 * Reads `count` entries. Arrays (a vocabulary has 256,000 texts) are passed over without being built.
 * @param repeated takes keys that come a second time; the first value stands.
 */
export async function readMetadata(cursor: GgufCursor, count: number, repeated: (key: string) => void): Promise<Metadata> {
  const metadata = new Map<string, number | string | boolean>();
  const seen = new Set<string>();
  if (count > MOST_ENTRIES || count * SMALLEST_ENTRY_BYTES > cursor.left) {
    throw new FormatError(`${cursor.source.name} is damaged: its header declares ${count} metadata entries, more than ${count > MOST_ENTRIES ? `any model has (${MOST_ENTRIES})` : 'the file has room for'}. Fetch it again, or convert the model anew.`);
  }
  for (let i = 0; i < count; i++) {
    const key = await readKey(cursor, i);
    await cursor.need(4, `the value of ${quote(key)}`);
    const value = await readValue(cursor, cursor.u32(), key);
    if (seen.has(key)) repeated(key);
    else if (value !== undefined) metadata.set(key, value);
    seen.add(key);
  }
  return metadata;
}

async function readKey(cursor: GgufCursor, index: number): Promise<string> {
  await cursor.need(8, `metadata entry ${index}`);
  const length = cursor.u64();
  if (length > MOST_KEY_BYTES) {
    throw new FormatError(`${cursor.source.name} is damaged: the key of metadata entry ${index} is said to be ${length} bytes long, and keys have ${MOST_KEY_BYTES} at most. Fetch it again, or convert the model anew.`);
  }
  await cursor.need(length, `the key of metadata entry ${index}`);
  return new TextDecoder().decode(cursor.bytes(length));
}

/** undefined for what is passed over. */
async function readValue(cursor: GgufCursor, type: ValueType, key: string): Promise<number | string | boolean | undefined> {
  if (type === ValueType.array) {
    await skipArray(cursor, key, 1);
    return undefined;
  }
  if (type === ValueType.text) return await readText(cursor, key);
  await cursor.need(bytesOf(cursor, type, key), `the value of ${quote(key)}`);
  switch (type) {
    case ValueType.u8:
      return cursor.u8();
    case ValueType.i8:
      return cursor.i8();
    case ValueType.u16:
      return cursor.u16();
    case ValueType.i16:
      return cursor.i16();
    case ValueType.u32:
      return cursor.u32();
    case ValueType.i32:
      return cursor.i32();
    case ValueType.f32:
      return cursor.f32();
    case ValueType.bool:
      return cursor.u8() !== 0;
    case ValueType.u64:
      return cursor.u64();
    case ValueType.i64:
      return cursor.i64();
    case ValueType.f64:
      return cursor.f64();
  }
}

async function readText(cursor: GgufCursor, key: string): Promise<string | undefined> {
  await cursor.need(8, `the text of ${quote(key)}`);
  const length = cursor.u64();
  if (length > MOST_TEXT_BYTES) {
    cursor.skip(length, `the text of ${quote(key)}`);
    return undefined;
  }
  await cursor.need(length, `the text of ${quote(key)}`);
  return new TextDecoder().decode(cursor.bytes(length));
}

async function skipArray(cursor: GgufCursor, key: string, depth: number): Promise<void> {
  if (depth > MOST_ARRAY_DEPTH) {
    throw new FormatError(`${cursor.source.name} is damaged: the value of ${quote(key)} is arrays of arrays, more than ${MOST_ARRAY_DEPTH} deep. Convert the model anew.`);
  }
  await cursor.need(12, `the array ${quote(key)}`);
  const type = cursor.u32() as ValueType;
  const count = cursor.u64();
  if (type !== ValueType.text && type !== ValueType.array) {
    cursor.skip(bytesOf(cursor, type, key) * count, `the array ${quote(key)}`);
    return;
  }
  // Each item has a length of its own, of 8 or 12 bytes.
  cursor.check(count * (type === ValueType.text ? 8 : 12), `the array ${quote(key)}`);
  for (let i = 0; i < count; i++) {
    if (type === ValueType.array) await skipArray(cursor, key, depth + 1);
    else {
      if (!cursor.has(8)) await cursor.need(8, `the array ${quote(key)}`);
      cursor.skip(cursor.u64(), `the array ${quote(key)}`);
    }
  }
}

function bytesOf(cursor: GgufCursor, type: ValueType, key: string): number {
  const bytes = BYTES[type];
  if (bytes !== undefined) return bytes;
  throw new FormatError(`${cursor.source.name} is damaged: the value of ${quote(key)} is of type ${type}, and there are 13, from 0 to 12. Fetch it again, or convert the model anew.`);
}
