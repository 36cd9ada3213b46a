import assert from 'node:assert/strict';
import { finish } from '../../../../src/core/statistics/finish';
import { automaticWindow, binOf, cumulativeShare, evenEdges, reportHistogram, sparklineCounts } from '../../../../src/core/statistics/histogram';
import { TypeScriptKernel } from '../../../../src/core/statistics/twin';
import type { TensorStatistics } from '../../../../src/core/statistics/tensorStatistics';
import { FLOAT32_KINDS, float32Bytes, scanBytes, tensorOf } from '../../../support/sampleData';

const kernel = new TypeScriptKernel();

function statisticsOf(bytes: Uint8Array): TensorStatistics {
  const tensor = tensorOf('float32', bytes.length / 4);
  return finish(scanBytes(kernel, tensor, bytes), tensor);
}

function ofValues(...values: number[]): TensorStatistics {
  return statisticsOf(new Uint8Array(Float32Array.from(values).buffer));
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe('histograms', () => {
  for (const kind of Object.keys(FLOAT32_KINDS)) {
    for (const elements of [1000, 20_000]) {
      it(`have ascending edges from min to max, and every finite value: ${elements} × ${kind}`, () => {
        const statistics = statisticsOf(float32Bytes(kind, elements));
        const finite = statistics.count - statistics.nan - statistics.positiveInfinity - statistics.negativeInfinity;
        for (const bins of [1, 7, 64, 512]) {
          const { edges, counts } = reportHistogram(statistics, bins);
          assert.equal(sum(counts), finite);
          if (finite === 0) {
            assert.deepEqual([edges, counts], [[], []]);
            continue;
          }
          assert.equal(edges.length, counts.length + 1);
          assert.equal(edges[0], statistics.min);
          assert.equal(edges[edges.length - 1], statistics.max);
          if (statistics.min === statistics.max) assert.equal(counts.length, 1);
          else edges.slice(1).forEach((edge, i) => assert.ok(edge > edges[i]!));
          assert.ok(counts.length <= bins);
        }
        const { low, high } = automaticWindow(statistics);
        assert.ok(low < high && Number.isFinite(low) && Number.isFinite(high), `${low} ${high}`);
        const line = sparklineCounts(statistics);
        assert.equal(line.length, 24);
        assert.ok(line.every((count) => Number.isInteger(count) && count >= 0));
        if (finite > 0) assert.ok(sum(line) > 0.95 * finite && sum(line) <= finite + 24, `${sum(line)} of ${finite}`);
      });
    }
  }

  it('hold each edge with the bin above it, and the last edge with the last bin', () => {
    const { edges, counts } = reportHistogram(ofValues(0, 1, 1, 2, 3, 4), 4);
    assert.deepEqual(edges, [0, 1, 2, 3, 4]);
    assert.deepEqual(counts, [1, 2, 1, 2]);
  });

  it('give a constant tensor one bin', () => {
    assert.deepEqual(reportHistogram(ofValues(2, 2, 2), 64), { edges: [2, 2], counts: [3] });
  });

  it('are not flattened by an outlier in the window', () => {
    const statistics = statisticsOf(float32Bytes('one outlier', 20_000));
    const { low, high } = automaticWindow(statistics);
    assert.equal(statistics.max, 1e6);
    assert.ok(low <= -0.03 && low > -0.1 && high >= 0.03 && high < 0.1, `${low} ${high}`);
    assert.ok(Math.max(...sparklineCounts(statistics)) < 4000);
  });

  it('know the share at or below any number', () => {
    const statistics = ofValues(1, 2, 3, 4);
    assert.deepEqual([0, 1, 2.5, 4, 9].map((x) => cumulativeShare(statistics, x)), [0, 0.25, 0.5, 1, 1]);
    const many = statisticsOf(float32Bytes('normal', 20_000));
    const values = [...new Float32Array(float32Bytes('normal', 20_000).buffer)];
    for (const x of [-0.1, -0.02, 0, 0.03, 0.07]) {
      const exact = values.filter((value) => value <= x).length / values.length;
      assert.ok(Math.abs(cumulativeShare(many, x) - exact) < 0.002, `${x}`);
    }
  });

  it('find the bin of a number', () => {
    const edges = [0, 1, 2, 4];
    assert.deepEqual([-1, 0, 0.5, 1, 3, 4, 5, NaN].map((x) => binOf(edges, x)), [-1, 0, 0, 1, 2, 2, 3, -1]);
  });

  it('have even edges, as many as there are numbers for', () => {
    assert.deepEqual(evenEdges(0, 1, 4), [0, 0.25, 0.5, 0.75, 1]);
    assert.deepEqual(evenEdges(1, 1 + Number.EPSILON, 4), [1, 1 + Number.EPSILON]);
    assert.ok(evenEdges(-Number.MAX_VALUE, Number.MAX_VALUE, 10).every(Number.isFinite));
  });
});
