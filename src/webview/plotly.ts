/** The little of Plotly that the page uses, typed to what it really passes. */
export interface PlotlyApi {
  react(element: HTMLElement, data: readonly Trace[], layout: Layout, config: object): Promise<unknown>;
  relayout(element: HTMLElement, change: Readonly<Record<string, unknown>>): Promise<unknown>;
  toImage(element: HTMLElement | FigureToExport, options: { format: 'png' | 'svg'; width: number; height: number; scale?: number }): Promise<string>;
  purge(element: HTMLElement): void;
}

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

let loading: Promise<PlotlyApi> | undefined;

/** Injects the script once, under the page's own nonce; everything that is drawn before has its picture from preview.ts. */
export function loadPlotly(): Promise<PlotlyApi> {
  loading ??= new Promise((resolve, reject) => {
    const source = document.body.dataset['plotlyUri'];
    if (!source) {
      reject(new Error('The page was not told where its chart library is (data-plotly-uri). Open the panel again.'));
      return;
    }
    const script = document.createElement('script');
    const nonce = PAGE_NONCE;
    if (nonce) script.nonce = nonce;
    script.src = source;
    script.addEventListener('load', () => resolve((window as unknown as { Plotly: PlotlyApi }).Plotly));
    script.addEventListener('error', () => reject(new Error('The chart library could not be loaded. Reinstall the extension if opening the panel again does not help.')));
    document.head.append(script);
  });
  return loading;
}

/** document.currentScript is only set while the bundle itself runs. */
const PAGE_NONCE = document.currentScript?.nonce ?? document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce;
