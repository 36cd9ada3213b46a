import type { Tensor } from '../../core/model';
import type { OpenFiles } from '../jobFiles';

/**
 * The bytes of one tensor as stored, as if they lay one after another in row-major order (of its stored axes). Readers ask in
 * ascending order; one that asks for what is behind pays for it.
 */
export interface StoredBytes {
  /** Fills all of `target`. @throws HumanError */
  read(byteOffset: number, target: Uint8Array): void | Promise<void>;
  close?(): void;
}

/** What undoes one kind of Encoding. */
export type Decoder<Kind> = (files: OpenFiles, tensor: Tensor, encoding: Kind) => StoredBytes;
