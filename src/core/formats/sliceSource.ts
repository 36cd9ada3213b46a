import type { ByteSource } from '../byteSource';
import { FileError } from '../errors';

/**
 * A range of a file as a file of its own: a stored entry of an archive. It keeps the name of the file, so that messages and
 * siblings are the file's. Closing it leaves the file open.
 */
export function sliceSource(source: ByteSource, offset: number, length: number): ByteSource {
  return {
    name: source.name,
    size: length,
    modifiedMs: source.modifiedMs,
    async read(from, count, signal) {
      if (from < 0 || count < 0 || from + count > length) {
        throw new FileError(`${source.name} ends before the bytes that should be there: a part of ${length} bytes was to be read at ${from} for ${count}. Fetch it again, or save the model anew.`);
      }
      return source.read(offset + from, count, signal);
    },
    sibling: (path) => source.sibling(path),
    close: () => Promise.resolve(),
  };
}
