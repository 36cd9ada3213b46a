/**
 * Ranges of one file. Nothing in Weightgram asks for a whole weight file.
 * `read` returns exactly `length` bytes or throws a FileError (the file shrank or vanished).
 */
export interface ByteSource {
  /** Absolute path (or URI) that messages name. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, for the content stamp. */
  readonly modifiedMs: number;
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * A file beside this one. `path` is relative to this file's folder and must stay inside it,
   * links resolved: throws a FormatError where it would leave, a FileError where there is no such file.
   */
  sibling(path: string): Promise<ByteSource>;
  close(): Promise<void>;
}
