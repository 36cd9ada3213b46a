import type { ByteSource } from '../byteSource';
import type { Model } from '../model';

/** The head of a file that `matches` may look at. */
export const HEAD_BYTES = 64 * 1024;

/** One file format. Adding one: this object in a file of its own, a line in the registry, a fixture row, a manifest selector. */
export interface Format {
  /** The report's `model.format`. */
  readonly id: string;
  readonly title: string;
  /** With the dot, lower case. */
  readonly extensions: readonly string[];
  /** A pure, cheap look: the first HEAD_BYTES (or fewer) of the file and its base name. */
  matches(head: Uint8Array, name: string): boolean;
  /**
   * Reads headers only, never weights.
   * @throws FormatError for a broken file, UnsupportedError for one that is not read.
   */
  open(source: ByteSource, signal?: AbortSignal): Promise<Model>;
}
