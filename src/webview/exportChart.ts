import type { Chart } from './chart';
import type { Context } from './context';
import { fileName } from './fileName';
import { loadPlotly } from './plotlyLoader';

/** Twice the pixels, for print and for dense screens. */
const PNG_SCALE = 2;

/** Saves a chart as it is seen, on the theme's background. */
export async function saveChart({ host, theme }: Context, chart: Chart, name: string, format: 'png' | 'svg'): Promise<void> {
  const { figure } = chart;
  if (!figure) return;
  const plotly = await loadPlotly();
  const layout = { ...figure.layout, paper_bgcolor: theme().background };
  const { width, height } = figure.layout;
  const url = await plotly.toImage({ data: figure.data, layout }, { format, width, height, scale: format === 'png' ? PNG_SCALE : 1 });
  const suggestedName = `${fileName(name)}.${format}`;
  if (format === 'svg') await host.request('save', { suggestedName, contents: textOf(url), encoding: 'utf8' });
  else await host.request('save', { suggestedName, contents: url.slice(url.indexOf(',') + 1), encoding: 'base64' });
}

function textOf(dataUrl: string): string {
  const comma = dataUrl.indexOf(',');
  const body = dataUrl.slice(comma + 1);
  if (!dataUrl.slice(0, comma).endsWith(';base64')) return decodeURIComponent(body);
  return new TextDecoder().decode(Uint8Array.from(atob(body), (character) => character.charCodeAt(0)));
}
