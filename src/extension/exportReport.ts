import path from 'node:path';
import * as vscode from 'vscode';
import { buildReport } from '../core/report';
import { escapeNotification } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { Settings } from './settings';

/** Writes the report of the command line's --json where the person says; waits for an analysis that is not done. */
export async function exportReport(entry: ModelEntry, settings: Settings): Promise<void> {
  const progress = { location: vscode.ProgressLocation.Notification, title: escapeNotification(`Analyzing ${entry.label}`), cancellable: true };
  await vscode.window.withProgress(progress, (_, token) => {
    token.onCancellationRequested(() => entry.cancel());
    return entry.analysis?.complete || entry.isRunning ? entry.analyze() : entry.restart();
  });
  const { analysis } = entry;
  if (!analysis?.complete) {
    if (analysis?.progress.kind !== 'cancelled') void vscode.window.showErrorMessage(escapeNotification(entry.problem ?? `${entry.label} could not be analyzed. Weightgram's log has the reason.`));
    return;
  }
  const name = path.basename(entry.path).replace(/\.json$/i, '');
  const defaultUri = vscode.Uri.joinPath(entry.uri, '..', `${name}.weightgram.json`);
  const target = await vscode.window.showSaveDialog({ defaultUri, filters: { JSON: ['json'] } });
  if (!target) return;
  const report = JSON.stringify(buildReport(analysis, { bins: settings.histogramBins }), null, 2);
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(`${report}\n`));
  const open = 'Open';
  const action = await vscode.window.showInformationMessage(escapeNotification(`The report of ${entry.label} was saved to ${target.fsPath}.`), open);
  if (action === open) await vscode.window.showTextDocument(target);
}
