import { bytesPerElement } from '../../core/dtype';
import type { PlainDtype } from '../../core/dtype';
import type { Encoding } from '../../core/model';
import type { Decoder } from './decoder';

/** Values that came with the header, the last one again and again. */
export const filled: Decoder<Extract<Encoding, { kind: 'filled' }>> = (_files, tensor, { bytes }) => {
  const width = bytesPerElement(tensor.dtype as PlainDtype);
  const last = bytes.subarray(bytes.length - width);
  return {
    read(byteOffset, target) {
      const given = bytes.subarray(byteOffset, byteOffset + target.length);
      target.set(given);
      let end = given.length + width;
      if (end > target.length) return;
      target.set(last, given.length);
      // What has been filled is copied behind itself, twice as much each time.
      for (let length = width; end < target.length; length = Math.min(2 * length, target.length - end)) {
        target.copyWithin(end, given.length, given.length + Math.min(length, target.length - end));
        end += Math.min(length, target.length - end);
      }
    },
  };
};
