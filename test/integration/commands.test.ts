import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Report } from '../../src/core/report';
import { COMMANDS } from '../../src/extension/ids';
import { api, closeAllEditors, entryOf, fileIn, panelTabs, workspaceFolder } from './support';

type Answers = Partial<Record<'showSaveDialog' | 'showWarningMessage' | 'showErrorMessage' | 'showInformationMessage' | 'showQuickPick', unknown>>;

/** Answers dialogs in a person's place for as long as `work` runs; returns the first argument of each that was shown. */
async function answering(answers: Answers, work: () => Promise<unknown>): Promise<string[]> {
  const window = vscode.window as unknown as Record<string, unknown>;
  const originals = Object.fromEntries(Object.keys(answers).map((name) => [name, window[name]]));
  const shown: string[] = [];
  for (const [name, answer] of Object.entries(answers)) {
    window[name] = (first: unknown) => {
      if (typeof first === 'string') shown.push(first);
      return Promise.resolve(answer);
    };
  }
  try {
    await work();
  } finally {
    Object.assign(window, originals);
  }
  return shown;
}

/** A folder of the workspace with one file in it. */
async function withFile(name: string, contents: string, work: (uri: vscode.Uri) => Promise<void>): Promise<void> {
  const folder = path.join(workspaceFolder().fsPath, 'commands-test');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), contents);
  try {
    await work(fileIn('commands-test', name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    // A watcher may take a folder that comes and goes at once for one that never was.
    await vscode.commands.executeCommand(COMMANDS.refreshModels);
  }
}

describe('Inspect Weights on what it cannot show', () => {
  before(api);
  beforeEach(closeAllEditors);

  const inspect = (uri: vscode.Uri): Promise<string[]> =>
    answering({ showWarningMessage: undefined, showErrorMessage: undefined }, async () => vscode.commands.executeCommand(COMMANDS.inspect, uri));

  it('says what a file is that is no model', async () => {
    const [message, ...others] = await inspect(fileIn('package.json'));
    assert.match(message ?? '', /^package\.json is .+, not a model that Weightgram reads\.$/);
    assert.deepEqual(others, []);
    assert.equal(panelTabs().length, 0);
  });

  it('recognizes a Git LFS pointer', async () => {
    await withFile('model.json', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', async (uri) => {
      assert.match((await inspect(uri)).join('\n'), /LFS/);
    });
  });

  it('names the file that is broken, and opens no panel', async () => {
    await withFile('model.json', '{"format":"layers-model","modelTopology":{"class_name":"Sequential","config":{"layers":[', async (uri) => {
      assert.ok((await inspect(uri)).join('\n').includes('model.json'));
      assert.equal(panelTabs().length, 0);
    });
  });

  it('names the file that is not there', async () => {
    const messages = await inspect(fileIn('no-such-folder', 'model.json'));
    assert.equal(messages.length, 1);
    assert.match(messages[0]!, /model\.json/);
    assert.doesNotMatch(messages[0]!, /\n\s+at /);
  });
});

describe('Export Report', () => {
  it('writes what the command line prints', async () => {
    const entry = await entryOf('planted', 'model.json');
    const target = path.join(os.tmpdir(), `weightgram-report-${process.pid}.json`);
    try {
      const messages = await answering({ showSaveDialog: vscode.Uri.file(target), showInformationMessage: undefined }, async () =>
        vscode.commands.executeCommand(COMMANDS.exportReport, entry.uri));
      assert.match(messages.join('\n'), /was saved to/);
      const report = JSON.parse(readFileSync(target, 'utf8')) as Report;
      assert.equal(report.schemaVersion, 1);
      assert.equal(report.model.format, 'tfjs-layers');
      assert.equal(report.tensors.length, entry.model!.tensors.length);
      assert.ok(report.findings.some(({ rule }) => rule === 'non-finite-values'));
    } finally {
      rmSync(target, { force: true });
    }
  });
});

describe('Clear Cached Results', () => {
  it('has the next analysis read the file', async () => {
    const entry = await entryOf('small-detector', 'detector.json');
    const fromCache = (): boolean | undefined => (entry.analysis?.progress.kind === 'done' ? entry.analysis.progress.fromCache : undefined);
    await entry.analyze();
    await entry.restart();
    assert.equal(fromCache(), true);
    await answering({ showInformationMessage: undefined }, async () => vscode.commands.executeCommand(COMMANDS.clearCache));
    await entry.restart();
    assert.equal(fromCache(), false);
  });
});

describe('Search Layers', () => {
  after(closeAllEditors);

  it('opens the panel at the layer that was chosen', async () => {
    const { panels } = await api();
    const entry = await entryOf('planted', 'model.json');
    await answering({ showQuickPick: { label: 'digits', entry, layer: 'digits' } }, async () => vscode.commands.executeCommand(COMMANDS.searchLayers));
    assert.ok(panels.get(entry));
  });
});
