import type { ByteSource } from '../../src/core/byteSource';
import { FileError, FormatError } from '../../src/core/errors';

export const MEMORY_FOLDER = '/models';

/** What a source was asked for: lets a test see that nothing is read whole, and that all is closed. */
export interface ReadLog {
  reads: { name: string; offset: number; length: number }[];
  open: number;
}

/** Files that exist only in a test. Keys are paths relative to one folder. */
export type MemoryFiles = ReadonlyMap<string, Uint8Array>;

/** A byte source over files in memory, with the same promises as the real one. */
export function memorySource(files: MemoryFiles, path: string, log?: ReadLog): ByteSource {
  const bytes = files.get(path);
  if (!bytes) throw new FileError(`${MEMORY_FOLDER}/${path} does not exist.`);
  if (log) log.open++;
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
  return {
    name: `${MEMORY_FOLDER}/${path}`,
    size: bytes.length,
    modifiedMs: 1_700_000_000_000,
    read(offset, length, signal) {
      if (signal?.aborted) return Promise.reject(new FileError('aborted'));
      log?.reads.push({ name: path, offset, length });
      if (offset < 0 || length < 0 || offset + length > bytes.length) {
        return Promise.reject(new FileError(`${path} ends before ${offset + length} bytes.`));
      }
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
    sibling(relative) {
      const parts = relative.split('/');
      if (relative.startsWith('/') || parts.includes('..')) return Promise.reject(new FormatError(`${relative} leaves the folder.`));
      const wanted = folder + parts.filter((part) => part !== '.').join('/');
      return files.has(wanted) ? Promise.resolve(memorySource(files, wanted, log)) : Promise.reject(new FileError(`${MEMORY_FOLDER}/${wanted} does not exist.`));
    },
    close() {
      if (log) log.open--;
      return Promise.resolve();
    },
  };
}
