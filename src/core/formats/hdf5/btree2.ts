import { NOWHERE } from './fields';
import type { Fields } from './fields';
import type { Hdf5File } from './hdf5File';

/** With 512 bytes a node and two records in each that would be more objects than any file has. */
const MAX_DEPTH = 32;
/** Signature, version, type and checksum. */
const NODE_OVERHEAD = 10;

interface Tree {
  readonly file: Hdf5File;
  readonly nodeBytes: number;
  readonly recordBytes: number;
  /** Bytes of the number of records of a child. */
  readonly countBytes: number;
  /** Bytes of the number of records below a child, by the child's depth. */
  readonly totalBytes: readonly number[];
  readonly visited: Set<number>;
}

/** The records of a version 2 B-tree (III.A.2), in order. `use` is given fields of one record's bytes. */
export async function forEachRecord(file: Hdf5File, address: number, types: readonly number[], use: (record: Fields, type: number) => void | Promise<void>): Promise<void> {
  const what = `the B-tree at byte ${address}`;
  const head = await file.fields(address, 16 + file.offsetBytes + 2 + file.lengthBytes, what);
  head.signature('BTHD');
  head.skip(1);
  const type = head.u8();
  if (!types.includes(type)) throw head.damage('holds records of another kind');
  const nodeBytes = head.u32();
  const recordBytes = head.u16();
  const depth = head.u16();
  head.skip(2);
  const root = head.address();
  const records = head.u16();
  if (root === NOWHERE || records === 0) return;
  if (depth > MAX_DEPTH || recordBytes === 0 || nodeBytes <= NODE_OVERHEAD + recordBytes) throw head.damage('has nodes of no possible size');
  const tree = { file, nodeBytes, recordBytes, ...countWidths(file, nodeBytes, recordBytes, depth), visited: new Set<number>() };
  await visit(tree, { address: root, records, depth }, what, (record) => use(record, type));
}

/** The widths of counts follow from how many records fit (H5B2hdr.c, H5B2__hdr_init). */
function countWidths(file: Hdf5File, nodeBytes: number, recordBytes: number, depth: number): { countBytes: number; totalBytes: readonly number[] } {
  const inLeaf = BigInt(Math.floor((nodeBytes - NODE_OVERHEAD) / recordBytes));
  const countBytes = byteWidth(inLeaf);
  const totalBytes = [0];
  let below = inLeaf;
  for (let level = 1; level <= depth; level++) {
    const pointer = file.offsetBytes + countBytes + totalBytes[level - 1]!;
    const inNode = BigInt(Math.max(0, Math.floor((nodeBytes - NODE_OVERHEAD - pointer) / (recordBytes + pointer))));
    below = (inNode + 1n) * below + inNode;
    totalBytes.push(byteWidth(below));
  }
  return { countBytes, totalBytes };
}

function byteWidth(value: bigint): number {
  return Math.max(1, Math.ceil(value.toString(2).length / 8));
}

interface Node {
  readonly address: number;
  readonly records: number;
  readonly depth: number;
}

async function visit(tree: Tree, { address, records, depth }: Node, what: string, use: (record: Fields) => void | Promise<void>): Promise<void> {
  const { file, recordBytes, countBytes, totalBytes } = tree;
  const pointer = depth === 0 ? 0 : file.offsetBytes + countBytes + totalBytes[depth - 1]!;
  const fields = await file.fields(address, Math.min(tree.nodeBytes, NODE_OVERHEAD + records * recordBytes + (depth === 0 ? 0 : (records + 1) * pointer)), what);
  if (tree.visited.has(address)) throw fields.damage('comes back to itself');
  tree.visited.add(address);
  fields.signature(depth === 0 ? 'BTLF' : 'BTIN');
  fields.skip(2);
  const own = Array.from({ length: records }, () => fields.take(recordBytes));
  const children: Node[] = [];
  for (let i = 0; depth > 0 && i <= records; i++) {
    children.push({ address: fields.address(), records: fields.uint(countBytes), depth: depth - 1 });
    fields.skip(totalBytes[depth - 1]!);
  }
  for (let i = 0; i <= records; i++) {
    if (children[i]) await visit(tree, children[i]!, what, use);
    if (i < records) await use(file.fieldsOf(own[i]!, what));
  }
}
