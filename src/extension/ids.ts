/** Every id that package.json contributes. test/unit/extension/manifest.test.ts holds both against each other. */
export const COMMANDS = {
  inspect: 'weightgram.inspect',
  refreshModels: 'weightgram.refreshModels',
  searchLayers: 'weightgram.searchLayers',
  sortByOrder: 'weightgram.sortByOrder',
  sortBySparsity: 'weightgram.sortBySparsity',
  sortBySize: 'weightgram.sortBySize',
  sortBySeverity: 'weightgram.sortBySeverity',
  openRule: 'weightgram.openRule',
  openFile: 'weightgram.openFile',
  cancelAnalysis: 'weightgram.cancelAnalysis',
  analyzeFully: 'weightgram.analyzeFully',
  exportReport: 'weightgram.exportReport',
  clearCache: 'weightgram.clearCache',
  copyName: 'weightgram.copyName',
  showLayer: 'weightgram.showLayer',
  showLog: 'weightgram.showLog',
  acceptFindings: 'weightgram.acceptFindings',
  silenceSubject: 'weightgram.silenceSubject',
  silenceInModel: 'weightgram.silenceInModel',
  silenceEverywhere: 'weightgram.silenceEverywhere',
  openSilences: 'weightgram.openSilences',
} as const;

/** Commands that only trees and links run: they need an argument. Hidden from the palette. */
export const INTERNAL_COMMANDS = [
  COMMANDS.showLayer, COMMANDS.copyName, COMMANDS.openFile, COMMANDS.silenceSubject, COMMANDS.silenceInModel, COMMANDS.silenceEverywhere,
] as const;

export const VIEW_CONTAINER = 'weightgram';

export const VIEWS = {
  models: 'weightgram.models',
  findings: 'weightgram.findings',
} as const;

export const PANEL_VIEW_TYPE = 'weightgram.panel';

/** Custom editors, both with the page of the panel: as default for files that are weights and nothing else, and on demand for names that other things have too. */
export const EDITORS = {
  model: 'weightgram.model',
  modelOnDemand: 'weightgram.modelOnDemand',
} as const;

export const SETTINGS_SECTION = 'weightgram';

export const SETTINGS = {
  nearZeroThreshold: 'weightgram.nearZeroThreshold',
  histogramBins: 'weightgram.histogramBins',
  workers: 'weightgram.workers',
  budget: 'weightgram.analysis.budget',
  include: 'weightgram.files.include',
  exclude: 'weightgram.files.exclude',
  virtualFilesCap: 'weightgram.virtualFiles.maximumSize',
} as const;

/** Below it each threshold of each rule is a setting: weightgram.rules.<rule>.<name>. scripts/ruleSettings.ts writes them into package.json. */
export const RULE_SETTINGS = 'weightgram.rules';

/** The source of our entries in the Problems panel. */
export const PROBLEM_SOURCE = 'Weightgram';

/** Set by setContext, read by `when` clauses. */
export const CONTEXT_KEYS = {
  /** Paths of all files known to be models; menus ask `resourcePath in weightgram.modelPaths`. */
  modelPaths: 'weightgram.modelPaths',
  /** true once the workspace was searched and no search runs. */
  searched: 'weightgram.searched',
  /** Number of models whose analysis is complete. */
  analyzed: 'weightgram.analyzed',
  /** true while an analysis runs. */
  running: 'weightgram.running',
} as const;

/** `contextValue` of tree items, read as `viewItem` in `when` clauses. */
export const ITEM_KINDS = {
  model: 'weightgram.model',
  layer: 'weightgram.layer',
  tensor: 'weightgram.tensor',
  rule: 'weightgram.rule',
  finding: 'weightgram.finding',
  /** The row below which silenced findings stand, and one of these. */
  silences: 'weightgram.silences',
  silenced: 'weightgram.silenced',
} as const;

/** The scheme of tree items' resourceUri: it only carries the severity to the decoration provider. */
export const DECORATION_SCHEME = 'weightgram-row';

/** Folder under the extension's global storage where workers keep results. */
export const CACHE_FOLDER = 'cache';

/** Folder under the extension's global storage with copies of files that lie in virtual workspaces. */
export const COPIES_FOLDER = 'virtual';
