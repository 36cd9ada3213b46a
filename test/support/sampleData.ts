import { bytesPerElement } from '../../src/core/dtype';
import type { PlainDtype } from '../../src/core/dtype';
import type { Quantization, Tensor } from '../../src/core/model';
import type { Kernel } from '../../src/core/statistics/kernel';
import { mergePartials } from '../../src/core/statistics/partial';
import type { PartialStatistics } from '../../src/core/statistics/partial';
import { chunkElements, createScanner } from '../../src/core/statistics/scan';
import { Random } from './random';

export function tensorOf(dtype: PlainDtype, elements: number, more: Partial<Tensor> = {}): Tensor {
  const bytes = elements * bytesPerElement(dtype);
  return { name: 'layer/kernel', layer: 0, role: 'kernel', dtype, shape: [elements], elements, bytes, segments: [{ file: 0, offset: 0, length: bytes }], ...more };
}

/** Scans bytes in parts that begin at the given elements, and merges them. */
export function scanBytes(kernel: Kernel, tensor: Tensor, bytes: Uint8Array, splits: readonly number[] = []): PartialStatistics {
  const borders = [0, ...splits, tensor.elements];
  const partials = borders.slice(1).map((end, i) => scanPart(kernel, tensor, bytes, borders[i]!, end));
  return partials.reduce((a, b) => mergePartials(a, b));
}

function scanPart(kernel: Kernel, tensor: Tensor, bytes: Uint8Array, first: number, end: number): PartialStatistics {
  const size = bytesPerElement(tensor.dtype as PlainDtype);
  const chunk = chunkElements(tensor.dtype as PlainDtype);
  const scanner = createScanner(kernel, tensor, first);
  for (let at = first; at < end; at += chunk) {
    const count = Math.min(chunk, end - at);
    kernel.input.set(bytes.subarray(at * size, (at + count) * size));
    scanner.take(count);
  }
  return scanner.result();
}

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(random.next() + 1e-12)) * Math.cos(2 * Math.PI * random.next());
}

/** Float32 data of many kinds, the awkward ones included. By name. */
export const FLOAT32_KINDS: Readonly<Record<string, (random: Random, index: number) => number>> = {
  normal: (random) => 0.05 * normal(random),
  'narrow, far from zero': (random) => 1 + 1e-4 * normal(random),
  'very narrow, far from zero': (random) => 100 + 1e-5 * normal(random),
  'a comb of few values': (random) => random.pick([-1.9999, -1, 0, 1, 1.9999, 0.0078]),
  'mostly zero, of both signs': (random) => (random.chance(0.9) ? (random.chance(0.5) ? 0 : -0) : normal(random)),
  constant: () => 0.1,
  'all zero': () => 0,
  'all minus zero': () => -0,
  'with NaN and infinities': (random) => (random.chance(0.01) ? random.pick([NaN, Infinity, -Infinity]) : normal(random)),
  'nothing finite': (random) => random.pick([NaN, Infinity, -Infinity]),
  huge: (random) => 3e38 * (2 * random.next() - 1),
  'squares overflow': (random) => 1e25 * normal(random),
  tiny: (random) => 1e-30 * normal(random),
  subnormal: (random) => 1e-41 * normal(random),
  'subnormal among zeros': (random) => (random.chance(0.5) ? 0 : random.pick([1e-45, -1e-45, 5e-41, -5e-41])),
  'one outlier': (random, index) => (index === 777 ? 1e6 : 0.01 * normal(random)),
  'one sign': (random) => -Math.abs(normal(random)),
  'mean drifts by block': (random, index) => Math.floor(index / 4096) * 100 + normal(random),
  'any bits': (random) => new Float32Array(Uint32Array.of(random.integer(2 ** 32)).buffer)[0]!,
};

export function float32Bytes(kind: string, elements: number, seed = 1): Uint8Array {
  const random = new Random(seed);
  const make = FLOAT32_KINDS[kind]!;
  return new Uint8Array(Float32Array.from({ length: elements }, (_, index) => make(random, index)).buffer);
}

export const AFFINE: Extract<Quantization, { scheme: 'affine' }> = { scheme: 'affine', scale: 0.013, min: -1.6509999999999998, originalDtype: 'float32' };
