import assert from 'node:assert/strict';
import { kurtosisWithinUnits, magnitudeQuantile } from '../../../../src/core/rules/tails';
import { normals, statisticsOf, uniform } from '../../../support/handMade';

describe('tails', () => {
  it('gives the quantile of magnitudes of the weights that are not zero', () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? i + 1 : -(i + 1)));
    assert.equal(magnitudeQuantile(statisticsOf(values), 0.99), 990);
    assert.equal(magnitudeQuantile(statisticsOf([...values, ...new Array<number>(9000).fill(0), NaN, Infinity]), 0.99), 990);
    assert.equal(magnitudeQuantile(statisticsOf([0, 0]), 0.99), null);
    assert.equal(magnitudeQuantile(statisticsOf([-3]), 0.99), 3);
  });

  it('is as good as sorting, whatever the signs', () => {
    const random = uniform(3);
    for (let round = 0; round < 20; round++) {
      const values = normals(1 + Math.floor(random() * 3000), 1, round).map((value) => (random() < 0.3 ? 0 : value + random()));
      const sorted = [...values].filter((value) => value !== 0).map(Math.abs).sort((a, b) => a - b);
      const expected = sorted[sorted.length - 1 - Math.floor(sorted.length * (1 - 0.99))];
      assert.equal(magnitudeQuantile(statisticsOf(values), 0.99), expected ?? null);
    }
  });

  it('takes the scales of units out of the kurtosis, and nothing else', () => {
    const shape = [90, 200];
    const kurtosis = (values: Float32Array): { whole: number; within: number } => {
      const statistics = statisticsOf(values, shape, { output: 1 });
      return { whole: statistics.excessKurtosis! + 3, within: kurtosisWithinUnits(statistics, statistics.excessKurtosis! + 3) };
    };
    const normal = normals(18_000);
    assert.ok(Math.abs(kurtosis(normal).within - 3) < 0.2, 'nothing to take out');
    const scaled = kurtosis(normal.map((value, i) => value * 10 ** ((i % 200) / 100)));
    assert.ok(scaled.whole > 8 && Math.abs(scaled.within - 3) < 0.5, `${scaled.whole} within ${scaled.within}`);
    const heavy = kurtosis(normal.map((value) => value ** 3));
    assert.ok(heavy.within > heavy.whole * 0.8, `${heavy.whole} within ${heavy.within}`);
    assert.equal(kurtosisWithinUnits(statisticsOf(normal), 3), 3, 'without units the kurtosis stays');
  });
});
