import { NOWHERE } from './fields';
import type { Fields } from './fields';
import type { Hdf5File } from './hdf5File';

/** With two entries a node that would be more than any file holds. */
const MAX_DEPTH = 32;

export interface TreeKind {
  /** 0: groups, 1: chunks. */
  readonly type: 0 | 1;
  readonly keyBytes: number;
}

/**
 * The leaves of a version 1 B-tree (III.A.1), in order. `use` is given the key before each child, and the child's address.
 * @throws FormatError where a node comes back to itself or lies outside of the file.
 */
export async function forEachLeaf(file: Hdf5File, address: number, kind: TreeKind, use: (key: Fields, child: number) => void | Promise<void>): Promise<void> {
  await visit(file, address, kind, { use, visited: new Set(), level: undefined, depth: 0 });
}

interface Walk {
  readonly use: (key: Fields, child: number) => void | Promise<void>;
  readonly visited: Set<number>;
  /** That this node should have. */
  readonly level: number | undefined;
  readonly depth: number;
}

async function visit(file: Hdf5File, address: number, kind: TreeKind, walk: Walk): Promise<void> {
  const what = `the B-tree node at byte ${address}`;
  const head = await file.fields(address, 8 + 2 * file.offsetBytes, what);
  if (walk.visited.has(address) || walk.depth > MAX_DEPTH) throw head.damage('comes back to itself');
  walk.visited.add(address);
  head.signature('TREE');
  if (head.u8() !== kind.type) throw head.damage('belongs to another tree');
  const level = head.u8();
  if (walk.level !== undefined && level !== walk.level) throw head.damage('is of another level than it should be');
  const entries = head.u16();
  const fields = await file.fields(address + head.bytes.length, entries * (kind.keyBytes + file.offsetBytes), what);
  for (let i = 0; i < entries; i++) {
    const key = file.fieldsOf(fields.take(kind.keyBytes), what);
    const child = fields.address();
    if (child === NOWHERE) throw fields.damage('has a child that was never written');
    if (level === 0) {
      const waits = walk.use(key, child);
      if (waits) await waits;
    } else {
      await visit(file, child, kind, { ...walk, level: level - 1, depth: walk.depth + 1 });
    }
  }
}
