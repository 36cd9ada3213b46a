import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/extension/ids';
import { api } from './support';

describe('activation', () => {
  it('registers every command of the manifest', async () => {
    await api();
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(Object.values(COMMANDS).filter((id) => !known.has(id)), []);
  });

  it('reads nothing of a model before somebody looks', async () => {
    const { store } = await api();
    assert.ok(store.entries.length > 0);
    assert.deepEqual(store.entries.filter(({ analysis }) => analysis !== undefined).map(({ path }) => path), []);
  });
});
