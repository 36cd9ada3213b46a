import type { Severity } from '../core/rules/rule';
import { EXPECTATION_WORDS } from '../core/verdict/verdict';
import type { Expectation, LayerVerdict } from '../core/verdict/verdict';
import { svg } from './dom';

const WORDS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** A shape of its own for each severity, beside its colour. */
export function severityIcon(severity: Severity): SVGElement {
  const root = svg('svg', { viewBox: '0 0 16 16', width: 14, height: 14, class: `severity ${severity}`, role: 'img', 'aria-label': WORDS[severity] });
  root.append(...shapes(severity));
  return root;
}

function shapes(severity: Severity): SVGElement[] {
  switch (severity) {
    case 'error':
      return [svg('circle', { cx: 8, cy: 8, r: 7, fill: 'currentColor' }), svg('path', { d: 'M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6', class: 'cut' })];
    case 'warning':
      return [svg('path', { d: 'M8 1.2 15.4 14.6H.6Z', fill: 'currentColor' }), svg('path', { d: 'M8 6v4.2M8 11.6v1.4', class: 'cut' })];
    case 'info':
      return [svg('circle', { cx: 8, cy: 8, r: 6.4, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.3 }), svg('path', { d: 'M8 7v4.6M8 4.4V6', stroke: 'currentColor', 'stroke-width': 1.5, fill: 'none' })];
  }
}

export function severityWord(severity: Severity, count: number): string {
  return count === 1 ? WORDS[severity] : `${WORDS[severity]}s`;
}

/** Tick mark of "nothing found". */
export function calmIcon(): SVGElement {
  return svg('svg', { viewBox: '0 0 16 16', width: 14, height: 14, class: 'severity calm', 'aria-hidden': 'true' },
    svg('path', { d: 'M2.5 8.5l3.6 3.6 7.4-8', fill: 'none', stroke: 'currentColor', 'stroke-width': 1.8 }));
}

/** A shape of its own for each expectation; what is suspicious has the mark of its gravest finding. */
export function verdictIcon({ expected, reasons }: Pick<LayerVerdict, 'expected' | 'reasons'>): SVGElement {
  const root = svg('svg', { viewBox: '0 0 16 16', width: 16, height: 16, class: `severity ${verdictColour(expected, reasons[0]?.severity)}`, role: 'img', 'aria-label': EXPECTATION_WORDS[expected] });
  switch (expected) {
    case 'expected':
      root.append(svg('path', { d: 'M2.5 8.5l3.6 3.6 7.4-8', fill: 'none', stroke: 'currentColor', 'stroke-width': 2 }));
      return root;
    case 'suspicious':
      root.append(...shapes(reasons[0]?.severity ?? 'warning'));
      return root;
    case 'noted':
      root.append(...shapes('info'));
      return root;
    case 'unknown':
      root.append(svg('circle', { cx: 8, cy: 8, r: 6.4, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.3, 'stroke-dasharray': '2.2 1.8' }));
      return root;
  }
}

function verdictColour(expected: Expectation, severity: Severity | undefined): string {
  switch (expected) {
    case 'expected':
      return 'calm';
    case 'suspicious':
      return severity ?? 'warning';
    case 'noted':
      return 'info';
    case 'unknown':
      return 'unknown';
  }
}

/** Square roots of the counts as bars, one path. */
export function sparkline(counts: readonly number[], width: number, height: number): SVGElement {
  const top = Math.sqrt(Math.max(...counts, 1));
  const step = width / Math.max(1, counts.length);
  const d = counts.map((count, i) => {
    const bar = count > 0 ? Math.max(1, (Math.sqrt(count) / top) * height) : 0;
    return `M${(i * step).toFixed(2)} ${height}v${(-bar).toFixed(2)}h${(step * 0.92).toFixed(2)}v${bar.toFixed(2)}z`;
  }).join('');
  return svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: 'sparkline', 'aria-hidden': 'true' }, svg('path', { d, fill: 'currentColor' }));
}
