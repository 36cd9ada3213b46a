import path from 'node:path';
import * as vscode from 'vscode';
import { plural } from '../core/numberText';
import type { Finding } from '../core/rules/rule';
import { acceptFindings } from '../core/silences/acceptFindings';
import type { AcceptedModel, WritablePolicyFiles } from '../core/silences/acceptFindings';
import { topFolderOf } from '../core/silences/findPolicy';
import { relativePath } from '../core/silences/paths';
import { folderOf } from '../core/silences/policy';
import { SILENCE_FILE } from '../core/silences/silenceFile';
import type { Place, Silence, SilencedBy } from '../core/silences/silenceFile';
import { withSilence } from '../core/silences/writeSilences';
import { escapeIcons, escapeNotification } from './markdown';
import type { ModelEntry } from './modelEntry';
import { policyFiles, readText } from './policies';

/** How much one entry of `.weightgram.json` is to silence. */
export type Scope = 'subject' | 'model' | 'everywhere';

export interface Found {
  readonly entry: ModelEntry;
  readonly finding: Finding;
}

/**
 * Adds entries to the `.weightgram.json` that stands for each model; makes one in the workspace folder where there is none.
 * @throws HumanError where such a file is broken.
 */
export async function silence(found: readonly Found[], scope: Scope): Promise<void> {
  const [first] = found;
  if (!first) return;
  if (scope === 'everywhere' && found.some(({ finding }) => finding.severity === 'error')) {
    const rule = first.finding.rule;
    void vscode.window.showWarningMessage(`${rule} has found errors. An error is silenced only where somebody has seen it: choose "Silence Here" or "Silence Rule in This Model".`);
    return;
  }
  const files = new Map<string, Silence[]>();
  for (const { entry, finding } of found) {
    const file = await silenceFileOf(entry);
    files.set(file, [...(files.get(file) ?? []), silenceFor(finding, relativePath(folderOf(file), entry.path), scope)]);
  }
  for (const [file, silences] of files) {
    const before = await currentText(file);
    const text = silences.reduce<string | undefined>((sum, one) => withSilence(sum, file, one), before)!;
    if (text !== before) await writeText(file, text);
  }
  offerToOpen(`${wordsFor(first.finding, scope)} in ${[...files.keys()].map(shortPath).join(' and ')}.`, [...files.keys()][0]!);
}

/** Writes all present findings of the analyzed models into their baselines. @throws HumanError where a file is in the way. */
export async function acceptAll(entries: readonly ModelEntry[]): Promise<void> {
  const done = entries.filter(({ analysis, judgement }) => analysis?.complete === true && judgement !== undefined);
  if (done.length === 0) {
    void vscode.window.showInformationMessage('No model has been analyzed yet: there are no findings to accept.');
    return;
  }
  for (const [top, own] of byTop(done)) {
    const written = await acceptFindings(own.map(acceptedModel), { ...policyFiles(top), ...FILES });
    for (const { path: file, accepted, models } of written) {
      const errors = accepted.filter(({ severity }) => severity === 'error').length;
      const among = errors > 0 ? `, ${plural(errors, 'error')} among them` : '';
      offerToOpen(`${plural(accepted.length, 'finding')} of ${plural(models, 'model')} ${accepted.length === 1 ? 'is' : 'are'} accepted${among}. Only what is new or graver will show: ${shortPath(file)}.`, file);
    }
  }
}

/** Opens the file that silences: at the entry, where one is meant. */
export async function openSilences(entries: readonly ModelEntry[], by?: SilencedBy, place?: Place): Promise<void> {
  const files = by ? [by.path] : [...new Set(entries.flatMap(({ policy }) => [policy.file?.path, policy.baseline?.path].filter((file) => file !== undefined)))];
  if (files.length === 0) {
    void vscode.window.showInformationMessage(`There is no ${SILENCE_FILE} for the models analyzed so far. "Silence Here" in the menu of a finding makes one.`);
    return;
  }
  const file = files.length === 1 ? files[0] : (await vscode.window.showQuickPick(files.map((one) => ({ label: escapeIcons(shortPath(one)), file: one })), { placeHolder: 'Which file?' }))?.file;
  if (file === undefined) return;
  const at = place && new vscode.Position(place.line - 1, place.column - 1);
  await vscode.window.showTextDocument(vscode.Uri.file(file), at ? { selection: new vscode.Range(at, at) } : {});
}

function silenceFor({ rule, subject }: Finding, model: string, scope: Scope): Silence {
  switch (scope) {
    case 'subject':
      return { rule, model, subject: subject.name };
    case 'model':
      return { rule, model };
    case 'everywhere':
      return { rule };
  }
}

function wordsFor({ rule, subject }: Finding, scope: Scope): string {
  switch (scope) {
    case 'subject':
      return `${rule} is silenced about ${subject.name}`;
    case 'model':
      return `${rule} is silenced in this model`;
    case 'everywhere':
      return `${rule} is silenced in all models; its errors still show`;
  }
}

async function silenceFileOf({ policy, uri, path: model }: ModelEntry): Promise<string> {
  return policy.file?.path ?? path.join(await topFolderOf(model, policyFiles(uri)), SILENCE_FILE);
}

/** Models by the workspace folder that ends the search for their files. */
function byTop(entries: readonly ModelEntry[]): Map<vscode.Uri, ModelEntry[]> {
  const groups = new Map<string, ModelEntry[]>();
  for (const entry of entries) {
    const key = vscode.workspace.getWorkspaceFolder(entry.uri)?.uri.toString() ?? '';
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return new Map([...groups.values()].map((own) => [own[0]!.uri, own]));
}

function acceptedModel({ path: model, policy, judgement }: ModelEntry): AcceptedModel {
  return { path: model, policy, judgement: judgement! };
}

const FILES: Pick<WritablePolicyFiles, 'readText' | 'writeText'> = { readText: currentText, writeText };

/** As it stands in an editor, saved or not; else on the disk. */
function currentText(file: string): Promise<string | undefined> {
  const document = openDocument(file);
  return document ? Promise.resolve(document.getText()) : readText(file);
}

/** Through the editor where the file is open there, so that it can be undone; else on the disk. */
async function writeText(file: string, text: string): Promise<void> {
  const document = openDocument(file);
  if (!document) {
    await vscode.workspace.fs.writeFile(vscode.Uri.file(file), new TextEncoder().encode(text));
    return;
  }
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(document.positionAt(0), document.positionAt(document.getText().length)), text);
  if (!(await vscode.workspace.applyEdit(edit)) || !(await document.save())) throw new Error(`${file} could not be written. Is it read-only?`);
}

function openDocument(file: string): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find(({ uri, isClosed }) => !isClosed && uri.scheme === 'file' && uri.fsPath === file);
}

function shortPath(file: string): string {
  return vscode.workspace.asRelativePath(file);
}

/** Does not wait: a notification may stand for minutes. */
function offerToOpen(message: string, file: string): void {
  const open = 'Open';
  void vscode.window.showInformationMessage(escapeNotification(message), open).then(async (action) => {
    if (action === open) await vscode.window.showTextDocument(vscode.Uri.file(file));
  });
}
