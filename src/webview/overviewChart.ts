import { formatInteger, formatNumber, formatShare } from '../core/numberText';
import type { Severity } from '../core/rules/rule';
import { baseLayout, plainAxis } from './chartLayout';
import { withAlpha } from './colour';
import { plotlyText } from './plotly';
import type { Figure, ScatterTrace, Shape, Trace } from './plotly';
import { LINEAR, niceStep, symlog, ticks } from './scale';
import type { Scale } from './scale';
import { colourKey, palette } from './overviewColours';
import { joinedColumns, marksOf, P001, P05, P25, P50, P75, P95, P999 } from './overviewMarks';
import type { Column, Mark } from './overviewMarks';
import type { OverviewAxis, OverviewColour } from './state';
import type { Theme } from './theme';

export interface OverviewInput {
  readonly columns: readonly Column[];
  readonly axis: OverviewAxis;
  readonly colour: OverviewColour;
  readonly selected: number | undefined;
  /** Visible columns; all of them where absent. */
  readonly zoom: readonly [number, number] | undefined;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

const MARGIN = { l: 58, r: 12, t: 4, b: 26 };
/** From top to bottom: severity marks, the columns, the strip of near zeros. */
const MARK_DOMAIN: [number, number] = [0.94, 1];
const MAIN_DOMAIN: [number, number] = [0.24, 0.93];
const STRIP_DOMAIN: [number, number] = [0, 0.15];
/** A column no wider than this reads as one mark. */
const MAX_HALF_COLUMN_PX = 16;
/** Below this the median's dots would touch: a short line across the column takes their place. */
const DOT_FROM_PX = 7;
const NAME_FROM_PX = 64;
const CHARACTER_PX = 6.6;

export function overviewFigure(input: OverviewInput): Figure {
  const { axis, theme, width, height } = input;
  const range = visibleRange(input);
  const plotWidth = Math.max(60, width - MARGIN.l - MARGIN.r);
  const columnPx = plotWidth / (range[1] - range[0]);
  const joined = joinedColumns(columnPx);
  const scale = overviewScale(input);
  const values = valueRange(input.columns, scale, axis === 'symlog');
  const drawing: Drawing = {
    marks: marksOf(input.columns, range, joined), scale, theme, colour: input.colour, markPx: columnPx * joined, half: Math.min(0.42 * joined, MAX_HALF_COLUMN_PX / columnPx),
  };
  const data: Trace[] = [
    ...columnTraces(drawing),
    ...medianTrace(drawing),
    ...stripTrace(drawing),
    ...emptyTrace(drawing),
    ...severityTraces(drawing),
    hoverTrace(input, scale),
  ];
  const valueTicks = ticks(scale, scale.from(values[0]), scale.from(values[1]), Math.max(2, Math.floor((height * 0.69) / (axis === 'symlog' ? 16 : 30))));
  const layout = {
    ...baseLayout(theme, width, height, MARGIN),
    xaxis: { ...plainAxis(theme, { type: 'linear', domain: [0, 1], range, anchor: 'y2', ...columnTicks(input, range, columnPx) }), fixedrange: false, showgrid: false },
    yaxis: plainAxis(theme, {
      type: 'linear', domain: MAIN_DOMAIN, range: values, tickmode: 'array',
      tickvals: valueTicks.map((tick) => tick.position), ticktext: valueTicks.map((tick) => tick.label),
      zeroline: true, zerolinecolor: withAlpha(theme.muted, 0.5), zerolinewidth: 1,
    }),
    yaxis2: plainAxis(theme, { type: 'linear', domain: STRIP_DOMAIN, range: [0, 1], tickmode: 'array', tickvals: [0, 1], ticktext: ['0', '100\u2009%'], showgrid: false }),
    yaxis3: { type: 'linear', domain: MARK_DOMAIN, range: [0, 1], visible: false, fixedrange: true },
    shapes: selectionShapes(input.selected, theme),
    annotations: [{
      text: 'share near zero', x: 0, xref: 'paper', xshift: 2, y: STRIP_DOMAIN[1], yref: 'paper', xanchor: 'left', yanchor: 'bottom', showarrow: false,
      font: { color: theme.muted, size: theme.fontSize - 3 },
    }],
  };
  return { data, layout, label: gist(input) };
}

/** Pixels from one column to the next that a plot of this width leaves. */
export function columnPixels({ columns, zoom, width }: Pick<OverviewInput, 'columns' | 'zoom' | 'width'>): number {
  const range = visibleRange({ columns, zoom });
  return Math.max(60, width - MARGIN.l - MARGIN.r) / (range[1] - range[0]);
}

interface Drawing {
  readonly marks: readonly Mark[];
  readonly scale: Scale;
  readonly theme: Theme;
  readonly colour: OverviewColour;
  /** Pixels from one mark to the next. */
  readonly markPx: number;
  /** Half the width of a mark, in columns. */
  readonly half: number;
}

function visibleRange({ columns, zoom }: Pick<OverviewInput, 'columns' | 'zoom'>): [number, number] {
  const whole: [number, number] = [-0.6, Math.max(columns.length, 1) - 0.4];
  if (!zoom) return whole;
  const low = Math.max(whole[0], Math.min(zoom[0], zoom[1]));
  const high = Math.min(whole[1], Math.max(zoom[0], zoom[1]));
  return high - low > 0.2 ? [low, high] : whole;
}

/** Half the bulk's own scale, in steps of half a decade so that it does not creep while results stream in. */
function overviewScale({ axis, columns }: OverviewInput): Scale {
  if (axis === 'linear') return LINEAR;
  const bulk = columns.flatMap(({ quantiles }) => {
    const spread = ((quantiles?.[P75] ?? 0) - (quantiles?.[P25] ?? 0)) / 2;
    return spread > 0 ? [spread] : [];
  }).sort((a, b) => a - b);
  const median = bulk[bulk.length >> 1];
  return symlog(median === undefined ? 0.01 : 10 ** (Math.floor(2 * Math.log10(median / 2)) / 2));
}

/**
 * On the axis, with a little room, in steps so that a new column seldom moves the others.
 * A linear axis leaves the extremes out: one weight would flatten all columns.
 */
function valueRange(columns: readonly Column[], scale: Scale, withExtremes: boolean): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { quantiles, extremes } of columns) {
    const [from, to] = withExtremes ? extremes : [quantiles?.[P001], quantiles?.[P999]];
    if (typeof from === 'number') low = Math.min(low, scale.to(from));
    if (typeof to === 'number') high = Math.max(high, scale.to(to));
  }
  if (low > high) return [scale.to(-1), scale.to(1)];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const step = niceStep((high - low) / 20);
  return [Math.floor((low - step * 0.2) / step) * step, Math.ceil((high + step * 0.2) / step) * step];
}

interface Path {
  readonly x: (number | null)[];
  readonly y: (number | null)[];
}

/** A few traces whatever the number of columns: all marks of one kind and colour are one path. */
function columnTraces({ marks, scale, theme, colour: by, half }: Drawing): Trace[] {
  const colours = palette(by, theme);
  const byKey = new Map<string, Mark[]>();
  for (const mark of marks) {
    if (!mark.column.quantiles) continue;
    const key = colourKey(mark.column, by);
    const known = byKey.get(key);
    if (known) known.push(mark);
    else byKey.set(key, [mark]);
  }
  // In palette order, so that the same trace keeps its place while columns come in.
  return Object.entries(colours).flatMap(([key, { colour }]) => {
    const at = ({ quantiles }: Column, q: number): number | undefined => {
      const value = quantiles![q];
      return typeof value === 'number' ? scale.to(value) : undefined;
    };
    const whiskers: Path = { x: [], y: [] };
    const light: Path = { x: [], y: [] };
    const solid: Path = { x: [], y: [] };
    const dashes: Path = { x: [], y: [] };
    for (const { x, column } of byKey.get(key) ?? []) {
      for (const extreme of column.extremes) {
        const y = extreme === null ? undefined : scale.to(extreme);
        line(dashes, x - half / 2, x + half / 2, y, y);
      }
      line(whiskers, x, x, at(column, P001), at(column, P999));
      box(light, x, half, at(column, P05), at(column, P95));
      box(solid, x, half, at(column, P25), at(column, P75));
    }
    return [
      lines(`range ${key}`, whiskers, withAlpha(colour, 0.75), 1),
      lines(`extremes ${key}`, dashes, colour, 1.5),
      filled(`band ${key}`, light, withAlpha(colour, 0.35)),
      filled(`quartiles ${key}`, solid, colour),
    ];
  });
}

function line(path: Path, x0: number, x1: number, y0: number | undefined, y1: number | undefined): void {
  if (y0 === undefined || y1 === undefined) return;
  path.x.push(x0, x1, null);
  path.y.push(y0, y1, null);
}

function box(path: Path, x: number, half: number, y0: number | undefined, y1: number | undefined): void {
  if (y0 === undefined || y1 === undefined) return;
  path.x.push(x - half, x + half, x + half, x - half, x - half, null);
  path.y.push(y0, y0, y1, y1, y0, null);
}

function lines(name: string, path: Path, color: string, width: number): ScatterTrace {
  return { type: 'scatter', mode: 'lines', name, ...path, line: { color, width }, hoverinfo: 'skip' };
}

function filled(name: string, path: Path, color: string, yaxis?: string): ScatterTrace {
  return { type: 'scatter', mode: 'lines', name, ...path, fill: 'toself', fillcolor: color, line: { color, width: 0 }, hoverinfo: 'skip', ...(yaxis && { yaxis }) };
}

function medianTrace({ marks, scale, theme, half, markPx }: Drawing): Trace[] {
  const medians = marks.flatMap(({ x, column: { quantiles } }) => (typeof quantiles?.[P50] === 'number' ? [{ x, y: scale.to(quantiles[P50]) }] : []));
  const colour = theme.foreground;
  const path: Path = { x: [], y: [] };
  if (markPx < DOT_FROM_PX) for (const { x, y } of medians) line(path, x - half, x + half, y, y);
  const dots = markPx < DOT_FROM_PX ? [] : medians;
  // Both always stand, one of them empty: the traces after them keep their places when the panel gets narrower.
  return [lines('median', path, colour, 1), {
    type: 'scatter', mode: 'markers', name: 'medians', x: dots.map(({ x }) => x), y: dots.map(({ y }) => y), hoverinfo: 'skip',
    marker: { color: colour, size: Math.min(6, Math.max(3, markPx / 3)), symbol: 'circle', line: { color: theme.background, width: 1 } },
  }];
}

/** A weight without one finite value has no band, and must not look as if it were not done. */
function emptyTrace({ marks, theme, scale }: Drawing): Trace[] {
  const x = marks.flatMap(({ x: at, column: { quantiles } }) => (quantiles?.every((value) => value === null) ? [at] : []));
  return [{ type: 'scatter', mode: 'markers', name: 'not finite', x, y: x.map(() => scale.to(0)), hoverinfo: 'skip', marker: { color: theme.error, size: 9, symbol: 'x-thin', line: { color: theme.error, width: 2 } } }];
}

function stripTrace({ marks, theme, half }: Drawing): Trace[] {
  const path: Path = { x: [], y: [] };
  for (const { x, column } of marks) box(path, x, half, 0, column.nearZero ?? undefined);
  return [filled('near zero', path, withAlpha(theme.orange, 0.85), 'y2')];
}

const SYMBOLS: Readonly<Record<Severity, string>> = { error: 'circle', warning: 'triangle-up', info: 'circle-open' };

function severityTraces({ marks, theme }: Drawing): Trace[] {
  const colours: Readonly<Record<Severity, string>> = { error: theme.error, warning: theme.warning, info: theme.info };
  // Notes are drawn first: an error must not lie beneath one.
  return (['info', 'warning', 'error'] as const).map((severity) => {
    const x = marks.flatMap(({ x: at, column }) => (column.severity === severity ? [at] : []));
    return {
      type: 'scatter', mode: 'markers', name: severity, x, y: x.map(() => 0.5), yaxis: 'y3', hoverinfo: 'skip', cliponaxis: false,
      marker: { color: colours[severity], size: severity === 'info' ? 6 : 9, symbol: SYMBOLS[severity], line: { color: colours[severity], width: 1 } },
    };
  });
}

/** Nothing to see: the points that the pointer finds. */
function hoverTrace({ columns }: OverviewInput, scale: Scale): Trace {
  return {
    type: 'scatter', mode: 'lines', name: 'columns', x: columns.map((_, i) => i),
    y: columns.map(({ quantiles }) => scale.to(quantiles?.[P50] ?? 0)),
    line: { color: 'rgba(0, 0, 0, 0)', width: 0 }, hoverinfo: 'none', customdata: columns.map(hoverWords),
  };
}

function hoverWords({ name, words, quantiles, nearZero, extremes }: Column): string {
  if (!quantiles) return `${name}\n${words}`;
  if (quantiles.every((value) => value === null)) return `${name}\n${words}\nno finite weight`;
  const at = (q: number): string => formatNumber(quantiles[q]);
  return [
    name,
    words,
    `min … max   ${formatNumber(extremes[0])} … ${formatNumber(extremes[1])}`,
    `p0.1 … p99.9   ${at(P001)} … ${at(P999)}`,
    `p5 … p95   ${at(P05)} … ${at(P95)}`,
    `p25 … p75   ${at(P25)} … ${at(P75)}`,
    `median   ${at(P50)}`,
    `near zero   ${formatShare(nearZero)}`,
  ].join('\n');
}

/** Names where they fit beneath their column, else every so manyth number. */
function columnTicks({ columns }: OverviewInput, [low, high]: [number, number], columnPx: number): { tickmode: 'array'; tickvals: number[]; ticktext: string[] } {
  const first = Math.max(0, Math.ceil(low));
  const last = Math.min(columns.length - 1, Math.floor(high));
  if (columnPx >= NAME_FROM_PX) {
    const indices = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
    const room = Math.floor((columnPx - 6) / CHARACTER_PX);
    return { tickmode: 'array', tickvals: indices, ticktext: indices.map((i) => plotlyText(shortened(columns[i]!.name, room))) };
  }
  const step = Math.max(1, Math.round(niceStep(46 / columnPx)));
  const tickvals: number[] = [];
  for (let number = Math.ceil((first + 1) / step) * step; number <= last + 1; number += step) tickvals.push(number - 1);
  if (first === 0 && step > 1) tickvals.unshift(0);
  return { tickmode: 'array', tickvals, ticktext: tickvals.map((i) => formatInteger(i + 1)) };
}

/** The end of a name tells it from its neighbours. */
function shortened(name: string, room: number): string {
  return name.length <= room ? name : `…${name.slice(name.length - Math.max(1, room - 1))}`;
}

export function selectionShapes(selected: number | undefined, theme: Theme): Shape[] {
  if (selected === undefined) return [];
  return [{
    type: 'rect', x0: selected - 0.5, x1: selected + 0.5, y0: 0, y1: 1, xref: 'x', yref: 'paper', layer: 'below',
    fillcolor: withAlpha(theme.focus, theme.highContrast ? 0.4 : 0.22), line: { color: theme.focus, width: 1 },
  }];
}

function gist({ columns, selected }: OverviewInput): string {
  const done = columns.filter((column) => column.quantiles).length;
  const of = (severity: Severity): number => columns.filter((column) => column.severity === severity).length;
  const chosen = selected === undefined ? '' : ` Selected: ${columns[selected]?.name ?? ''}.`;
  return `The network at a glance: ${done} of ${columns.length} columns, ${of('error')} with errors, ${of('warning')} with warnings. Left and right arrows select a column.${chosen}`;
}
