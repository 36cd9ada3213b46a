import { forEachLeaf } from './btree1';
import { forEachRecord } from './btree2';
import { NOWHERE } from './fields';
import { FractalHeap } from './fractalHeap';
import type { Hdf5File } from './hdf5File';
import { readLink } from './messages';
import type { Link } from './messages';
import { MESSAGE } from './objectHeader';
import type { Message } from './objectHeader';

/** Of one group. */
const MAX_LINKS = 1_000_000;

export function isGroup(messages: readonly Message[]): boolean {
  return messages.some(({ type }) => type === MESSAGE.symbolTable || type === MESSAGE.linkInfo || type === MESSAGE.link);
}

/** What a group links to: as created where the file tells, else as stored. @throws FormatError */
export async function linksOf(file: Hdf5File, messages: readonly Message[]): Promise<readonly Link[]> {
  const links: Link[] = [];
  const what = 'the links of a group';
  for (const { type, data } of messages) {
    if (type === MESSAGE.link) links.push(readLink(file.fieldsOf(data, what)));
    else if (type === MESSAGE.symbolTable) await symbolTable(file, data, links);
    else if (type === MESSAGE.linkInfo) await denseLinks(file, data, links);
    if (links.length > MAX_LINKS) throw file.fieldsOf(data, what).damage(`are more than ${MAX_LINKS}`);
  }
  const order = (link: Link): number => (link.kind === 'hard' ? (link.order ?? 0) : 0);
  return links.sort((a, b) => order(a) - order(b));
}

/** Groups of before HDF5 1.8: a B-tree of nodes of entries, whose names lie in a heap. */
async function symbolTable(file: Hdf5File, data: Uint8Array, links: Link[]): Promise<void> {
  const what = 'the symbol table of a group';
  const fields = file.fieldsOf(data, what);
  const tree = fields.address();
  const names = await localHeap(file, fields.address());
  if (tree === NOWHERE) return;
  const entryBytes = 2 * file.offsetBytes + 24;
  await forEachLeaf(file, tree, { type: 0, keyBytes: file.lengthBytes }, async (_key, address) => {
    const head = await file.fields(address, 8, what);
    head.signature('SNOD');
    head.skip(2);
    const count = head.u16();
    const entries = await file.fields(address + 8, count * entryBytes, what);
    for (let i = 0; i < count; i++) {
      const name = names(entries.uint(file.offsetBytes));
      const object = entries.address();
      const cache = entries.u32();
      entries.skip(4);
      const scratch = file.fieldsOf(entries.take(16), what);
      // Of a soft link the scratch space says where its target stands; an external one has a header without an object.
      links.push(cache === 2 ? { kind: 'soft', name, target: names(scratch.u32()) } : { kind: 'hard', name, address: object });
      if (links.length > MAX_LINKS) throw head.damage(`has more than ${MAX_LINKS} links`);
    }
  });
}

/** Names by their offset in a local heap. */
async function localHeap(file: Hdf5File, address: number): Promise<(offset: number) => string> {
  const what = 'the names of a group';
  const fields = await file.fields(address, 8 + 2 * file.lengthBytes + file.offsetBytes, what);
  fields.signature('HEAP');
  fields.skip(4);
  const length = fields.length();
  fields.length();
  const bytes = await file.block(fields.address(), length, what);
  const decoder = new TextDecoder();
  return (offset) => {
    const end = offset < bytes.length ? bytes.indexOf(0, offset) : -1;
    if (end < 0) throw fields.damage('end early');
    return decoder.decode(bytes.subarray(offset, end));
  };
}

async function denseLinks(file: Hdf5File, data: Uint8Array, links: Link[]): Promise<void> {
  const what = 'the links of a group';
  const fields = file.fieldsOf(data, what);
  fields.skip(1);
  if (fields.u8() & 1) fields.skip(8);
  const heapAddress = fields.address();
  const tree = fields.address();
  if (heapAddress === NOWHERE || tree === NOWHERE) return;
  const heap = await FractalHeap.open(file, heapAddress);
  await forEachRecord(file, tree, [5], async (record) => {
    record.skip(4);
    links.push(readLink(file.fieldsOf(await heap.object(record), what)));
    if (links.length > MAX_LINKS) throw record.damage(`are more than ${MAX_LINKS}`);
  });
}
