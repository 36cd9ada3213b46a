import assert from 'node:assert/strict';
import { EMPTY_PLAN, latticeOf, planBins, rebin } from '../../../src/webview/binPlan';
import { figures, tensor } from './support';

function isAscending(edges: readonly number[]): boolean {
  return edges.every((edge, i) => i === 0 || edge > edges[i - 1]!);
}

describe('planBins', () => {
  it('auto covers p0.1 to p99.9 in round steps, however far an outlier lies', () => {
    const { edges } = planBins({ figures: figures({ max: 1e6 }), axis: 'auto', bins: 100 });
    assert.ok(edges[0]! <= -0.9 && edges.at(-1)! >= 0.9 && edges.at(-1)! < 1);
    assert.ok(edges.includes(0));
    assert.ok(edges.length <= 102);
    assert.ok(isAscending(edges));
  });

  it('full and symlog cover everything', () => {
    for (const axis of ['full', 'symlog'] as const) {
      const { edges, scale } = planBins({ figures: figures({ min: -40, max: 1000 }), axis, bins: 80 });
      assert.ok(edges[0]! <= -40 && edges.at(-1)! >= 1000, axis);
      assert.ok(isAscending(edges));
      const widths = edges.slice(1).map((edge, i) => scale.to(edge) - scale.to(edges[i]!));
      assert.ok(Math.max(...widths) - Math.min(...widths) < 1e-6, 'bars are even on the axis');
    }
  });

  it('falls back to the whole range where nearly all weights are one value', () => {
    const { edges } = planBins({ figures: figures({ quantiles: new Array<number>(9).fill(0) }), axis: 'auto', bins: 50 });
    assert.ok(edges[0]! <= -1 && edges.at(-1)! >= 1);
  });

  it('gives a constant tensor room to both sides', () => {
    for (const value of [0, 3, -1e-20, 1e30]) {
      const { edges } = planBins({ figures: figures({ min: value, max: value, quantiles: new Array<number>(9).fill(value) }), axis: 'auto', bins: 50 });
      assert.ok(edges[0]! < value && edges.at(-1)! > value && isAscending(edges), `${value}`);
    }
  });

  it('keeps edges apart where float64 has hardly any numbers left', () => {
    const low = 1e15;
    const { edges } = planBins({ figures: figures({ min: low, max: low + 1, quantiles: new Array<number>(9).fill(low) }), axis: 'full', bins: 100 });
    assert.ok(edges.length >= 2 && isAscending(edges));
  });

  it('cuts between the levels of a quantized tensor, the same number of levels in each bar', () => {
    const lattice = { origin: -1, step: 2 / 255 };
    const { edges } = planBins({ figures: figures({ count: 1e6 }), lattice, axis: 'full', bins: 100 });
    const levels = edges.map((edge) => (edge - lattice.origin) / lattice.step - 0.5);
    for (const level of levels) assert.ok(Math.abs(level - Math.round(level)) < 1e-6, `${level}`);
    const held = levels.slice(1).map((level, i) => Math.round(level - levels[i]!));
    assert.deepEqual(new Set(held), new Set([3]));
    assert.ok(edges[0]! < -1 && edges.at(-1)! > 1);
  });

  it('uses fewer bars for fewer weights', () => {
    const { edges } = planBins({ figures: figures({ count: 16 }), axis: 'full', bins: 100 });
    assert.ok(edges.length <= 12);
  });

  it('bins what was zoomed into', () => {
    const { edges } = planBins({ figures: figures(), axis: 'auto', bins: 100, zoom: { low: 0.1, high: 0.11 } });
    assert.ok(edges[0]! <= 0.1 && edges[0]! > 0.09 && edges.at(-1)! >= 0.11 && edges.at(-1)! < 0.12);
  });

  it('has an empty axis without finite values', () => {
    assert.equal(planBins({ figures: figures({ min: null, max: null }), axis: 'symlog', bins: 10 }), EMPTY_PLAN);
  });
});

describe('latticeOf', () => {
  it('knows integers and affine codes, and nothing of floats', () => {
    assert.deepEqual(latticeOf(tensor('a', 0, { dtype: 'int32' })), { origin: 0, step: 1 });
    assert.deepEqual(latticeOf(tensor('a', 0, { dtype: 'uint8', quantization: { scheme: 'affine', scale: 0.5, min: -3, originalDtype: 'float32' } })), { origin: -3, step: 0.5 });
    assert.equal(latticeOf(tensor('a', 0)), undefined);
    assert.equal(latticeOf(tensor('a', 0, { dtype: 'uint8', quantization: { scheme: 'affine', scale: 0, min: -Infinity, originalDtype: 'float32' } })), undefined);
  });
});

describe('rebin', () => {
  const total = ({ counts, below, above }: ReturnType<typeof rebin>): number => counts.reduce((a, b) => a + b, 0) + below + above;

  it('loses no weight', () => {
    const histogram = { edges: [-2, -1, 0.5, 1, 9], counts: [10, 50, 30, 4] };
    for (const edges of [[-1, 0, 1], [-5, 20], [0.1, 0.2, 0.3], [-9, -8], [20, 30]]) {
      assert.ok(Math.abs(total(rebin(histogram, 20, edges)) - 94) < 1e-9, `${edges.join()}`);
    }
  });

  it('puts exact zeros into the bar that holds zero and spreads the rest', () => {
    const { counts } = rebin({ edges: [-1, 1], counts: [120] }, 100, [-1, -0.5, 0, 0.5, 1]);
    assert.deepEqual(counts, [5, 5, 105, 5]);
  });

  it('keeps a constant tensor in one bar', () => {
    assert.deepEqual(rebin({ edges: [2, 2], counts: [7] }, 0, [1, 2, 3]).counts, [0, 7]);
  });
});
