import { formatCount, formatInteger, formatNumber, formatShare } from '../core/numberText';
import { binOf } from '../core/statistics/histogram';
import { QUANTILES } from '../core/statistics/tensorStatistics';
import type { WindowHistogram } from '../core/statistics/tensorStatistics';
import type { TensorView } from '../protocol/pageContract';
import type { Overlay } from '../core/verdict/overlay';
import type { BinPlan } from './binPlan';
import { baseLayout, countAxis, slotAxis, valueAxis } from './chartLayout';
import { expectedCounts, overlayGist, overlayTraces } from './overlayCurves';
import type { BarTrace, Figure, Shape, Trace } from './plotly';
import type { Theme } from './theme';
import { withAlpha } from './colour';

export type CountScale = 'linear' | 'log';

export interface HistogramInput {
  readonly tensorName: string;
  readonly figures: TensorView['figures'];
  readonly plan: BinPlan;
  readonly window: WindowHistogram;
  /** False while the counts are those of `rebin`. */
  readonly exact: boolean;
  readonly countScale: CountScale;
  readonly showMoments: boolean;
  readonly showQuantiles: boolean;
  readonly overlays: readonly Overlay[];
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

/** A bar beside the axis: what has no place on it. */
interface Slot {
  readonly label: string;
  readonly words: string;
  readonly count: number;
  readonly colour: string;
}

/** Pixels a bar at the edge takes, label included. */
const SLOT_PX = 50;
const MARGIN = { l: 58, r: 14, t: 34, b: 40 };
/** A zero bar this many times as high as the others would flatten them on a linear axis: it is cut, its count is written on it. */
const DWARFS = 1.5;
const HEADROOM = 1.06;
/** A smaller share of zeros is told by the hover alone. */
const LABELLED_ZEROS = 0.02;

export function histogramFigure(input: HistogramInput): Figure {
  const { plan, figures, theme, window, countScale, width, height } = input;
  const positions = plan.edges.map(plan.scale.to);
  const zeroBin = zeroBinOf(input);
  const counts = window.counts.map((count, i) => (i === zeroBin ? Math.max(0, count - figures.zeros) : count));
  const slots = edgeSlots(input);
  const zeros = zeroBin === undefined ? 0 : figures.zeros;
  const stacked = zeroBin === undefined ? 0 : window.counts[zeroBin]!;
  const highest = counts.reduce((most, count) => Math.max(most, count), 0);
  const dwarfs = zeros > DWARFS * highest;
  const top = countTop([...counts, dwarfs ? 0 : stacked, curveTop(input, highest)], zeros, [...slots.left, ...slots.right], countScale);
  const plotWidth = Math.max(60, width - MARGIN.l - MARGIN.r);
  const slotShare = Math.min(0.12, SLOT_PX / plotWidth);
  const domain: [number, number] = [slots.left.length * slotShare, 1 - slots.right.length * slotShare];
  const range: [number, number] = [positions[0]!, positions[positions.length - 1]!];
  const zeroTraces = zeroBin === undefined || zeros === 0 ? [] : [dwarfs ? zeroNeedle(input, range) : zeroCap(input, positions, zeroBin, counts[zeroBin]!)];
  const traces: Trace[] = [
    bars(input, positions, counts, zeroBin),
    ...zeroTraces,
    ...overlayTraces(input.overlays, plan, theme),
    ...slotTraces(input, slots),
  ];
  const layout = {
    ...baseLayout(theme, width, height, MARGIN),
    barmode: 'overlay',
    xaxis: valueAxis(theme, plan.scale, { domain, range, edges: plan.edges, widthPx: plotWidth * (domain[1] - domain[0]), crowded: [slots.left.length > 0, slots.right.length > 0], empty: figures.min === null }),
    yaxis: countAxis(theme, countScale, top),
    ...(slots.left.length > 0 && { xaxis2: slotAxis(theme, [0, domain[0] - slotShare * 0.15], slots.left.map((slot) => slot.label)) }),
    ...(slots.right.length > 0 && { xaxis3: slotAxis(theme, [domain[1] + slotShare * 0.15, 1], slots.right.map((slot) => slot.label)) }),
    shapes: markers(input, range).map((marker) => marker.shape),
    annotations: [
      ...markerLabels(input, range, plotWidth * (domain[1] - domain[0])),
      ...(zeroBin !== undefined && zeros > 0 && (dwarfs || zeros / figures.count >= LABELLED_ZEROS)
        ? [zeroLabel(input, dwarfs ? 0 : (positions[zeroBin]! + positions[zeroBin + 1]!) / 2, dwarfs ? zeros : stacked, top)] : []),
      ...slotLabels(input, slots, top),
    ],
  };
  return { data: traces, layout, label: gist(input) };
}

/** One sentence on what the picture leaves to the bars at its edges. */
export function outsideSentence({ window, figures, exact }: Pick<HistogramInput, 'window' | 'figures' | 'exact'>): string {
  if (figures.min === null) return `None of the ${formatInteger(figures.count)} weights is a finite number.`;
  const outside = Math.round(window.below + window.above);
  const [low, high] = [window.edges[0]!, window.edges[window.edges.length - 1]!];
  const range = `${formatNumber(low)} … ${formatNumber(high)}`;
  const nonFinite = figures.nan + figures.positiveInfinity + figures.negativeInfinity;
  const rest = nonFinite > 0 ? ` ${formatInteger(nonFinite)} are no finite number.` : '';
  if (outside === 0) return `All ${nonFinite > 0 ? 'finite ' : ''}weights lie within ${range}.${rest}`;
  return `${exact ? '' : 'About '}${formatInteger(outside)} of ${formatInteger(figures.count)} weights (${formatShare(outside / figures.count)}) lie outside ${range}; the bars at the edges count them.${rest}`;
}

/** The peak of a curve may rise above the bars, yet not so far that they are flattened. */
function curveTop({ overlays, plan }: HistogramInput, highest: number): number {
  const peak = overlays.reduce((most, overlay) => expectedCounts(overlay, plan.edges).reduce((top, count) => Math.max(top, count), most), 0);
  return Math.min(peak, highest * DWARFS);
}

function zeroBinOf({ plan }: HistogramInput): number | undefined {
  const { edges } = plan;
  return edges[0]! <= 0 && edges[edges.length - 1]! >= 0 ? binOf(edges, 0) : undefined;
}

function bars(input: HistogramInput, positions: readonly number[], counts: readonly number[], zeroBin: number | undefined): Trace {
  const { figures, plan, exact, theme } = input;
  return {
    type: 'bar',
    name: 'weights',
    x: counts.map((_, i) => (positions[i]! + positions[i + 1]!) / 2),
    y: counts.map((count) => (count > 0 ? count : null)),
    width: counts.map((_, i) => positions[i + 1]! - positions[i]!),
    marker: { color: theme.blue, line: { color: theme.blue, width: 0 } },
    hoverinfo: 'none',
    customdata: counts.map((count, i) => {
      const without = i === zeroBin && figures.zeros > 0 ? ' (exact zeros are counted apart)' : '';
      return `${formatNumber(plan.edges[i])} … ${formatNumber(plan.edges[i + 1])}${without}\n${countWords(count, figures.count, exact)}`;
    }),
  };
}

function countWords(count: number, of: number, exact: boolean): string {
  const rounded = Math.round(count);
  return `${exact ? '' : 'about '}${formatInteger(rounded)} ${rounded === 1 ? 'weight' : 'weights'} · ${formatShare(of > 0 ? rounded / of : 0)}`;
}

/** Zeros that dwarf the rest: a needle in front, no wider than half a bar, so that it hides little of its neighbours. */
function zeroNeedle({ figures, plan, theme }: HistogramInput, range: readonly [number, number]): Trace {
  const width = range[1] - range[0];
  return zeroTrace(figures, theme, 0, figures.zeros, Math.max((width / (plan.edges.length - 1)) * 0.5, width / 250));
}

/** A few zeros: the top of their bar, on the other weights of the same bar. */
function zeroCap({ figures, theme }: HistogramInput, positions: readonly number[], bin: number, others: number): Trace {
  return { ...zeroTrace(figures, theme, (positions[bin]! + positions[bin + 1]!) / 2, figures.zeros, positions[bin + 1]! - positions[bin]!), base: [others] };
}

function zeroTrace(figures: TensorView['figures'], theme: Theme, x: number, y: number, width: number): BarTrace {
  return {
    type: 'bar',
    name: 'zero',
    x: [x],
    y: [y],
    width: [width],
    marker: { color: theme.orange, line: { color: theme.orange, width: 0 } },
    hoverinfo: 'none',
    customdata: [`exactly 0\n${countWords(figures.zeros, figures.count, true)}`],
  };
}

function edgeSlots({ figures, window, theme }: HistogramInput): { left: Slot[]; right: Slot[] } {
  const pale = withAlpha(theme.blue, 0.6);
  const [low, high] = [formatNumber(window.edges[0]), formatNumber(window.edges[window.edges.length - 1])];
  const present = (slot: Slot): boolean => Math.round(slot.count) > 0;
  return {
    left: [
      { label: '−Inf', words: '−Infinity', count: figures.negativeInfinity, colour: theme.error },
      { label: `< ${low}`, words: `below ${low}`, count: window.below, colour: pale },
    ].filter(present),
    right: [
      { label: `> ${high}`, words: `above ${high}`, count: window.above, colour: pale },
      { label: '+Inf', words: '+Infinity', count: figures.positiveInfinity, colour: theme.error },
      { label: 'NaN', words: 'NaN, not a number', count: figures.nan, colour: theme.error },
    ].filter(present),
  };
}

function slotTraces({ figures, exact }: HistogramInput, { left, right }: { left: Slot[]; right: Slot[] }): Trace[] {
  const trace = (slots: readonly Slot[], xaxis: string): Trace[] => slots.length === 0 ? [] : [{
    type: 'bar',
    name: 'edge',
    xaxis,
    x: slots.map((_, i) => i),
    y: slots.map((slot) => slot.count),
    width: 0.55,
    marker: { color: slots.map((slot) => slot.colour) },
    hoverinfo: 'none',
    customdata: slots.map((slot) => `${slot.words}\n${countWords(slot.count, figures.count, exact)}`),
  }];
  return [...trace(left, 'x2'), ...trace(right, 'x3')];
}

/** The count at the top of the axis. On a linear axis the ordinary bars decide, unless there are none. */
export function countTop(counts: readonly number[], zeros: number, slots: readonly { count: number }[], scale: CountScale): number {
  const highest = counts.reduce((top, count) => Math.max(top, count), 0);
  const special = slots.reduce((top, slot) => Math.max(top, slot.count), zeros);
  if (scale === 'log' || highest === 0) return Math.max(highest, special, 1);
  return special <= highest * DWARFS ? Math.max(highest, special) : highest;
}

export function yPosition(count: number, top: number, scale: CountScale): number {
  return scale === 'log' ? Math.log10(Math.max(count, 1)) : Math.min(count, top * HEADROOM);
}

function zeroLabel({ figures, theme, countScale }: HistogramInput, x: number, y: number, top: number): Readonly<Record<string, unknown>> {
  const cut = countScale === 'linear' && y > top * HEADROOM;
  const text = `0: ${formatCount(figures.zeros)} · ${formatShare(figures.zeros / figures.count)}${cut ? ' ↑' : ''}`;
  return {
    text, x, y: yPosition(y, top, countScale), xref: 'x', yref: 'y', showarrow: false, xanchor: 'left', yanchor: cut ? 'top' : 'bottom',
    xshift: cut ? 6 : -8, yshift: cut ? -2 : 1, font: { color: theme.orange, size: theme.fontSize - 1 }, bgcolor: withAlpha(theme.background, 0.8), borderpad: 1,
  };
}

function slotLabels({ theme, countScale }: HistogramInput, { left, right }: { left: Slot[]; right: Slot[] }, top: number): Readonly<Record<string, unknown>>[] {
  const label = (xref: string) => (slot: Slot, i: number): Readonly<Record<string, unknown>> => {
    const cut = countScale === 'linear' && slot.count > top * HEADROOM;
    return {
      text: formatCount(Math.round(slot.count)) + (cut ? ' ↑' : ''), x: i, y: yPosition(slot.count, top, countScale), xref, yref: 'y', showarrow: false,
      yanchor: cut ? 'top' : 'bottom', font: { color: cut ? theme.foreground : theme.muted, size: theme.fontSize - 2 },
      ...(cut && { bgcolor: withAlpha(theme.background, 0.75), borderpad: 1 }),
    };
  };
  return [...left.map(label('x2')), ...right.map(label('x3'))];
}

interface Marker {
  readonly label: string;
  readonly position: number;
  readonly row: 0 | 1;
  readonly colour: string;
  readonly shape: Shape;
}

function markers({ figures, plan, theme, showMoments, showQuantiles }: HistogramInput, [low, high]: readonly [number, number]): Marker[] {
  const { mean, standardDeviation: deviation } = figures;
  const marker = (label: string, value: number | null | undefined, row: 0 | 1, colour: string, dash: 'solid' | 'dash' | 'dot'): Marker[] => {
    if (typeof value !== 'number') return [];
    const position = plan.scale.to(value);
    if (position < low || position > high) return [];
    const shape: Shape = { type: 'line', x0: position, x1: position, y0: 0, y1: 1, xref: 'x', yref: 'paper', layer: 'above', line: { color: colour, width: 1, dash } };
    return [{ label, position, row, colour, shape }];
  };
  const moments = !showMoments || mean === null || deviation === null ? [] : [
    ...marker('mean', mean, 0, theme.foreground, 'solid'),
    ...marker('−σ', mean - deviation, 0, theme.foreground, 'dash'),
    ...marker('+σ', mean + deviation, 0, theme.foreground, 'dash'),
  ];
  const quantiles = !showQuantiles ? [] : QUANTILES.flatMap((q, i) => marker(q === 0.5 ? 'median' : `p${Number((q * 100).toPrecision(3))}`, figures.quantiles[i], 1, theme.purple, 'dot'));
  return [...moments, ...quantiles];
}

/** Pixels between two labels of one row. */
const LABEL_PX = 32;

/** Labels in two rows above the plot; one that would cover its neighbour is left out, its line stays. */
function markerLabels(input: HistogramInput, range: readonly [number, number], widthPx: number): Readonly<Record<string, unknown>>[] {
  const taken: Marker[] = [];
  for (const marker of markers(input, range)) {
    const px = (a: Marker): number => ((a.position - range[0]) / (range[1] - range[0])) * widthPx;
    if (taken.every((other) => other.row !== marker.row || Math.abs(px(other) - px(marker)) >= LABEL_PX)) taken.push(marker);
  }
  return taken.map(({ label, position, row, colour }) => ({
    text: label, x: position, y: 1, xref: 'x', yref: 'paper', yanchor: 'bottom', yshift: row === 0 ? 0 : 14, showarrow: false,
    font: { color: colour, size: input.theme.fontSize - 2 },
  }));
}

function gist({ tensorName, figures, overlays }: HistogramInput): string {
  const parts = [
    `Histogram of ${tensorName}: ${formatInteger(figures.count)} weights`,
    `from ${formatNumber(figures.min)} to ${formatNumber(figures.max)}`,
    `median ${formatNumber(figures.quantiles[4])}`,
    `${formatShare(figures.count > 0 ? figures.zeros / figures.count : 0)} exact zeros`,
    `${formatShare(figures.count > 0 ? figures.nearZeros / figures.count : 0)} near zero`,
  ];
  const nonFinite = figures.nan + figures.positiveInfinity + figures.negativeInfinity;
  if (nonFinite > 0) parts.push(`${formatInteger(nonFinite)} not finite`);
  if (overlays.length > 0) parts.push(overlayGist(overlays));
  return `${parts.join(', ')}. The table of figures below says the same in numbers.`;
}
