import assert from 'node:assert/strict';
import { int8Noise, roundingNoise } from '../../../../src/core/statistics/quantizationNoise';
import type { Distribution, TensorStatistics } from '../../../../src/core/statistics/tensorStatistics';
import { normals, statisticsOf, uniform } from '../../../support/handMade';

/** By its definition, value by value. */
function bruteForce(values: ArrayLike<number>, unitOf: (index: number) => number): number {
  const all = Array.from(values);
  const largest = new Map<number, number>();
  all.forEach((value, i) => largest.set(unitOf(i), Math.max(largest.get(unitOf(i)) ?? 0, Math.abs(value))));
  let signal = 0;
  let noise = 0;
  all.forEach((value, i) => {
    const step = largest.get(unitOf(i))! / 127;
    signal += value * value;
    if (step > 0) noise += (value - Math.round(value / step) * step) ** 2;
  });
  return 10 * Math.log10(signal / noise);
}

/** As float32 tensors are counted: values that share sign, exponent and seven bits of mantissa share a bin. */
function binned(statistics: TensorStatistics): TensorStatistics {
  const bits = new Uint32Array(1);
  const single = new Float32Array(bits.buffer);
  const bins = new Map<number, { lower: number; upper: number; count: number }>();
  const { lower, counts } = statistics.distribution;
  lower.forEach((value, i) => {
    single[0] = value;
    const key = value === 0 ? -1 : bits[0]! >>> 16;
    const ends = [key << 16, (key << 16) | 0xffff].map((pattern) => {
      bits[0] = pattern;
      return key === -1 ? 0 : single[0]!;
    });
    const bin = bins.get(key) ?? { lower: Math.min(...ends), upper: Math.max(...ends), count: 0 };
    bin.count += counts[i]!;
    bins.set(key, bin);
  });
  const sorted = [...bins.values()].sort((a, b) => a.lower - b.lower);
  sorted[0]!.lower = statistics.min!;
  sorted.at(-1)!.upper = statistics.max!;
  const distribution: Distribution = {
    exact: false,
    lower: Float32Array.from(sorted, (bin) => bin.lower),
    upper: Float32Array.from(sorted, (bin) => bin.upper),
    counts: Float64Array.from(sorted, (bin) => bin.count),
  };
  return { ...statistics, distribution };
}

const SHAPE = [200, 100];
const random = uniform(12);
const normal = normals(20_000, 0.05, 2);
const chi = normals(80_000, 1, 7);

const KINDS: Readonly<Record<string, Float32Array>> = {
  normal,
  uniform: Float32Array.from({ length: 20_000 }, () => random() * 0.2 - 0.1),
  Laplace: Float32Array.from({ length: 20_000 }, () => (random() < 0.5 ? -1 : 1) * Math.log(1 - random()) * 0.02),
  'Student t of 3': normal.map((value, i) => value / Math.sqrt((chi[i * 3]! ** 2 + chi[i * 3 + 1]! ** 2 + chi[i * 3 + 2]! ** 2) / 3)),
  'Student t of 4, one spike': normal.map((value, i) => (i === 5 ? 3 : value / Math.sqrt((chi[i * 4]! ** 2 + chi[i * 4 + 1]! ** 2 + chi[i * 4 + 2]! ** 2 + chi[i * 4 + 3]! ** 2) / 4))),
  'filters of different scale': normal.map((value, i) => value * 10 ** ((i % 100) / 40)),
  'four fifths zeros': normal.map((value, i) => (i % 5 ? 0 : value)),
  'far from zero': normal.map((value) => value + 3),
};

describe('int8 noise', () => {
  for (const [name, values] of Object.entries(KINDS)) {
    it(`is what quantizing gives: ${name}`, () => {
      const statistics = statisticsOf(values, SHAPE, { output: 1 });
      const expected = { perTensor: bruteForce(values, () => 0), perChannel: bruteForce(values, (i) => i % 100) };
      const exact = int8Noise(statistics)!;
      assert.ok(Math.abs(exact.perTensor - expected.perTensor) < 1e-6, `exactly: ${exact.perTensor}, not ${expected.perTensor}`);
      const byBins = int8Noise(binned(statistics))!;
      assert.ok(Math.abs(byBins.perTensor - expected.perTensor) < 0.2, `by bins: ${byBins.perTensor}, not ${expected.perTensor}`);
      assert.ok(Math.abs(exact.perChannel! - expected.perChannel) < 0.5, `by unit: ${exact.perChannel}, not ${expected.perChannel}`);
    });
  }

  it('is nothing where the weights are multiples of the step', () => {
    const values = Float32Array.from({ length: 2000 }, (_, i) => (i % 255) - 127);
    assert.equal(int8Noise(statisticsOf(values))?.perTensor, Infinity);
  });

  it('is unknown without weights, and of numbers whose squares cannot be told', () => {
    assert.equal(int8Noise(statisticsOf([0, 0, 0])), undefined);
    assert.equal(int8Noise(statisticsOf([NaN])), undefined);
    assert.equal(int8Noise(statisticsOf([1e200, -1e200])), undefined);
  });
});

describe('rounding noise', () => {
  it('integrates over bins that lie within a step, and over those that span many', () => {
    const step = 0.1;
    for (const [low, high] of [[0.01, 0.02], [-0.03, 0.03], [0.04, 0.06], [-0.98, 0.731], [12.34, 12.35], [-7, -3]] as const) {
      const distribution: Distribution = { exact: false, lower: Float64Array.of(low), upper: Float64Array.of(high), counts: Float64Array.of(10) };
      const steps = 100_000;
      let sum = 0;
      for (let i = 0; i < steps; i++) {
        const x = low + ((i + 0.5) / steps) * (high - low);
        sum += (x - Math.round(x / step) * step) ** 2;
      }
      const expected = (10 * sum) / steps;
      assert.ok(Math.abs(roundingNoise(distribution, step) / expected - 1) < 1e-4, `${low}..${high}`);
    }
  });

  it('leaves out what lies beyond a limit', () => {
    const { distribution } = statisticsOf([-5, 0.04, 0.3, 5]);
    assert.ok(Math.abs(roundingNoise(distribution, 0.1, 0.2) - 0.0016) < 1e-12);
    assert.equal(roundingNoise(distribution, 0), 0);
  });
});
