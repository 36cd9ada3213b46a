import type { ByteSource } from '../byteSource';

/** One read of the file serves some ten thousand opcodes. */
const WINDOW_BYTES = 256 * 1024;

/**
 * A window on a pickle. Fields are read from it without waiting: who needs more bytes than `has` confirms calls `fill` first.
 * Payloads can be skipped without being read.
 */
export class PickleInput {
  /** Index into the window of the next byte. Beyond its end after a skip. */
  at = 0;
  #window: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #windowOffset: number;

  constructor(
    private readonly source: ByteSource,
    offset: number,
    /** Nothing is read from here on. */
    readonly end: number,
    private readonly signal?: AbortSignal,
  ) {
    this.#windowOffset = offset;
  }

  /** Of the next byte, in the source. */
  get offset(): number {
    return this.#windowOffset + this.at;
  }

  /** Bytes up to the end, in the window or not. */
  get left(): number {
    return this.end - this.offset;
  }

  has(count: number): boolean {
    return this.at + count <= this.#window.length;
  }

  /** Brings the next `count` bytes into the window, or all that are left. */
  async fill(count: number): Promise<void> {
    const offset = this.offset;
    const length = Math.max(0, Math.min(Math.max(WINDOW_BYTES, count), this.end - offset));
    const bytes = length === 0 ? new Uint8Array() : await this.source.read(offset, length, this.signal);
    this.#window = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#windowOffset = offset;
    this.at = 0;
  }

  u8(): number {
    return this.#window[this.at++]!;
  }

  u16(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2, true);
  }

  i32(): number {
    this.at += 4;
    return this.#view.getInt32(this.at - 4, true);
  }

  u32(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  u64(): bigint {
    this.at += 8;
    return this.#view.getBigUint64(this.at - 8, true);
  }

  /** Big-endian, alone among the fields of a pickle. */
  f64(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, false);
  }

  /** Valid until the next fill. */
  take(length: number): Uint8Array {
    this.at += length;
    return this.#window.subarray(this.at - length, this.at);
  }

  skip(length: number): void {
    this.at += length;
  }

  /** Bytes up to the next newline within the window, without it; -1 where there is none. */
  lineLength(): number {
    const end = this.#window.indexOf(0x0a, this.at);
    return end < 0 ? -1 : end - this.at;
  }
}
