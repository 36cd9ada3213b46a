import type { Random } from '../random';
import { concatenate } from '../tfjsBuilder';
import { dictionaryOf } from './dictionaries';

/** Numbers at which length checks break: signs, powers of two, and their neighbours. */
const INTERESTING: readonly bigint[] = [
  0n, 1n, 2n, 7n, 8n, 0x7fn, 0x80n, 0xffn, 0x100n, 0x7fffn, 0x8000n, 0xffffn, 0x10000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn, 0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn, 0x20_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_fff0n, 0xffff_ffff_ffff_ffffn,
];

/** Headers lie at the begin of a file, and what tables of contents point from at its end. */
const HEAD_BYTES = 4096;
const TAIL_BYTES = 2048;

const MOST_STEPS = 6;
const LONGEST_RANGE = 512;

type Step = (bytes: Uint8Array, random: Random, format: string, other: Uint8Array) => Uint8Array;

/** A file that somebody damaged or forged: one to six changes of a seed. Never the seed itself by intent, though a change may change nothing. */
export function mutate(seed: Uint8Array, other: Uint8Array, format: string, random: Random): Uint8Array {
  const steps = 1 + Math.floor(MOST_STEPS * random.next() ** 2);
  let bytes: Uint8Array = seed.slice();
  for (let i = 0; i < steps; i++) bytes = random.pick(STEPS)(bytes, random, format, other);
  return bytes;
}

const flipBits: Step = (bytes, random) => {
  if (bytes.length > 0) bytes[placeIn(bytes, random)]! ^= 1 << random.integer(8);
  return bytes;
};

const setByte: Step = (bytes, random) => {
  if (bytes.length > 0) bytes[placeIn(bytes, random)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.integer(256)]);
  return bytes;
};

/** Little- or big-endian, of 1 to 8 bytes, aligned half of the time. */
const setInteger: Step = (bytes, random) => {
  const width = random.pick([1, 2, 4, 8]);
  if (bytes.length < width) return bytes;
  const place = alignedPlace(bytes, width, random);
  writeInteger(bytes, place, width, random.pick(INTERESTING), random.chance(0.2));
  return bytes;
};

/** Lengths and offsets that are off by a little, or by the size of the file. */
const addToInteger: Step = (bytes, random) => {
  const width = random.pick([1, 2, 4, 8]);
  if (bytes.length < width) return bytes;
  const place = alignedPlace(bytes, width, random);
  const big = random.chance(0.2);
  const change = random.pick([1n, -1n, 2n, -8n, 8n, 256n, BigInt(bytes.length), -BigInt(bytes.length)]);
  writeInteger(bytes, place, width, readInteger(bytes, place, width, big) + change, big);
  return bytes;
};

const truncate: Step = (bytes, random) => bytes.subarray(0, random.chance(0.3) ? bytes.length - Math.min(bytes.length, 1 + random.integer(16)) : placeIn(bytes, random)).slice();

const removeRange: Step = (bytes, random) => {
  const { from, to } = rangeIn(bytes, random);
  return concatenate([bytes.subarray(0, from), bytes.subarray(to)]);
};

const repeatRange: Step = (bytes, random) => {
  const { from, to } = rangeIn(bytes, random);
  const copies = random.chance(0.1) ? 1 + random.integer(64) : 1;
  return concatenate([bytes.subarray(0, to), ...Array.from({ length: copies }, () => bytes.subarray(from, to)), bytes.subarray(to)]);
};

const moveRange: Step = (bytes, random) => {
  const { from, to } = rangeIn(bytes, random);
  const target = placeIn(bytes, random);
  bytes.set(bytes.slice(from, Math.min(to, from + bytes.length - target)), target);
  return bytes;
};

const fillRange: Step = (bytes, random) => {
  const { from, to } = rangeIn(bytes, random);
  return bytes.fill(random.pick([0, 0xff, 0x80, 0x20]), from, to);
};

const insertNoise: Step = (bytes, random) => {
  const at = placeIn(bytes, random);
  return concatenate([bytes.subarray(0, at), random.bytes(1 + random.integer(16)), bytes.subarray(at)]);
};

/** The head of one file with the rest of another. */
const splice: Step = (bytes, random, _, other) => concatenate([bytes.subarray(0, placeIn(bytes, random)), other.subarray(placeIn(other, random))]);

/** Words of the format: instead of what is there, or between. */
const putToken: Step = (bytes, random, format) => {
  const token = random.pick(dictionaryOf(format));
  const at = placeIn(bytes, random);
  const end = random.chance(0.5) ? at : Math.min(bytes.length, at + token.length);
  return concatenate([bytes.subarray(0, at), token, bytes.subarray(end)]);
};

/** A number of a text by another one, or a text in quotes by another: the file's syntax stays, its sense does not. */
const changeText: Step = (bytes, random) => {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, Math.min(bytes.length, 64 * 1024)));
  const found = [...text.matchAll(/-?\d+|"[^"\\]{1,60}"/g)];
  const hit = found.length > 0 ? random.pick(found) : undefined;
  if (!hit) return bytes;
  const other = random.pick(found)[0];
  const isNumber = !hit[0].startsWith('"');
  const value = isNumber ? random.pick(['0', '1', '-1', '99999999999999999999', '9007199254740993', '4294967296', '1e400', String(bytes.length), other.startsWith('"') ? '7' : other]) : random.chance(0.5) && other.startsWith('"') ? other : random.pick(['""', '"../../etc/passwd"', '"__proto__"', '"\u0000"', '"F64"', '"BF16"', '"a/b/c"']);
  const end = hit.index + hit[0].length;
  const sameLength = random.chance(0.7);
  const put = latin1(sameLength ? fitted(value, hit[0].length, isNumber) : value);
  return concatenate([bytes.subarray(0, hit.index), put, bytes.subarray(end)]);
};

/** The first length of the file follows its text, as in safetensors: what a careful forger writes. */
const mendLength: Step = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 16 || bytes[8] !== 0x7b) return bytes;
  const end = bytes.lastIndexOf(0x7d);
  if (end > 8) view.setBigUint64(0, BigInt(end + 1 - 8), true);
  return bytes;
};

const STEPS: readonly Step[] = [
  flipBits, flipBits, setByte, setByte, setInteger, setInteger, setInteger, addToInteger, addToInteger, truncate, removeRange, repeatRange, moveRange, fillRange, insertNoise, splice, putToken, putToken, changeText, changeText, mendLength,
];

/** `value` in as many characters as there are. */
function fitted(value: string, length: number, isNumber: boolean): string {
  if (isNumber) return value.length > length ? value.slice(0, length).replace(/^-$/, '0') : value.padStart(length, value.startsWith('-') ? ' ' : '0');
  return value.length > length ? `"${'a'.repeat(Math.max(0, length - 2))}"` : `${value.slice(0, -1).padEnd(length - 1, '_')}"`;
}

function placeIn(bytes: Uint8Array, random: Random): number {
  const where = random.next();
  if (where < 0.55) return random.integer(Math.min(bytes.length, HEAD_BYTES));
  if (where < 0.8) return bytes.length - Math.min(bytes.length, 1 + random.integer(TAIL_BYTES));
  return random.integer(bytes.length);
}

function alignedPlace(bytes: Uint8Array, width: number, random: Random): number {
  const place = Math.min(placeIn(bytes, random), bytes.length - width);
  return random.chance(0.5) ? place - (place % width) : place;
}

function rangeIn(bytes: Uint8Array, random: Random): { from: number; to: number } {
  const from = placeIn(bytes, random);
  return { from, to: Math.min(bytes.length, from + 1 + random.integer(random.chance(0.5) ? 16 : LONGEST_RANGE)) };
}

function readInteger(bytes: Uint8Array, place: number, width: number, big: boolean): bigint {
  let value = 0n;
  for (let i = 0; i < width; i++) value = (value << 8n) | BigInt(bytes[place + (big ? i : width - 1 - i)]!);
  return value;
}

function writeInteger(bytes: Uint8Array, place: number, width: number, value: bigint, big: boolean): void {
  for (let i = 0; i < width; i++) bytes[place + (big ? width - 1 - i : i)] = Number((value >> BigInt(8 * i)) & 0xffn);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}
