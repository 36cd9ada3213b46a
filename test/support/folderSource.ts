import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ByteSource } from '../../src/core/byteSource';
import { memorySource } from './memorySource';
import type { ReadLog } from './memorySource';

const ROOT = path.resolve(__dirname, '../..');

/** Fixtures are named from the repository's root, models of packages from node_modules. */
function locate(file: string): string {
  return path.join(ROOT, file.startsWith('test/fixtures/') ? '' : 'node_modules', file);
}

/** All files of a folder in memory, those of the folders of a fixture too, opened at one of them: real models for tests that know no file system. */
export function packageSource(file: string, log?: ReadLog): ByteSource {
  const folder = path.dirname(locate(file));
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isFile()) return [entry.name];
    if (!entry.isDirectory() || !file.startsWith('test/fixtures/')) return [];
    return readdirSync(path.join(folder, entry.name), { withFileTypes: true }).filter((inner) => inner.isFile()).map((inner) => `${entry.name}/${inner.name}`);
  });
  const files = new Map(names.map((name) => [name, new Uint8Array(readFileSync(path.join(folder, name)))] as const));
  return memorySource(files, path.basename(file), log);
}

export function readPackageFile(file: string): Uint8Array {
  return new Uint8Array(readFileSync(locate(file)));
}
