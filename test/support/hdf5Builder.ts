import { bytesPerElement } from '../../src/core/dtype';
import type { PlainDtype } from '../../src/core/dtype';

/** All bits set: an address that was never allotted. */
export const NO_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** How a test stores a dataset. */
export type TestLayout =
  | { readonly kind: 'contiguous' }
  | { readonly kind: 'compact' }
  /** Chunks in row-major order of their grid, padded to whole chunks; undefined for one that is not written. */
  | { readonly kind: 'chunked'; readonly chunkShape: readonly number[]; readonly index: 'implicit' | 'fixedArray' | 'btree1'; readonly chunks: readonly (Uint8Array | undefined)[] };

export interface TestDataset {
  readonly dtype: PlainDtype;
  readonly shape: readonly number[];
  readonly isBig?: boolean;
  /** In the byte order of the type. */
  readonly bytes: Uint8Array;
  readonly layout: TestLayout;
  readonly fill?: Uint8Array;
  /** Ids, in the order of their application; chunks come filtered. */
  readonly filters?: readonly { readonly id: number; readonly parameters: readonly number[] }[];
}

/** A tiny writer of HDF5 with superblock 2, headers of version 2 and links in them. Checksums are zero: no reader of ours asks for them. */
export class Hdf5Builder {
  /** The superblock is written last. */
  readonly #bytes: number[] = new Array<number>(48).fill(0);

  get length(): number {
    return this.#bytes.length;
  }

  /** @returns its address. */
  append(bytes: ArrayLike<number>): number {
    const at = this.#bytes.length;
    for (let i = 0; i < bytes.length; i++) this.#bytes.push(bytes[i]!);
    return at;
  }

  /** An object header. @returns its address. */
  header(messages: readonly (readonly [type: number, data: readonly number[]])[]): number {
    const body = messages.flatMap(([type, data]) => [type, ...u(data.length, 2), 0, ...data]);
    return this.append([...text('OHDR'), 2, 2, ...u(body.length, 4), ...body, 0, 0, 0, 0]);
  }

  group(links: Readonly<Record<string, number>>): number {
    return this.header(Object.entries(links).map(([name, address]) => [0x06, link(name, address)] as const));
  }

  dataset(dataset: TestDataset): number {
    const { shape, layout, fill, filters = [] } = dataset;
    const messages: (readonly [number, readonly number[]])[] = [
      [0x01, dataspace(shape)],
      [0x03, datatype(dataset.dtype, dataset.isBig === true)],
      ...(fill ? [[0x05, [3, 0x20, ...u(fill.length, 4), ...fill]] as const] : []),
      ...(filters.length > 0 ? [[0x0b, [2, filters.length, ...filters.flatMap(({ id, parameters }) => [...u(id, 2), ...(id >= 256 ? u(0, 2) : []), ...u(0, 2), ...u(parameters.length, 2), ...parameters.flatMap((p) => u(p, 4))])]] as const] : []),
    ];
    if (layout.kind === 'compact') messages.push([0x08, [3, 0, ...u(dataset.bytes.length, 2), ...dataset.bytes]]);
    else if (layout.kind === 'contiguous') messages.push([0x08, [3, 1, ...u(dataset.bytes.length === 0 ? NO_ADDRESS : this.append(dataset.bytes), 8), ...u(dataset.bytes.length, 8)]]);
    else messages.push([0x08, this.#chunkedLayout(dataset, layout)]);
    return this.header(messages);
  }

  /** @returns the file. */
  finish(root: number, end?: number): Uint8Array {
    const superblock = [...text('\x89HDF\r\n\x1a\n'), 2, 8, 8, 0, ...u(0, 8), ...u(NO_ADDRESS, 8), ...u(end ?? this.#bytes.length, 8), ...u(root, 8)];
    const bytes = Uint8Array.from(this.#bytes);
    bytes.set(superblock);
    return bytes;
  }

  #chunkedLayout({ dtype, shape, filters = [] }: TestDataset, { chunkShape, index, chunks }: Extract<TestLayout, { kind: 'chunked' }>): number[] {
    const dims = [...chunkShape, bytesPerElement(dtype)].flatMap((size) => u(size, 4));
    const rank = shape.length + 1;
    if (index === 'implicit') {
      const first = this.length;
      for (const chunk of chunks) this.append(chunk!);
      return [4, 2, 0, rank, 4, ...dims, 2, ...u(first, 8)];
    }
    const places = chunks.map((chunk) => (chunk ? { address: this.append(chunk), length: chunk.length } : undefined));
    if (index === 'btree1') return [3, 2, rank, ...u(this.#chunkTree(shape, chunkShape, places), 8), ...dims];
    const isFiltered = filters.length > 0;
    const elements = places.flatMap((place) => [...u(place?.address ?? NO_ADDRESS, 8), ...(isFiltered ? [...u(place?.length ?? 0, 4), 0, 0, 0, 0] : [])]);
    const block = this.append([...text('FADB'), 0, isFiltered ? 1 : 0, ...u(0, 8), ...elements, 0, 0, 0, 0]);
    const head = this.append([...text('FAHD'), 0, isFiltered ? 1 : 0, isFiltered ? 16 : 8, 20, ...u(chunks.length, 8), ...u(block, 8), 0, 0, 0, 0]);
    return [4, 2, 0, rank, 4, ...dims, 3, 20, ...u(head, 8)];
  }

  /** One leaf. */
  #chunkTree(shape: readonly number[], chunkShape: readonly number[], places: readonly ({ address: number; length: number } | undefined)[]): number {
    const counts = shape.map((size, axis) => Math.ceil(size / chunkShape[axis]!));
    const entries = places.flatMap((place, flat) => {
      if (!place) return [];
      const offsets: number[] = [];
      for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
        offsets.unshift((rest % counts[axis]!) * chunkShape[axis]!);
        rest = Math.floor(rest / counts[axis]!);
      }
      return [[...u(place.length, 4), 0, 0, 0, 0, ...[...offsets, 0].flatMap((offset) => u(offset, 8)), ...u(place.address, 8)]];
    });
    return this.append([...text('TREE'), 1, 0, ...u(entries.length, 2), ...u(NO_ADDRESS, 8), ...u(NO_ADDRESS, 8), ...entries.flat()]);
  }
}

export function u(value: number | bigint, width: number): number[] {
  const bits = BigInt(value);
  return Array.from({ length: width }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn));
}

export function text(value: string): number[] {
  return [...value].map((letter) => letter.charCodeAt(0));
}

export function link(name: string, address: number): number[] {
  const bytes = [...new TextEncoder().encode(name)];
  return [1, 2, ...u(bytes.length, 4), ...bytes, ...u(address, 8)];
}

export function softLink(name: string, target: string): number[] {
  return [1, 8 | 2, 1, ...u(name.length, 4), ...text(name), ...u(target.length, 2), ...text(target)];
}

export function dataspace(shape: readonly (number | bigint)[]): number[] {
  return [2, shape.length, 0, shape.length === 0 ? 0 : 1, ...shape.flatMap((size) => u(size, 8))];
}

/** Exponent bits, mantissa bits, bias. */
const FLOATS: Readonly<Record<string, readonly [number, number, number]>> = {
  float64: [11, 52, 1023], float32: [8, 23, 127], float16: [5, 10, 15], bfloat16: [8, 7, 127], float8_e4m3fn: [4, 3, 7], float8_e5m2: [5, 2, 15],
};

/** Numbers whose type HDF5 can describe. */
export const HDF5_DTYPES = ['float64', 'float32', 'float16', 'bfloat16', 'float8_e4m3fn', 'float8_e5m2', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const satisfies readonly PlainDtype[];

export function datatype(dtype: PlainDtype, isBig: boolean): number[] {
  const bytes = bytesPerElement(dtype);
  const big = isBig ? 1 : 0;
  const float = FLOATS[dtype];
  if (!float) return [0x10, big | (dtype.startsWith('u') ? 0 : 8), 0, 0, ...u(bytes, 4), 0, 0, ...u(bytes * 8, 2)];
  const [exponent, mantissa, bias] = float;
  return [0x11, big | 0x20, mantissa + exponent, 0, ...u(bytes, 4), 0, 0, ...u(bytes * 8, 2), mantissa, exponent, 0, mantissa, ...u(bias, 4)];
}
