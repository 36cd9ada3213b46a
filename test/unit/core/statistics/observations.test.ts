import assert from 'node:assert/strict';
import { bytesPerElement } from '../../../../src/core/dtype';
import type { PlainDtype } from '../../../../src/core/dtype';
import type { Role, Tensor } from '../../../../src/core/model';
import { decodeValues } from '../../../../src/core/statistics/decode';
import { finish } from '../../../../src/core/statistics/finish';
import { chunkElements } from '../../../../src/core/statistics/scan';
import { MOST_ORDERED_VALUES, ZERO_RUN_STEP_BYTES } from '../../../../src/core/statistics/tensorStatistics';
import type { ChannelStatistics, TensorStatistics, ZeroRun } from '../../../../src/core/statistics/tensorStatistics';
import { TypeScriptKernel } from '../../../../src/core/statistics/twin';
import { Random } from '../../../support/random';
import { AFFINE, float32Bytes, normal, scanBytes, tensorOf } from '../../../support/sampleData';

const kernel = new TypeScriptKernel();

function scan(tensor: Tensor, bytes: Uint8Array, splits: readonly number[] = []): TensorStatistics {
  return finish(scanBytes(kernel, tensor, bytes, splits), tensor);
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, length) => all * length, 1);
}

function someSplits(random: Random, elements: number): number[] {
  const splits = Array.from({ length: 1 + random.integer(5) }, () => random.integer(elements));
  return [...new Set(splits)].filter((at) => at > 0).sort((a, b) => a - b);
}

const TYPES: readonly [PlainDtype, Partial<Tensor>][] = [
  ['float32', {}], ['float16', {}], ['bfloat16', {}], ['uint8', { quantization: AFFINE }], ['uint8', {}], ['int8', {}], ['bool', {}],
  ['uint16', { quantization: { ...AFFINE, scale: 1e-4, min: -1.5 } }], ['int16', {}], ['int32', {}], ['uint32', {}], ['int64', {}], ['uint64', {}], ['float64', {}], ['complex64', {}],
];

/** [outer..., units, inner...] in all orders. */
const LAYOUTS: readonly [string, Partial<Tensor>][] = [
  ['units last', { shape: [3, 3, 20, 37], axes: { input: 2, output: 3 } }],
  ['units first', { shape: [37, 20, 3, 3], axes: { input: 1, output: 0 } }],
  ['units in the middle', { shape: [3, 5, 37, 12], axes: { input: 3, output: 2 } }],
  ['inputs that come in no fours', { shape: [3, 3, 21, 37], axes: { input: 2, output: 3 } }],
  ['no inputs', { shape: [7, 9, 37], axes: { output: 2 } }],
];

describe('what is observed beside the counts', () => {
  for (const [dtype, more] of TYPES) {
    for (const [layout, axes] of LAYOUTS) {
      it(`is the same in any split: ${dtype} ${more.quantization ? 'quantized' : ''}, ${layout}`, () => {
        const random = new Random(7);
        const elements = product(axes.shape!);
        const tensor = tensorOf(dtype, elements, { ...more, ...axes });
        const bytes = sparseBytes(random, dtype, elements);
        const whole = scan(tensor, bytes);
        for (let round = 0; round < 2; round++) {
          const parts = scan(tensor, bytes, someSplits(random, elements));
          for (const figure of ['longestZeroRun', 'unusedMantissaBits', 'similarUnits', 'sparseGroups', 'atMin', 'atMax'] as const) assert.deepEqual(parts[figure], whole[figure], figure);
          assertUnits(parts.outputChannels, tensor, bytes);
          assertUnits(parts.inputChannels, tensor, bytes);
        }
        assertUnits(whole.outputChannels, tensor, bytes);
        assert.deepEqual(whole.longestZeroRun, naiveZeroRun(bytes));
      });
    }
  }

  it('goes on from chunk to chunk', () => {
    const random = new Random(3);
    const units = 96;
    const elements = units * Math.ceil((2.3 * chunkElements('float32')) / units);
    const values = Float32Array.from({ length: elements }, () => normal(random));
    // A run of zeros over the border of two chunks, and a copy of a unit.
    values.fill(0, chunkElements('float32') - 5000, chunkElements('float32') + 9000);
    for (let row = 0; row < elements / units; row++) values[row * units + 71] = 2 * values[row * units + 5]!;
    const tensor = tensorOf('float32', elements, { shape: [elements / units, units], axes: { input: 0, output: 1 } });
    const statistics = scan(tensor, bytesOf(values));
    assert.deepEqual(statistics.longestZeroRun, naiveZeroRun(bytesOf(values)));
    assert.deepEqual(statistics.similarUnits?.map(({ first, second }) => [first, second]), [[5, 71]]);
    assertUnits(statistics.outputChannels, tensor, bytesOf(values));
    assert.deepEqual(scan(tensor, bytesOf(values), [1, 300_000, 300_001, 512_345]).similarUnits, statistics.similarUnits);
  });
});

/** Random codes with runs of zeros of all lengths. */
function sparseBytes(random: Random, dtype: PlainDtype, elements: number): Uint8Array {
  const bytes = new Uint8Array(dtype === 'float32' || dtype === 'complex64' ? float32Bytes('normal', (elements * bytesPerElement(dtype)) / 4) : random.bytes(elements * bytesPerElement(dtype)));
  for (let run = 0; run < 4; run++) {
    const start = random.integer(bytes.length);
    bytes.fill(0, start, start + random.integer(4 * ZERO_RUN_STEP_BYTES));
  }
  return bytes;
}

function naiveZeroRun(bytes: Uint8Array): ZeroRun | undefined {
  let best: ZeroRun | undefined;
  let start: number | undefined;
  for (let step = 0; step < bytes.length; step += ZERO_RUN_STEP_BYTES) {
    const page = bytes.subarray(step, step + ZERO_RUN_STEP_BYTES);
    if (page.some((byte) => byte !== 0)) start = undefined;
    else {
      start ??= step;
      const run = { offset: start, bytes: step + page.length - start };
      if (run.bytes >= ZERO_RUN_STEP_BYTES && run.bytes > (best?.bytes ?? 0)) best = run;
    }
  }
  return best;
}

/** Sums and zeros of units, one element after the other. */
function assertUnits(channels: ChannelStatistics | undefined, tensor: Tensor, bytes: Uint8Array): void {
  if (!channels) return;
  const inner = product(tensor.shape.slice(channels.axis + 1));
  const units = tensor.shape[channels.axis]!;
  const sums = new Float64Array(units);
  const absolute = new Float64Array(units);
  const zeros = new Uint32Array(units);
  decodeValues(bytes, tensor.elements, tensor).forEach((value, element) => {
    const unit = Math.floor(element / inner) % units;
    if (value === 0) zeros[unit]!++;
    if (!Number.isFinite(value)) return;
    sums[unit]! += value;
    absolute[unit]! += Math.abs(value);
  });
  assert.deepEqual(channels.zeros, zeros);
  channels.sum!.forEach((sum, unit) => assert.ok(sum === Math.fround(sums[unit]!) || Math.abs(sum - sums[unit]!) <= 1e-6 * absolute[unit]!, `${sum}, not ${sums[unit]}`));
}

describe('unused mantissa bits', () => {
  const rounded = (bits: number): Uint8Array => {
    const words = new Uint32Array(float32Bytes('normal', 300_000).buffer).map((word) => (word >>> bits) << bits);
    return bytesOf(words);
  };

  it('are those that no value uses', () => {
    const tensor = tensorOf('float32', 300_000);
    for (const bits of [1, 13, 16, 22]) assert.equal(scan(tensor, rounded(bits)).unusedMantissaBits, bits);
    assert.equal(scan(tensor, rounded(0)).unusedMantissaBits, undefined);
    assert.equal(scan(tensor, new Uint8Array(1_200_000)).unusedMantissaBits, 23);
  });

  it('are none as soon as the last value of the last part uses the lowest one', () => {
    const bytes = rounded(16);
    bytes[bytes.length - 4]! |= 1;
    for (const splits of [[], [100], [299_999]]) assert.equal(scan(tensorOf('float32', 300_000), bytes, splits).unusedMantissaBits, undefined);
    bytes[bytes.length - 4] = 4;
    for (const splits of [[], [100], [299_999]]) assert.equal(scan(tensorOf('float32', 300_000), bytes, splits).unusedMantissaBits, 2);
  });

  it('are of float32 only', () => {
    assert.equal(scan(tensorOf('int32', 9000), new Uint8Array(36_000)).unusedMantissaBits, undefined);
  });
});

describe('ordered values', () => {
  const roles: readonly Role[] = ['normScale', 'normShift', 'runningMean', 'runningVariance', 'bias'];

  it('are those of normalization vectors and biases, whatever their type and split', () => {
    const random = new Random(2);
    for (const role of roles) {
      for (const [dtype, more] of TYPES) {
        const tensor = tensorOf(dtype, 500, { ...more, role });
        const bytes = new Random(role.length).bytes(tensor.bytes);
        const expected = Float32Array.from(decodeValues(bytes, 500, tensor));
        for (const splits of [[], someSplits(random, 500)]) assert.deepEqual(scan(tensor, bytes, splits).orderedValues, expected);
      }
    }
  });

  it('are not those of kernels, matrices and long vectors', () => {
    const bytes = new Uint8Array(4 * (MOST_ORDERED_VALUES + 1));
    const of = (more: Partial<Tensor>): Float32Array | undefined => {
      const tensor = tensorOf('float32', product(more.shape!), more);
      return scan(tensor, bytes.subarray(0, tensor.bytes)).orderedValues;
    };
    assert.equal(of({ role: 'bias', shape: [MOST_ORDERED_VALUES] })?.length, MOST_ORDERED_VALUES);
    assert.equal(of({ role: 'bias', shape: [1, 1, 1, 8] })?.length, 8);
    assert.equal(of({ role: 'bias', shape: [MOST_ORDERED_VALUES + 1] }), undefined);
    assert.equal(of({ role: 'bias', shape: [4, 8] }), undefined);
    assert.equal(of({ role: 'kernel', shape: [8] }), undefined);
  });
});

describe('values at the ends of the range', () => {
  const clipped = (limit: number, elements: number): Float32Array => {
    const random = new Random(9);
    return Float32Array.from({ length: elements }, () => Math.max(-3, Math.min(limit, normal(random))));
  };

  it('are told where every value is known, and many', () => {
    const values = clipped(1, 4000);
    assert.equal(scan(tensorOf('float32', 4000), bytesOf(values)).atMax, values.filter((value) => value === 1).length);
    assert.equal(scan(tensorOf('float32', 4000), bytesOf(values)).atMin, undefined);
    assert.equal(scan(tensorOf('uint8', 9000), Uint8Array.from({ length: 9000 }, (_, i) => (i < 100 ? 255 : i % 255))).atMax, 100);
    assert.equal(scan(tensorOf('uint8', 9000), Uint8Array.from({ length: 9000 }, (_, i) => (i < 8 ? 255 : i % 255))).atMax, undefined);
    assert.equal(scan(tensorOf('float32', 4000), float32Bytes('normal', 4000)).atMax, undefined);
  });

  it('are told of more values where the end lies on the border of a bin', () => {
    const values = clipped(1, 50_000);
    assert.equal(scan(tensorOf('float32', 50_000), bytesOf(values)).atMax, values.filter((value) => value === 1).length);
  });
});
