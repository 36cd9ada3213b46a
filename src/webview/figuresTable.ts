import { formatExact } from '../core/numberText';
import { el } from './dom';
import type { FigureGroup } from './figures';

export function figuresTable(groups: readonly FigureGroup[]): HTMLElement {
  return el('div', { class: 'figures' }, ...groups.map(({ title, rows }) => el('table', {},
    el('caption', {}, title),
    el('tbody', {}, ...rows.map((row) => el('tr', { class: row.alarming ? 'alarming' : '' },
      el('th', { tip: row.explanation, attributes: { scope: 'row', tabindex: 0 } }, row.label),
      el('td', { tip: `exactly ${formatExact(row.value)}` }, row.text)))))));
}
