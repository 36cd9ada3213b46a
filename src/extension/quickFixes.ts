import * as vscode from 'vscode';
import type { Finding } from '../core/rules/rule';
import { COMMANDS } from './ids';
import type { ModelEntry } from './modelEntry';
import { ruleOf } from './problems';
import type { Problems } from './problems';
import { visible, shorten } from './markdown';
import { layerOfFinding } from './subjects';

/** Names in menus: the end of a long one would not be read. */
const LONGEST_NAME = 60;

/** What can be done about a problem of ours, in the order in which a person thinks: look, understand, then decide. */
export function registerQuickFixes(problems: Problems): vscode.Disposable {
  const provider: vscode.CodeActionProvider = {
    provideCodeActions: (document, _range, { diagnostics }) =>
      joined(diagnostics.filter((diagnostic) => ruleOf(diagnostic) !== undefined).flatMap((diagnostic) => {
        const found = problems.findingOf(document.uri, diagnostic);
        return found ? actionsFor(found.entry, found.finding, diagnostic) : [];
      })),
  };
  return vscode.languages.registerCodeActionsProvider([{ scheme: 'file', language: 'json' }, { scheme: 'file', pattern: '**/*.json' }], provider, {
    providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
  });
}

/** Several problems stand at one name: what is the same for all of them is offered once. */
function joined(actions: readonly vscode.CodeAction[]): vscode.CodeAction[] {
  const byTitle = new Map<string, vscode.CodeAction>();
  for (const action of actions) {
    const known = byTitle.get(action.title);
    if (known) known.diagnostics = [...(known.diagnostics ?? []), ...(action.diagnostics ?? [])];
    else byTitle.set(action.title, action);
  }
  return [...byTitle.values()];
}

function actionsFor(entry: ModelEntry, finding: Finding, diagnostic: vscode.Diagnostic): vscode.CodeAction[] {
  const { rule, subject, severity } = finding;
  const layer = layerOfFinding(entry, finding);
  const name = visible(shorten(subject.name, LONGEST_NAME));
  const action = (title: string, command: string, ...args: unknown[]): vscode.CodeAction => {
    const made = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
    made.command = { command, title, arguments: args };
    made.diagnostics = [diagnostic];
    return made;
  };
  return [
    layer === undefined
      ? action('Open the model in Weightgram', COMMANDS.showLayer, entry.uri)
      : action(`Open the histogram of ${visible(shorten(layer, LONGEST_NAME))}`, COMMANDS.showLayer, entry.uri, layer),
    action(`Explain ${rule}`, COMMANDS.openRule, rule),
    action(`Silence ${rule} here (${name})`, COMMANDS.silenceSubject, entry.uri, finding),
    action(`Silence ${rule} in this model`, COMMANDS.silenceInModel, entry.uri, finding),
    // An error is silenced only where somebody has seen it.
    ...(severity === 'error' ? [] : [action(`Silence ${rule} everywhere`, COMMANDS.silenceEverywhere, entry.uri, finding)]),
  ];
}
