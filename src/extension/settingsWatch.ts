import * as vscode from 'vscode';
import type { EngineService } from './engineService';
import { RULE_SETTINGS, SETTINGS } from './ids';
import type { ModelStore } from './models';
import type { Panels } from './panels';

/** Settings take effect without a reload of the window. Which files are looked at is Discovery's own concern. */
export function registerSettings({ engines, store, panels }: { engines: EngineService; store: ModelStore; panels: Panels }): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    const changes = (id: string): boolean => event.affectsConfiguration(id);
    if (![SETTINGS.nearZeroThreshold, SETTINGS.histogramBins, SETTINGS.workers, SETTINGS.budget, RULE_SETTINGS].some(changes)) return;
    const hasNewWorkers = changes(SETTINGS.workers);
    const running = store.entries.filter((entry) => entry.isRunning);
    engines.readSettings({ replaceEngine: hasNewWorkers });
    const again = changes(SETTINGS.nearZeroThreshold) ? store.entries.filter((entry) => entry.analysis !== undefined) : hasNewWorkers ? running : [];
    for (const entry of again) void entry.restart();
    if (changes(RULE_SETTINGS)) for (const entry of store.entries) if (!again.includes(entry)) void entry.judgeAnew();
    panels.refresh();
  });
}
