import * as vscode from 'vscode';
import { SEVERITIES } from '../core/rules/rule';
import type { Severity } from '../core/rules/rule';
import { DECORATION_SCHEME } from './ids';

/** The uri of a tree row. It carries its severity itself, so that a decoration is never stale. */
export function rowUri(id: string, severity: Severity | undefined): vscode.Uri {
  return vscode.Uri.from({ scheme: DECORATION_SCHEME, path: `/row/${id}`, query: severity ?? '' });
}

/** A shape beside the colour, as in the panel: colour alone is not seen by everybody. */
const BADGES: Record<Severity, vscode.FileDecoration> = {
  error: decoration('●', 'Error', new vscode.ThemeColor('list.errorForeground')),
  warning: decoration('▲', 'Warning', new vscode.ThemeColor('list.warningForeground')),
  info: decoration('○', 'Note'),
};

export function registerDecorations(): vscode.Disposable {
  return vscode.window.registerFileDecorationProvider({
    provideFileDecoration(uri) {
      if (uri.scheme !== DECORATION_SCHEME) return undefined;
      const severity = SEVERITIES.find((one) => one === uri.query);
      return severity && BADGES[severity];
    },
  });
}

function decoration(badge: string, tooltip: string, colour?: vscode.ThemeColor): vscode.FileDecoration {
  return new vscode.FileDecoration(badge, tooltip, colour);
}
