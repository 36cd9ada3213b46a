import * as vscode from 'vscode';
import { plural } from '../core/numberText';
import { folderOf, unusedSilences } from '../core/silences/policy';
import type { Complaint, SilenceFile } from '../core/silences/silenceFile';
import { PROBLEM_SOURCE } from './ids';
import { escapeNotification } from './markdown';
import type { ModelEntry } from './modelEntry';
import type { ModelStore } from './models';

/** What is wrong in `.weightgram.json` files and baselines: in the Problems panel at its place, and once in a message where it takes effect away. */
export function registerSilenceProblems(store: ModelStore): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('weightgram-silences');
  const told = new Set<string>();
  let shown = '';
  const update = (): void => {
    const complaints = complaintsOf(store.entries);
    const text = JSON.stringify(complaints);
    if (text === shown) return;
    shown = text;
    collection.clear();
    for (const [file, own] of byFile(complaints)) {
      collection.set(vscode.Uri.file(file), own.map(diagnosticOf));
      void tell(file, own.filter(({ severity }) => severity === 'error'), told);
    }
  };
  return vscode.Disposable.from(
    collection,
    store.onDidChangeModel(({ findings, structure }) => (findings || structure) && update()),
    store.onDidChangeList(update),
  );
}

/** About all files that stand for models whose analysis began, each once. */
export function complaintsOf(entries: readonly ModelEntry[]): Complaint[] {
  const analyzed = entries.filter(({ analysis }) => analysis !== undefined);
  const said = analyzed.flatMap(({ policy, judgement }) => [...policy.complaints, ...(judgement?.complaints ?? [])]);
  const files = new Map<string, SilenceFile>(analyzed.flatMap(({ policy: { file } }) => (file ? [[file.path, file]] : [])));
  const unused = [...files.values()].flatMap((file) => unusedIn(file, entries));
  return [...new Map([...said, ...unused].map((complaint) => [complaint.message, complaint])).values()];
}

function unusedIn(file: SilenceFile, entries: readonly ModelEntry[]): Complaint[] {
  const below = entries.filter(({ path }) => path.startsWith(folderOf(file.path)));
  const done = below.filter(({ analysis, policy }) => analysis?.complete === true && policy.file?.path === file.path);
  const judged = new Map(done.flatMap(({ path, judgement }) => (judgement ? [[path, judgement]] : [])));
  return unusedSilences(file, judged, below.every(({ analysis }) => analysis?.complete === true));
}

function byFile(complaints: readonly Complaint[]): Map<string, Complaint[]> {
  const files = new Map<string, Complaint[]>();
  for (const complaint of complaints) files.set(complaint.path, [...(files.get(complaint.path) ?? []), complaint]);
  return files;
}

function diagnosticOf({ place, what, severity }: Complaint): vscode.Diagnostic {
  const start = new vscode.Position(place.line - 1, place.column - 1);
  // The editor ends a range at the end of its line: of an entry over several lines the first is marked.
  const range = new vscode.Range(start, start.translate(0, Math.max(1, place.length)));
  const diagnostic = new vscode.Diagnostic(range, what, severity === 'error' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning);
  diagnostic.source = PROBLEM_SOURCE;
  return diagnostic;
}

async function tell(file: string, errors: readonly Complaint[], told: Set<string>): Promise<void> {
  const [first] = errors;
  if (!first || errors.every(({ message }) => told.has(message))) return;
  for (const { message } of errors) told.add(message);
  const more = errors.length > 1 ? ` The Problems panel has ${plural(errors.length - 1, 'more error')} in it.` : '';
  const open = 'Open File';
  const action = await vscode.window.showWarningMessage(escapeNotification(`${first.message}${more}`), open);
  if (action !== open) return;
  const at = new vscode.Position(first.place.line - 1, first.place.column - 1);
  await vscode.window.showTextDocument(vscode.Uri.file(file), { selection: new vscode.Range(at, at) });
}
