import { formatInteger, formatNumber, plural } from '../core/numberText';
import { eigenvalueBins } from '../core/statistics/eigenvalueBins';
import type { SpectrumSummary } from '../core/statistics/spectrumSummary';
import { baseLayout, plainAxis } from './chartLayout';
import type { Axis, Figure, Shape, Trace } from './plotly';
import { LINEAR, ticks } from './scale';
import { marchenkoPasturCurve, powerLawCurve, powerLawRanks } from './spectrumCurves';
import type { Curve } from './spectrumCurves';
import type { Theme } from './theme';

export const SPECTRUM_CHARTS = ['density', 'values'] as const;
export type SpectrumChart = (typeof SPECTRUM_CHARTS)[number];

export interface SpectrumChartInput {
  readonly tensorName: string;
  readonly spectrum: SpectrumSummary;
  readonly chart: SpectrumChart;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

const MARGIN = { l: 62, r: 16, t: 24, b: 40 };

/** How far a curve may rise above the bars. */
const MOST_ABOVE_BARS = 1.5;

/** Pixels of a tick label with its distance, along x. */
const TICK_PX = 64;

export function spectrumFigure(input: SpectrumChartInput): Figure {
  return input.chart === 'density' ? densityFigure(input) : valuesFigure(input);
}

function densityFigure(input: SpectrumChartInput): Figure {
  const { spectrum, theme, width, height } = input;
  const { edges, counts } = eigenvalueBins(spectrum);
  const step = edges.length > 1 ? edges[1]! - edges[0]! : 1;
  const random = marchenkoPasturCurve(spectrum, step);
  const law = powerLawCurve(spectrum, step);
  const edge = spectrum.marchenkoPastur && Math.log10(spectrum.marchenkoPastur.edge);
  const certain = spectrum.marchenkoPastur && Math.log10(spectrum.marchenkoPastur.certain);
  const highest = Math.max(1, ...counts);
  // Wide weights would have a narrow, tall random spectrum: its top may be cut off, the bars must not be pressed flat.
  const top = random ? Math.max(highest, Math.min(MOST_ABOVE_BARS * highest, Math.max(...random.y))) : highest;
  const ends = [edges[0], edges.at(-1), ...(edge === null ? [] : [edge])].filter((end) => end !== undefined);
  // Of zeros alone there is nothing to show, and still an axis.
  const range = ends.length === 0 ? padded(-1, 1) : padded(Math.min(...ends), Math.max(...ends));
  const data: Trace[] = [
    {
      type: 'bar', name: 'eigenvalues', x: counts.map((_, i) => edges[i]! + step / 2), y: counts, width: step, hoverinfo: 'none',
      customdata: counts.map((count, i) => `eigenvalues ${formatNumber(10 ** edges[i]!)} to ${formatNumber(10 ** edges[i + 1]!)}\n${formatInteger(count)} of ${formatInteger(spectrum.singularValues.length)}${certain !== null && edges[i]! > certain ? '\nbeyond what independent weights have' : ''}`),
      marker: { color: counts.map((_, i) => (certain !== null && edges[i]! > certain ? theme.orange : theme.blue)) },
    },
    ...lines([[random, theme.green], [law, theme.red]]),
  ];
  const valueTicks = ticks(LINEAR, 0, top, 4).map(({ position }) => position).filter(Number.isInteger);
  return {
    data,
    label: gist(input),
    layout: {
      ...baseLayout(theme, width, height, MARGIN),
      xaxis: { ...logAxis(theme, range, Math.floor((width - MARGIN.l - MARGIN.r) / TICK_PX)), showgrid: false, title: title(theme, 'eigenvalue σ² (log)') },
      yaxis: {
        ...plainAxis(theme, { type: 'linear', domain: [0, 1], range: [0, top * 1.06], tickmode: 'array', tickvals: valueTicks, ticktext: valueTicks.map(formatInteger) }),
        title: title(theme, 'eigenvalues per bin'),
      },
      shapes: edge === null ? [] : [vertical(edge, theme.green)],
      annotations: edge === null ? [] : [label(theme, theme.green, 'random edge', { x: edge, y: 1, yref: 'paper', xanchor: nearerEnd(edge, range), yanchor: 'bottom' })],
    },
  };
}

function valuesFigure(input: SpectrumChartInput): Figure {
  const { spectrum, theme, width, height } = input;
  const { marchenkoPastur, singularValues } = spectrum;
  const shown = singularValues.filter((value) => value > (singularValues[0] ?? 0) * 1e-7);
  const x = shown.map((_, i) => Math.log10(i + 1));
  const y = shown.map(Math.log10);
  const edge = marchenkoPastur && Math.log10(marchenkoPastur.edge) / 2;
  const beyond = marchenkoPastur?.beyond ?? 0;
  const ends = [...(y.length > 0 ? [y[0]!, y.at(-1)!] : [0]), ...(edge === null ? [] : [edge])];
  const [low, high] = padded(Math.min(...ends), Math.max(...ends));
  const xRange = padded(0, Math.max(0.3, x.at(-1) ?? 0.3));
  const words = shown.map((value, i) => `singular value ${formatInteger(i + 1)} of ${formatInteger(Math.min(spectrum.rows, spectrum.columns))}\nσ = ${formatNumber(value)}\nσ² = ${formatNumber(value * value)}${i < beyond ? '\nbeyond what independent weights have' : ''}`);
  const data: Trace[] = [
    { type: 'scatter', mode: 'lines', name: 'line', x, y, hoverinfo: 'skip', line: { color: theme.blue, width: 1.5 } },
    { type: 'scatter', mode: 'markers', name: 'singular values', x, y, hoverinfo: 'none', customdata: words, marker: { color: shown.map((_, i) => (i < beyond ? theme.orange : theme.blue)), size: 4, symbol: 'circle' } },
    ...lines([[edge === null ? undefined : { x: xRange, y: [edge, edge] }, theme.green], [powerLawRanks(spectrum), theme.red]]),
  ];
  return {
    data,
    label: gist(input),
    layout: {
      ...baseLayout(theme, width, height, MARGIN),
      xaxis: { ...logAxis(theme, xRange, Math.floor((width - MARGIN.l - MARGIN.r) / TICK_PX)), showgrid: false, title: title(theme, 'rank (log)') },
      yaxis: { ...logAxis(theme, [low, high], 5), title: title(theme, 'singular value σ (log)') },
      shapes: [],
      annotations: edge === null ? [] : [label(theme, theme.green, 'random edge', { x: 1, xref: 'paper', y: edge, yref: 'y', xanchor: 'right', yanchor: 'bottom' })],
    },
  };
}

function lines(curves: readonly (readonly [Curve | undefined, string])[]): Trace[] {
  return curves.flatMap(([curve, color]): Trace[] => (curve ? [{
    type: 'scatter', mode: 'lines', name: 'curve', x: curve.x, y: curve.y, hoverinfo: 'skip', line: { color, width: 1.5 },
  }] : []));
}

function padded(low: number, high: number): [number, number] {
  const space = Math.max(0.04, (high - low) * 0.04);
  return [low - space, high + space];
}

/** Positions are log10 of what stands at them. */
function logAxis(theme: Theme, range: readonly [number, number], wanted: number): Axis {
  const found = logTicks(range, wanted);
  return plainAxis(theme, { type: 'linear', domain: [0, 1], range, tickmode: 'array', tickvals: found.map(({ position }) => position), ticktext: found.map((tick) => tick.label) });
}

/** Powers of ten; where these are less than three, 2 and 5 times them too, and then even steps of the value. */
export function logTicks([low, high]: readonly [number, number], wanted: number): { readonly position: number; readonly label: string }[] {
  const within = (factors: readonly number[]): number[] => Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i)
    .flatMap((power) => factors.map((factor) => power + Math.log10(factor))).filter((position) => position >= low && position <= high);
  const powers = within([1]);
  const some = powers.length >= 3 ? powers : within([1, 2, 5]);
  const positions = some.length >= 3 ? some : ticks(LINEAR, 10 ** low, 10 ** high, wanted).map(({ position }) => Math.log10(position)).filter((position) => position >= low && position <= high);
  const every = Math.max(1, Math.ceil(positions.length / Math.max(2, wanted)));
  return positions.filter((_, i) => i % every === 0).map((position) => ({ position, label: formatNumber(Number((10 ** position).toPrecision(6))) }));
}

function vertical(x: number, color: string): Shape {
  return { type: 'line', x0: x, x1: x, y0: 0, y1: 1, xref: 'x', yref: 'paper', line: { color, width: 1, dash: 'dash' } };
}

function label(theme: Theme, color: string, text: string, place: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { text, xref: 'x', showarrow: false, font: { color, size: theme.fontSize - 2 }, ...place };
}

/** So that a label at the end of the axis is not cut off. */
function nearerEnd(x: number, [low, high]: readonly [number, number]): 'left' | 'right' | 'center' {
  const share = (x - low) / (high - low);
  return share < 0.15 ? 'left' : share > 0.85 ? 'right' : 'center';
}

function title(theme: Theme, text: string): Axis['title'] & object {
  return { text, standoff: 8, font: { color: theme.muted, size: theme.fontSize - 2 } };
}

function gist({ tensorName, spectrum }: SpectrumChartInput): string {
  const { singularValues, marchenkoPastur, powerLaw } = spectrum;
  const parts = [
    `${plural(singularValues.length, 'singular value')} of ${tensorName}, from ${formatNumber(singularValues[0])} to ${formatNumber(singularValues.at(-1))}`,
    ...(marchenkoPastur ? [`${formatInteger(marchenkoPastur.beyond)} beyond what independent weights have`] : []),
    'notApplicable' in powerLaw ? 'no power law' : `power law with exponent ${formatNumber(powerLaw.alpha)}`,
  ];
  return `${parts.join(', ')}. The table below says the same in numbers.`;
}
