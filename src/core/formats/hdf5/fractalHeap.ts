import { NOWHERE } from './fields';
import type { Fields } from './fields';
import { forEachRecord } from './btree2';
import type { Hdf5File } from './hdf5File';

/** Indirect blocks within one another: each level holds at least four times what the one below holds. */
const MAX_DEPTH = 32;
/** Rows of a block: a heap of 64 bits of addresses has fewer. */
const MAX_ROWS = 128;

/** A fractal heap (III.G), which holds the links and attributes of large objects. */
export class FractalHeap {
  readonly #offsetWidth: number;
  readonly #lengthWidth: number;
  #huge: Promise<Map<number, { address: number; length: number }>> | undefined;

  private constructor(
    private readonly file: Hdf5File,
    private readonly what: string,
    private readonly head: HeapHeader,
  ) {
    this.#offsetWidth = Math.ceil(head.heapBits / 8);
    const byBlock = Math.ceil(Math.log2(head.maxDirectBytes) / 8);
    this.#lengthWidth = Math.max(1, Math.min(byBlock, Math.floor(Math.log2(Math.max(1, head.maxManagedBytes)) / 8) + 1));
  }

  static async open(file: Hdf5File, address: number): Promise<FractalHeap> {
    const what = `the fractal heap at byte ${address}`;
    const fields = await file.fields(address, 22 + 12 * file.lengthBytes + 3 * file.offsetBytes, what);
    return new FractalHeap(file, what, readHeader(fields));
  }

  /** The object that an identifier stands for. */
  async object(id: Fields): Promise<Uint8Array> {
    const first = id.u8();
    switch ((first >> 4) & 3) {
      case 0: {
        const offset = id.uint(this.#offsetWidth);
        return this.#managed(offset, id.uint(this.#lengthWidth));
      }
      case 1:
        return this.#hugeObject(id);
      case 2:
        return this.head.idBytes > 18 ? id.take((((first & 15) << 8) | id.u8()) + 1) : id.take((first & 15) + 1);
      default:
        throw id.damage('has an identifier of no kind');
    }
  }

  async #hugeObject(id: Fields): Promise<Uint8Array> {
    const { offsetBytes, lengthBytes } = this.file;
    if (this.head.idBytes > offsetBytes + lengthBytes) return this.file.block(id.address(), id.length(), this.what);
    const key = id.uint(Math.min(8, this.head.idBytes - 1));
    this.#huge ??= this.#readHuge();
    const place = (await this.#huge).get(key);
    if (!place) throw id.damage('has no object of this identifier');
    return this.file.block(place.address, place.length, this.what);
  }

  async #readHuge(): Promise<Map<number, { address: number; length: number }>> {
    const found = new Map<number, { address: number; length: number }>();
    if (this.head.hugeTree !== NOWHERE) {
      await forEachRecord(this.file, this.head.hugeTree, [1], (record) => {
        const place = { address: record.address(), length: record.length() };
        found.set(record.length(), place);
      });
    }
    return found;
  }

  /** Managed objects lie in blocks whose sizes double from row to row; offsets count through all of them. */
  async #managed(offset: number, length: number): Promise<Uint8Array> {
    const { head } = this;
    if (head.root === NOWHERE) throw this.#damage('is empty');
    if (head.rows === 0) return this.#fromBlock({ address: head.root, bytes: head.startBytes }, offset, length);
    let block = { address: head.root, rows: head.rows };
    let within = offset;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const { row, column, begin, bytes } = this.#cell(within, block.rows);
      const address = await this.#child(block, row, column);
      within -= begin;
      if (bytes <= head.maxDirectBytes) return this.#fromBlock({ address, bytes }, within, length);
      block = { address, rows: Math.log2(bytes) - Math.log2(head.startBytes * head.width) + 1 };
    }
    throw this.#damage('nests too deep');
  }

  async #fromBlock(block: { address: number; bytes: number }, offset: number, length: number): Promise<Uint8Array> {
    if (offset + length > block.bytes || block.address === NOWHERE) throw this.#damage('has an object outside of its blocks');
    return this.file.block(block.address + offset, length, this.what);
  }

  /** Which block of an indirect one holds an offset. */
  #cell(offset: number, rows: number): { row: number; column: number; begin: number; bytes: number } {
    let begin = 0;
    for (let row = 0; row < Math.min(rows, MAX_ROWS); row++) {
      const bytes = this.head.startBytes * 2 ** Math.max(0, row - 1);
      const end = begin + bytes * this.head.width;
      if (offset < end) {
        const column = Math.floor((offset - begin) / bytes);
        return { row, column, begin: begin + column * bytes, bytes };
      }
      begin = end;
    }
    throw this.#damage('has an object outside of its blocks');
  }

  async #child(block: { address: number; rows: number }, row: number, column: number): Promise<number> {
    const { head, file } = this;
    const prefix = 5 + file.offsetBytes + this.#offsetWidth;
    const fields = await file.fields(block.address, prefix + (row * head.width + column + 1) * file.offsetBytes, this.what);
    fields.signature('FHIB');
    fields.skip(fields.left - file.offsetBytes);
    const address = fields.address();
    if (address === NOWHERE) throw this.#damage('has an object in a block that was never written');
    return address;
  }

  #damage(how: string): Error {
    return this.file.fieldsOf(new Uint8Array(), this.what).damage(how);
  }
}

interface HeapHeader {
  readonly idBytes: number;
  readonly maxManagedBytes: number;
  readonly hugeTree: number;
  readonly width: number;
  readonly startBytes: number;
  readonly maxDirectBytes: number;
  /** Of offsets within the heap. */
  readonly heapBits: number;
  readonly root: number;
  /** 0 where the root is a direct block. */
  readonly rows: number;
}

function readHeader(fields: Fields): HeapHeader {
  fields.signature('FRHP');
  fields.skip(1);
  const idBytes = fields.u16();
  const filterBytes = fields.u16();
  fields.skip(1);
  const maxManagedBytes = fields.u32();
  fields.length();
  const hugeTree = fields.address();
  fields.length();
  fields.address();
  for (let i = 0; i < 8; i++) fields.length();
  const width = fields.u16();
  const startBytes = fields.length();
  const maxDirectBytes = fields.length();
  const heapBits = fields.u16();
  fields.skip(2);
  const root = fields.address();
  const rows = fields.u16();
  if (filterBytes > 0) throw fields.damage('is compressed, which Weightgram does not read');
  if (!isPowerOfTwo(startBytes) || !isPowerOfTwo(maxDirectBytes) || width === 0 || heapBits > 64 || rows > MAX_ROWS || idBytes === 0) throw fields.damage('has blocks of no possible size');
  return { idBytes, maxManagedBytes, hugeTree, width, startBytes, maxDirectBytes, heapBits, root, rows };
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
