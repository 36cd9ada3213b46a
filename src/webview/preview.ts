import { svg } from './dom';
import type { Axis, Figure, Line, Shape, Trace } from './plotly';

interface Map2d {
  x(value: number): number;
  y(value: number): number;
}

/**
 * Draws a figure as plain SVG with the same geometry, for the time before Plotly has loaded.
 * Knows only what the page's own figures use.
 */
export function previewSvg({ data, layout, label }: Figure): SVGElement {
  const { width, height } = layout;
  const root = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, class: 'preview', role: 'img', 'aria-label': label });
  const main = mapOf(layout, 'x', 'y');
  for (const shape of layout.shapes) root.append(shapeElement(shape, layout, main));
  for (const axis of Object.keys(layout).filter((key) => /^[xy]axis\d?$/.test(key))) root.append(...axisElements(axis, layout));
  for (const trace of data) root.append(...traceElements(trace, mapOf(layout, trace.xaxis ?? 'x', trace.yaxis ?? 'y')));
  return root;
}

function axisOf(layout: Figure['layout'], id: string): Axis {
  return layout[`${id[0]}axis${id.slice(1)}`] as Axis;
}

function mapOf(layout: Figure['layout'], xId: string, yId: string): Map2d {
  const { margin, width, height } = layout;
  const [innerWidth, innerHeight] = [width - margin.l - margin.r, height - margin.t - margin.b];
  const [x, y] = [axisOf(layout, xId), axisOf(layout, yId)];
  const position = (axis: Axis, value: number): number => {
    const on = axis.type === 'log' ? Math.log10(Math.max(value, Number.MIN_VALUE)) : value;
    const share = (on - axis.range[0]) / (axis.range[1] - axis.range[0]);
    return axis.domain[0] + Math.max(-1, Math.min(2, share)) * (axis.domain[1] - axis.domain[0]);
  };
  return {
    x: (value) => margin.l + position(x, value) * innerWidth,
    y: (value) => margin.t + (1 - Math.max(y.domain[0], Math.min(y.domain[1], position(y, value)))) * innerHeight,
  };
}

function traceElements(trace: Trace, map: Map2d): SVGElement[] {
  if (trace.type === 'bar') return barElements(trace, map);
  if (trace.mode === 'markers') return markerElements(trace, map);
  const d = pathOf(trace, map);
  if (d === '') return [];
  const { color, width }: Line = trace.line ?? { color: 'none', width: 0 };
  return [svg('path', { d, fill: trace.fill ? trace.fillcolor ?? 'none' : 'none', stroke: width > 0 ? color : 'none', 'stroke-width': width })];
}

function pathOf({ x, y }: Trace, map: Map2d): string {
  let d = '';
  let pen = 'M';
  for (let i = 0; i < x.length; i++) {
    const [at, value] = [x[i], y[i]];
    if (typeof at !== 'number' || typeof value !== 'number') {
      pen = 'M';
      continue;
    }
    d += `${pen}${map.x(at).toFixed(1)},${map.y(value).toFixed(1)}`;
    pen = 'L';
  }
  return d;
}

function barElements(trace: Extract<Trace, { type: 'bar' }>, map: Map2d): SVGElement[] {
  const { x, y, width, marker, base } = trace;
  return x.flatMap((at, i) => {
    const value = y[i];
    if (typeof at !== 'number' || typeof value !== 'number') return [];
    const half = (typeof width === 'number' ? width : width[i]!) / 2;
    const [left, right, top, bottom] = [map.x(at - half), map.x(at + half), map.y(value + (base?.[i] ?? 0)), map.y(base?.[i] ?? 0)];
    const fill = typeof marker.color === 'string' ? marker.color : marker.color[i]!;
    return [svg('rect', { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top), fill })];
  });
}

function markerElements(trace: Extract<Trace, { type: 'scatter' }>, map: Map2d): SVGElement[] {
  const { marker } = trace;
  if (!marker) return [];
  return trace.x.flatMap((at, i) => {
    const value = trace.y[i];
    if (typeof at !== 'number' || typeof value !== 'number') return [];
    const fill = typeof marker.color === 'string' ? marker.color : marker.color[i]!;
    return [svg('circle', { cx: map.x(at), cy: map.y(value), r: marker.size / 2, fill })];
  });
}

function shapeElement({ x0, x1, y0, y1, type, fillcolor, line }: Shape, { margin, height }: Figure['layout'], map: Map2d): SVGElement {
  const onPaper = (share: number): number => margin.t + (1 - share) * (height - margin.t - margin.b);
  const { color, width } = line as Line;
  const [left, right, top, bottom] = [map.x(x0), map.x(x1), onPaper(y1), onPaper(y0)];
  if (type === 'line') return svg('line', { x1: left, x2: right, y1: top, y2: bottom, stroke: color, 'stroke-width': width });
  return svg('rect', { x: left, y: top, width: right - left, height: bottom - top, fill: String(fillcolor), stroke: color, 'stroke-width': width });
}

/** Takes back what plotlyText did. */
function plainText(text: string): string {
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}

function axisElements(key: string, layout: Figure['layout']): SVGElement[] {
  const axis = layout[key] as Axis;
  const id = key.replace('axis', '');
  if (axis['visible'] === false || !axis.tickvals) return [];
  const isX = id.startsWith('x');
  const map = isX ? mapOf(layout, id, 'y') : mapOf(layout, 'x', id);
  const { margin, height, width } = layout;
  const font = axis['tickfont'] as { color: string; size: number };
  const start = axis.type === 'log' ? 10 ** axis.range[0] : axis.range[0];
  const end = axis.type === 'log' ? 10 ** axis.range[1] : axis.range[1];
  const base = height - margin.b;
  const stroke = String(axis['linecolor']);
  const axisLine = isX
    ? svg('line', { x1: map.x(start), x2: map.x(end), y1: base, y2: base, stroke })
    : svg('line', { x1: margin.l, x2: margin.l, y1: map.y(start), y2: map.y(end), stroke });
  const labels = axis.tickvals.flatMap((tick, i) => {
    const place = isX ? { x: map.x(tick), y: base + 16, 'text-anchor': 'middle' } : { x: margin.l - 8, y: map.y(tick) + font.size / 3, 'text-anchor': 'end' };
    const text = svg('text', { ...place, fill: font.color, 'font-size': font.size });
    text.textContent = plainText(axis.ticktext?.[i] ?? '');
    const grid = isX || axis['showgrid'] === false ? [] : [svg('line', { x1: margin.l, x2: width - margin.r, y1: map.y(tick), y2: map.y(tick), stroke: String(axis['gridcolor']) })];
    return [...grid, text];
  });
  return [...labels, axisLine];
}
