import * as vscode from 'vscode';
import { formatShare } from '../core/numberText';
import { COMMANDS } from './ids';
import { visible } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';

/** Work that is over sooner than this would only flash an entry. */
const SHOW_AFTER_MS = 250;

/** An entry while work runs: how far it is; a click offers to cancel. */
export function registerStatusBar(store: ModelStore): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('weightgram.progress', vscode.StatusBarAlignment.Left, 0);
  item.name = 'Weightgram Progress';
  item.command = COMMANDS.cancelAnalysis;
  let waiting: NodeJS.Timeout | undefined;
  let isShown = false;
  const update = (): void => {
    const running = store.entries.filter((entry) => entry.isRunning);
    if (running.length === 0) {
      clearTimeout(waiting);
      waiting = undefined;
      isShown = false;
      item.hide();
      return;
    }
    describe(item, running);
    if (isShown) return;
    waiting ??= setTimeout(() => {
      isShown = true;
      item.show();
    }, SHOW_AFTER_MS);
  };
  return vscode.Disposable.from(item, store.onDidChangeModel(update), store.onDidChangeList(update), { dispose: () => clearTimeout(waiting) });
}

function describe(item: vscode.StatusBarItem, running: readonly ModelEntry[]): void {
  const counts = running.map(tensorsDone);
  const done = counts.reduce((sum, count) => sum + count.done, 0);
  const total = counts.reduce((sum, count) => sum + count.total, 0);
  item.text = `$(sync~spin) Weightgram ${done}/${total}`;
  item.tooltip = `${running.map(progressLine).join('\n')}\nClick to cancel`;
  item.accessibilityInformation = { label: `Weightgram: ${done} of ${total} tensors analyzed. Press to cancel.`, role: 'button' };
}

function tensorsDone({ analysis }: ModelEntry): { done: number; total: number } {
  const progress = analysis?.progress;
  return progress?.kind === 'running' ? { done: progress.doneTensors, total: progress.totalTensors } : { done: 0, total: 0 };
}

function progressLine(entry: ModelEntry): string {
  const progress = entry.analysis?.progress;
  if (progress?.kind !== 'running') return visible(entry.label);
  const share = progress.totalBytes > 0 ? ` (${formatShare(progress.doneBytes / progress.totalBytes)})` : '';
  return `${visible(entry.label)}: ${progress.doneTensors} of ${progress.totalTensors} tensors${share}`;
}
