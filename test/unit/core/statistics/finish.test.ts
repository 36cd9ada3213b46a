import assert from 'node:assert/strict';
import { addToChannels, channelPlan, emptyChannels, MOST_UNITS } from '../../../../src/core/statistics/channels';
import { decodeFloat16, decodeValues } from '../../../../src/core/statistics/decode';
import { MOST_EXACT_VALUES } from '../../../../src/core/statistics/distribution';
import { finish, FINE_BINS, needsFineHistogram, withNearZeroRatio } from '../../../../src/core/statistics/finish';
import { EMPTY_PARTIAL } from '../../../../src/core/statistics/partial';
import { TypeScriptKernel } from '../../../../src/core/statistics/twin';
import type { Tensor } from '../../../../src/core/model';
import type { TensorStatistics } from '../../../../src/core/statistics/tensorStatistics';
import { Random } from '../../../support/random';
import { AFFINE, FLOAT32_KINDS, float32Bytes, scanBytes, tensorOf } from '../../../support/sampleData';

const kernel = new TypeScriptKernel();

function scan(tensor: Tensor, bytes: Uint8Array): TensorStatistics {
  return finish(scanBytes(kernel, tensor, bytes), tensor);
}

describe('distributions', () => {
  for (const kind of Object.keys(FLOAT32_KINDS)) {
    it(`hold each value in one bin, and zero in its own: ${kind}`, () => {
      const values = new Float32Array(float32Bytes(kind, 9000).buffer);
      const { distribution, zeros } = scan(tensorOf('float32', 9000), new Uint8Array(values.buffer));
      const { lower, upper, counts } = distribution;
      const counted = new Float64Array(counts.length);
      for (const value of values.filter(Number.isFinite)) {
        const next = lower.findIndex((low: number) => low > value);
        const bin = next < 0 ? lower.length - 1 : next - 1;
        assert.ok(value <= upper[bin]!, `${value} in ${lower[bin]}..${upper[bin]}`);
        counted[bin]!++;
      }
      assert.deepEqual([...counts], [...counted]);
      for (let i = 1; i < lower.length; i++) assert.ok(upper[i - 1]! < lower[i]!);
      const zero = lower.indexOf(0);
      assert.equal(zero < 0 ? 0 : counts[zero], zeros);
      if (zero >= 0) assert.ok(upper[zero] === 0 && !Object.is(upper[zero], -0) && !Object.is(lower[zero], -0));
    });
  }

  it('of small tensors are exact', () => {
    const { distribution } = scan(tensorOf('float32', 5), new Uint8Array(Float32Array.of(0.1, -2, 0.1, -0, 0).buffer));
    assert.deepEqual(distribution, { exact: true, lower: Float32Array.of(-2, 0, Math.fround(0.1)), upper: Float32Array.of(-2, 0, Math.fround(0.1)), counts: Uint32Array.of(1, 2, 2) });
  });

  it('of quantized tensors are of real values, rounded to float32, or to integers where they were', () => {
    const codes = Uint8Array.from({ length: 6000 }, (_, i) => i % 3);
    const real = scan(tensorOf('uint8', 6000, { quantization: AFFINE }), codes).distribution;
    assert.deepEqual([...real.lower], [0, 1, 2].map((code) => Math.fround(code * AFFINE.scale + AFFINE.min)));
    assert.deepEqual([...real.counts], [2000, 2000, 2000]);
    const integers = scan(tensorOf('uint8', 6000, { quantization: { scheme: 'affine', scale: 0.4, min: 0, originalDtype: 'int32' } }), codes).distribution;
    assert.deepEqual([[...integers.lower], [...integers.counts]], [[0, 1], [4000, 2000]]);
  });

  it('of 16 bits keep a bounded number of bins, each as narrow as its values', () => {
    const bytes = new Random(4).bytes(400_000);
    const { distribution, count } = scan(tensorOf('float16', 200_000), bytes);
    assert.equal(distribution.exact, false);
    assert.ok(distribution.counts.length < 10_000);
    const finite = [...new Uint16Array(bytes.buffer)].map(decodeFloat16).filter(Number.isFinite);
    assert.equal(Array.from(distribution.counts).reduce((total, n) => total + n, 0), finite.length);
    assert.equal(count, 200_000);
    const few = scan(tensorOf('float16', 200_000), bytes.map((byte, i) => (i % 2 ? 0x38 : byte)));
    assert.ok(few.distribution.exact && few.distribution.counts.length <= MOST_EXACT_VALUES);
  });

  it('say when they are too coarse for a chart', () => {
    assert.equal(needsFineHistogram(scan(tensorOf('float32', 9000), float32Bytes('narrow, far from zero', 9000))), true);
    assert.equal(needsFineHistogram(scan(tensorOf('float32', 9000), float32Bytes('normal', 9000))), false);
    assert.equal(needsFineHistogram(scan(tensorOf('float32', 900), float32Bytes('narrow, far from zero', 900))), false);
    assert.ok(FINE_BINS > 100);
  });
});

describe('figures', () => {
  it('are null without finite values', () => {
    for (const statistics of [finish(EMPTY_PARTIAL, { dtype: 'float32' }), scan(tensorOf('float32', 9000), float32Bytes('nothing finite', 9000))]) {
      for (const figure of ['min', 'max', 'mean', 'standardDeviation', 'skewness', 'excessKurtosis', 'l1Norm', 'l2Norm'] as const) assert.equal(statistics[figure], null);
      assert.ok(statistics.quantiles.every((quantile) => quantile === null));
      assert.equal(statistics.zeros + statistics.nearZeros, 0);
    }
  });

  it('of a constant tensor have no spread at all', () => {
    for (const elements of [7, 9000]) {
      const statistics = scan(tensorOf('float32', elements), float32Bytes('constant', elements));
      assert.equal(statistics.mean, Math.fround(0.1));
      assert.deepEqual([statistics.standardDeviation, statistics.skewness, statistics.excessKurtosis], [0, 0, 0]);
      assert.ok(statistics.quantiles.every((quantile) => quantile === Math.fround(0.1)));
    }
  });

  it('do not overflow where float64 does not', () => {
    const values = new Float32Array(float32Bytes('huge', 9000).buffer);
    const { l2Norm, standardDeviation, excessKurtosis } = scan(tensorOf('float32', 9000), new Uint8Array(values.buffer));
    const exact = Math.sqrt(values.reduce((total, x) => total + x * x, 0));
    assert.ok(Math.abs(l2Norm! / exact - 1) < 1e-9);
    assert.ok(Number.isFinite(standardDeviation) && Math.abs(excessKurtosis! + 1.2) < 0.1);
  });

  it('count near zeros by any share', () => {
    const statistics = scan(tensorOf('float32', 101), new Uint8Array(Float32Array.from({ length: 101 }, (_, i) => i).buffer));
    assert.equal(statistics.nearZeros, 2);
    assert.equal(withNearZeroRatio(statistics, 0.1).nearZeros, 11);
  });

  it('of complex numbers are those of their magnitudes', () => {
    const statistics = scan(tensorOf('complex64', 3), new Uint8Array(Float32Array.of(3, -4, 0, 0, NaN, Infinity).buffer));
    assert.deepEqual([statistics.count, statistics.zeros, statistics.max, statistics.mean, statistics.nan], [3, 1, 5, 2.5, 1]);
  });

  it('of 64-bit integers are those of the nearest float64', () => {
    const values = decodeValues(new Uint8Array(BigInt64Array.of(-5n, 2n ** 60n).buffer), 2, { dtype: 'int64' });
    assert.deepEqual([...values], [-5, 2 ** 60]);
  });
});

describe('channels', () => {
  it('belong to the axes that the tensor has', () => {
    assert.equal(channelPlan({ shape: [3, 4], elements: 12 }), undefined);
    assert.deepEqual(channelPlan({ shape: [3, 4], elements: 12, axes: { input: 0, output: 1 } }), { input: { axis: 0, units: 3, inner: 4 }, output: { axis: 1, units: 4, inner: 1 } });
    assert.equal(channelPlan({ shape: [MOST_UNITS + 1, 1], elements: MOST_UNITS + 1, axes: { input: 0 } }), undefined);
  });

  it('have their largest magnitude, norm and sum of what is finite, and their zeros', () => {
    const { outputChannels, inputChannels } = scan(tensorOf('float32', 6, { shape: [2, 3], axes: { input: 0, output: 1 } }), new Uint8Array(Float32Array.of(3, 0, NaN, -4, 0, 2).buffer));
    assert.deepEqual(outputChannels, { axis: 1, maxAbs: Float32Array.of(4, 0, 2), l2Norm: Float32Array.of(5, 0, 2), sum: Float32Array.of(-1, 0, 2), zeros: Uint32Array.of(0, 2, 0) });
    assert.deepEqual(inputChannels, { axis: 0, maxAbs: Float32Array.of(3, 4), l2Norm: Float32Array.of(3, Math.sqrt(20)), sum: Float32Array.of(3, -2), zeros: Uint32Array.of(1, 1) });
  });

  it('go on where a part begins within a unit', () => {
    const axis = { axis: 0, units: 2, inner: 3 };
    const sums = emptyChannels(axis);
    addToChannels(sums, axis, [1, 2, 3], 2);
    addToChannels(sums, axis, [9], 6);
    assert.deepEqual([...sums.maxAbs], [9, 3]);
  });
});
