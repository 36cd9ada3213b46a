import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import type { WeightgramApi } from './api';
import { registerCommands } from './commands';
import { registerContextKeys } from './contextKeys';
import { registerDecorations } from './decorations';
import { Discovery } from './discovery';
import { registerEditorFiles } from './editorFiles';
import { EngineService } from './engineService';
import { registerFileWatch } from './fileWatch';
import { registerFindingsView } from './findingsTree';
import { registerHovers } from './hovers';
import { COPIES_FOLDER, VIEWS } from './ids';
import { Log } from './log';
import { registerModelEditor } from './modelEditor';
import { ModelStore } from './models';
import { ModelView } from './modelView';
import { Panels } from './panels';
import { Policies } from './policies';
import { Problems } from './problems';
import { registerQuickFixes } from './quickFixes';
import { registerSettings } from './settingsWatch';
import { registerSilenceProblems } from './silenceProblems';
import { registerStatusBar } from './statusBar';
import { Twins } from './twins';
import { registerUriHandler } from './uriHandler';
import { VirtualCopies } from './virtualCopies';

export function activate(context: vscode.ExtensionContext): WeightgramApi | undefined {
  const log = new Log();
  context.subscriptions.push(log);
  try {
    return start(context, log);
  } catch (error) {
    log.error('activation', error);
    void vscode.window.showErrorMessage(`Weightgram could not start: ${messageOf(error)} Its output channel has the details.`);
    return undefined;
  }
}

function start(context: vscode.ExtensionContext, log: Log): WeightgramApi {
  const engines = new EngineService(context, log);
  const settings = engines.settings;
  const engine = engines.engine;
  const policies = new Policies();
  const copies = new VirtualCopies({ folder: vscode.Uri.joinPath(context.globalStorageUri, COPIES_FOLDER), log });
  const pathOf = (uri: vscode.Uri): string => copies.pathOf(uri);
  const prepare = (uri: vscode.Uri): Promise<void> => copies.prepare(uri);
  const store = new ModelStore({ log, engine, settings, policyOf: (model) => policies.of(model), pathOf, prepare, forget: (model) => void copies.forget(model) });
  const discovery = new Discovery({ store, log, engine, pathOf, prepare });
  const twins = new Twins({ store, log, engine });
  const panels = new Panels(store, discovery, { extensionUri: context.extensionUri, log, engine, settings, pathOf, twins });
  const problems = new Problems(store, log);
  const view = new ModelView({ store, discovery, panels, log, settings });

  context.subscriptions.push(
    engines,
    policies,
    copies,
    store,
    discovery,
    twins,
    panels,
    view,
    registerFindingsView(store, VIEWS.findings),
    registerDecorations(),
    registerContextKeys(store, discovery),
    registerCommands({ context, log, store, discovery, panels, view, settings }),
    registerModelEditor(panels),
    registerUriHandler(),
    registerHovers({ store, log, settings }),
    registerStatusBar(store),
    registerFileWatch(store),
    policies.onDidChange(() => void store.judgeAnew()),
    problems,
    registerQuickFixes(problems),
    registerSilenceProblems(store),
    registerEditorFiles(discovery, log),
    registerSettings({ engines, store, panels }),
  );
  discovery.watch();
  const searched = discovery.search();
  return {
    store,
    panels,
    searched,
    get engine() {
      return engine();
    },
  };
}
