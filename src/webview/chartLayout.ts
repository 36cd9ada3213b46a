import { formatCount } from '../core/numberText';
import { withAlpha } from './colour';
import type { Axis, Layout } from './plotly';
import { plotlyText } from './plotly';
import { LINEAR, ticks } from './scale';
import type { Scale } from './scale';
import type { Theme } from './theme';

/** What all charts of the page have in common. */
export function baseLayout(theme: Theme, width: number, height: number, margin: Layout['margin']): Pick<Layout, 'width' | 'height' | 'margin'> & Readonly<Record<string, unknown>> {
  return {
    width,
    height,
    margin,
    paper_bgcolor: 'rgba(0, 0, 0, 0)',
    plot_bgcolor: 'rgba(0, 0, 0, 0)',
    showlegend: false,
    bargap: 0,
    hovermode: 'x',
    dragmode: 'zoom',
    font: { family: theme.fontFamily, size: theme.fontSize - 1, color: theme.foreground },
  };
}

function axisLook(theme: Theme): Readonly<Record<string, unknown>> {
  return {
    showgrid: true,
    gridcolor: theme.grid,
    gridwidth: 1,
    zeroline: false,
    showline: true,
    linecolor: withAlpha(theme.muted, 0.6),
    tickcolor: withAlpha(theme.muted, 0.6),
    tickfont: { color: theme.muted, size: theme.fontSize - 2 },
    ticks: 'outside',
    ticklen: 4,
    fixedrange: true,
  };
}

/** Pixels a tick label of an x axis takes with its distance. */
const TICK_PX = 72;

/** Nearer to a bar at the edge a tick's label would run into that bar's. */
const EDGE_PX = 26;

interface ValueAxisPlace {
  readonly domain: readonly [number, number];
  /** On the axis. */
  readonly range: readonly [number, number];
  readonly edges: readonly number[];
  readonly widthPx: number;
  /** Whether bars stand beside the axis at its begin and at its end. */
  readonly crowded: readonly [boolean, boolean];
  /** No value lies on it, so its numbers would mean nothing. */
  readonly empty: boolean;
}

export function valueAxis(
  theme: Theme,
  scale: Scale,
  { domain, range, edges, widthPx, crowded, empty }: ValueAxisPlace,
): Axis {
  const margin = (EDGE_PX / Math.max(1, widthPx)) * (range[1] - range[0]);
  const found = empty ? [] : ticks(scale, edges[0]!, edges[edges.length - 1]!, Math.max(2, Math.floor(widthPx / TICK_PX)))
    .filter(({ position }) => !(crowded[0] && position < range[0] + margin) && !(crowded[1] && position > range[1] - margin));
  return {
    ...axisLook(theme),
    type: 'linear',
    domain,
    range,
    tickmode: 'array',
    tickvals: found.map((tick) => tick.position),
    ticktext: found.map((tick) => tick.label),
    title: { text: scale.kind === 'symlog' ? 'weight value (symlog)' : 'weight value', standoff: 6, font: { color: theme.muted, size: theme.fontSize - 2 } },
    showgrid: false,
    fixedrange: false,
  };
}

/** Left of the bars at the edge, which share this axis. */
const AT_THE_EDGE = { anchor: 'free', position: 0 } as const;

export function countAxis(theme: Theme, scale: 'linear' | 'log', top: number): Axis {
  const title = { text: 'weights per bin', standoff: 8, font: { color: theme.muted, size: theme.fontSize - 2 } };
  if (scale === 'log') {
    const decades = Math.max(1, Math.ceil(Math.log10(Math.max(top, 2) * 1.2)));
    const every = Math.ceil(decades / 5);
    const exponents = Array.from({ length: Math.floor(decades / every) + 1 }, (_, i) => i * every);
    return {
      ...axisLook(theme), title, ...AT_THE_EDGE, type: 'log', domain: [0, 1], range: [Math.log10(0.5), Math.log10(Math.max(top, 2) * 1.6)],
      tickmode: 'array', tickvals: exponents.map((exponent) => 10 ** exponent), ticktext: exponents.map((exponent) => formatCount(10 ** exponent)),
    };
  }
  const found = ticks(LINEAR, 0, top, 4).filter((tick) => Number.isInteger(tick.position));
  return {
    ...axisLook(theme), title, ...AT_THE_EDGE, type: 'linear', domain: [0, 1], range: [0, top * 1.06],
    tickmode: 'array', tickvals: found.map((tick) => tick.position), ticktext: found.map((tick) => formatCount(tick.position)),
  };
}

/** The bars beside the value axis: one position each, named. */
export function slotAxis(theme: Theme, domain: readonly [number, number], labels: readonly string[]): Axis {
  return {
    ...axisLook(theme),
    type: 'linear',
    domain,
    range: [-0.5, labels.length - 0.5],
    anchor: 'y',
    tickmode: 'array',
    tickvals: labels.map((_, i) => i),
    ticktext: labels.map(plotlyText),
    tickangle: 0,
    showgrid: false,
  };
}

/** An axis for positions whose labels the caller gives. */
export function plainAxis(theme: Theme, axis: Axis): Axis {
  return { ...axisLook(theme), ...axis };
}
