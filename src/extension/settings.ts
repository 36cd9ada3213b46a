import * as vscode from 'vscode';
import type { Thresholds } from '../core/rules/index';
import { DEFAULT_BUDGET_BYTES } from '../protocol/budget';
import { SETTINGS } from './ids';
import { numberWithin, stringList } from './settingValues';
import { readThresholds } from './thresholdSettings';
import type { SettingProblem } from './thresholdSettings';

const GIBIBYTE = 1024 ** 3;

/** What applies to the whole window. */
export interface Settings {
  /** Share of a tensor's largest magnitude, 0..1. */
  readonly nearZeroRatio: number;
  readonly histogramBins: number;
  /** 0: as many as there are cores less one. */
  readonly workers: number;
  /** Of a model, about; beyond it large tensors are sampled. 0: no limit. */
  readonly budgetBytes: number;
  /** Of rules, where they differ from the rules' own. */
  readonly thresholds: Thresholds;
}

/** Which files of one workspace folder are looked at. */
export interface FileSettings {
  readonly include: readonly string[];
  /** Of this extension and of the editor: files.exclude and search.exclude. */
  readonly exclude: readonly string[];
}

/** What was set, and what of it cannot be used. */
export function readSettings(): { readonly settings: Settings; readonly problems: readonly SettingProblem[] } {
  const read = (id: string): unknown => vscode.workspace.getConfiguration().get(id);
  const { thresholds, problems } = readThresholds(read);
  const settings = {
    nearZeroRatio: numberWithin(read(SETTINGS.nearZeroThreshold), { least: 1e-6, most: 50, otherwise: 1 }) / 100,
    histogramBins: Math.round(numberWithin(read(SETTINGS.histogramBins), { least: 10, most: 2000, otherwise: 120 })),
    workers: Math.round(numberWithin(read(SETTINGS.workers), { least: 0, most: 64, otherwise: 0 })),
    budgetBytes: numberWithin(read(SETTINGS.budget), { least: 0, most: 1e6, otherwise: DEFAULT_BUDGET_BYTES / GIBIBYTE }) * GIBIBYTE,
    thresholds,
  };
  return { settings, problems };
}

export function readFileSettings(folder: vscode.WorkspaceFolder): FileSettings {
  const configuration = vscode.workspace.getConfiguration(undefined, folder);
  const editorExcludes = ['files.exclude', 'search.exclude'].flatMap((id) =>
    Object.entries(configuration.get<Record<string, unknown>>(id) ?? {})
      // A value may be { when: '…' }, which depends on sibling files: that is no reason to hide a model.
      .filter(([, value]) => value === true)
      .map(([glob]) => glob),
  );
  return {
    include: stringList(configuration.get(SETTINGS.include)),
    exclude: [...stringList(configuration.get(SETTINGS.exclude)), ...editorExcludes],
  };
}

/** Whether a change touches which files are looked at. */
export function affectsFiles(event: vscode.ConfigurationChangeEvent): boolean {
  return [SETTINGS.include, SETTINGS.exclude, 'files.exclude', 'search.exclude'].some((id) => event.affectsConfiguration(id));
}
