import assert from 'node:assert/strict';
import { parseColour, mix, opaque, withAlpha } from '../../../src/webview/colour';
import { fileName } from '../../../src/webview/fileName';
import { figureGroups, figuresCsv, figuresJson } from '../../../src/webview/figures';
import { progressShare, progressWords } from '../../../src/webview/progressText';
import { plotlyText } from '../../../src/webview/plotly';
import { twinsOf, unitOrder, unitsFigure } from '../../../src/webview/unitsChart';
import { figures, THEME } from './support';

const GROUPS = figureGroups(figures({ zeros: 81, nan: 2, mean: 0.012300000526010990 }), 0.01);

describe('figures', () => {
  it('are shown short and kept whole', () => {
    const row = GROUPS.flatMap(({ rows }) => rows).find(({ key }) => key === 'mean')!;
    assert.equal(row.text, '0.0123');
    assert.equal(row.value, 0.012300000526010990);
  });

  it('raise NaN and say the threshold of near zero', () => {
    const rows = figureGroups(figures({ nan: 1 }), 0.05).flatMap((group) => group.rows);
    assert.equal(rows.find(({ key }) => key === 'nan')!.alarming, true);
    assert.equal(rows.find(({ key }) => key === 'positiveInfinity')!.alarming, false);
    assert.match(rows.find(({ key }) => key === 'nearZeros')!.explanation, /5 %/);
  });

  it('as CSV are quoted, exact, and no formula', () => {
    const csv = figuresCsv({ layer: '=HYPERLINK("x")', tensor: 'a,b', groups: GROUPS });
    const lines = csv.split('\r\n');
    assert.equal(lines[0], 'layer,tensor,figure,value');
    assert.equal(lines[1], `"'=HYPERLINK(""x"")","a,b",count,1000`);
    assert.ok(lines.some((line) => line.endsWith(',mean,0.01230000052601099')));
    assert.ok(lines.some((line) => line.endsWith(',min,-1')), 'negative numbers stay numbers');
  });

  it('as JSON have the names of the report', () => {
    const { statistics } = JSON.parse(figuresJson({ layer: 'a', tensor: 'a/kernel', groups: GROUPS })) as { statistics: Record<string, unknown> };
    assert.equal(statistics['zeros'], 81);
    assert.deepEqual(Object.keys(statistics['quantiles'] as object), ['0.001', '0.01', '0.05', '0.25', '0.5', '0.75', '0.95', '0.99', '0.999']);
  });

  it('of block scales are groups of their own, with the names of the report', () => {
    const scales = { count: 40, zeros: 1, nonFinite: 2, min: 0, max: 0.5, mean: 0.1, standardDeviation: 0.02, quantiles: [0, 0, 0, 0, 0.25, 0, 0, 0, 0] };
    const groups = figureGroups(figures({ blockScales: { scale: scales, min: { ...scales, nonFinite: 0 } } }), 0.01);
    assert.deepEqual(groups.slice(-2).map(({ title }) => title), ['Block scales', 'Block minima']);
    const alarming = groups.flatMap(({ rows }) => rows).filter((row) => row.alarming).map(({ key }) => key);
    assert.deepEqual(alarming, ['blockScales.scale.nonFinite']);
    const { statistics } = JSON.parse(figuresJson({ layer: 'a', tensor: 'a/kernel', groups })) as { statistics: { blockScales: Record<string, { count: number; quantiles: Record<string, number> }> } };
    assert.equal(statistics.blockScales['scale']!.count, 40);
    assert.deepEqual(statistics.blockScales['min']!.quantiles, { '0.5': 0.25 });
    assert.equal(groups.length, GROUPS.length + 2);
  });
});

describe('fileName', () => {
  it('is one plain name, whatever the tensor is called', () => {
    assert.equal(fileName('model/conv:0'), 'model_conv_0');
    assert.equal(fileName('../../etc/passwd'), 'etc_passwd');
    assert.equal(fileName('\u0000/'), 'weights');
    assert.ok(fileName('x'.repeat(500)).length <= 100);
  });
});

describe('progress', () => {
  it('is told in words and as a share', () => {
    const running = { kind: 'running', doneTensors: 37, totalTensors: 477, doneBytes: 1, totalBytes: 4 } as const;
    assert.equal(progressWords(running), '37 of 477 tensors');
    assert.equal(progressShare(running), 0.25);
    assert.equal(progressShare({ ...running, totalBytes: 0 }), 0);
    assert.equal(progressWords({ kind: 'done', fromCache: true, elapsedMs: 3 }), 'From the cache');
    assert.match(progressWords({ kind: 'done', fromCache: false, elapsedMs: 2340 }), /2\.3.s/);
  });
});

describe('units', () => {
  it('are sorted by norm, the dead ones marked where they then stand', () => {
    const maxAbs = [1, 0, 3];
    const l2Norm = [2, 0, 5];
    assert.deepEqual(unitOrder(l2Norm, true), [2, 0, 1]);
    const figure = unitsFigure({ unit: 'filter', maxAbs, l2Norm, dead: [1], notFinite: [], sorted: true, width: 500, height: 150, theme: THEME });
    assert.deepEqual(figure.data.find((trace) => trace.name === 'dead')!.x, [2]);
    assert.match(figure.label, /3 filters.*1 dead\./);
  });

  it('without a finite weight are not called dead', () => {
    const figure = unitsFigure({ unit: 'filter', maxAbs: [1, 0], l2Norm: [1, 0], dead: [], notFinite: [1], sorted: false, width: 500, height: 150, theme: THEME });
    assert.deepEqual(figure.data.find((trace) => trace.name === 'dead')!.x, []);
    assert.deepEqual(figure.data.find((trace) => trace.name === 'not finite')!.x, [1]);
    assert.match(figure.label, /0 dead, 1 without a finite weight/);
    const hovers = figure.data.find((trace) => trace.name === 'units')!.customdata!;
    assert.match(hovers[1]!, /no finite weight/);
  });

  it('that are nearly the same are marked at the height of their norms, each with its nearest', () => {
    const pairs = [{ first: 0, second: 2, cosine: 0.9999, weights: 27 }, { first: 1, second: 2, cosine: 0.995, weights: 27 }];
    assert.deepEqual([...twinsOf(pairs)].map(([unit, twin]) => [unit, twin.unit]), [[0, 2], [2, 0], [1, 2]]);
    const figure = unitsFigure({ unit: 'filter', maxAbs: [1, 2, 3], l2Norm: [5, 6, 7], dead: [], notFinite: [], similarUnits: pairs.slice(0, 1), sorted: true, width: 500, height: 150, theme: THEME });
    const alike = figure.data.find((trace) => trace.name === 'alike')!;
    assert.deepEqual([alike.x, alike.y], [[0, 2], [7, 5]]);
    assert.match(figure.data.find((trace) => trace.name === 'units')!.customdata![0]!, /nearly the same as filter 0 \(cosine 0\.9999\)/);
    assert.match(figure.label, /2 nearly the same as another/);
  });
});

describe('colours', () => {
  it('are read in every form a browser gives', () => {
    assert.deepEqual(parseColour('#f80'), [255, 136, 0, 1]);
    assert.deepEqual(parseColour('rgba(1, 2, 3, 0.5)'), [1, 2, 3, 0.5]);
    assert.deepEqual(parseColour('color(srgb 1 0.5 0 / 0.25)'), [255, 127.5, 0, 0.25]);
    assert.equal(parseColour('inherit'), undefined);
  });

  it('are mixed, thinned and made opaque', () => {
    assert.equal(mix('rgb(0, 0, 0)', 'rgb(200, 100, 0)', 0.5), 'rgba(100, 50, 0, 1)');
    assert.equal(withAlpha('rgba(9, 9, 9, 0.5)', 0.5), 'rgba(9, 9, 9, 0.25)');
    assert.equal(opaque('rgba(234, 92, 0, 0.33)'), 'rgba(234, 92, 0, 1)');
  });
});

describe('plotlyText', () => {
  it('leaves nothing that Plotly reads as markup', () => {
    assert.equal(plotlyText('<a href="javascript:x">&amp;'), '&lt;a href="javascript:x"&gt;&amp;amp;');
  });
});
