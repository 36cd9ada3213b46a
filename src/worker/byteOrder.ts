import { blockOf, isPlain } from '../core/dtype';
import type { NumericDtype } from '../core/dtype';

/** Makes big-endian elements little-endian, in place. Of complex numbers each part is one. Blocks are their decoder's. */
export function toLittleEndian(bytes: Uint8Array, dtype: NumericDtype): void {
  if (!isPlain(dtype)) return;
  const width = dtype === 'complex64' ? 4 : blockOf(dtype).bytes;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (width === 2) buffer.swap16();
  else if (width === 4) buffer.swap32();
  else if (width === 8) buffer.swap64();
}
