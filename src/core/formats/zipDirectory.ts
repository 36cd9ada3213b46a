import type { ByteSource } from '../byteSource';
import { FormatError, UnsupportedError } from '../errors';
import { quote } from './jsonValues';

/** A record of the central directory (APPNOTE.TXT 4.3.12). */
export interface RawEntry {
  readonly name: string;
  /** 0 stored, 8 deflate. */
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly compressedBytes: number;
  readonly bytes: number;
  readonly headerOffset: number;
}

export interface ZipDirectory {
  readonly offset: number;
  readonly bytes: number;
  readonly entries: number;
  /** Of every offset in the archive: what was put before it, such as a program that unpacks it. */
  readonly shift: number;
}

/** A model of 100,000 tensors has as many entries; an object for each takes 200 bytes. */
export const MAX_ZIP_ENTRIES = 500_000;
/** Read at once. A record has 46 bytes and a name: this is enough for the most entries with names of a hundred characters. */
export const MAX_ZIP_DIRECTORY_BYTES = 96 * 1024 * 1024;

const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const RECORD_BYTES = 46;
const UINT32_MAX = 0xffffffff;
const UINT16_MAX = 0xffff;

/**
 * Looks for the end record in the last 64 KiB, and its 64-bit form before it.
 * @throws FormatError where there is none, or it lies; UnsupportedError for archives of several volumes and above the limits.
 */
export async function findDirectory(source: ByteSource, signal?: AbortSignal): Promise<ZipDirectory> {
  const tailOffset = Math.max(0, source.size - END_BYTES - MAX_COMMENT_BYTES - LOCATOR_BYTES);
  const tail = viewOf(await source.read(tailOffset, source.size - tailOffset, signal));
  const at = endRecord(tail);
  if (at < 0) throw damaged(source, 'the list of its entries, which stands at its end, is missing: the file was cut');
  const isSplit = tail.getUint16(at + 4, true) !== 0 && tail.getUint16(at + 4, true) !== UINT16_MAX;
  if (isSplit) throw new UnsupportedError(`${source.name} is one of several volumes of a ZIP archive. Join them into one archive first.`);
  const short = { entries: tail.getUint16(at + 10, true), bytes: tail.getUint32(at + 12, true), offset: tail.getUint32(at + 16, true) };
  // PyTorch writes the 64-bit form even where it is not needed, as others read it even then.
  const locator = at >= LOCATOR_BYTES && tail.getUint32(at - LOCATOR_BYTES, true) === 0x07064b50 ? at - LOCATOR_BYTES : undefined;
  if (locator === undefined) return checked(source, short, tailOffset + at);
  return readEnd64(source, tailOffset + locator, size(source, tail, locator + 8), signal);
}

/** Backwards: a comment may hold the signature, but then its length does not reach to the end. */
function endRecord(tail: DataView): number {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) === 0x06054b50 && at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength) return at;
  }
  return -1;
}

async function readEnd64(source: ByteSource, locatorOffset: number, declaredOffset: number, signal?: AbortSignal): Promise<ZipDirectory> {
  // Where something was put before the archive, the record does not lie where the locator says, but right before the locator.
  for (const offset of [declaredOffset, locatorOffset - END64_BYTES]) {
    if (offset < 0 || offset + END64_BYTES > locatorOffset) continue;
    const record = viewOf(await source.read(offset, END64_BYTES, signal));
    if (record.getUint32(0, true) !== 0x06064b50) continue;
    const directory = { entries: size(source, record, 32), bytes: size(source, record, 40), offset: size(source, record, 48) };
    return checked(source, directory, offset);
  }
  throw damaged(source, 'the end of the list of its entries is not where it says');
}

function checked(source: ByteSource, { entries, bytes, offset }: Omit<ZipDirectory, 'shift'>, endOffset: number): ZipDirectory {
  if (offset + bytes > endOffset) throw damaged(source, `the list of its entries should have ${bytes} bytes at ${offset}, and ends at ${endOffset}`);
  if (entries * RECORD_BYTES > bytes) throw damaged(source, `it should hold ${entries} entries, more than the list of ${bytes} bytes can name`);
  if (entries > MAX_ZIP_ENTRIES || bytes > MAX_ZIP_DIRECTORY_BYTES) {
    throw new UnsupportedError(`${source.name} is a ZIP archive of ${entries} entries in a list of ${bytes} bytes; Weightgram reads up to ${MAX_ZIP_ENTRIES} entries and ${MAX_ZIP_DIRECTORY_BYTES} bytes. Unpack it first.`);
  }
  const shift = endOffset - bytes - offset;
  return { offset: offset + shift, bytes, entries, shift };
}

/** @throws FormatError where a record does not fit into the list or the file. */
export async function entriesOf(source: ByteSource, directory: ZipDirectory, signal?: AbortSignal): Promise<RawEntry[]> {
  const bytes = await source.read(directory.offset, directory.bytes, signal);
  const view = viewOf(bytes);
  const decode = nameDecoder();
  const entries: RawEntry[] = [];
  let at = 0;
  while (entries.length < directory.entries) {
    const isRecord = at + RECORD_BYTES <= bytes.length && view.getUint32(at, true) === 0x02014b50;
    const nameEnd = isRecord ? at + RECORD_BYTES + view.getUint16(at + 28, true) : 0;
    const extraEnd = isRecord ? nameEnd + view.getUint16(at + 30, true) : 0;
    if (!isRecord || extraEnd > bytes.length) throw damaged(source, `entry ${entries.length + 1} of ${directory.entries} in the list is none`);
    const name = decode(bytes.subarray(at + RECORD_BYTES, nameEnd));
    entries.push(entryAt(source, directory, view, { at, name, extraStart: nameEnd, extraEnd }));
    at = extraEnd + view.getUint16(at + 32, true);
  }
  return entries;
}

interface Place {
  readonly at: number;
  readonly name: string;
  readonly extraStart: number;
  readonly extraEnd: number;
}

function entryAt(source: ByteSource, directory: ZipDirectory, view: DataView, { at, name, extraStart, extraEnd }: Place): RawEntry {
  const wide = wideSizes(source, view, extraStart, extraEnd);
  // In this order, and only those whose 32-bit field is full (APPNOTE.TXT 4.5.3).
  const bytes = wide(view.getUint32(at + 24, true));
  const compressedBytes = wide(view.getUint32(at + 20, true));
  const headerOffset = wide(view.getUint32(at + 42, true)) + directory.shift;
  const method = view.getUint16(at + 10, true);
  const isEncrypted = (view.getUint16(at + 8, true) & 1) !== 0;
  if (headerOffset + compressedBytes > directory.offset) throw damaged(source, `${quote(name)} should have ${compressedBytes} bytes at ${headerOffset}, beyond its end`);
  if (method === 0 && !isEncrypted && bytes !== compressedBytes) throw damaged(source, `${quote(name)} is not packed, and should have ${compressedBytes} bytes packed and ${bytes} unpacked`);
  return { name, method, isEncrypted, compressedBytes, bytes, headerOffset };
}

/** What stands for 32-bit fields that are full: the values of the extra field 1, one after another. */
function wideSizes(source: ByteSource, view: DataView, start: number, end: number): (narrow: number) => number {
  let at = start;
  while (at + 4 <= end && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  let next = at + 4;
  const stop = next <= end ? Math.min(end, next + view.getUint16(at + 2, true)) : 0;
  return (narrow) => {
    if (narrow !== UINT32_MAX || next + 8 > stop) return narrow;
    next += 8;
    return size(source, view, next - 8);
  };
}

/** An unpacked size may be more than the archive's; what no file can have is a lie. */
function size(source: ByteSource, view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(source, `it names a size or place of ${value} bytes, which no file has`);
  return Number(value);
}

/** Names are UTF-8 where their flag says so, and nearly always without it too; what is not is taken byte by byte. */
function nameDecoder(): (bytes: Uint8Array) => string {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const latin = new TextDecoder('latin1');
  return (bytes) => {
    try {
      return utf8.decode(bytes);
    } catch {
      return latin.decode(bytes);
    }
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(source: ByteSource, what: string): FormatError {
  return new FormatError(`${source.name} is a damaged ZIP archive: ${what}. Fetch it again, or save the model anew.`);
}
