import type { ByteSource } from '../byteSource';
import { FormatError } from '../errors';

/** Headers are read a few fields at a time: one read of the file serves many of them. */
const WINDOW_BYTES = 64 * 1024;

export interface WindowedReaderOptions {
  readonly byteOrder?: 'little' | 'big';
  /** Where reading begins. */
  readonly offset?: number;
  /** Nothing is read from here on; the size of the source where absent. */
  readonly end?: number;
  /** What is wrong when the file ends early, for the message: "its header". */
  readonly subject?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fields of a header, one after another, with one window of the file in memory. Every length is checked against the file
 * before anything is allocated: a read beyond `end` throws a FormatError.
 */
export class WindowedReader {
  readonly source: ByteSource;
  readonly end: number;
  /** Of the next byte. */
  offset: number;
  isLittle: boolean;
  readonly #subject: string;
  readonly #signal: AbortSignal | undefined;
  #window = new Uint8Array();
  #view = new DataView(this.#window.buffer);
  #windowOffset = 0;

  constructor(source: ByteSource, options: WindowedReaderOptions = {}) {
    this.source = source;
    this.offset = options.offset ?? 0;
    this.end = Math.min(options.end ?? source.size, source.size);
    this.isLittle = options.byteOrder !== 'big';
    this.#subject = options.subject ?? 'its header';
    this.#signal = options.signal;
  }

  get left(): number {
    return this.end - this.offset;
  }

  async u8(): Promise<number> {
    return this.#view.getUint8(await this.#take(1));
  }

  async u16(): Promise<number> {
    return this.#view.getUint16(await this.#take(2), this.isLittle);
  }

  async u32(): Promise<number> {
    return this.#view.getUint32(await this.#take(4), this.isLittle);
  }

  async i32(): Promise<number> {
    return this.#view.getInt32(await this.#take(4), this.isLittle);
  }

  async f32(): Promise<number> {
    return this.#view.getFloat32(await this.#take(4), this.isLittle);
  }

  async f64(): Promise<number> {
    return this.#view.getFloat64(await this.#take(8), this.isLittle);
  }

  async u64(): Promise<bigint> {
    return this.#view.getBigUint64(await this.#take(8), this.isLittle);
  }

  async i64(): Promise<bigint> {
    return this.#view.getBigInt64(await this.#take(8), this.isLittle);
  }

  /** A size or place. @throws FormatError where no file could have it. */
  async size(what: string): Promise<number> {
    const value = await this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormatError(`${this.source.name} is damaged: ${what} is ${value}, more than any file can hold. Fetch it again, or save the model anew.`);
    return Number(value);
  }

  /** A copy. @throws FormatError beyond the end. */
  async bytes(length: number): Promise<Uint8Array> {
    if (length > WINDOW_BYTES) {
      this.#check(length);
      const bytes = await this.source.read(this.offset, length, this.#signal);
      this.offset += length;
      return bytes;
    }
    const at = await this.#take(length);
    return this.#window.slice(at, at + length);
  }

  async utf8(length: number): Promise<string> {
    return new TextDecoder().decode(await this.bytes(length));
  }

  skip(length: number): void {
    this.#check(length);
    this.offset += length;
  }

  #check(length: number): void {
    if (length < 0 || length > this.left) {
      throw new FormatError(`${this.source.name} is damaged: ${this.#subject} ends at byte ${this.end}, and ${length} bytes more were to be read at ${this.offset}. Fetch it again, or save the model anew.`);
    }
  }

  /** Index into the window of `length` bytes, which are then behind. */
  async #take(length: number): Promise<number> {
    this.#check(length);
    const start = this.offset - this.#windowOffset;
    if (start < 0 || start + length > this.#window.length) {
      const bytes = await this.source.read(this.offset, Math.min(Math.max(WINDOW_BYTES, length), this.left), this.#signal);
      this.#window = new Uint8Array(bytes);
      this.#view = new DataView(this.#window.buffer);
      this.#windowOffset = this.offset;
    }
    const at = this.offset - this.#windowOffset;
    this.offset += length;
    return at;
  }
}
