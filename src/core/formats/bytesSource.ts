import type { ByteSource } from '../byteSource';
import { FileError } from '../errors';

/** Bytes in memory as a file, under the name of the one that they were unpacked from. */
export function bytesSource(source: ByteSource, bytes: Uint8Array): ByteSource {
  return {
    name: source.name,
    size: bytes.length,
    modifiedMs: source.modifiedMs,
    read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length) return Promise.reject(new FileError(`${source.name}: ${length} bytes were to be read at ${offset} of an entry of ${bytes.length}. Fetch it again, or save the model anew.`));
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
    sibling: (path) => source.sibling(path),
    close: () => Promise.resolve(),
  };
}
