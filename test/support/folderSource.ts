import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ByteSource } from '../../src/core/byteSource';
import { memorySource } from './memorySource';
import type { ReadLog } from './memorySource';

const NODE_MODULES = path.resolve(__dirname, '../../node_modules');

/** All files of a package's folder in memory, opened at one of them: real models for tests that know no file system. */
export function packageSource(file: string, log?: ReadLog): ByteSource {
  const folder = path.join(NODE_MODULES, path.dirname(file));
  const files = new Map<string, Uint8Array>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile()) files.set(entry.name, new Uint8Array(readFileSync(path.join(folder, entry.name))));
  }
  return memorySource(files, path.basename(file), log);
}

export function readPackageFile(file: string): Uint8Array {
  return new Uint8Array(readFileSync(path.join(NODE_MODULES, file)));
}
