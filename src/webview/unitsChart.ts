import { formatInteger, formatNumber } from '../core/numberText';
import { baseLayout, plainAxis } from './chartLayout';
import type { Figure, Trace } from './plotly';
import { LINEAR, niceStep, ticks } from './scale';
import type { Theme } from './theme';

export interface UnitsInput {
  /** e.g. "filter", "input channel". */
  readonly unit: string;
  readonly maxAbs: readonly number[];
  readonly l2Norm: readonly number[];
  readonly sorted: boolean;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

const MARGIN = { l: 58, r: 14, t: 10, b: 36 };

/** Units whose weights are all exactly 0. */
export function deadUnits(maxAbs: readonly number[]): number[] {
  return maxAbs.flatMap((value, i) => (value === 0 ? [i] : []));
}

/** Indices as they stand from left to right. */
export function unitOrder(l2Norm: readonly number[], sorted: boolean): number[] {
  const order = l2Norm.map((_, i) => i);
  return sorted ? order.sort((a, b) => l2Norm[b]! - l2Norm[a]! || a - b) : order;
}

/** Bars without gaps as one stepped line, so that thousands of units are one path. */
export function unitsFigure({ unit, maxAbs, l2Norm, sorted, width, height, theme }: UnitsInput): Figure {
  const order = unitOrder(l2Norm, sorted);
  const top = l2Norm.reduce((highest, norm) => Math.max(highest, norm), 0) || 1;
  const words = order.map((i) => `${unit} ${formatInteger(i)}\nL2 norm ${formatNumber(l2Norm[i])}\nlargest magnitude ${formatNumber(maxAbs[i])}${maxAbs[i] === 0 ? '\ndead: every weight is 0' : ''}`);
  const dead = order.flatMap((i, place) => (maxAbs[i] === 0 ? [place] : []));
  const steps = order.flatMap((i, place): [number, number][] => [[place - 0.5, l2Norm[i]!], [place + 0.5, l2Norm[i]!]]);
  const data: Trace[] = [
    {
      type: 'scatter', mode: 'lines', name: 'norms', x: [-0.5, ...steps.map(([x]) => x), order.length - 0.5], y: [0, ...steps.map(([, y]) => y), 0],
      fill: 'tozeroy', fillcolor: theme.blue, line: { color: theme.blue, width: 0 }, hoverinfo: 'skip',
    },
    { type: 'scatter', mode: 'lines', name: 'units', x: order.map((_, place) => place), y: order.map((i) => l2Norm[i]!), line: { color: 'rgba(0, 0, 0, 0)', width: 0 }, hoverinfo: 'none', customdata: words },
    { type: 'scatter', mode: 'markers', name: 'dead', x: dead, y: dead.map(() => 0), cliponaxis: false, hoverinfo: 'skip', marker: { color: theme.error, size: 7, symbol: 'x' } },
  ];
  const valueTicks = ticks(LINEAR, 0, top, 3);
  const step = Math.max(1, Math.round(niceStep(Math.max(1, (order.length * 50) / Math.max(60, width)))));
  const places = Array.from({ length: Math.ceil(order.length / step) }, (_, i) => i * step);
  const note = { color: theme.muted, size: theme.fontSize - 2 };
  const layout = {
    ...baseLayout(theme, width, height, MARGIN),
    xaxis: {
      ...plainAxis(theme, { type: 'linear', domain: [0, 1], range: [-0.5, Math.max(order.length, 1) - 0.5], tickmode: 'array', tickvals: places, ticktext: places.map((place) => formatInteger(sorted ? place + 1 : place)) }),
      showgrid: false, title: { text: sorted ? `${unit}s by norm` : `${unit}, in order`, standoff: 4, font: note },
    },
    yaxis: {
      ...plainAxis(theme, { type: 'linear', domain: [0, 1], range: [0, top * 1.06], tickmode: 'array', tickvals: valueTicks.map((tick) => tick.position), ticktext: valueTicks.map((tick) => tick.label) }),
      title: { text: 'L2 norm', standoff: 8, font: note },
    },
    shapes: [],
    annotations: [],
  };
  return { data, layout, label: `L2 norm of ${formatInteger(order.length)} ${unit}s, largest ${formatNumber(top)}, ${formatInteger(dead.length)} dead.` };
}
