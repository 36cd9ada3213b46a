import * as vscode from 'vscode';
import { EDITORS } from './ids';
import type { Panels } from './panels';

/** A training run writes a file in many steps: it is looked at when nothing has changed for this long. */
const QUIET_MS = 600;

/** A file that VS Code shows in our editor. Nothing is read before the page asks. */
class ModelDocument implements vscode.CustomDocument {
  constructor(readonly uri: vscode.Uri) {}

  dispose(): void {
    // The page lets go of what it held.
  }
}

/** Weightgram's page as a read-only editor. */
class ModelEditors implements vscode.CustomReadonlyEditorProvider<ModelDocument> {
  readonly #panels: Panels;

  constructor(panels: Panels) {
    this.#panels = panels;
  }

  openCustomDocument(uri: vscode.Uri): ModelDocument {
    return new ModelDocument(uri);
  }

  resolveCustomEditor({ uri }: ModelDocument, panel: vscode.WebviewPanel): void {
    const page = this.#panels.adopt(uri, panel);
    let quiet: NodeJS.Timeout | undefined;
    // A model that was opened is watched with all its files; this is for a file that was none, or was not there.
    const retry = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(() => page.retry(), QUIET_MS);
    };
    const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), escapeGlob(name)));
    const subscriptions = [watcher, watcher.onDidChange(retry), watcher.onDidCreate(retry)];
    panel.onDidDispose(() => {
      clearTimeout(quiet);
      for (const subscription of subscriptions) subscription.dispose();
    });
  }
}

export function registerModelEditor(panels: Panels): vscode.Disposable {
  const editors = new ModelEditors(panels);
  const webviewOptions = { enableFindWidget: true, retainContextWhenHidden: false };
  return vscode.Disposable.from(
    ...Object.values(EDITORS).map((viewType) => vscode.window.registerCustomEditorProvider(viewType, editors, { webviewOptions, supportsMultipleEditorsPerDocument: false })),
  );
}

function escapeGlob(name: string): string {
  return name.replace(/[[\]{}*?]/g, '[$&]');
}
