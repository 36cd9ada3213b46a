import type { ByteSource } from '../byteSource';
import { FormatError, throwIfCancelled, UnsupportedError } from '../errors';

/** Tables lie in runs between weights: a first read brings what is near, reads that follow one another bring more. */
const PAGE_BYTES = 4 * 1024;
const MAX_PAGES_AHEAD = 64;
/** 32 MiB of the file at a time; what is behind is given up. */
const MAX_PAGES = 8192;
/** One table with its names and lists; a list of a million numbers is 64 reads. */
const MAX_FAULTS = 1024;
/** Numbers in all lists together: shapes, scales, inputs. Lists that share their bytes could ask for more than memory holds. */
const MAX_NUMBERS = 16_000_000;
/** Tables that are looked at; a model of 100,000 tensors has some hundred thousand. */
const MAX_TABLES = 8_000_000;
/** Characters of one name that are read, and of all of them. */
const MAX_TEXT_BYTES = 4 * 1024;
const MAX_ALL_TEXT_BYTES = 64 * 1024 * 1024;

/** Thrown where a byte is not in memory, and caught by `read`, which fetches it and tries again. */
class PageFault extends Error {
  constructor(readonly page: number) {
    super('page fault');
  }
}

/** A list of a table: where its first element lies, and how many there are. */
export interface FlatVector {
  readonly at: number;
  readonly count: number;
}

/**
 * Tables of a FlatBuffer (flatbuffers.dev/internals) in ranges of a file: weights lie among them and are never read. Every place is
 * checked against the file. Offsets lead forwards only and a schema's tables nest to a fixed depth, so that nothing can go in circles;
 * what is shared, and so read again and again, is bounded by counts.
 */
export class FlatBufferView {
  readonly #pages = new Map<number, DataView>();
  /** NaN while there is none: equal to no page, be its number negative in a damaged file. */
  #lastPage = NaN;
  #last: DataView = new DataView(new ArrayBuffer(0));
  /** Behind the last read: one that goes on from there brings twice as much. */
  #nextPage = NaN;
  #ahead = 1;
  #numbers = 0;
  #tables = 0;
  #textBytes = 0;

  constructor(
    readonly source: ByteSource,
    private readonly signal?: AbortSignal,
  ) {}

  /** What `use` reads, which is run again for each part of the file that it lacks: it has no other effects. */
  async read<T>(use: () => T): Promise<T> {
    for (let faults = 0; ; faults++) {
      const counts = [this.#numbers, this.#tables, this.#textBytes] as const;
      try {
        return use();
      } catch (error) {
        if (!(error instanceof PageFault)) throw error;
        if (faults >= MAX_FAULTS) throw this.damaged(`one of its tables leads through more than ${MAX_FAULTS} places of the file`);
        [this.#numbers, this.#tables, this.#textBytes] = counts;
        await this.#fetch(error.page);
      }
    }
  }

  root(): FlatTable {
    return this.tableAt(this.u32(0));
  }

  tableAt(at: number): FlatTable {
    if (++this.#tables > MAX_TABLES) throw this.#tooMany(`${MAX_TABLES} tables`);
    const vtable = at - this.i32(at);
    const vtableBytes = this.u16(vtable);
    if (vtableBytes < 4 || vtableBytes % 2 !== 0) throw this.damaged(`the table at byte ${at} is none`);
    this.check(vtable, vtableBytes);
    return new FlatTable(this, at, vtable, vtableBytes);
  }

  /** Counts what a list gives. @throws UnsupportedError beyond what all lists together may have. */
  countNumbers(count: number): void {
    this.#numbers += count;
    if (this.#numbers > MAX_NUMBERS) throw this.#tooMany(`${MAX_NUMBERS} numbers in its lists`);
  }

  text({ at, count }: FlatVector): string {
    const length = Math.min(count, MAX_TEXT_BYTES);
    this.#textBytes += length;
    if (this.#textBytes > MAX_ALL_TEXT_BYTES) throw this.#tooMany(`${MAX_ALL_TEXT_BYTES} bytes of names`);
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.u8(at + i);
    return new TextDecoder().decode(bytes);
  }

  u8(at: number): number {
    return this.#page(at, 1).getUint8(at % PAGE_BYTES);
  }

  u16(at: number): number {
    return isWithinPage(at, 2) ? this.#page(at, 2).getUint16(at % PAGE_BYTES, true) : this.#gathered(at, 2).getUint16(0, true);
  }

  u32(at: number): number {
    return isWithinPage(at, 4) ? this.#page(at, 4).getUint32(at % PAGE_BYTES, true) : this.#gathered(at, 4).getUint32(0, true);
  }

  i32(at: number): number {
    return this.u32(at) | 0;
  }

  f32(at: number): number {
    return isWithinPage(at, 4) ? this.#page(at, 4).getFloat32(at % PAGE_BYTES, true) : this.#gathered(at, 4).getFloat32(0, true);
  }

  /** Rounded beyond 2^53, which no place in a file reaches. */
  u64(at: number): number {
    return this.u32(at) + this.u32(at + 4) * 2 ** 32;
  }

  i64(at: number): number {
    return this.u32(at) + this.i32(at + 4) * 2 ** 32;
  }

  check(at: number, length: number): void {
    if (at < 0 || length < 0 || at + length > this.source.size) {
      throw this.damaged(`it refers to ${length} bytes at ${at}, and the file ends at ${this.source.size}`);
    }
  }

  damaged(what: string): FormatError {
    return new FormatError(`${this.source.name} is damaged: ${what}. Fetch it again, or convert the model anew.`);
  }

  #tooMany(what: string): UnsupportedError {
    return new UnsupportedError(`${this.source.name} has more than ${what}, which Weightgram does not read. Convert the model anew.`);
  }

  #page(at: number, length: number): DataView {
    const page = Math.floor(at / PAGE_BYTES);
    if (page !== this.#lastPage) {
      this.check(at, length);
      const view = this.#pages.get(page);
      if (!view) throw new PageFault(page);
      this.#last = view;
      this.#lastPage = page;
    } else if ((at % PAGE_BYTES) + length > this.#last.byteLength) this.check(at, length);
    return this.#last;
  }

  #gathered(at: number, length: number): DataView {
    this.check(at, length);
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.u8(at + i);
    return new DataView(bytes.buffer);
  }

  async #fetch(page: number): Promise<void> {
    throwIfCancelled(this.signal);
    this.#ahead = page === this.#nextPage ? Math.min(2 * this.#ahead, MAX_PAGES_AHEAD) : 1;
    let pages = 1;
    while (pages < this.#ahead && !this.#pages.has(page + pages)) pages++;
    this.#nextPage = page + pages;
    const start = page * PAGE_BYTES;
    const bytes = await this.source.read(start, Math.min(pages * PAGE_BYTES, this.source.size - start), this.signal);
    for (let i = 0; i * PAGE_BYTES < bytes.length; i++) {
      const length = Math.min(PAGE_BYTES, bytes.length - i * PAGE_BYTES);
      this.#pages.set(page + i, new DataView(bytes.buffer, bytes.byteOffset + i * PAGE_BYTES, length));
    }
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= MAX_PAGES) break;
      this.#pages.delete(oldest);
    }
    this.#lastPage = NaN;
  }
}

function isWithinPage(at: number, length: number): boolean {
  return (at % PAGE_BYTES) + length <= PAGE_BYTES;
}

/** Fields by the number that the schema gives them. */
export class FlatTable {
  constructor(
    readonly view: FlatBufferView,
    private readonly at: number,
    private readonly vtable: number,
    private readonly vtableBytes: number,
  ) {}

  /** Where a field lies; undefined where the table has none, and its default holds. */
  place(field: number): number | undefined {
    const slot = 4 + 2 * field;
    if (slot + 2 > this.vtableBytes) return undefined;
    const offset = this.view.u16(this.vtable + slot);
    return offset === 0 ? undefined : this.at + offset;
  }

  u8(field: number, absent = 0): number {
    const place = this.place(field);
    return place === undefined ? absent : this.view.u8(place);
  }

  i8(field: number, absent = 0): number {
    return (this.u8(field, absent) << 24) >> 24;
  }

  bool(field: number): boolean {
    return this.u8(field) !== 0;
  }

  i32(field: number, absent = 0): number {
    const place = this.place(field);
    return place === undefined ? absent : this.view.i32(place);
  }

  u32(field: number, absent = 0): number {
    const place = this.place(field);
    return place === undefined ? absent : this.view.u32(place);
  }

  u64(field: number, absent = 0): number {
    const place = this.place(field);
    return place === undefined ? absent : this.view.u64(place);
  }

  table(field: number): FlatTable | undefined {
    const place = this.place(field);
    return place === undefined ? undefined : this.view.tableAt(place + this.view.u32(place));
  }

  text(field: number): string | undefined {
    const vector = this.vector(field, 1);
    return vector && this.view.text(vector);
  }

  /** @param width bytes of an element. @throws FormatError where the list goes beyond the file. */
  vector(field: number, width: number): FlatVector | undefined {
    const place = this.place(field);
    if (place === undefined) return undefined;
    const at = place + this.view.u32(place);
    const count = this.view.u32(at);
    this.view.check(at + 4, count * width);
    return { at: at + 4, count };
  }

  /** The table at `index` of a list of tables. */
  tableIn({ at, count }: FlatVector, index: number): FlatTable {
    if (index >= count) throw this.view.damaged(`it refers to entry ${index} of a list of ${count}`);
    const place = at + 4 * index;
    return this.view.tableAt(place + this.view.u32(place));
  }

  i32s(field: number): readonly number[] {
    return this.#numbers(field, 4, (at) => this.view.i32(at));
  }

  f32s(field: number): readonly number[] {
    return this.#numbers(field, 4, (at) => this.view.f32(at));
  }

  i64s(field: number): readonly number[] {
    return this.#numbers(field, 8, (at) => this.view.i64(at));
  }

  u16s(field: number): readonly number[] {
    return this.#numbers(field, 2, (at) => this.view.u16(at));
  }

  u8s(field: number): readonly number[] {
    return this.#numbers(field, 1, (at) => this.view.u8(at));
  }

  #numbers(field: number, width: number, numberAt: (at: number) => number): readonly number[] {
    const vector = this.vector(field, width);
    if (!vector) return [];
    this.view.countNumbers(vector.count);
    return Array.from({ length: vector.count }, (_, i) => numberAt(vector.at + i * width));
  }
}
