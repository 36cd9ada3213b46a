import assert from 'node:assert/strict';
import { overviewFigure } from '../../../src/webview/overviewChart';
import type { OverviewInput } from '../../../src/webview/overviewChart';
import { colourKey } from '../../../src/webview/overviewColours';
import { joinColumns, joinedColumns } from '../../../src/webview/overviewMarks';
import type { Column } from '../../../src/webview/overviewMarks';
import { THEME } from './support';

function column(i: number, more: Partial<Column> = {}): Column {
  return { name: `conv_${i}`, role: 'kernel', severity: null, nearZero: 0.2, quantiles: [-0.9, -0.7, -0.5, -0.2, 0, 0.2, 0.5, 0.7, 0.9], extremes: [-1, 1], words: 'Conv2D', ...more };
}

function input(columns: readonly Column[], more: Partial<OverviewInput> = {}): OverviewInput {
  return { columns, axis: 'symlog', colour: 'severity', selected: undefined, zoom: undefined, width: 1300, height: 240, theme: THEME, ...more };
}

const many = (count: number): Column[] => Array.from({ length: count }, (_, i) => column(i));

describe('overviewFigure', () => {
  it('needs no more traces for 5,000 columns than for five', () => {
    const few = overviewFigure(input(many(5)));
    const all = overviewFigure(input(many(5000)));
    assert.equal(all.data.length, few.data.length);
    assert.ok(few.data.length < 25);
  });

  it('gives every column a place before its figures are there', () => {
    const figure = overviewFigure(input([column(0), column(1, { quantiles: undefined, nearZero: null, extremes: [null, null] })]));
    assert.deepEqual(figure.layout.xaxis.range, [-0.6, 1.6]);
    const hover = figure.data.find((trace) => trace.name === 'columns')!;
    assert.equal(hover.x.length, 2);
    assert.match(figure.label, /1 of 2 columns/);
  });

  it('keeps the traces in place while columns of a new kind come in', () => {
    const names = (columns: Column[]): string[] => overviewFigure(input(columns)).data.map((trace) => trace.name!);
    assert.deepEqual(names([column(0)]), names([column(0), column(1, { severity: 'error' })]));
  });

  it('shows an extreme on the symlog axis and keeps it from flattening a linear one', () => {
    const columns = [column(0), column(1, { extremes: [-1, 1e5] })];
    const top = (axis: 'linear' | 'symlog'): number => overviewFigure(input(columns, { axis })).layout.yaxis.range[1];
    assert.ok(top('linear') < 2);
    const figure = overviewFigure(input(columns));
    const dashes = figure.data.find((trace) => trace.name === 'extremes calm')!;
    assert.ok(figure.layout.yaxis.range[1] >= Math.max(...dashes.y.map((y) => y ?? 0)));
  });

  it('marks a weight without finite values', () => {
    const figure = overviewFigure(input([column(0), column(1, { quantiles: new Array<null>(9).fill(null), extremes: [null, null] })]));
    assert.deepEqual(figure.data.find((trace) => trace.name === 'not finite')!.x, [1]);
  });

  it('names columns where there is room, without letting a name be markup', () => {
    const figure = overviewFigure(input([column(0, { name: '<b>x' }), column(1)]));
    assert.deepEqual(figure.layout.xaxis.ticktext, ['&lt;b&gt;x', 'conv_1']);
    assert.deepEqual(overviewFigure(input(many(400))).layout.xaxis.ticktext!.slice(0, 2), ['1', '20']);
  });

  it('shows what was zoomed into', () => {
    assert.deepEqual(overviewFigure(input(many(100), { zoom: [10, 20] })).layout.xaxis.range, [10, 20]);
    assert.deepEqual(overviewFigure(input(many(100), { zoom: [-50, 500] })).layout.xaxis.range, [-0.6, 99.6]);
  });

  it('highlights the selected column', () => {
    const [shape] = overviewFigure(input(many(3), { selected: 2 })).layout.shapes;
    assert.deepEqual([shape!.x0, shape!.x1], [1.5, 2.5]);
  });
});

describe('joinColumns', () => {
  it('keeps the worst severity and the outer range, so that the odd layer is still seen', () => {
    const joined = joinColumns([column(0), column(1, { severity: 'warning', extremes: [-7, 1] }), column(2, { severity: 'error', quantiles: [-5, -4, -3, -2, 0, 2, 3, 4, 50] })]);
    assert.equal(joined.severity, 'error');
    assert.deepEqual(joined.extremes, [-7, 1]);
    assert.equal(joined.quantiles![0], -5);
    assert.equal(joined.quantiles![8], 50);
    assert.equal(joined.quantiles![5], 0.2, 'bands are medians');
  });

  it('happens only where a column is finer than two pixels', () => {
    assert.equal(joinedColumns(2), 1);
    assert.equal(joinedColumns(0.25), 8);
  });
});

describe('colourKey', () => {
  it('has a class for every choice', () => {
    assert.equal(colourKey(column(0, { severity: 'info' }), 'severity'), 'calm');
    assert.equal(colourKey(column(0, { nearZero: 0.96 }), 'nearZero'), '4');
    assert.equal(colourKey(column(0, { nearZero: null }), 'nearZero'), 'unknown');
    assert.equal(colourKey(column(0, { role: 'runningVariance' }), 'role'), 'norm');
  });
});
