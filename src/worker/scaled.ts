import type { Quantization, Tensor } from '../core/model';
import { isPlain } from '../core/dtype';
import { decodeValues } from '../core/statistics/decode';
import type { ReadElements } from './elementReader';

type Scaled = Extract<Quantization, { scheme: 'perAxis' | 'perBlock' }>;

/**
 * Codes with many scales become float32(float32(code − zeroPoint) × scale): as ONNX Runtime and TensorFlow Lite compute it, which matters for
 * codes of 32 bits.
 */
export function scaledReader(tensor: Tensor, quantization: Scaled, codes: ReadElements): ReadElements {
  const scaleOf = scaleIndex(tensor.shape, quantization);
  const codeType = isPlain(tensor.dtype) ? tensor.dtype : tensor.dtype === 'int4' ? 'int8' : tensor.dtype === 'uint4' ? 'uint8' : 'float32';
  const { scales, zeroPoints } = quantization;
  let buffer = new Uint8Array();
  return async (firstElement, count, target) => {
    // Codes take up to 8 bytes, and what they stand for takes 4.
    if (buffer.length < count * 8) buffer = new Uint8Array(count * 8);
    await codes(firstElement, count, buffer);
    const stored = decodeValues(buffer, count, { dtype: codeType });
    const values = new Float32Array(target.buffer, target.byteOffset, count);
    for (let i = 0; i < count; ) {
      const { index, left } = scaleOf(firstElement + i);
      const end = Math.min(count, i + left);
      const scale = scales[index]!;
      const zeroPoint = zeroPoints?.[index] ?? 0;
      for (; i < end; i++) values[i] = Math.fround(stored[i]! - zeroPoint) * scale;
    }
  };
}

/** Which scale an element has, and for how many elements from there on. */
function scaleIndex(shape: readonly number[], quantization: Scaled): (element: number) => { index: number; left: number } {
  const { axis } = quantization;
  const length = shape[axis]!;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  if (quantization.scheme === 'perAxis') {
    return (element) => ({ index: Math.floor(element / inner) % length, left: inner - (element % inner) });
  }
  const { blockSize } = quantization;
  const blocks = Math.ceil(length / blockSize);
  return (element) => {
    const within = element % inner;
    const along = Math.floor(element / inner) % length;
    const outer = Math.floor(element / inner / length);
    const index = (outer * blocks + Math.floor(along / blockSize)) * inner + within;
    // Neighbours along the last axes have scales of their own.
    return { index, left: inner > 1 ? 1 : Math.min(blockSize - (along % blockSize), length - along) };
  };
}
