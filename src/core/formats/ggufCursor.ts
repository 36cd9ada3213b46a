import type { ByteSource } from '../byteSource';
import { FormatError } from '../errors';

/** One read serves some thousand tensor infos. */
const WINDOW_BYTES = 256 * 1024;

export interface CursorOptions {
  /** Where reading begins. */
  readonly offset: number;
  /** Nothing is read from here on. */
  readonly end: number;
  readonly isLittle: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fields of a header that has a million of them: `need` waits for the file once a window, and what was asked for is then read without
 * waiting. A promise a field would take 100,000 tensors from a tenth of a second to more than one.
 */
export class GgufCursor {
  readonly source: ByteSource;
  readonly end: number;
  readonly #isLittle: boolean;
  readonly #signal: AbortSignal | undefined;
  #window = new Uint8Array();
  #view = new DataView(this.#window.buffer);
  /** Of the window's first byte in the file. */
  #base: number;
  /** Of the next byte, in the window; beyond it after a long skip. */
  #at = 0;

  constructor(source: ByteSource, { offset, end, isLittle, signal }: CursorOptions) {
    this.source = source;
    this.end = Math.min(end, source.size);
    this.#base = offset;
    this.#isLittle = isLittle;
    this.#signal = signal;
  }

  /** Of the next byte. */
  get offset(): number {
    return this.#base + this.#at;
  }

  get left(): number {
    return this.end - this.offset;
  }

  /** Whether `bytes` more can be read without waiting. */
  has(bytes: number): boolean {
    return this.#at + bytes <= this.#window.length;
  }

  /** Makes `bytes` more readable. @throws FormatError where there are not that many. */
  async need(bytes: number, what: string): Promise<void> {
    if (this.has(bytes)) return;
    this.check(bytes, what);
    const { offset } = this;
    this.#window = new Uint8Array(await this.source.read(offset, Math.min(Math.max(WINDOW_BYTES, bytes), this.left), this.#signal));
    this.#view = new DataView(this.#window.buffer);
    this.#base = offset;
    this.#at = 0;
  }

  /** @throws FormatError where there are less than `bytes` more. */
  check(bytes: number, what: string): void {
    if (bytes <= this.left) return;
    const limit = this.end < this.source.size ? 'headers are read up to' : 'the file ends at';
    throw new FormatError(`${this.source.name} is damaged: ${what} would take ${bytes} bytes from byte ${this.offset} on, and ${limit} ${this.end}. Fetch it again, or convert the model anew.`);
  }

  /** Passes over bytes without reading them. @throws FormatError beyond the end. */
  skip(bytes: number, what: string): void {
    this.check(bytes, what);
    this.#at += bytes;
  }

  u8(): number {
    return this.#view.getUint8(this.#next(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#next(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#next(2), this.#isLittle);
  }

  i16(): number {
    return this.#view.getInt16(this.#next(2), this.#isLittle);
  }

  u32(): number {
    return this.#view.getUint32(this.#next(4), this.#isLittle);
  }

  i32(): number {
    return this.#view.getInt32(this.#next(4), this.#isLittle);
  }

  f32(): number {
    return this.#view.getFloat32(this.#next(4), this.#isLittle);
  }

  f64(): number {
    return this.#view.getFloat64(this.#next(8), this.#isLittle);
  }

  /** Exact up to 2^53; a larger number is one that no file can mean, and stays that. */
  u64(): number {
    const at = this.#next(8);
    const first = this.#view.getUint32(at, this.#isLittle);
    const second = this.#view.getUint32(at + 4, this.#isLittle);
    return this.#isLittle ? second * 2 ** 32 + first : first * 2 ** 32 + second;
  }

  i64(): number {
    return Number(this.#view.getBigInt64(this.#next(8), this.#isLittle));
  }

  /** `bytes` of the window, valid until the next `need`. */
  bytes(length: number): Uint8Array {
    const at = this.#next(length);
    return this.#window.subarray(at, at + length);
  }

  #next(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}
