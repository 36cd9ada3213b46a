import type { Tensor } from '../../core/model';
import type { OpenFiles } from '../jobFiles';
import type { StoredBytes } from './decoder';

/** Bytes that lie one after another. */
export function plain(files: OpenFiles, tensor: Tensor): StoredBytes {
  return { read: (byteOffset, target) => files.read(tensor, byteOffset, target) };
}
