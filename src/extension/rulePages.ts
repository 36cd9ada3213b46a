import * as vscode from 'vscode';
import { RULES } from '../core/rules/index';

/** Renders a rule's page with the editor's own Markdown preview; a list of all where no rule is named. */
export async function openRule(extensionUri: vscode.Uri, id: string | undefined): Promise<void> {
  const rule = id ?? (await pickRule());
  // The id comes from a page or a caller: only a registered one becomes part of a path.
  if (!RULES.some((known) => known.id === rule)) return;
  const page = vscode.Uri.joinPath(extensionUri, 'docs', 'rules', `${rule}.md`);
  await vscode.commands.executeCommand('markdown.showPreview', page);
}

async function pickRule(): Promise<string | undefined> {
  const items = RULES.map(({ id, title, why }) => ({ label: title, description: id, detail: why, id }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Which rule?', matchOnDescription: true, matchOnDetail: true });
  return picked?.id;
}
