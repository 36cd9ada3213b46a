import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/extension/ids';
import { api, closeAllEditors, entryOf, fileIn, panelTabs, until } from './support';

describe('Inspect Weights', () => {
  beforeEach(closeAllEditors);
  after(closeAllEditors);

  it('opens a panel with the name of the model, and analyzes it', async () => {
    const entry = await entryOf('planted', 'model.json');
    await vscode.commands.executeCommand(COMMANDS.inspect, entry.uri);
    await until('the panel is open', () => panelTabs().length === 1);
    assert.equal(panelTabs()[0]!.label, 'planted/model.json');
    await until('the analysis is done', () => entry.analysis?.complete === true);
  });

  it('brings the same panel to the front the second time', async () => {
    const { panels } = await api();
    const entry = await entryOf('planted', 'model.json');
    await vscode.commands.executeCommand(COMMANDS.inspect, entry.uri);
    await until('the panel is open', () => panelTabs().length === 1);
    const panel = panels.get(entry);
    await vscode.commands.executeCommand(COMMANDS.inspect, entry.uri);
    assert.equal(panels.get(entry), panel);
    assert.equal(panelTabs().length, 1);
  });

  it('opens a panel for each file of a selection', async () => {
    const files = [fileIn('planted', 'model.json'), fileIn('small-detector', 'detector.json')];
    await vscode.commands.executeCommand(COMMANDS.inspect, files[0], files);
    await until('both are open', () => panelTabs().length === 2);
  });

  it('opens nothing for a file that is no model', async () => {
    // The command waits for an answer to its message: the test does not.
    void vscode.commands.executeCommand(COMMANDS.inspect, fileIn('package.json'));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(panelTabs().length, 0);
    await vscode.commands.executeCommand('notifications.clearAll');
  });

  it('forgets a panel that was closed', async () => {
    const { panels } = await api();
    const entry = await entryOf('planted', 'model.json');
    await vscode.commands.executeCommand(COMMANDS.inspect, entry.uri);
    await until('the panel is open', () => panels.get(entry) !== undefined);
    await closeAllEditors();
    await until('the panel is forgotten', () => panels.get(entry) === undefined);
  });
});

describe('the pages of rules', () => {
  after(closeAllEditors);

  it('open in the Markdown preview', async () => {
    await vscode.commands.executeCommand(COMMANDS.openRule, 'near-zero-mass');
    const isOpen = (): boolean => vscode.window.tabGroups.all.some((group) => group.tabs.some(({ label }) => label.includes('near-zero-mass')));
    await until('the page is open', isOpen);
  });
});
