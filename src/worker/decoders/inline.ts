import type { Encoding } from '../../core/model';
import type { Decoder } from './decoder';

/** Values that came with the header. */
export const inline: Decoder<Extract<Encoding, { kind: 'inline' }>> = (_files, _tensor, { bytes }) => ({
  read: (byteOffset, target) => target.set(bytes.subarray(byteOffset, byteOffset + target.length)),
});
