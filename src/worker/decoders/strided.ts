import { bytesPerElement } from '../../core/dtype';
import type { PlainDtype } from '../../core/dtype';
import type { Encoding, Tensor } from '../../core/model';
import type { OpenFiles } from '../jobFiles';
import type { Decoder, StoredBytes } from './decoder';

/** Of the file in memory at a time. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** One read of the file, where neighbours of an element are wanted soon. */
const LARGEST_PAGE_BYTES = 256 * 1024;
/** Smaller reads cost as much. */
const SMALLEST_PAGE_BYTES = 4 * 1024;

/** A view that is not one after another, gathered into row-major order. */
export const strided: Decoder<Extract<Encoding, { kind: 'strided' }>> = (files, tensor, { offset, strides }): StoredBytes => {
  const width = bytesPerElement(tensor.dtype as PlainDtype);
  const pages = new PageCache(files, tensor, pageBytes(tensor.shape, strides, width));
  return { read: (byteOffset, target) => gather({ shape: tensor.shape, strides, offset, width, pages }, byteOffset / width, target) };
};

/**
 * Until a walk in row-major order comes back to the neighbourhood of an element, it steps through all axes inside of the one
 * with the smallest stride: so many pages must fit, or each would be read again for every element.
 */
function pageBytes(shape: readonly number[], strides: readonly number[], width: number): number {
  let nearest = -1;
  for (const [axis, size] of shape.entries()) {
    if (size > 1 && strides[axis]! > 0 && (nearest < 0 || strides[axis]! <= strides[nearest]!)) nearest = axis;
  }
  const apart = shape.reduce((product, size, axis) => (axis > nearest && strides[axis]! > 0 ? product * size : product), 1);
  const fitting = 2 ** Math.floor(Math.log2(CACHE_BYTES / apart));
  // A page holds whole elements: all sizes are powers of two.
  return Math.max(width, Math.min(LARGEST_PAGE_BYTES, Math.max(fitting, Math.min(SMALLEST_PAGE_BYTES, 64 * width))));
}

interface Gathering {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly width: number;
  readonly pages: PageCache;
}

function gather({ shape, strides, offset, width, pages }: Gathering, first: number, target: Uint8Array): void {
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let axis = shape.length - 1, rest = first; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    at += index[axis]! * strides[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  const last = shape.length - 1;
  const run = shape[last] ?? 1;
  const step = strides[last] ?? 0;
  for (let filled = 0; filled < target.length; ) {
    const count = Math.min(run - (index[last] ?? 0), (target.length - filled) / width);
    copyRun({ pages, width, at, step, count }, target, filled);
    filled += count * width;
    // To the begin of the next run.
    at -= (index[last] ?? 0) * step;
    if (last >= 0) index[last] = 0;
    for (let axis = last - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
}

interface Run {
  readonly pages: PageCache;
  readonly width: number;
  readonly at: number;
  readonly step: number;
  readonly count: number;
}

function copyRun({ pages, width, at, step, count }: Run, target: Uint8Array, filled: number): void {
  const { pageBytes: size } = pages;
  for (let i = 0, byte = at * width; i < count; ) {
    const page = Math.floor(byte / size);
    const bytes = pages.page(page);
    const end = (page + 1) * size;
    if (step === 1) {
      const length = Math.min(count - i, (end - byte) / width) * width;
      target.set(bytes.subarray(byte - page * size, byte - page * size + length), filled + i * width);
      i += length / width;
      byte += length;
      continue;
    }
    for (; i < count && byte < end; i++, byte += step * width) {
      const from = byte - page * size;
      const to = filled + i * width;
      for (let part = 0; part < width; part++) target[to + part] = bytes[from + part]!;
    }
  }
}

/** Pages of the tensor's segment; the one that was brought in first goes first. */
class PageCache {
  readonly #length: number;
  readonly #pages = new Map<number, Uint8Array>();
  readonly #most: number;
  #last = -1;
  #lastBytes = new Uint8Array();

  constructor(
    private readonly files: OpenFiles,
    private readonly tensor: Tensor,
    readonly pageBytes: number,
  ) {
    this.#length = tensor.segments.reduce((sum, segment) => sum + segment.length, 0);
    this.#most = Math.max(1, Math.floor(CACHE_BYTES / pageBytes));
  }

  page(index: number): Uint8Array {
    if (index === this.#last) return this.#lastBytes;
    const bytes = this.#pages.get(index) ?? this.#read(index);
    this.#last = index;
    this.#lastBytes = bytes as Uint8Array<ArrayBuffer>;
    return bytes;
  }

  #read(index: number): Uint8Array {
    const isFull = this.#pages.size >= this.#most;
    const oldest = isFull ? this.#pages.keys().next().value : undefined;
    const used = oldest === undefined ? undefined : this.#pages.get(oldest);
    if (oldest !== undefined) this.#pages.delete(oldest);
    const bytes = used ?? new Uint8Array(Math.min(this.pageBytes, this.#length));
    const start = index * this.pageBytes;
    this.files.read(this.tensor, start, bytes.subarray(0, Math.min(this.pageBytes, this.#length - start)));
    this.#pages.set(index, bytes);
    return bytes;
  }
}
