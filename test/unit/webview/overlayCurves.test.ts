import assert from 'node:assert/strict';
import type { Family } from '../../../src/core/statistics/families';
import type { Overlay } from '../../../src/core/verdict/overlay';
import { planBins } from '../../../src/webview/binPlan';
import { chosenOverlays, expectedCounts, OVERLAY_CHOICES, overlayLine, overlayTraces } from '../../../src/webview/overlayCurves';
import { histogramFigure } from '../../../src/webview/histogramChart';
import { restoreView } from '../../../src/webview/state';
import { figures, THEME } from './support';

function overlay(family: Family, more: Partial<Overlay> = {}): Overlay {
  return { kind: family.name === 'truncatedNormal' ? 'initializer' : family.name, label: family.name, family, weights: 1000, excludesZeros: false, distance: 0.03, words: 'w', ...more };
}

const BELL = overlay({ name: 'normal', location: 0, scale: 0.2 });
const FAMILIES: readonly Family[] = [
  BELL.family, { name: 'laplace', location: 0, scale: 0.1 }, { name: 'studentT', location: 0, scale: 0.1, degrees: 3 }, { name: 'uniform', location: 0, scale: 0.5 },
  { name: 'truncatedNormal', location: 0, scale: 0.2, cut: 2 },
];

describe('overlay curves', () => {
  it('count what lies between the edges, however uneven the bins', () => {
    const uneven = [-1, -0.9, -0.2, -0.05, 0, 0.01, 0.5, 1];
    const even = Array.from({ length: 401 }, (_, i) => -1 + i / 200);
    for (const family of FAMILIES) {
      const fine = expectedCounts(overlay(family), even);
      const coarse = expectedCounts(overlay(family), uneven);
      const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
      assert.ok(Math.abs(sum(fine) - sum(coarse)) < 1e-6, family.name);
      assert.ok(sum(fine) > 940 && sum(fine) <= 1000.001, `${family.name} ${sum(fine)}`);
      const between = fine.filter((_, i) => even[i]! >= -0.2 - 1e-9 && even[i + 1]! <= -0.05 + 1e-9);
      assert.ok(Math.abs(sum(between) - coarse[2]!) < 1e-6, family.name);
    }
  });

  it('follow the zoom: a window has only its own part of the weights', () => {
    const counts = expectedCounts(BELL, [0, 0.1, 0.2]);
    assert.ok(Math.abs(counts[0]! - 191.46) < 0.01 && Math.abs(counts[1]! - 149.88) < 0.01, counts.join(' '));
  });

  it('stand at the middles of the bars on every axis, and never at log 0', () => {
    for (const axis of ['auto', 'full', 'symlog'] as const) {
      const plan = planBins({ figures: figures(), axis, bins: 50 });
      const [rim, trace] = overlayTraces([BELL], plan, THEME);
      assert.deepEqual(rim!.y, trace!.y);
      assert.equal(trace!.x.length, plan.edges.length - 1);
      trace!.x.forEach((x, i) => assert.ok(x! > plan.scale.to(plan.edges[i]!) && x! < plan.scale.to(plan.edges[i + 1]!)));
      assert.ok(trace!.y.every((y) => y! > 0));
    }
  });

  it('do not flatten the bars, and are told to those who do not see them', () => {
    const own = figures();
    const plan = planBins({ figures: own, axis: 'auto', bins: 20 });
    const spike = overlay({ name: 'normal', location: 0, scale: 0.001 }, { weights: 1e6 });
    const figure = histogramFigure({
      tensorName: 'x', figures: own, plan, window: { edges: plan.edges, counts: plan.edges.slice(1).map(() => 40), below: 0, above: 0 }, exact: true, countScale: 'linear',
      showMoments: false, showQuantiles: false, overlays: [spike], width: 700, height: 300, theme: THEME,
    });
    assert.ok(figure.layout.yaxis.range[1] < 100);
    assert.match(figure.label, /overlay normal, at most 3.% of the weights apart/);
  });

  it('differ from one another in hue or dash, and from the bars', () => {
    const looks = OVERLAY_CHOICES.filter((choice) => choice !== 'best').map((kind) => JSON.stringify(overlayLine(kind, THEME)));
    assert.equal(new Set(looks).size, looks.length);
    assert.ok(looks.every((look) => !look.includes(THEME.blue)));
  });
});

describe('which overlays are shown', () => {
  const all = FAMILIES.map((family) => overlay(family));

  it('is the best one by itself', () => {
    assert.deepEqual(chosenOverlays(all, ['best']), [all[0]]);
  });

  it('is each chosen one once', () => {
    assert.deepEqual(chosenOverlays(all, ['best', 'normal', 'laplace']).map(({ kind }) => kind), ['normal', 'laplace']);
    assert.deepEqual(chosenOverlays(all, []), []);
    assert.deepEqual(chosenOverlays([], ['best', 'normal']), []);
  });

  it('is kept, and unknown names of an older page are dropped', () => {
    assert.deepEqual(restoreView({ overlays: ['laplace', 'gamma', 'best'] }).overlays, ['best', 'laplace']);
    assert.deepEqual(restoreView({ overlays: [] }).overlays, []);
    assert.deepEqual(restoreView({ showNormal: true }).overlays, ['best']);
  });
});
