import type { PlainDtype } from '../../src/core/dtype';
import type { Tensor } from '../../src/core/model';
import { finish } from '../../src/core/statistics/finish';
import { chunkElements, createScanner } from '../../src/core/statistics/scan';
import { TypeScriptKernel } from '../../src/core/statistics/twin';
import type { TensorStatistics } from '../../src/core/statistics/tensorStatistics';

const kernel = new TypeScriptKernel();

/** The statistics of float32 numbers as the engine counts them: large tensors in bins of bit patterns. */
export function scanned(values: ArrayLike<number>, more: Partial<Tensor> = {}): TensorStatistics {
  const numbers = Float32Array.from(values);
  const tensor: Tensor = { name: 'x', layer: 0, role: 'other', dtype: 'float32', shape: [numbers.length], elements: numbers.length, bytes: numbers.byteLength, segments: [], ...more };
  const chunk = chunkElements(tensor.dtype as PlainDtype);
  kernel.reset();
  const scanner = createScanner(kernel, tensor, 0);
  for (let first = 0; first < numbers.length; first += chunk) {
    const count = Math.min(chunk, numbers.length - first);
    kernel.input.set(new Uint8Array(numbers.buffer, first * 4, count * 4));
    scanner.take(count);
  }
  return finish(scanner.result(), tensor);
}
