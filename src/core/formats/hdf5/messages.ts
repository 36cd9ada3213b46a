import { readDatatype } from './datatype';
import type { Hdf5Type } from './datatype';
import { NOWHERE } from './fields';
import type { Fields } from './fields';

/** NetCDF and HDF5 allow 32. */
const MAX_RANK = 32;

/** Dimensions; empty for a scalar, undefined for a null dataspace, which has no elements. */
export function readDataspace(fields: Fields): readonly number[] | undefined {
  const version = fields.u8();
  const rank = fields.u8();
  fields.skip(1);
  if (version === 1) fields.skip(5);
  else if (version !== 2) throw fields.damage('has a version that HDF5 does not define');
  else if (fields.u8() === 2) return undefined;
  if (rank > MAX_RANK) throw fields.damage(`has ${rank} dimensions`);
  return Array.from({ length: rank }, () => fields.length());
}

export type ChunkIndex =
  | { readonly kind: 'btree1' | 'implicit' | 'btree2' | 'fixedArray' | 'extensibleArray' }
  /** `bytes` where the chunk is filtered. */
  | { readonly kind: 'single'; readonly bytes?: number; readonly filterMask: number };

export type Layout =
  | { readonly kind: 'compact'; readonly bytes: Uint8Array }
  /** NOWHERE: nothing was ever written. */
  | { readonly kind: 'contiguous'; readonly address: number; readonly bytes: number | undefined }
  | { readonly kind: 'chunked'; readonly address: number; /** With the bytes of an element as the last one. */ readonly dims: readonly number[]; readonly index: ChunkIndex; /** Chunks that reach over the edge have no filters. */ readonly edgeIsRaw: boolean }
  | { readonly kind: 'virtual' };

/** A data layout message (IV.A.2.i), versions 1 to 4. */
export function readLayout(fields: Fields): Layout {
  const version = fields.u8();
  if (version === 1 || version === 2) return oldLayout(fields);
  if (version !== 3 && version !== 4) throw fields.damage(`has the version ${version}, which Weightgram does not read: save the file with libver="v114" or earlier`);
  const kind = fields.u8();
  switch (kind) {
    case 0:
      return { kind: 'compact', bytes: fields.take(fields.u16()) };
    case 1:
      return { kind: 'contiguous', address: fields.address(), bytes: fields.length() };
    case 2:
      return version === 3 ? chunks3(fields) : chunks4(fields);
    case 3:
      return { kind: 'virtual' };
    default:
      throw fields.damage('is of a kind that HDF5 does not define');
  }
}

function oldLayout(fields: Fields): Layout {
  const rank = checkedRank(fields, fields.u8());
  const kind = fields.u8();
  fields.skip(5);
  const address = kind === 0 ? NOWHERE : fields.address();
  const dims = Array.from({ length: rank }, () => fields.u32());
  if (kind === 0) return { kind: 'compact', bytes: fields.take(fields.u32()) };
  if (kind === 1) return { kind: 'contiguous', address, bytes: undefined };
  return { kind: 'chunked', address, dims, index: { kind: 'btree1' }, edgeIsRaw: false };
}

function chunks3(fields: Fields): Layout {
  const rank = checkedRank(fields, fields.u8());
  const address = fields.address();
  return { kind: 'chunked', address, dims: Array.from({ length: rank }, () => fields.u32()), index: { kind: 'btree1' }, edgeIsRaw: false };
}

const INDEXES = { 2: 'implicit', 3: 'fixedArray', 4: 'extensibleArray', 5: 'btree2' } as const;

function chunks4(fields: Fields): Layout {
  const flags = fields.u8();
  const rank = checkedRank(fields, fields.u8());
  const width = fields.u8();
  if (width < 1 || width > 8) throw fields.damage('has dimensions of no width');
  const dims = Array.from({ length: rank }, () => fields.uint(width));
  const kind = fields.u8();
  const index = chunkIndex(fields, kind, (flags & 2) !== 0);
  return { kind: 'chunked', dims, index, address: fields.address(), edgeIsRaw: (flags & 1) !== 0 };
}

/** What describes an index here stands in its own header again, but for the single chunk. */
function chunkIndex(fields: Fields, kind: number, isFiltered: boolean): ChunkIndex {
  if (kind === 1) return isFiltered ? { kind: 'single', bytes: fields.length(), filterMask: fields.u32() } : { kind: 'single', filterMask: 0 };
  if (kind !== 2 && kind !== 3 && kind !== 4 && kind !== 5) throw fields.damage('names a chunk index that HDF5 does not define');
  fields.skip({ 2: 0, 3: 1, 4: 5, 5: 6 }[kind]);
  return { kind: INDEXES[kind] };
}

/** Of chunks: one more than the dataset has. */
function checkedRank(fields: Fields, rank: number): number {
  if (rank > MAX_RANK + 1) throw fields.damage(`has ${rank} dimensions`);
  return rank;
}

export interface Filter {
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly number[];
}

/** HDF5 allows 32. */
const MAX_FILTERS = 32;

/** A filter pipeline message (IV.A.2.l): in the order in which filters were applied. */
export function readFilters(fields: Fields): readonly Filter[] {
  const version = fields.u8();
  const count = fields.u8();
  if (version !== 1 && version !== 2) throw fields.damage('has a version that HDF5 does not define');
  if (count > MAX_FILTERS) throw fields.damage(`has ${count} filters`);
  if (version === 1) fields.skip(6);
  return Array.from({ length: count }, () => readFilter(fields, version));
}

function readFilter(fields: Fields, version: number): Filter {
  const id = fields.u16();
  const nameBytes = version === 1 || id >= 256 ? fields.u16() : 0;
  fields.skip(2);
  const parameters = fields.u16();
  const name = new TextDecoder().decode(fields.take(nameBytes)).replace(/\0.*$/s, '');
  if (version === 1) fields.skip((8 - (nameBytes % 8)) % 8);
  const values = Array.from({ length: parameters }, () => fields.u32());
  if (version === 1 && parameters % 2 === 1) fields.skip(4);
  return { id, name, parameters: values };
}

/** One element as stored; undefined where none is set, so that it is zero. */
export function readFillValue(fields: Fields): Uint8Array | undefined {
  const version = fields.u8();
  if (version === 1 || version === 2) {
    fields.skip(2);
    const isDefined = fields.u8() !== 0;
    return version === 1 || isDefined ? fillBytes(fields) : undefined;
  }
  if (version !== 3) throw fields.damage('has a version that HDF5 does not define');
  return fields.u8() & 0x20 ? fillBytes(fields) : undefined;
}

/** The fill value message of HDF5 before 1.4 has its size and the value alone. */
export function readOldFillValue(fields: Fields): Uint8Array | undefined {
  return fillBytes(fields);
}

function fillBytes(fields: Fields): Uint8Array | undefined {
  const length = fields.left >= 4 ? fields.u32() : 0;
  return length === 0 || length > fields.left ? undefined : fields.take(length).slice();
}

export interface ParsedAttribute {
  readonly name: string;
  readonly type: Hdf5Type | undefined;
  /** undefined: no elements. */
  readonly shape: readonly number[] | undefined;
  readonly data: Uint8Array;
}

/** Where type and dataspace of an attribute are shared it is left out (`type` is undefined): only committed types are. */
export function readAttribute(fields: Fields, inner: (bytes: Uint8Array) => Fields): ParsedAttribute {
  const version = fields.u8();
  if (version < 1 || version > 3) throw fields.damage('has a version that HDF5 does not define');
  const flags = fields.u8();
  const sizes = [fields.u16(), fields.u16(), fields.u16()] as const;
  if (version === 3) fields.skip(1);
  const padded = (size: number): Uint8Array => {
    const bytes = fields.take(size);
    if (version === 1) fields.skip(Math.min(fields.left, (8 - (size % 8)) % 8));
    return bytes;
  };
  const name = new TextDecoder().decode(padded(sizes[0])).replace(/\0.*$/s, '');
  const type = padded(sizes[1]);
  const space = padded(sizes[2]);
  const isShared = version > 1 && (flags & 3) !== 0;
  return {
    name,
    type: isShared ? undefined : readDatatype(inner(type)),
    shape: isShared ? undefined : readDataspace(inner(space)),
    data: fields.take(fields.left),
  };
}

export type Link =
  | { readonly kind: 'hard'; readonly name: string; readonly address: number; readonly order?: number }
  | { readonly kind: 'soft'; readonly name: string; readonly target: string }
  | { readonly kind: 'external'; readonly name: string; readonly target: string };

/** A link message (IV.A.2.g). */
export function readLink(fields: Fields): Link {
  if (fields.u8() !== 1) throw fields.damage('has a version that HDF5 does not define');
  const flags = fields.u8();
  const type = flags & 8 ? fields.u8() : 0;
  const order = flags & 4 ? fields.uint(8) : undefined;
  if (flags & 16) fields.skip(1);
  const name = new TextDecoder().decode(fields.take(fields.uint(1 << (flags & 3))));
  if (type === 0) return { kind: 'hard', name, address: fields.address(), ...(order !== undefined && { order }) };
  const target = fields.take(fields.u16());
  if (type === 1) return { kind: 'soft', name, target: new TextDecoder().decode(target) };
  return { kind: 'external', name, target: new TextDecoder().decode(target.subarray(1)).split('\0')[0] ?? '' };
}
