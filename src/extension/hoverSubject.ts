import * as vscode from 'vscode';
import { PALETTES } from '../core/svg';
import type { Palette } from '../core/svg';
import type { HoverSubject } from './hoverText';
import type { ModelEntry } from './modelEntry';
import type { Settings } from './settings';

/** Pictures in hovers cannot see the theme's variables: their colours are chosen when they are made. */
export function palette(kind = vscode.window.activeColorTheme.kind): Palette {
  switch (kind) {
    case vscode.ColorThemeKind.Light:
      return PALETTES.light;
    case vscode.ColorThemeKind.Dark:
      return PALETTES.dark;
    case vscode.ColorThemeKind.HighContrast:
      return PALETTES.highContrast;
    case vscode.ColorThemeKind.HighContrastLight:
      return PALETTES.highContrastLight;
  }
}

/** What is known of an entry, for a hover; undefined before it is opened. */
export function subjectOf(entry: ModelEntry, settings: Settings, options: Pick<HoverSubject, 'palette' | 'modelLabel' | 'waiting'>): HoverSubject | undefined {
  const { model, analysis } = entry;
  if (!model) return undefined;
  return {
    model,
    statistics: analysis?.statistics ?? new Map(),
    failures: analysis?.failures ?? new Map(),
    findings: analysis?.findings ?? [],
    nearZeroRatio: settings.nearZeroRatio,
    ...options,
  };
}
