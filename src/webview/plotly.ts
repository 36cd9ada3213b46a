export interface FigureToExport {
  readonly data: readonly Trace[];
  readonly layout: Layout;
}

export interface Line {
  readonly color: string;
  readonly width: number;
  readonly dash?: 'solid' | 'dash' | 'dot';
  readonly shape?: 'linear' | 'hvh';
}

interface AnyTrace {
  readonly name?: string;
  readonly x: readonly (number | null)[];
  readonly y: readonly (number | null)[];
  readonly xaxis?: string;
  readonly yaxis?: string;
  readonly hoverinfo: 'none' | 'skip';
  /** What the hover says of each point; shown as text by tooltip.ts, never as markup. */
  readonly customdata?: readonly string[];
  readonly cliponaxis?: boolean;
}

export interface BarTrace extends AnyTrace {
  readonly type: 'bar';
  readonly width: readonly number[] | number;
  /** Where the bars begin; 0 where absent. */
  readonly base?: readonly number[];
  readonly marker: { readonly color: string | readonly string[]; readonly line?: { readonly color: string; readonly width: number } };
}

export interface ScatterTrace extends AnyTrace {
  readonly type: 'scatter';
  readonly mode: 'lines' | 'markers';
  readonly line?: Line;
  readonly fill?: 'toself' | 'tozeroy';
  readonly fillcolor?: string;
  readonly marker?: { readonly color: string | readonly string[]; readonly size: number; readonly symbol: string | readonly string[]; readonly opacity?: number; readonly line?: { readonly color: string; readonly width: number } };
}

export type Trace = BarTrace | ScatterTrace;

export interface Axis {
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
  readonly anchor?: string;
  readonly type: 'linear' | 'log';
  readonly title?: { readonly text: string; readonly standoff?: number; readonly font?: object };
  readonly tickmode?: 'array';
  readonly tickvals?: readonly number[];
  readonly ticktext?: readonly string[];
  readonly [more: string]: unknown;
}

export interface Shape {
  readonly type: 'line' | 'rect';
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly [more: string]: unknown;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly margin: { readonly l: number; readonly r: number; readonly t: number; readonly b: number };
  readonly xaxis: Axis;
  readonly yaxis: Axis;
  readonly shapes: readonly Shape[];
  readonly annotations: readonly Readonly<Record<string, unknown>>[];
  readonly [more: string]: unknown;
}

export interface Figure {
  readonly data: readonly Trace[];
  readonly layout: Layout;
  /** The gist, for screen readers. */
  readonly label: string;
}

/** Plotly reads a little HTML in its texts, so names from files must not look like any. */
export function plotlyText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
