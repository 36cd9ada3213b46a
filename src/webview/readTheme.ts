import { opaque } from './colour';
import type { Theme } from './theme';

/** The variables of ours in webview.css, each an alias of the editor's with a fallback. */
const VARIABLES = {
  foreground: '--wg-foreground',
  muted: '--wg-muted',
  background: '--wg-background',
  grid: '--wg-grid',
  focus: '--wg-focus',
  selection: '--wg-selection',
  blue: '--wg-blue',
  orange: '--wg-orange',
  red: '--wg-red',
  yellow: '--wg-yellow',
  green: '--wg-green',
  purple: '--wg-purple',
  error: '--wg-error',
  warning: '--wg-warning',
  info: '--wg-info',
} as const;

/** Some themes give charts.orange as the translucent colour of a search match: bars need it in full. */
const HUES = new Set(['blue', 'orange', 'red', 'yellow', 'green', 'purple', 'error', 'warning', 'info']);

export function readTheme(): Theme {
  // A computed `color` is always plain rgb, whatever the variable says (names, color-mix, another variable).
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const resolve = (variable: string): string => {
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(Object.entries(VARIABLES).map(([name, variable]) => [name, HUES.has(name) ? opaque(resolve(variable)) : resolve(variable)]));
  probe.remove();
  const style = getComputedStyle(document.body);
  return {
    ...(colours as Record<keyof typeof VARIABLES, string>),
    highContrast: document.body.classList.contains('vscode-high-contrast') || document.body.classList.contains('vscode-high-contrast-light'),
    fontFamily: style.fontFamily,
    fontSize: parseFloat(style.fontSize) || 13,
  };
}

/** VS Code changes the body's class and the root's style when the theme changes. */
export function onThemeChange(callback: () => void): void {
  let scheduled = false;
  const observer = new MutationObserver(() => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      callback();
    });
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
