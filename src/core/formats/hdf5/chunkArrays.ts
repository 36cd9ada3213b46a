import { NOWHERE } from './fields';
import type { Fields } from './fields';
import type { Hdf5File } from './hdf5File';

/** Takes one element of an array by its index. */
type TakeElement = (index: number, element: Fields) => void;

const CHECKSUM_BYTES = 4;

/** A fixed array (VII.C): the chunks of a dataset that cannot grow. */
export async function fixedArray(file: Hdf5File, address: number, total: number, take: TakeElement): Promise<void> {
  const what = `the chunk index at byte ${address}`;
  const head = await file.fields(address, 8 + file.lengthBytes + file.offsetBytes, what);
  head.signature('FAHD');
  head.skip(2);
  const elementBytes = head.u8();
  const pageBits = head.u8();
  const count = Math.min(head.length(), total);
  const block = head.address();
  if (block === NOWHERE) return;
  const prefix = 6 + file.offsetBytes;
  const perPage = 2 ** pageBits;
  const isPaged = count > perPage;
  if (!isPaged) return takeElements(await file.fields(block + prefix, count * elementBytes, what), { file, what, first: 0, count, elementBytes }, take);
  const pages = Math.ceil(count / perPage);
  const bits = await file.block(block + prefix, Math.ceil(pages / 8), what);
  let at = block + prefix + bits.length + CHECKSUM_BYTES;
  for (let page = 0; page < pages; page++) {
    const inPage = Math.min(perPage, count - page * perPage);
    if (isSet(bits, page)) {
      takeElements(await file.fields(at, inPage * elementBytes, what), { file, what, first: page * perPage, count: inPage, elementBytes }, take);
    }
    at += perPage * elementBytes + CHECKSUM_BYTES;
  }
}

/** Bits of pages that were written, of all blocks one after another, the first one as the highest of its byte (H5VM_bit_get). */
function isSet(bits: Uint8Array, index: number): boolean {
  return (bits[index >> 3]! & (0x80 >> (index & 7))) !== 0;
}

interface Run {
  readonly file: Hdf5File;
  readonly what: string;
  readonly first: number;
  readonly count: number;
  readonly elementBytes: number;
}

function takeElements(fields: Fields, { file, what, first, count, elementBytes }: Run, take: TakeElement): void {
  for (let i = 0; i < count; i++) take(first + i, file.fieldsOf(fields.take(elementBytes), what));
}

interface Extensible {
  readonly file: Hdf5File;
  readonly what: string;
  readonly elementBytes: number;
  /** Bytes of a block's offset. */
  readonly offsetWidth: number;
  readonly perPage: number;
  readonly total: number;
}

/** An extensible array (VII.D): the chunks of a dataset that grows along one axis. Sizes of blocks as in H5EAhdr.c, H5EA__hdr_init. */
export async function extensibleArray(file: Hdf5File, address: number, total: number, take: TakeElement): Promise<void> {
  const what = `the chunk index at byte ${address}`;
  const head = await file.fields(address, 12 + 6 * file.lengthBytes + file.offsetBytes, what);
  head.signature('EAHD');
  head.skip(2);
  const elementBytes = head.u8();
  const maxBits = head.u8();
  const inIndex = head.u8();
  const minElements = head.u8();
  const minPointers = head.u8();
  const pageBits = head.u8();
  for (let i = 0; i < 6; i++) head.length();
  const index = head.address();
  if (index === NOWHERE) return;
  if (!isPowerOfTwo(minElements) || !isPowerOfTwo(minPointers) || maxBits > 64) throw head.damage('has blocks of no possible size');
  const array: Extensible = { file, what, elementBytes, offsetWidth: Math.ceil(maxBits / 8), perPage: 2 ** pageBits, total };
  const superBlocks = 1 + Math.max(0, maxBits - Math.log2(minElements));
  const inline = 2 * Math.log2(minPointers);
  const dataPointers = 2 * (minPointers - 1);
  const pointers = dataPointers + Math.max(0, superBlocks - inline);
  const prefix = 6 + file.offsetBytes;
  const fields = await file.fields(index + prefix, inIndex * elementBytes + pointers * file.offsetBytes, what);
  let first = Math.min(inIndex, total);
  takeElements(fields, { file, what, first: 0, count: first, elementBytes }, take);
  fields.offset = inIndex * elementBytes;
  for (let u = 0; u < superBlocks && first < total; u++) {
    const blocks = 2 ** Math.floor(u / 2);
    const elements = 2 ** Math.ceil(u / 2) * minElements;
    if (u < inline) {
      for (let block = 0; block < blocks; block++, first += elements) await dataBlock(array, fields.address(), { first, elements }, undefined, take);
    } else {
      await superBlock(array, fields.address(), { first, blocks, elements }, take);
      first += blocks * elements;
    }
  }
}

async function superBlock(array: Extensible, address: number, range: { first: number; blocks: number; elements: number }, take: TakeElement): Promise<void> {
  if (address === NOWHERE || range.first >= array.total) return;
  const { file, what, perPage } = array;
  const prefix = 6 + file.offsetBytes + array.offsetWidth;
  const pages = range.elements > perPage ? range.elements / perPage : 0;
  const bitBytes = range.blocks * Math.ceil(pages / 8);
  const fields = await file.fields(address + prefix, bitBytes + range.blocks * file.offsetBytes, what);
  const bits = fields.take(bitBytes);
  for (let block = 0; block < range.blocks; block++) {
    const written = (page: number): boolean => isSet(bits, block * pages + page);
    await dataBlock(array, fields.address(), { first: range.first + block * range.elements, elements: range.elements }, written, take);
  }
}

async function dataBlock(array: Extensible, address: number, { first, elements }: { first: number; elements: number }, isWritten: ((page: number) => boolean) | undefined, take: TakeElement): Promise<void> {
  if (address === NOWHERE || first >= array.total) return;
  const { file, what, elementBytes, perPage, total } = array;
  const prefix = 6 + file.offsetBytes + array.offsetWidth;
  if (elements <= perPage) {
    const count = Math.min(elements, total - first);
    return takeElements(await file.fields(address + prefix, count * elementBytes, what), { file, what, first, count, elementBytes }, take);
  }
  for (let page = 0; page * perPage < elements && first + page * perPage < total; page++) {
    if (isWritten && !isWritten(page)) continue;
    const at = address + prefix + CHECKSUM_BYTES + page * (perPage * elementBytes + CHECKSUM_BYTES);
    const begin = first + page * perPage;
    const count = Math.min(perPage, total - begin);
    takeElements(await file.fields(at, count * elementBytes, what), { file, what, first: begin, count, elementBytes }, take);
  }
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
