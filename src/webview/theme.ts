import { opaque } from './colour';

/** The theme's colours as the charts need them: resolved, since Plotly does not read CSS variables. */
export interface Theme {
  readonly foreground: string;
  readonly muted: string;
  readonly background: string;
  readonly grid: string;
  readonly focus: string;
  readonly selection: string;
  readonly blue: string;
  readonly orange: string;
  readonly red: string;
  readonly yellow: string;
  readonly green: string;
  readonly purple: string;
  readonly error: string;
  readonly warning: string;
  readonly info: string;
  readonly highContrast: boolean;
  readonly fontFamily: string;
  /** Pixels. */
  readonly fontSize: number;
}

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
