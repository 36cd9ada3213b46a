import { blockOf, storedBytes } from '../core/dtype';
import type { Tensor } from '../core/model';
import { dequantizeBlocks } from '../core/statistics/dequantize';
import type { GgmlBlock } from '../core/statistics/dequantize';
import type { Kernel } from '../core/statistics/kernel';
import { blocksToLittleEndian } from './blockByteOrder';
import type { StoredBytes } from './decoders/decoder';
import type { ReadElements } from './elementReader';

/**
 * GGUF's quantized blocks become float32. A chunk that is meant for the kernel's input is dequantized by the kernel, which the file is
 * then read into; anything else by plain TypeScript.
 */
export function blockReader(tensor: Tensor, dtype: GgmlBlock, bytes: StoredBytes, kernel: Kernel | undefined): ReadElements {
  const block = blockOf(dtype);
  const swap = tensor.byteOrder === 'big' ? (raw: Uint8Array): void => blocksToLittleEndian(raw, dtype) : undefined;
  let own = new Uint8Array();
  return (firstElement, count, target) => {
    const length = storedBytes(dtype, count);
    const isInput = kernel !== undefined && target.buffer === kernel.input.buffer && target.byteOffset === kernel.input.byteOffset && length <= kernel.blocks.length;
    if (!isInput && own.length < length) own = new Uint8Array(length);
    const raw = isInput ? kernel.blocks.subarray(0, length) : own.subarray(0, length);
    const waits = bytes.read((firstElement / block.elements) * block.bytes, raw);
    const finish = (): void => {
      swap?.(raw);
      if (isInput) kernel.dequantize(dtype, count);
      else dequantizeBlocks(dtype, raw, count, new Float32Array(target.buffer, target.byteOffset, count));
    };
    // Most files are read at once, and waiting for nothing costs a turn of the event loop a chunk.
    return waits ? waits.then(finish) : finish();
  };
}
