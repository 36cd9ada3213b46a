import { FormatError } from '../../errors';

/** Of a place that was never allotted: all bits set. */
export const NOWHERE = -1;

/** Widths that the superblock sets for the whole file. */
export interface FieldWidths {
  /** Bytes of an address. */
  readonly offsetBytes: number;
  /** Bytes of a length. */
  readonly lengthBytes: number;
}

/** @param what begins a sentence that goes on: "its symbol table ends early". */
export function damaged(file: string, what: string): FormatError {
  return new FormatError(`${file} is damaged: ${what}. Fetch it again, or save the model anew.`);
}

/** Little-endian fields of one structure in memory, one after another. A read beyond its end throws a FormatError. */
export class Fields {
  offset = 0;
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    private readonly widths: FieldWidths,
    /** For messages: the file, and what is read. */
    private readonly context: { readonly file: string; readonly what: string },
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.bytes.length - this.offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** An unsigned number of 1 to 8 bytes. */
  uint(width: number): number {
    const at = this.#take(width);
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + this.bytes[at + i]!;
    if (value > Number.MAX_SAFE_INTEGER) throw this.damage('has a number that is larger than any file');
    return value;
  }

  length(): number {
    return this.uint(this.widths.lengthBytes);
  }

  /** NOWHERE where it was never set. */
  address(): number {
    const width = this.widths.offsetBytes;
    const at = this.offset;
    if (this.left >= width && this.bytes.subarray(at, at + width).every((byte) => byte === 255)) {
      this.offset += width;
      return NOWHERE;
    }
    return this.uint(width);
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** To the next multiple of 8 from the begin. */
  align8(): void {
    this.offset = Math.min(this.bytes.length, Math.ceil(this.offset / 8) * 8);
  }

  /** @throws FormatError where something else stands there. */
  signature(wanted: string): void {
    const found = String.fromCharCode(...this.take(4));
    if (found !== wanted) throw this.damage(`has no signature ${wanted}`);
  }

  damage(how: string): FormatError {
    return damaged(this.context.file, `${this.context.what} ${how}`);
  }

  #take(length: number): number {
    if (length < 0 || length > this.left) throw this.damage('ends early');
    const at = this.offset;
    this.offset += length;
    return at;
  }
}
