import { UnsupportedError } from '../../errors';
import { forEachLeaf } from './btree1';
import { forEachRecord } from './btree2';
import { extensibleArray, fixedArray } from './chunkArrays';
import { damaged, NOWHERE } from './fields';
import type { Fields } from './fields';
import type { Hdf5File } from './hdf5File';
import type { Layout } from './messages';

/** Where one chunk lies. */
export interface Chunk {
  readonly address: number;
  /** As stored. */
  readonly bytes: number;
  readonly filterMask: number;
}

export interface ChunkGrid {
  readonly shape: readonly number[];
  readonly chunkShape: readonly number[];
  /** Before filters. */
  readonly chunkBytes: number;
  readonly isFiltered: boolean;
}

/** 512 GiB at 1 MiB a chunk. Each one takes some 100 bytes wherever the model goes. */
export const MAX_CHUNKS = 1 << 19;

export function gridOf({ shape, chunkShape }: Pick<ChunkGrid, 'shape' | 'chunkShape'>): readonly number[] {
  return shape.map((size, axis) => Math.ceil(size / chunkShape[axis]!));
}

/** The chunks of a dataset in row-major order of their grid; undefined for one that was never written. @throws HumanError */
export async function readChunks(file: Hdf5File, layout: Extract<Layout, { kind: 'chunked' }>, grid: ChunkGrid): Promise<readonly (Chunk | undefined)[]> {
  const counts = gridOf(grid);
  const total = counts.reduce((product, count) => product * count, 1);
  if (total > MAX_CHUNKS) throw new UnsupportedError(`it is cut into ${total} chunks, and Weightgram reads up to ${MAX_CHUNKS}. Save it with larger chunks.`);
  const chunks = new Array<Chunk | undefined>(total).fill(undefined);
  if (layout.address === NOWHERE) return chunks;
  const whole = (address: number): Chunk => ({ address, bytes: grid.chunkBytes, filterMask: 0 });
  const set = (position: readonly number[], chunk: Chunk): void => {
    const at = flatIndex(position, counts);
    // Beyond the edge lie chunks of a dataset that has been made smaller.
    if (at !== undefined) chunks[at] = chunk;
  };
  const { address, index } = layout;
  const rank = counts.length;
  switch (index.kind) {
    case 'btree1':
      await forEachLeaf(file, address, { type: 1, keyBytes: 8 + 8 * (rank + 1) }, (key, child) => {
        const bytes = key.u32();
        const filterMask = key.u32();
        const position = Array.from({ length: rank }, (_, axis) => key.uint(8) / grid.chunkShape[axis]!);
        if (!position.every(Number.isInteger)) throw key.damage('has a chunk that is not in the grid');
        set(position, { address: child, bytes, filterMask });
      });
      break;
    case 'single':
      if (total === 1) chunks[0] = index.bytes === undefined ? whole(address) : { address, bytes: index.bytes, filterMask: index.filterMask };
      break;
    case 'implicit':
      for (let i = 0; i < total; i++) chunks[i] = whole(address + i * grid.chunkBytes);
      break;
    case 'btree2':
      await forEachRecord(file, address, [10, 11], (record, type) => {
        const place = record.address();
        const chunk = type === 10 ? whole(place) : filteredChunk(place, record, record.left - 4 - 8 * rank);
        set(Array.from({ length: rank }, () => record.uint(8)), chunk);
      });
      break;
    case 'fixedArray':
      await fixedArray(file, address, total, (i, element) => (chunks[i] = chunkOf(element, grid)));
      break;
    case 'extensibleArray':
      await extensibleArray(file, address, total, (i, element) => (chunks[i] = chunkOf(element, grid)));
      break;
  }
  return chunks;
}

/** An element of an array: an address, and where chunks are filtered their size and mask. */
function chunkOf(element: Fields, grid: ChunkGrid): Chunk | undefined {
  const address = element.address();
  if (address === NOWHERE) return undefined;
  return grid.isFiltered ? filteredChunk(address, element, element.left - 4) : { address, bytes: grid.chunkBytes, filterMask: 0 };
}

function filteredChunk(address: number, fields: Fields, sizeBytes: number): Chunk {
  if (sizeBytes < 1 || sizeBytes > 8) throw fields.damage('has chunks without a size');
  return { address, bytes: fields.uint(sizeBytes), filterMask: fields.u32() };
}

function flatIndex(position: readonly number[], counts: readonly number[]): number | undefined {
  let at = 0;
  for (const [axis, count] of counts.entries()) {
    const index = position[axis]!;
    if (index >= count) return undefined;
    at = at * count + index;
  }
  return at;
}

/** @throws FormatError where a chunk lies outside of the file. */
export function checkChunk(file: Hdf5File, chunk: Chunk): void {
  if (chunk.bytes === 0 || chunk.address + chunk.bytes > file.end) throw damaged(file.name, `the chunk at byte ${chunk.address} lies outside of the file`);
}
