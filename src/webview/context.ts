import type { Peer } from '../protocol/rpc';
import type { HostSide, PageSide } from '../protocol/pageContract';
import type { PlotlyApi } from './plotlyLoader';
import type { Store } from './state';
import type { Theme } from './theme';
import type { Tooltip } from './tooltip';

export type Host = Peer<PageSide, HostSide>;

/** What every part of the page works with. */
export interface Context {
  readonly store: Store;
  readonly host: Host;
  readonly tooltip: Tooltip;
  /** As it is now; parts with charts are asked to draw again when it changes. */
  theme(): Theme;
  /** Shows the layer here and tells the host. */
  select(layer: string): void;
  /** For what went wrong after a person's own action. */
  report(error: unknown): void;
}

/** A part that draws charts. */
export interface ChartPart {
  use(plotly: PlotlyApi): void;
  /** The theme changed. */
  redraw(): void;
}
