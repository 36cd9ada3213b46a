import type { ByteSource } from '../byteSource';
import { FormatError, throwIfCancelled, UnsupportedError } from '../errors';

/** Payloads up to this size come with their field; longer ones, which are tensors or messages to be walked in turn, only where they were read anyway. */
export const SMALL_BYTES = 16 * 1024;
/** Behind a skipped payload little is needed; while fields follow one another, reads grow to this size. */
const FIRST_READ_BYTES = 4 * 1024;
const LARGEST_READ_BYTES = 64 * 1024;
/** A tag and a varint take at most 10 bytes each; a fixed64 takes 8. */
const LONGEST_HEADER_BYTES = 20;
/** Of one file; a model of 100,000 tensors and as many nodes has about four million. */
const MAX_FIELDS = 20_000_000;

/** Groups (3 and 4) were given up before any model format existed. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
export type WireType = (typeof WIRE)[keyof typeof WIRE];

/** One field of a message, its payload not read unless it is small. */
export interface WireField {
  readonly number: number;
  readonly wireType: WireType;
  /** A varint as signed int64, rounded to float64 beyond 2^53. 0 for other wire types. */
  readonly value: number;
  /** Where the payload lies in the file: behind the length, for a length-delimited field. */
  readonly start: number;
  readonly end: number;
  /** The payload of a fixed field, and of a length-delimited one of up to SMALL_BYTES or in memory. A view of all that was read with it: copy what is to be kept. */
  readonly bytes?: Uint8Array;
}

/** A range of a file that holds a message. A WireField is one. */
export type WireRange = Pick<WireField, 'start' | 'end' | 'bytes'>;

/**
 * Walks protobuf messages in ranges of a file (protobuf.dev/programming-guides/encoding). What is not asked for is stepped over by its
 * length, so that a file of any size costs what its small fields cost.
 */
export class ProtobufFile {
  readonly source: ByteSource;
  readonly #signal: AbortSignal | undefined;
  #fields = 0;
  /** What was read last: of a message within a message the begin is there already. */
  #read: Uint8Array = new Uint8Array();
  #readOffset = 0;

  constructor(source: ByteSource, signal?: AbortSignal) {
    this.source = source;
    this.#signal = signal;
  }

  /** The fields of one message, as many at a time as one read of the file gave. @throws FormatError where it is no message. */
  async *batches({ start, end, bytes }: WireRange): AsyncGenerator<readonly WireField[]> {
    if (bytes) {
      yield this.fieldsIn({ start, end, bytes });
      return;
    }
    this.#check(start, end);
    let at = start;
    let readBytes = FIRST_READ_BYTES;
    let wanted = LONGEST_HEADER_BYTES;
    while (at < end) {
      throwIfCancelled(this.#signal);
      const window = await this.#window(at, Math.min(wanted, end - at), Math.min(readBytes, end - at), end);
      const batch = this.#parse(window, at, end);
      if (batch.fields.length > 0) yield batch.fields;
      const isThrough = batch.next > at + window.length;
      readBytes = isThrough ? FIRST_READ_BYTES : Math.min(readBytes * 2, LARGEST_READ_BYTES);
      wanted = batch.wanted;
      at = batch.next;
    }
  }

  /** Bytes from `at` on, `least` of them or more: those that were read last where they are enough, else as many as `length` says. */
  async #window(at: number, least: number, length: number, end: number): Promise<Uint8Array> {
    const skipped = at - this.#readOffset;
    if (skipped < 0 || skipped + least > this.#read.length) {
      this.#read = await this.source.read(at, Math.max(least, length), this.#signal);
      this.#readOffset = at;
      return this.#read;
    }
    return this.#read.subarray(skipped, skipped + end - at);
  }

  /** The fields of one message, one after another. @throws FormatError where it is no message. */
  async *fields(range: WireRange): AsyncGenerator<WireField> {
    for await (const batch of this.batches(range)) yield* batch;
  }

  /** All fields of one message. @throws FormatError where it is no message; UnsupportedError where there are more than `most`. */
  async message(range: WireRange, most: number): Promise<readonly WireField[]> {
    if (range.bytes) return this.fieldsIn(range as Required<WireRange>);
    const all: WireField[] = [];
    for await (const batch of this.batches(range)) {
      if (all.length + batch.length > most) throw new UnsupportedError(`${this.source.name} has a message with more than ${most} fields at byte ${range.start}, which Weightgram does not read. Save the model anew.`);
      // Else a small field would keep all alive that was read with it.
      for (const field of batch) all.push(field.bytes ? { ...field, bytes: field.bytes.slice() } : field);
    }
    return all;
  }

  /** The fields of a message that came with its field. @throws FormatError where it is none. */
  fieldsIn({ start, bytes }: Required<WireRange>): readonly WireField[] {
    return this.#parse(bytes, start, start + bytes.length).fields;
  }

  /** A payload of any length. @throws FormatError where it is longer than `most`. */
  async payload({ start, end, bytes }: WireRange, most: number): Promise<Uint8Array> {
    if (bytes) return bytes;
    this.#check(start, end);
    if (end - start > most) throw this.damaged(`${end - start} bytes at ${start} stand where up to ${most} are expected`);
    return this.source.read(start, end - start, this.#signal);
  }

  damaged(what: string): FormatError {
    return new FormatError(`${this.source.name} is damaged: ${what}. Fetch it again, or save the model anew.`);
  }

  #check(start: number, end: number): void {
    if (start < 0 || end < start || end > this.source.size) throw this.damaged(`a message of ${end - start} bytes at ${start} goes beyond the end of the file`);
  }

  /** Fields whose headers lie in the window at `offset` of the file. `wanted`: how much to read for the next one. */
  #parse(window: Uint8Array, offset: number, end: number): { fields: WireField[]; next: number; wanted: number } {
    const fields: WireField[] = [];
    const cursor = new Cursor(window);
    const isWhole = offset + window.length >= end;
    while (offset + cursor.at < end) {
      const at = cursor.at;
      if (!isWhole && at + LONGEST_HEADER_BYTES > window.length) break;
      const field = this.#field(cursor, window, offset, end);
      const { start, bytes } = field;
      if (!bytes && field.end - start <= SMALL_BYTES && field.wireType === WIRE.bytes) {
        // Begins in this window and ends behind it: read again from its tag on.
        return { fields, next: offset + at, wanted: field.end - offset - at };
      }
      if (++this.#fields > MAX_FIELDS) throw new UnsupportedError(`${this.source.name} has more than ${MAX_FIELDS} fields, which Weightgram does not read. Save the model anew.`);
      fields.push(field);
      cursor.at = field.end - offset;
    }
    return { fields, next: offset + cursor.at, wanted: LONGEST_HEADER_BYTES };
  }

  #field(cursor: Cursor, window: Uint8Array, offset: number, end: number): WireField {
    const tagAt = offset + cursor.at;
    if (!cursor.readVarint() || cursor.high !== 0) throw this.#badTag(tagAt);
    const tag = cursor.low;
    const number = tag >>> 3;
    const wireType = tag & 7;
    if (number === 0) throw this.#badTag(tagAt);
    if (wireType === WIRE.varint) {
      const start = offset + cursor.at;
      if (!cursor.readVarint()) throw this.damaged(`the number at byte ${start} does not end`);
      return { number, wireType, value: cursor.signed(), start, end: offset + cursor.at };
    }
    if (wireType !== WIRE.bytes && wireType !== WIRE.fixed32 && wireType !== WIRE.fixed64) throw this.#badTag(tagAt);
    let length = wireType === WIRE.fixed32 ? 4 : 8;
    if (wireType === WIRE.bytes) {
      if (!cursor.readVarint()) throw this.damaged(`the length at byte ${offset + cursor.at} does not end`);
      length = cursor.unsigned();
    }
    const start = offset + cursor.at;
    if (length > end - start) throw this.damaged(`field ${number} at byte ${tagAt} is ${length} bytes long, and its message ends ${end - start} bytes behind it`);
    const isHere = cursor.at + length <= window.length;
    return { number, wireType, value: 0, start, end: start + length, ...(isHere && { bytes: window.subarray(cursor.at, cursor.at + length) }) };
  }

  #badTag(at: number): FormatError {
    return this.damaged(`no field of a protobuf message begins at byte ${at}`);
  }
}

/** The fields of the message in [start, end) of a file, one after another; payloads longer than SMALL_BYTES are not read. */
export function fieldsOf(source: ByteSource, start: number, end: number, signal?: AbortSignal): AsyncGenerator<WireField> {
  return new ProtobufFile(source, signal).fields({ start, end });
}

/** Varints in memory. */
class Cursor {
  at = 0;
  /** Of the last varint: its 64 bits, as two uint32. */
  low = 0;
  high = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** false where it does not end within 10 bytes, or with the bytes. */
  readVarint(): boolean {
    const { bytes } = this;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const byte = bytes[this.at];
      if (byte === undefined) return false;
      this.at++;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return true;
      }
    }
    return false;
  }

  unsigned(): number {
    return this.high * 2 ** 32 + this.low;
  }

  signed(): number {
    return (this.high | 0) * 2 ** 32 + this.low;
  }
}

/** The text of a field; '' where it is so long that it was not read. */
export function textOf(field: WireRange): string {
  return field.bytes ? decoder.decode(field.bytes) : '';
}

const decoder = new TextDecoder();

/** The value of a fixed32 field that is a float; NaN of another field. */
export function floatOf({ wireType, bytes }: WireField): number {
  return wireType === WIRE.fixed32 && bytes ? viewOf(bytes).getFloat32(0, true) : NaN;
}

/** The value of a fixed64 field that is a double; NaN of another field. */
export function doubleOf({ wireType, bytes }: WireField): number {
  return wireType === WIRE.fixed64 && bytes ? viewOf(bytes).getFloat64(0, true) : NaN;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Packed varints as signed int64, rounded beyond 2^53; at most `most` of them. undefined where they do not end with the bytes. */
export function packedVarints(bytes: Uint8Array, most: number): number[] | undefined {
  const cursor = new Cursor(bytes);
  const values: number[] = [];
  while (cursor.at < bytes.length && values.length < most) {
    if (!cursor.readVarint()) return undefined;
    values.push(cursor.signed());
  }
  return values;
}

/** A repeated integer field: one value, or packed ones. @throws FormatError of `file` where they are broken. */
export function integersOf(file: ProtobufFile, field: WireField, most: number): readonly number[] {
  if (field.wireType === WIRE.varint) return [field.value];
  const values = field.bytes && packedVarints(field.bytes, most);
  if (!values) throw file.damaged(`the list of numbers at byte ${field.start} cannot be read`);
  return values;
}
