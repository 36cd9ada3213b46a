import { formatInteger, formatNumber } from '../core/numberText';
import type { SimilarUnits } from '../core/statistics/tensorStatistics';
import type { UnitsView } from '../protocol/pageContract';
import { baseLayout, plainAxis } from './chartLayout';
import type { Figure, Trace } from './plotly';
import { LINEAR, niceStep, ticks } from './scale';
import type { Theme } from './theme';

export interface UnitsInput extends UnitsView {
  /** e.g. "filter", "input channel". */
  readonly unit: string;
  readonly similarUnits?: readonly SimilarUnits[];
  readonly sorted: boolean;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

const MARGIN = { l: 58, r: 14, t: 10, b: 36 };

/** Each unit that is nearly the same as another, with its nearest. Pairs come the most alike first. */
export function twinsOf(similarUnits: readonly SimilarUnits[] = []): Map<number, { readonly unit: number; readonly cosine: number }> {
  const twins = new Map<number, { unit: number; cosine: number }>();
  for (const { first, second, cosine } of similarUnits) {
    if (!twins.has(first)) twins.set(first, { unit: second, cosine });
    if (!twins.has(second)) twins.set(second, { unit: first, cosine });
  }
  return twins;
}

/** Indices as they stand from left to right. */
export function unitOrder(l2Norm: readonly number[], sorted: boolean): number[] {
  const order = l2Norm.map((_, i) => i);
  return sorted ? order.sort((a, b) => l2Norm[b]! - l2Norm[a]! || a - b) : order;
}

/** Bars without gaps as one stepped line, so that thousands of units are one path. */
export function unitsFigure({ unit, maxAbs, l2Norm, dead, notFinite, similarUnits, sorted, width, height, theme }: UnitsInput): Figure {
  const order = unitOrder(l2Norm, sorted);
  const twins = twinsOf(similarUnits);
  const placeOf = new Map(order.map((i, place) => [i, place]));
  const top = l2Norm.reduce((highest, norm) => Math.max(highest, norm), 0) || 1;
  const states = new Map([...dead.map((i) => [i, 'dead: every weight is 0'] as const), ...notFinite.map((i) => [i, 'no finite weight'] as const)]);
  const words = order.map((i) => {
    const twin = twins.get(i);
    const state = states.get(i);
    return [`${unit} ${formatInteger(i)}`, `L2 norm ${formatNumber(l2Norm[i])}`, `largest magnitude ${formatNumber(maxAbs[i])}`, ...(state === undefined ? [] : [state]), ...(twin ? [`nearly the same as ${unit} ${formatInteger(twin.unit)} (cosine ${twin.cosine.toFixed(4)})`] : [])].join('\n');
  });
  const places = (units: Iterable<number>): number[] => [...units].map((i) => placeOf.get(i)!).sort((a, b) => a - b);
  const mark = (name: string, at: readonly number[], level: (place: number) => number, color: string, symbol: string): Trace => ({
    type: 'scatter', mode: 'markers', name, x: at, y: at.map(level), cliponaxis: false, hoverinfo: 'skip', marker: { color, size: 7, symbol },
  });
  const steps = order.flatMap((i, place): [number, number][] => [[place - 0.5, l2Norm[i]!], [place + 0.5, l2Norm[i]!]]);
  const data: Trace[] = [
    {
      type: 'scatter', mode: 'lines', name: 'norms', x: [-0.5, ...steps.map(([x]) => x), order.length - 0.5], y: [0, ...steps.map(([, y]) => y), 0],
      fill: 'tozeroy', fillcolor: theme.blue, line: { color: theme.blue, width: 0 }, hoverinfo: 'skip',
    },
    { type: 'scatter', mode: 'lines', name: 'units', x: order.map((_, place) => place), y: order.map((i) => l2Norm[i]!), line: { color: 'rgba(0, 0, 0, 0)', width: 0 }, hoverinfo: 'none', customdata: words },
    mark('dead', places(dead), () => 0, theme.error, 'x'),
    mark('not finite', places(notFinite), () => 0, theme.error, 'cross'),
    mark('alike', places(twins.keys()), (place) => l2Norm[order[place]!]!, theme.warning, 'diamond'),
  ];
  const valueTicks = ticks(LINEAR, 0, top, 3);
  const step = Math.max(1, Math.round(niceStep(Math.max(1, (order.length * 50) / Math.max(60, width)))));
  const ticksAt = Array.from({ length: Math.ceil(order.length / step) }, (_, i) => i * step);
  const note = { color: theme.muted, size: theme.fontSize - 2 };
  const layout = {
    ...baseLayout(theme, width, height, MARGIN),
    xaxis: {
      ...plainAxis(theme, { type: 'linear', domain: [0, 1], range: [-0.5, Math.max(order.length, 1) - 0.5], tickmode: 'array', tickvals: ticksAt, ticktext: ticksAt.map((place) => formatInteger(sorted ? place + 1 : place)) }),
      showgrid: false, title: { text: sorted ? `${unit}s by norm` : `${unit}, in order`, standoff: 4, font: note },
    },
    yaxis: {
      ...plainAxis(theme, { type: 'linear', domain: [0, 1], range: [0, top * 1.06], tickmode: 'array', tickvals: valueTicks.map((tick) => tick.position), ticktext: valueTicks.map((tick) => tick.label) }),
      title: { text: 'L2 norm', standoff: 8, font: note },
    },
    shapes: [],
    annotations: [],
  };
  return { data, layout, label: `L2 norm of ${formatInteger(order.length)} ${unit}s, largest ${formatNumber(top)}, ${formatInteger(dead.length)} dead${notFinite.length > 0 ? `, ${formatInteger(notFinite.length)} without a finite weight` : ''}${twins.size > 0 ? `, ${formatInteger(twins.size)} nearly the same as another` : ''}.` };
}
