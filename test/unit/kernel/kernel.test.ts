import assert from 'node:assert/strict';
import { finish } from '../../../src/core/statistics/finish';
import { createCounter } from '../../../src/core/statistics/count';
import { chunkElements, createScanner } from '../../../src/core/statistics/scan';
import type { Kernel } from '../../../src/core/statistics/kernel';
import { TypeScriptKernel } from '../../../src/core/statistics/twin';
import type { PlainDtype } from '../../../src/core/dtype';
import type { Tensor } from '../../../src/core/model';
import type { TensorStatistics } from '../../../src/core/statistics/tensorStatistics';
import { createKernel, WasmKernel } from '../../../src/worker/wasmKernel';
import { kernelPath } from '../../support/kernelBuild';
import { Random } from '../../support/random';
import { AFFINE, FLOAT32_KINDS, float32Bytes, scanBytes, tensorOf } from '../../support/sampleData';

/** No multiple of any block. */
const ELEMENTS = 70_003;

describe('the SIMD kernel and its twin', function () {
  this.timeout(120_000);
  let wasm: Kernel;
  const twin = new TypeScriptKernel();

  before(() => {
    const made = createKernel(kernelPath());
    assert.equal(made.missing, undefined);
    assert.ok(made.kernel instanceof WasmKernel);
    wasm = made.kernel;
  });

  for (const kind of Object.keys(FLOAT32_KINDS)) {
    it(`agree on float32: ${kind}`, () => {
      const bytes = float32Bytes(kind, ELEMENTS);
      const tensor = tensorOf('float32', ELEMENTS);
      assertSame(finish(scanBytes(wasm, tensor, bytes), tensor), finish(scanBytes(twin, tensor, bytes), tensor));
    });
  }

  it('agree on more than one chunk', () => {
    const tensor = tensorOf('float32', 2 * chunkElements('float32') + 10_007, { shape: [], axes: {} });
    const bytes = float32Bytes('normal', tensor.elements);
    assertSame(finish(scanBytes(wasm, tensor, bytes), tensor), finish(scanBytes(twin, tensor, bytes), tensor));
    const kernels = { ...tensor, shape: [tensor.elements / 11 - ((tensor.elements / 11) % 1), 11], axes: { input: 0, output: 1 } };
    assertSame(finish(scanBytes(wasm, kernels, bytes), tensor), finish(scanBytes(twin, kernels, bytes), tensor));
  });

  const CODES: readonly [PlainDtype, Partial<Tensor>][] = [
    ['float16', {}], ['bfloat16', {}], ['uint8', {}], ['int8', {}], ['bool', {}], ['int16', {}], ['uint16', {}],
    ['uint8', { quantization: AFFINE }], ['uint16', { quantization: { ...AFFINE, scale: -1e-4 } }], ['uint8', { quantization: { ...AFFINE, originalDtype: 'int32' } }],
  ];
  for (const [dtype, more] of CODES) {
    it(`agree on codes: ${dtype} ${JSON.stringify(more)}`, () => {
      const tensor = tensorOf(dtype, ELEMENTS, { ...more, shape: [ELEMENTS / 11 - (ELEMENTS % 11) / 11, 11] });
      const bytes = new Random(3).bytes(tensor.bytes);
      assertSame(finish(scanBytes(wasm, tensor, bytes), tensor), finish(scanBytes(twin, tensor, bytes), tensor));
    });
  }

  const SHAPES: readonly [string, Partial<Tensor>][] = [
    ['convolution [3,3,16,40]', { shape: [3, 3, 16, 40], axes: { input: 2, output: 3 } }],
    ['convolution with odd channels', { shape: [3, 3, 7, 85], axes: { input: 2, output: 3 } }],
    ['dense', { shape: [301, 33], axes: { input: 0, output: 1 } }],
    ['dense with one unit', { shape: [9000, 1], axes: { input: 0, output: 1 } }],
    ['depthwise', { shape: [3, 3, 512, 1], axes: { input: 2, output: 2 } }],
    ['depthwise whose multiplier is an axis', { shape: [3, 3, 512, 1], axes: { input: 2, output: 3 } }],
    ['transposed convolution', { shape: [4, 4, 24, 31], axes: { input: 3, output: 2 } }],
    ['units first, one axis only', { shape: [500, 7, 3, 3], axes: { output: 0 } }],
    ['units first, depthwise', { shape: [500, 1, 3, 3], axes: { input: 1, output: 0 } }],
    ['units first, pointwise', { shape: [96, 51, 1, 1], axes: { input: 1, output: 0 } }],
    ['units first, transposed', { shape: [48, 33, 4, 4], axes: { input: 0, output: 1 } }],
    ['units first, more weights a unit than the kernel has columns', { shape: [2, 8192, 3, 3], axes: { input: 1, output: 0 } }],
    ['units first, five axes', { shape: [9, 11, 3, 3, 3], axes: { input: 1, output: 0 } }],
    ['units first', { shape: [32, 20, 3, 3], axes: { input: 1, output: 0 } }],
    ['rows longer than the kernel has columns', { shape: [3, 70_001], axes: { input: 0, output: 1 } }],
    ['rows longer than the kernel has columns, units by row only', { shape: [3, 70_001], axes: { input: 0 } }],
    ['three columns', { shape: [3000, 3], axes: { output: 1 } }],
  ];
  for (const [name, more] of SHAPES) {
    for (const dtype of ['float32', 'float16', 'bfloat16', 'uint8'] as const) {
      it(`agree on channels: ${name}, ${dtype}`, () => {
        const elements = more.shape!.reduce((product, length) => product * length, 1);
        const tensor = tensorOf(dtype, elements, { ...more, ...(dtype === 'uint8' && { quantization: AFFINE }) });
        const bytes = dtype === 'float32' ? float32Bytes('normal', elements) : new Random(5).bytes(tensor.bytes);
        assertSame(finish(scanBytes(wasm, tensor, bytes), tensor), finish(scanBytes(twin, tensor, bytes), tensor));
      });
    }
  }

  it('agree on the bits that are set', () => {
    const words = new Uint32Array(1001);
    for (const at of [0, 3, 999, 1000]) {
      words.fill(0);
      words[at] = 0x80010000 >>> (at % 7);
      for (const kernel of [wasm, twin]) {
        kernel.input.set(new Uint8Array(words.buffer));
        assert.deepEqual([kernel.orOfWords(at), kernel.orOfWords(at + 1) >>> 0, kernel.orOfWords(1001) >>> 0], [0, words[at], words[at]]);
      }
    }
  });

  it('agree on the zeros of channels, amid values that are not finite too', () => {
    const random = new Random(17);
    for (const [name, more] of SHAPES.filter((_, i) => i % 2 === 0)) {
      const elements = more.shape!.reduce((product, length) => product * length, 1);
      for (const dtype of ['float32', 'float16', 'bfloat16', 'uint8'] as const) {
        const tensor = tensorOf(dtype, elements, { ...more, ...(dtype === 'uint8' && { quantization: { ...AFFINE, scale: 0.5, min: -3 } }) });
        const bytes = dtype === 'float32' ? float32Bytes('mostly zero, of both signs', elements) : random.bytes(tensor.bytes);
        // Codes of 16 bits: zeros, minus zeros, some that are not finite, and small numbers.
        if (dtype === 'float16' || dtype === 'bfloat16') new Uint16Array(bytes.buffer).forEach((_, i, codes) => (codes[i] = random.pick([0, 0x8000, 0x3c00, 0x3c01, i % 5000 ? 0x3d34 : 0xffff])));
        const found = finish(scanBytes(wasm, tensor, bytes, [elements >> 1]), tensor);
        assertSame(found, finish(scanBytes(twin, tensor, bytes), tensor));
        const axis = found.outputChannels ?? found.inputChannels!;
        assert.equal(axis.zeros!.reduce((sum, zeros) => sum + zeros, 0), found.zeros, `${name} ${dtype}`);
      }
    }
  });

  it('agree on channels where some values are not finite, or too large for float32 squares', () => {
    for (const kind of ['with NaN and infinities', 'squares overflow', 'tiny', 'any bits']) {
      const tensor = tensorOf('float32', 64 * 1024, { shape: [1024, 64], axes: { input: 0, output: 1 } });
      const bytes = float32Bytes(kind, tensor.elements);
      assertSame(finish(scanBytes(wasm, tensor, bytes), tensor), finish(scanBytes(twin, tensor, bytes), tensor));
    }
  });

  it('give the same in any split, straddled blocks included', () => {
    const random = new Random(11);
    const tensor = tensorOf('float32', ELEMENTS, { shape: [ELEMENTS], axes: { output: 0 } });
    for (const kind of ['normal', 'very narrow, far from zero', 'with NaN and infinities', 'subnormal among zeros', 'mean drifts by block']) {
      const bytes = float32Bytes(kind, ELEMENTS);
      const whole = finish(scanBytes(wasm, tensor, bytes), tensor);
      for (let round = 0; round < 3; round++) {
        const splits = [...new Set(Array.from({ length: 5 }, () => random.integer(ELEMENTS)))].filter((at) => at > 0).sort((a, b) => a - b);
        assertSame(finish(scanBytes(wasm, tensor, bytes, splits), tensor), whole);
      }
    }
  });

  it('leave nothing behind for the next part', () => {
    const tensor = tensorOf('float32', ELEMENTS);
    const first = finish(scanBytes(wasm, tensor, float32Bytes('normal', ELEMENTS)), tensor);
    const counter = createCounter(wasm, tensor, Float64Array.of(-1, 0, 1));
    counter.take(100);
    counter.result();
    scanBytes(wasm, tensorOf('float16', ELEMENTS, { shape: [ELEMENTS], axes: { output: 0 } }), new Random(1).bytes(2 * ELEMENTS));
    assertSame(finish(scanBytes(wasm, tensor, float32Bytes('normal', ELEMENTS)), tensor), first);
  });

  it('forget a part that was given up half-way', () => {
    const tensor = tensorOf('float32', 64 * 1024, { shape: [1024, 64], axes: { input: 0, output: 1 } });
    const bytes = float32Bytes('normal', tensor.elements);
    const clean = finish(scanBytes(wasm, tensor, bytes), tensor);
    createScanner(wasm, tensorOf('uint8', 9000), 0).take(5000);
    assertSame(finish(scanBytes(wasm, tensor, bytes), tensor), clean);
    createScanner(wasm, tensor, 0).take(5000);
    assertSame(finish(scanBytes(wasm, tensor, bytes), tensor), clean);
    createCounter(wasm, tensor, Float64Array.of(-1, 0, 1)).take(5000);
    assertSame(finish(scanBytes(wasm, tensor, bytes), tensor), clean);
  });

  it('count between any edges alike', () => {
    const random = new Random(7);
    for (const kind of Object.keys(FLOAT32_KINDS)) {
      const count = 65_531;
      const bytes = float32Bytes(kind, count);
      const some = new Float32Array(bytes.buffer).filter(Number.isFinite);
      const edges = Float64Array.from({ length: 40 }, () => (some.length > 0 && random.chance(0.7) ? some[random.integer(some.length)]! : 4 * random.next() - 2));
      const ascending = Float64Array.from(new Set(edges.sort())).map((edge) => edge + 0);
      if (ascending.length < 2) continue;
      const results = [wasm, twin].map((kernel) => {
        const counter = createCounter(kernel, tensorOf('float32', count), ascending);
        kernel.input.set(bytes);
        counter.take(count);
        return counter.result();
      });
      assert.deepEqual(results[0], results[1], kind);
      const naive = (low: number, high: number, last: boolean): number => some.filter((x) => x >= low && (x < high || (last && x === high))).length;
      results[0]!.counts.forEach((found, bin) => assert.equal(found, naive(ascending[bin]!, ascending[bin + 1]!, bin === ascending.length - 2), kind));
      assert.equal(results[0]!.below, some.filter((x) => x < ascending[0]!).length);
      assert.equal(results[0]!.above, some.filter((x) => x > ascending[ascending.length - 1]!).length);
    }
  });
});

/** Counts are exact; sums differ by rounding, within the tolerances of the report's contract. */
function assertSame(actual: TensorStatistics, expected: TensorStatistics): void {
  for (const figure of ['count', 'zeros', 'nan', 'positiveInfinity', 'negativeInfinity', 'nearZeros', 'min', 'max'] as const) assert.equal(actual[figure], expected[figure], figure);
  assert.deepEqual(actual.distribution, expected.distribution);
  assert.deepEqual(actual.quantiles, expected.quantiles);
  for (const figure of ['orderedValues', 'similarUnits', 'longestZeroRun', 'unusedMantissaBits', 'atMin', 'atMax', 'sparseGroups'] as const) assert.deepEqual(actual[figure], expected[figure], figure);
  const sigma = expected.standardDeviation ?? 0;
  close(actual.mean, expected.mean, 1e-6 * sigma, 'mean');
  close(actual.standardDeviation, expected.standardDeviation, 1e-6 * sigma, 'standardDeviation');
  close(actual.skewness, expected.skewness, 1e-3, 'skewness');
  close(actual.excessKurtosis, expected.excessKurtosis, 1e-3 * Math.max(1, Math.abs(expected.excessKurtosis ?? 0)), 'excessKurtosis');
  close(actual.l1Norm, expected.l1Norm, 1e-6 * (expected.l1Norm ?? 0), 'l1Norm');
  close(actual.l2Norm, expected.l2Norm, 1e-6 * (expected.l2Norm ?? 0), 'l2Norm');
  for (const side of ['outputChannels', 'inputChannels'] as const) {
    assert.equal(actual[side]?.maxAbs.length, expected[side]?.maxAbs.length, side);
    expected[side]?.maxAbs.forEach((most, unit) => assert.equal(actual[side]!.maxAbs[unit], most, `${side} ${unit}`));
    assert.equal(actual[side]?.axis, expected[side]?.axis);
    assert.deepEqual(actual[side]?.zeros, expected[side]?.zeros, side);
    // Σ|w| <= √n × norm: what rounding of a sum is small beside.
    const root = Math.sqrt(expected.count / (expected[side]?.maxAbs.length ?? 1));
    actual[side]?.sum?.forEach((sum, unit) => close(sum, expected[side]!.sum![unit]!, 1e-5 * root * expected[side]!.l2Norm[unit]! + 1e-38, `${side} sum ${unit}`));
    actual[side]?.l2Norm.forEach((norm, unit) => close(norm, expected[side]!.l2Norm[unit]!, 1e-4 * expected[side]!.l2Norm[unit]!, `${side} ${unit}`));
  }
}

function close(actual: number | null, expected: number | null, tolerance: number, what: string): void {
  if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return;
  assert.ok(actual !== null && expected !== null && Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, not ${expected} ± ${tolerance}`);
}
