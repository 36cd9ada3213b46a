import type { FigureToExport, Layout, Trace } from './plotly';

/** The little of Plotly that the page uses, typed to what it really passes. */
export interface PlotlyApi {
  react(element: HTMLElement, data: readonly Trace[], layout: Layout, config: object): Promise<unknown>;
  relayout(element: HTMLElement, change: Readonly<Record<string, unknown>>): Promise<unknown>;
  toImage(element: HTMLElement | FigureToExport, options: { format: 'png' | 'svg'; width: number; height: number; scale?: number }): Promise<string>;
  purge(element: HTMLElement): void;
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
