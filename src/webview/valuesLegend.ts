import { formatNumber } from '../core/numberText';
import type { Grid } from '../core/values/grid';
import { el } from './dom';
import { cssOf } from './valuesColours';
import type { Palette } from './valuesColours';

/** What the colours of values say. */
export function valueLegend(palette: Palette, limit: number, { nan, infinite, min }: Grid): (HTMLElement | string)[] {
  const stops = Array.from({ length: 9 }, (_, i) => cssOf(palette.diverging[Math.round((i / 8) * (palette.diverging.length - 1))]!));
  const bar = el('span', { class: 'values-bar' });
  bar.style.background = `linear-gradient(to right, ${stops.join(', ')})`;
  return [
    ...(limit > 0 ? [`−${formatNumber(limit)}`, bar, formatNumber(limit)] : min === null ? [] : ['all finite values are 0']),
    ...(nan > 0 ? [swatch(cssOf(palette.nan), 'NaN')] : []),
    ...(infinite > 0 ? [swatch(cssOf(palette.infinite), '±Infinity')] : []),
  ];
}

/** What the colours say where a range is looked for. */
export function shareLegend(palette: Palette): (HTMLElement | string)[] {
  const bar = el('span', { class: 'values-bar' });
  bar.style.background = `linear-gradient(to right, ${cssOf(palette.share[1]!)}, ${cssOf(palette.share.at(-1)!)})`;
  return [swatch(cssOf(palette.share[0]!), 'none'), 'a few', bar, 'all of a cell'];
}

function swatch(colour: string, words: string): HTMLElement {
  const square = el('span', { class: 'swatch values-swatch' });
  square.style.background = colour;
  return el('span', { class: 'legend-entry' }, square, words);
}
