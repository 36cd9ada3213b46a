import { formatShare } from '../core/numberText';
import { cumulative } from '../core/statistics/families';
import { OVERLAY_KINDS } from '../core/verdict/overlay';
import type { Overlay, OverlayKind } from '../core/verdict/overlay';
import type { BinPlan } from './binPlan';
import { withAlpha } from './colour';
import type { Line, Trace } from './plotly';
import type { Theme } from './theme';

/** What a person ticks: the one that fits best, whichever it is, or a distribution by name. */
export const OVERLAY_CHOICES = ['best', ...OVERLAY_KINDS] as const;
export type OverlayChoice = (typeof OVERLAY_CHOICES)[number];

export const OVERLAY_NAMES: Readonly<Record<OverlayChoice, string>> = {
  best: 'best fit', initializer: 'initializer', normal: 'normal', studentT: 'Student t', laplace: 'Laplace', uniform: 'uniform',
};

/** Below every axis, and log(0) is none. */
const LEAST_COUNT = 0.01;

/** The overlays that are shown, each once; `overlays` has the best fit first. */
export function chosenOverlays(overlays: readonly Overlay[], choices: readonly OverlayChoice[]): readonly Overlay[] {
  return overlays.filter((overlay, i) => choices.includes(overlay.kind) || (choices.includes('best') && i === 0));
}

/** Each a hue and a dash of its own, so that it is told apart without the hue. Orange is the zero's, blue the bars'. */
export function overlayLine(kind: OverlayKind, theme: Theme): Line {
  switch (kind) {
    case 'normal':
      return { color: theme.green, width: 2, dash: 'solid' };
    case 'studentT':
      return { color: theme.purple, width: 2, dash: 'dash' };
    case 'laplace':
      return { color: theme.red, width: 2, dash: 'dot' };
    case 'uniform':
      return { color: theme.yellow, width: 2, dash: 'solid' };
    case 'initializer':
      return { color: theme.foreground, width: 2, dash: 'dash' };
  }
}

/** How many weights each overlay would put into each bar: the rise of its cumulative share from edge to edge, whatever their widths. */
export function expectedCounts({ family, weights }: Overlay, edges: readonly number[]): number[] {
  const below = edges.map((edge) => cumulative(family, edge));
  return below.slice(1).map((share, i) => Math.max(0, weights * (share - below[i]!)));
}

/** A rim in the colour of the background lifts a curve off the bars. */
const RIM_WIDTH = 4;
const RIM_ALPHA = 0.5;

/** A line over the middles of the bars, on the axis of the plan, each with its rim below. */
export function overlayTraces(overlays: readonly Overlay[], plan: BinPlan, theme: Theme): Trace[] {
  const positions = plan.edges.map(plan.scale.to);
  const x = positions.slice(1).map((position, i) => (position + positions[i]!) / 2);
  return overlays.flatMap((overlay): Trace[] => {
    const y = expectedCounts(overlay, plan.edges).map((count) => Math.max(LEAST_COUNT, count));
    const curve = { type: 'scatter', mode: 'lines', x, y, hoverinfo: 'skip' } as const;
    return [
      { ...curve, name: 'rim', line: { color: withAlpha(theme.background, RIM_ALPHA), width: RIM_WIDTH } },
      { ...curve, name: `overlay ${overlay.kind}`, line: overlayLine(overlay.kind, theme) },
    ];
  });
}

/** For those who do not see the curves. */
export function overlayGist(overlays: readonly Overlay[]): string {
  return overlays.map(({ label, distance }) => `overlay ${label}, at most ${formatShare(distance)} of the weights apart`).join(', ');
}
