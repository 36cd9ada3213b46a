import assert from 'node:assert/strict';
import { planBins } from '../../../src/webview/binPlan';
import { countTop, histogramFigure, outsideSentence } from '../../../src/webview/histogramChart';
import type { HistogramInput } from '../../../src/webview/histogramChart';
import { figures, THEME } from './support';

function input(more: Partial<HistogramInput> = {}): HistogramInput {
  const own = more.figures ?? figures();
  const plan = planBins({ figures: own, axis: 'auto', bins: 20 });
  const counts = plan.edges.slice(1).map(() => 40);
  return {
    tensorName: 'conv/kernel', figures: own, plan, window: { edges: plan.edges, counts, below: 3, above: 0 }, exact: true, countScale: 'linear',
    showMoments: false, showQuantiles: false, overlays: [], width: 700, height: 300, theme: THEME, ...more,
  };
}

function named(figure: ReturnType<typeof histogramFigure>, name: string) {
  return figure.data.filter((trace) => trace.name === name);
}

function texts(figure: ReturnType<typeof histogramFigure>): string[] {
  return figure.layout.annotations.map((annotation) => String(annotation['text']));
}

describe('histogramFigure', () => {
  it('draws bars without gaps that span the axis', () => {
    const figure = histogramFigure(input());
    const [bars] = named(figure, 'weights');
    assert.ok(bars?.type === 'bar');
    const widths = bars.width as readonly number[];
    bars.x.slice(1).forEach((x, i) => assert.ok(Math.abs(x! - bars.x[i]! - (widths[i]! + widths[i + 1]!) / 2) < 1e-9));
    const [low, high] = figure.layout.xaxis.range;
    assert.ok(Math.abs(low - (bars.x[0]! - widths[0]! / 2)) < 1e-9 && Math.abs(high - (bars.x.at(-1)! + widths.at(-1)! / 2)) < 1e-9);
  });

  it('shows every weight that has no place on the axis as a bar at its edge', () => {
    const figure = histogramFigure(input({ figures: figures({ nan: 2, positiveInfinity: 1, negativeInfinity: 4 }) }));
    const edges = named(figure, 'edge');
    assert.deepEqual(edges.map((trace) => trace.y), [[4, 3], [1, 2]]);
    assert.deepEqual((figure.layout['xaxis3'] as { ticktext: string[] }).ticktext, ['+Inf', 'NaN']);
    assert.match((figure.layout['xaxis2'] as { ticktext: string[] }).ticktext[1]!, /^&lt; −/);
    const [left, right] = figure.layout.xaxis.domain;
    assert.ok(left > 0 && right < 1, 'the axis makes room for them');
  });

  it('has no bars at the edge where nothing lies beyond', () => {
    const base = input();
    const figure = histogramFigure({ ...base, window: { ...base.window, below: 0 } });
    assert.equal(named(figure, 'edge').length, 0);
    assert.deepEqual(figure.layout.xaxis.domain, [0, 1]);
  });

  it('cuts zeros that would dwarf the rest, and writes their true count on them', () => {
    const base = input({ figures: figures({ count: 100_000, zeros: 81_000 }) });
    const zeroBin = base.plan.edges.findIndex((edge) => edge === 0);
    const counts = base.window.counts.map((count, i) => (i === zeroBin ? count + 81_000 : count));
    const figure = histogramFigure({ ...base, window: { ...base.window, counts } });
    assert.ok(figure.layout.yaxis.range[1] < 100);
    assert.deepEqual(named(figure, 'zero')[0]!.y, [81_000]);
    assert.ok(texts(figure).some((text) => text.includes('81') && text.includes('↑')));
    assert.equal(named(figure, 'weights')[0]!.y[zeroBin], 40, 'zeros are not counted twice');
  });

  it('stacks a few zeros on their bar', () => {
    const base = input({ figures: figures({ zeros: 20 }) });
    const zeroBin = base.plan.edges.findIndex((edge) => edge === 0);
    const figure = histogramFigure(base);
    const [zero] = named(figure, 'zero');
    assert.ok(zero?.type === 'bar');
    assert.deepEqual([zero.y, zero.base], [[20], [20]]);
    assert.equal(named(figure, 'weights')[0]!.y[zeroBin], 20);
  });

  it('marks mean, σ and quantiles where they lie on the axis', () => {
    const figure = histogramFigure(input({ showMoments: true, showQuantiles: true, figures: figures({ standardDeviation: 5 }) }));
    assert.ok(texts(figure).includes('mean'));
    assert.ok(!texts(figure).includes('+σ'));
    assert.ok(texts(figure).includes('p5'));
  });

  it('says the gist for those who do not see it', () => {
    assert.match(histogramFigure(input({ figures: figures({ nan: 2 }) })).label, /conv\/kernel: 1.000 weights.*2 not finite/);
  });

  it('says that the first counts are approximate', () => {
    const words = (exact: boolean): string => named(histogramFigure(input({ exact })), 'weights')[0]!.customdata![3]!;
    assert.match(words(false), /about 40 weights/);
    assert.doesNotMatch(words(true), /about/);
  });
});

describe('outsideSentence', () => {
  it('counts what lies outside the window', () => {
    const { window } = input();
    assert.match(outsideSentence({ window, figures: figures(), exact: true }), /^3 of 1.000 weights .* lie outside/);
    assert.match(outsideSentence({ window, figures: figures(), exact: false }), /^About 3/);
    assert.match(outsideSentence({ window: { ...window, below: 0 }, figures: figures({ nan: 5 }), exact: true }), /^All finite weights lie within.*5 are no finite number/);
    assert.match(outsideSentence({ window, figures: figures({ min: null, max: null }), exact: true }), /^None of the/);
  });
});

describe('countTop', () => {
  it('lets ordinary bars decide on a linear axis, and everything on a logarithmic one', () => {
    assert.equal(countTop([10, 20], 5000, [], 'linear'), 20);
    assert.equal(countTop([10, 20], 25, [], 'linear'), 25);
    assert.equal(countTop([10, 20], 5000, [], 'log'), 5000);
    assert.equal(countTop([0, 0], 0, [{ count: 9 }], 'linear'), 9);
  });
});
