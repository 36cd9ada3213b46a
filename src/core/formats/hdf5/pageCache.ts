import type { ByteSource } from '../../byteSource';

/** Structures stand together in blocks of some KB, between weights: a page holds some of them, and costs little where it does not. */
const PAGE_BYTES = 16 * 1024;
/** 16 MiB: what a walk comes back to. */
const MOST_PAGES = 1024;

/** Pages of a file, the latest ones in memory. */
export class PageCache {
  readonly #pages = new Map<number, Uint8Array>();

  constructor(
    private readonly source: ByteSource,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Not to be changed: it may be a view of a page. `length` lies within the file. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const first = Math.floor(offset / PAGE_BYTES);
    const last = Math.floor(Math.max(offset, offset + length - 1) / PAGE_BYTES);
    if (first === last) {
      const page = this.#pages.get(first) ?? (await this.#load(first));
      const at = offset - first * PAGE_BYTES;
      return page.subarray(at, at + length);
    }
    if (last - first > 4) return this.source.read(offset, length, this.signal);
    const bytes = new Uint8Array(length);
    for (let index = first; index <= last; index++) {
      const page = this.#pages.get(index) ?? (await this.#load(index));
      const begin = index * PAGE_BYTES;
      const from = Math.max(offset, begin);
      bytes.set(page.subarray(from - begin, Math.min(PAGE_BYTES, offset + length - begin)), from - offset);
    }
    return bytes;
  }

  async #load(index: number): Promise<Uint8Array> {
    const offset = index * PAGE_BYTES;
    const page = await this.source.read(offset, Math.min(PAGE_BYTES, this.source.size - offset), this.signal);
    const oldest = this.#pages.size >= MOST_PAGES ? this.#pages.keys().next().value : undefined;
    if (oldest !== undefined) this.#pages.delete(oldest);
    this.#pages.set(index, page);
    return page;
  }
}
