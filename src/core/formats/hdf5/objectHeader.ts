import { NOWHERE } from './fields';
import type { Fields } from './fields';
import type { Hdf5File } from './hdf5File';

/** Message types (HDF5 File Format Specification 3.0, IV.A.2). */
export const MESSAGE = {
  dataspace: 0x01, linkInfo: 0x02, datatype: 0x03, oldFillValue: 0x04, fillValue: 0x05, link: 0x06, externalFiles: 0x07, layout: 0x08,
  filters: 0x0b, attribute: 0x0c, continuation: 0x10, symbolTable: 0x11, attributeInfo: 0x15,
} as const;

export interface Message {
  readonly type: number;
  readonly data: Uint8Array;
  /** `data` only says where the message is that several objects share. */
  readonly isShared: boolean;
}

/** Of an object: real ones have up to some hundred, where attributes are many. */
const MAX_MESSAGES = 100_000;
/** Blocks that one header continues in. */
const MAX_CONTINUATIONS = 10_000;
/** A first look: holds most headers whole. */
const FIRST_BYTES = 512;

/** All messages of the object at an address, through its continuations. @throws FormatError */
export async function readObjectHeader(file: Hdf5File, address: number): Promise<readonly Message[]> {
  const what = `the header of an object at byte ${address}`;
  const head = file.fieldsOf(await file.upTo(address, FIRST_BYTES, what), what);
  const isSecond = head.bytes[0] === 0x4f && head.bytes[1] === 0x48 && head.bytes[2] === 0x44 && head.bytes[3] === 0x52;
  return isSecond ? secondVersion(file, address, head, what) : firstVersion(file, address, head, what);
}

interface Range {
  readonly address: number;
  readonly length: number;
}

async function firstVersion(file: Hdf5File, address: number, head: Fields, what: string): Promise<readonly Message[]> {
  const version = head.u8();
  if (version !== 1) throw head.damage('has a version that HDF5 does not define');
  head.skip(1);
  const count = head.u16();
  head.skip(4);
  const length = head.u32();
  const messages: Message[] = [];
  const ranges: Range[] = [{ address: address + 16, length }];
  for (let index = 0; index < ranges.length && messages.length < count; index++) {
    const range = ranges[index]!;
    const fields = await file.fields(range.address, range.length, what);
    while (fields.left >= 8 && messages.length < count) {
      const type = fields.u16();
      const size = fields.u16();
      const flags = fields.u8();
      fields.skip(3);
      add({ type, data: fields.take(size), isShared: (flags & 2) !== 0 }, file, messages, ranges, what);
    }
  }
  return messages;
}

async function secondVersion(file: Hdf5File, address: number, head: Fields, what: string): Promise<readonly Message[]> {
  head.signature('OHDR');
  if (head.u8() !== 2) throw head.damage('has a version that HDF5 does not define');
  const flags = head.u8();
  if (flags & 0x20) head.skip(16);
  if (flags & 0x10) head.skip(4);
  const length = head.uint(1 << (flags & 3));
  const messages: Message[] = [];
  const ranges: Range[] = [{ address: address + head.offset, length }];
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]!;
    const fields = await file.fields(range.address, range.length, what);
    if (index > 0) fields.signature('OCHK');
    // A continuation ends with its checksum; what is shorter than a message's head before it is a gap.
    const end = index > 0 ? 4 : 0;
    const headBytes = flags & 4 ? 6 : 4;
    while (fields.left - end >= headBytes) {
      const type = fields.u8();
      const size = fields.u16();
      const messageFlags = fields.u8();
      if (flags & 4) fields.skip(2);
      add({ type, data: fields.take(size), isShared: (messageFlags & 2) !== 0 }, file, messages, ranges, what);
    }
  }
  return messages;
}

function add(message: Message, file: Hdf5File, messages: Message[], ranges: Range[], what: string): void {
  messages.push(message);
  if (message.type === MESSAGE.continuation) {
    const fields = file.fieldsOf(message.data, what);
    ranges.push({ address: fields.address(), length: fields.length() });
  }
  if (messages.length > MAX_MESSAGES || ranges.length > MAX_CONTINUATIONS) throw file.fieldsOf(message.data, what).damage('does not end');
}

/** The message of this type, followed to where several objects share it. undefined where there is none. */
export async function messageOf(file: Hdf5File, messages: readonly Message[], type: number): Promise<Fields | undefined> {
  const message = messages.find((one) => one.type === type);
  if (!message) return undefined;
  const what = `a message of type ${type}`;
  const fields = file.fieldsOf(message.data, what);
  return message.isShared ? sharedMessage(file, fields, type) : fields;
}

/** What a reference to a shared message refers to. @throws FormatError where it lies in a heap of shared messages, which HDF5 makes only when told to. */
export async function sharedMessage(file: Hdf5File, fields: Fields, type: number): Promise<Fields> {
  const version = fields.u8();
  const kind = fields.u8();
  if (version === 1) fields.skip(6);
  if (version === 3 && kind === 1) throw fields.damage('lies in a heap of shared messages, which Weightgram does not read');
  const address = fields.address();
  if (address === NOWHERE) throw fields.damage('refers to nothing');
  const target = (await readObjectHeader(file, address)).find((one) => one.type === type && !one.isShared);
  if (!target) throw fields.damage('refers to an object without it');
  return file.fieldsOf(target.data, `a message of type ${type}`);
}
