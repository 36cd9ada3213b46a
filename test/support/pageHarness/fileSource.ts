import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ByteSource } from '../../../src/core/byteSource';

/** A whole file in memory: enough for the harness, whose models are small. */
export function fileSource(file: string): ByteSource {
  const bytes = readFileSync(file);
  return {
    name: file,
    size: bytes.length,
    modifiedMs: statSync(file).mtimeMs,
    read: (offset, length) => Promise.resolve(new Uint8Array(bytes.subarray(offset, offset + length))),
    sibling: (name) => Promise.resolve(fileSource(path.join(path.dirname(file), name))),
    close: () => Promise.resolve(),
  };
}
