import { isPlain } from './dtype';
import type { Tensor } from './model';

/** How a tensor's numbers are stored, for a line of facts: "int8, quantized from float32 with a scale for each of 64 units". */
export function storageWords({ dtype, quantization, shape }: Pick<Tensor, 'dtype' | 'quantization' | 'shape'>): string {
  if (!quantization) return isPlain(dtype) || !/^I?[A-Z]+\d/.test(dtype) ? dtype : `${dtype} blocks`;
  const from = quantization.originalDtype;
  switch (quantization.scheme) {
    case 'float16':
      return `float16 of ${from}`;
    case 'affine':
      return `${dtype}, quantized from ${from}`;
    case 'perAxis':
      return `${dtype}, quantized from ${from} with a scale for each of ${quantization.scales.length}${NARROW_SPACE}units`;
    case 'perBlock':
      return `${dtype}, quantized from ${from} with a scale for each ${quantization.blockSize} weights along axis ${quantization.axis} of ${shape.length}`;
  }
}

const NARROW_SPACE = '\u202f';

/** Whether the values are codes that stand for others: their levels and ends are the writer's, not the training's. */
export function isQuantized({ dtype, quantization }: Pick<Tensor, 'dtype' | 'quantization'>): boolean {
  return (quantization !== undefined && quantization.scheme !== 'float16') || (!isPlain(dtype) && dtype !== 'string');
}
