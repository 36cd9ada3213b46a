import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { assessmentText } from '../../src/core/assessment';
import type { Finding } from '../../src/core/rules/rule';
import { FindingsTree } from '../../src/extension/findingsTree';
import type { FindingsNode } from '../../src/extension/findingsTree';
import { palette, subjectOf } from '../../src/extension/hoverSubject';
import { layerHover } from '../../src/extension/hoverText';
import { COMMANDS, SETTINGS } from '../../src/extension/ids';
import type { ModelEntry } from '../../src/extension/modelEntry';
import { treeItem } from '../../src/extension/modelTreeItems';
import { pageState } from '../../src/extension/pageState';
import { api, copyOfModel, fileIn, until, withSetting, workspaceFolder } from './support';

const SILENCE_FILE = '.weightgram.json';

/** `rule severity subject`, sorted. */
function keys(findings: readonly Pick<Finding, 'rule' | 'severity' | 'subject'>[]): string[] {
  return findings.map(({ rule, severity, subject }) => `${rule} ${severity} ${subject.name}`).sort();
}

function problemsOf(uri: vscode.Uri): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Weightgram');
}

const SEVERITY_NAMES: Readonly<Record<vscode.DiagnosticSeverity, string>> = {
  [vscode.DiagnosticSeverity.Error]: 'error', [vscode.DiagnosticSeverity.Warning]: 'warning', [vscode.DiagnosticSeverity.Information]: 'info', [vscode.DiagnosticSeverity.Hint]: 'hint',
};

function problemKeys(uri: vscode.Uri): string[] {
  return problemsOf(uri).map(({ code, severity, message }) => `${typeof code === 'object' ? code.value : code} ${SEVERITY_NAMES[severity]} ${message.slice(0, message.indexOf(': '))}`).sort();
}

/** The leaves of the Suspicious Layers tree. */
function leaves(tree: FindingsTree, kind: 'finding' | 'silenced', entry: ModelEntry): Finding[] {
  const walk = (node?: FindingsNode): Finding[] => tree.getChildren(node).flatMap((child) => (child.kind === kind ? (child.entry === entry ? [child.finding] : []) : walk(child)));
  return walk();
}

async function commandLine(...args: string[]): Promise<string> {
  const extension = vscode.extensions.getExtension('weightgram.weightgram')!;
  const cli = path.join(extension.extensionPath, 'dist/cli.js');
  // Electron is a Node.js when it is told to be; the server's extension host runs in one anyway.
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1', NO_COLOR: '1' };
  const run = promisify(execFile)(process.execPath, [cli, ...args, '--no-cache'], { env, cwd: workspaceFolder().fsPath, maxBuffer: 2 ** 26 });
  return run.then(({ stdout }) => stdout, (error: { stdout: string }) => error.stdout);
}

describe('problems, silences and baselines', function () {
  this.timeout(60_000);
  const folder = 'silenced-model';
  const uri = fileIn(folder, 'model.json');
  const file = fileIn(folder, SILENCE_FILE);
  let copy: { remove(): void };
  let entry: ModelEntry;
  let tree: FindingsTree;

  before(async () => {
    const { store } = await api();
    copy = copyOfModel('planted', folder);
    writeFileSync(file.fsPath, '{\n  // made by the test\n  "silences": []\n}\n');
    await until('the copy is found', () => store.get(uri) !== undefined);
    entry = store.get(uri)!;
    tree = new FindingsTree(store);
    await entry.analyze();
  });

  after(async () => {
    tree.dispose();
    copy.remove();
    rmSync(fileIn(SILENCE_FILE).fsPath, { force: true });
    rmSync(fileIn('.weightgram-baseline.json').fsPath, { force: true });
    const { store } = await api();
    await until('nothing of it is left for other tests', () => store.entries.every(({ analysis, policy }) => !analysis || (analysis.silenced ?? []).length === 0 && policy.file === undefined));
  });

  beforeEach(async () => {
    writeFileSync(file.fsPath, '{\n  // made by the test\n  "silences": []\n}\n');
    rmSync(fileIn(folder, '.weightgram-baseline.json').fsPath, { force: true });
    await until('the file of before is read', () => entry.policy.file?.silences.length === 0 && !entry.policy.baseline && entry.policy.complaints.length === 0 && Object.keys(entry.policy.file.thresholds).length === 0);
    assert.deepEqual([entry.analysis?.complete, entry.analysis?.silenced], [true, []]);
    await settled();
  });

  /** The Problems panel follows a moment later: it reads the places of names first. */
  async function settled(): Promise<void> {
    await until('the Problems panel has followed', () => problemKeys(uri).join() === keys(entry.analysis!.findings).join());
  }

  function silences(): { rule: string; model?: string; subject?: string }[] {
    return (JSON.parse(readFileSync(file.fsPath, 'utf8').replace(/\/\/.*/g, '')) as { silences: [] }).silences;
  }

  async function fixes(problem: vscode.Diagnostic): Promise<vscode.CodeAction[]> {
    await vscode.workspace.openTextDocument(uri);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, problem.range, vscode.CodeActionKind.QuickFix.value);
    // Other problems may stand at the same name, and this command does not say which action is for which.
    return actions.filter(({ title }) => title.startsWith('Open') || title.includes(` ${(problem.code as { value: string }).value}`));
  }

  async function apply(problem: vscode.Diagnostic, title: RegExp): Promise<void> {
    const fix = (await fixes(problem)).find((one) => title.test(one.title));
    assert.ok(fix?.command, `${title}`);
    await vscode.commands.executeCommand(fix.command.command, ...(fix.command.arguments as unknown[]));
  }

  it('stand at the name of their layer or weight', async () => {
    const document = await vscode.workspace.openTextDocument(uri);
    const problems = problemsOf(uri);
    assert.ok(problems.length >= 5);
    for (const { range, message, code } of problems) {
      const name = message.slice(0, message.indexOf(': '));
      if (name !== 'model.json') assert.ok([`"${name}"`, `"${name.split('/')[0]}"`].includes(document.getText(range)), `${name}: ${document.getText(range)}`);
      assert.match(String((code as { target: vscode.Uri }).target), /^command:weightgram\.openRule/);
    }
  });

  it('are the same on every front', async () => {
    writeFileSync(file.fsPath, '{ "silences": [{ "rule": "dead-output-units", "subject": "features/kernel", "reason": "pruned" }] }');
    await until('one is silenced', () => entry.analysis?.silenced?.length === 1);
    await settled();
    const expected = keys(entry.analysis!.findings);
    const silenced = keys(entry.analysis!.silenced!.map(({ finding }) => finding));
    assert.equal(silenced.length, 1);
    assert.deepEqual(problemKeys(uri), expected, 'Problems panel');
    assert.deepEqual(keys(leaves(tree, 'finding', entry)), expected, 'Suspicious Layers');
    assert.deepEqual(keys(leaves(tree, 'silenced', entry)), silenced, 'the row of silenced ones');
    const report = JSON.parse(await commandLine('check', uri.fsPath, '--format', 'json')) as { models: [{ findings: Finding[]; silenced: Finding[] }] };
    assert.deepEqual(keys(report.models[0].findings), expected, 'weightgram check');
    assert.deepEqual(keys(report.models[0].silenced), silenced);
    const analyzed = JSON.parse(await commandLine('analyze', uri.fsPath, '--json')) as { findings: Finding[] };
    assert.deepEqual(keys(analyzed.findings), expected, 'weightgram analyze');
    const sarif = JSON.parse(await commandLine('check', uri.fsPath, '--format', 'sarif')) as { runs: [{ results: { ruleId: string; level: string; locations: [{ logicalLocations: [{ name: string }] }] }[] }] };
    const results = sarif.runs[0].results.map(({ ruleId, level, locations }) => `${ruleId} ${level === 'note' ? 'info' : level} ${locations[0].logicalLocations[0].name}`);
    assert.deepEqual(results.sort(), expected, 'SARIF');
    assert.equal(treeItem({ kind: 'model', entry }).resourceUri?.query, 'error', 'decoration');
    const { model, analysis, assessment, problem } = entry;
    assert.deepEqual(keys(pageState({ model: model!, analysis, assessment, problem, nearZeroRatio: 0.01, histogramBins: 100 }, undefined).findings), expected, 'panel');
    const features = model!.layers.findIndex(({ name }) => name === 'features');
    const hover = layerHover(subjectOf(entry, { nearZeroRatio: 0.01, histogramBins: 100, workers: 1, thresholds: {}, budgetBytes: 0 }, { palette: palette() })!, features);
    assert.doesNotMatch(hover, /output units hold only zeros/, 'hover');
    assert.match(hover, /Excess kurtosis/, 'hover');
    const { errors, warnings } = { errors: expected.filter((key) => key.includes(' error ')).length, warnings: expected.filter((key) => key.includes(' warning ')).length };
    assert.match(assessmentText(entry.assessment), new RegExp(`${errors} errors? and ${warnings} warnings?`), 'assessment');
  });

  it('offer to look, to explain and to silence; an error only where it was seen', async () => {
    const of = (rule: string): vscode.Diagnostic => problemsOf(uri).find(({ code }) => (code as { value: string }).value === rule)!;
    const titles = async (rule: string): Promise<string[]> => (await fixes(of(rule))).map(({ title }) => title);
    assert.deepEqual(await titles('dead-output-units'), [
      'Open the histogram of edge_filters', 'Explain dead-output-units', 'Silence dead-output-units here (edge_filters/kernel)', 'Silence dead-output-units in this model', 'Silence dead-output-units everywhere',
    ]);
    assert.deepEqual((await titles('non-finite-values')).filter((title) => title.startsWith('Silence')), ['Silence non-finite-values here (digits/kernel)', 'Silence non-finite-values in this model']);
  });

  it('are silenced by a quick fix, which keeps the rest of the file', async () => {
    const [error] = problemsOf(uri).filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
    await apply(error!, /here/);
    await until('it is silenced', () => entry.analysis?.silenced?.length === 1);
    await settled();
    const { rule, subject } = entry.analysis!.silenced![0]!.finding;
    assert.deepEqual(silences(), [{ rule, model: 'model.json', subject: subject.name }]);
    assert.match(readFileSync(file.fsPath, 'utf8'), /\/\/ made by the test/);
  });

  it('are silenced for a model or everywhere, and what is open in an editor is written through it', async () => {
    const document = await vscode.workspace.openTextDocument(file);
    await vscode.window.showTextDocument(document);
    const dead = problemsOf(uri).find(({ code }) => (code as { value: string }).value === 'dead-output-units')!;
    await apply(dead, /everywhere/);
    await until('they are silenced', () => entry.analysis!.findings.every(({ rule }) => rule !== 'dead-output-units'));
    assert.equal(document.isDirty, false);
    assert.match(document.getText(), /dead-output-units/);
    await settled();
    const [error] = problemsOf(uri).filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
    await apply(error!, /in this model/);
    await until('the errors of that rule are silenced', () => silences().length === 2 && entry.analysis!.findings.every(({ rule }) => rule !== silences()[1]!.rule));
    assert.deepEqual(Object.keys(silences()[1]!), ['rule', 'model']);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('never hide an error behind a broken file, which says where it is broken', async () => {
    const all = keys(entry.analysis!.findings);
    writeFileSync(file.fsPath, `{ "silences": [${entry.analysis!.findings.map(({ rule, subject }) => JSON.stringify({ rule, subject: subject.name })).join()}`);
    await until('the file complains', () => problemsOf(file).length > 0);
    assert.deepEqual(keys(entry.analysis!.findings), all);
    assert.match(problemsOf(file)[0]!.message, /not valid JSON.*all findings show/);
    const before = readFileSync(file.fsPath, 'utf8');
    await apply(problemsOf(uri)[0]!, /here/);
    assert.equal(readFileSync(file.fsPath, 'utf8'), before, 'a quick fix does not write into a broken file');
  });

  it('tell of silences that match nothing, of unknown rules, and of errors that are only named by their rule', async () => {
    writeFileSync(file.fsPath, JSON.stringify({ silences: [{ rule: 'heavy-tails', subject: 'gone' }, { rule: 'havy-tails' }, { rule: 'non-finite-values' }] }, null, 2));
    await until('the file complains', () => problemsOf(file).length === 3);
    const messages = problemsOf(file).map(({ message }) => message).join('\n');
    assert.match(messages, /silences\[0\] matches nothing/);
    assert.match(messages, /did you mean "heavy-tails"\?/);
    assert.match(messages, /does not silence the errors of non-finite-values/);
  });

  it('follow thresholds of the settings and of .weightgram.json, without reading the weights again', async () => {
    const { statistics } = entry.analysis!;
    const severity = (): string | undefined => entry.analysis!.findings.find(({ rule }) => rule === 'extreme-spike')?.severity;
    assert.equal(severity(), 'error');
    await withSetting('weightgram.rules.extreme-spike.errorFrom', 700, async () => {
      await until('the setting is in force', () => severity() === 'warning');
      writeFileSync(file.fsPath, '{ "thresholds": { "extreme-spike": { "errorFrom": 200 } } }');
      await until('the file goes before the setting', () => severity() === 'error');
    });
    writeFileSync(file.fsPath, '{ "thresholds": { "extreme-spike": { "warningFrom": 900, "errorFrom": 900 } } }');
    await until('the rule is content', () => severity() === undefined);
    assert.equal(entry.analysis!.statistics, statistics, 'nothing was counted again');
  });

  it('use the default of a threshold that cannot be used', async () => {
    const before = keys(entry.analysis!.findings);
    await withSetting('weightgram.rules.extreme-spike.errorFrom', 'many', async () => {
      await withSetting(SETTINGS.histogramBins, 121, async () => {
        assert.deepEqual(keys(entry.analysis!.findings), before);
      });
    });
  });

  it('show only what is new once all present findings are accepted', async () => {
    const all = entry.analysis!.findings.length;
    await vscode.commands.executeCommand(COMMANDS.acceptFindings);
    await until('all are accepted', () => entry.analysis!.findings.length === 0 && entry.analysis!.silenced?.length === all);
    await until('the Problems panel is empty', () => problemsOf(uri).length === 0);
    assert.ok(existsSync(fileIn(folder, '.weightgram-baseline.json').fsPath));
    const baseline = JSON.parse(readFileSync(fileIn(folder, '.weightgram-baseline.json').fsPath, 'utf8')) as { accepted: { rule: string }[] };
    writeFileSync(fileIn(folder, '.weightgram-baseline.json').fsPath, JSON.stringify({ accepted: baseline.accepted.filter(({ rule }) => rule !== 'non-finite-values') }));
    await until('what the baseline does not hold shows', () => entry.analysis!.findings.some(({ rule }) => rule === 'non-finite-values'));
  });

  it('go when the model goes', async () => {
    const { store } = await api();
    const other = copyOfModel('planted', 'gone-model');
    const gone = fileIn('gone-model', 'model.json');
    await until('the copy is found', () => store.get(gone) !== undefined);
    await store.get(gone)!.analyze();
    await until('it has problems', () => problemsOf(gone).length > 0);
    other.remove();
    await until('they are gone', () => problemsOf(gone).length === 0);
  });
});
