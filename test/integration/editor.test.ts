import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { openLink } from '../../src/extension/uriHandler';
import { COMMANDS, EDITORS, SETTINGS } from '../../src/extension/ids';
import type { ModelEntry } from '../../src/extension/modelEntry';
import { api, closeAllEditors, fileIn, panelTabs, until, withSetting, workspaceFolder } from './support';

interface TestTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A safetensors file: the length of its header, the header, the values one after another. */
function safetensors(tensors: readonly TestTensor[]): Uint8Array {
  let offset = 0;
  const header = Object.fromEntries(tensors.map(({ name, shape, values }) => {
    const begin = offset;
    offset += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, offset] }];
  }));
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...tensors.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength))]);
}

const values = (count: number, scale = 1): Float32Array => Float32Array.from({ length: count }, (_, i) => scale * Math.sin(1 + i));

const MODEL: readonly TestTensor[] = [
  { name: 'encoder.weight', shape: [6, 4], values: values(24) },
  { name: 'encoder.bias', shape: [6], values: values(6) },
  { name: 'decoder.weight', shape: [4, 6], values: values(24, 2) },
];

function editorTabs(): vscode.Tab[] {
  return vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter(({ input }) => input instanceof vscode.TabInputCustom && input.viewType.startsWith('weightgram.'));
}

describe('the editor', () => {
  const folder = (): string => path.join(workspaceFolder().fsPath, 'editor-test');
  const write = (name: string, contents: Uint8Array | string): vscode.Uri => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(path.join(folder(), name), contents);
    return fileIn('editor-test', name);
  };
  const entryOf = async (uri: vscode.Uri): Promise<ModelEntry> => {
    const { store } = await api();
    await until(`${uri.path} is known`, () => store.get(uri) !== undefined);
    return store.get(uri)!;
  };
  const analyzed = async (uri: vscode.Uri): Promise<ModelEntry> => {
    const entry = await entryOf(uri);
    await until(`${uri.path} is analyzed`, () => entry.analysis?.complete === true && !entry.isRunning);
    return entry;
  };

  before(api);
  beforeEach(closeAllEditors);
  after(async () => {
    await closeAllEditors();
    rmSync(folder(), { recursive: true, force: true });
    await vscode.commands.executeCommand(COMMANDS.refreshModels);
  });

  it('opens a weight file by a double click, and analyzes it', async () => {
    const uri = write('double.safetensors', safetensors(MODEL));
    await vscode.commands.executeCommand('vscode.open', uri);
    await until('the editor is open', () => editorTabs().length === 1);
    assert.equal((editorTabs()[0]!.input as vscode.TabInputCustom).viewType, EDITORS.model);
    const entry = await analyzed(uri);
    assert.deepEqual(entry.model!.tensors.map(({ name }) => name).sort(), MODEL.map(({ name }) => name).sort());
    await vscode.commands.executeCommand(COMMANDS.inspect, uri);
    assert.equal(editorTabs().length, 1);
    assert.equal(panelTabs().length, 0);
  });

  it('opens by Inspect Weights too, at the layer that a link names', async () => {
    const { panels } = await api();
    const uri = write('link.safetensors', safetensors(MODEL));
    await openLink(vscode.Uri.parse(`vscode://weightgram.weightgram/open?path=${encodeURIComponent(uri.fsPath)}&layer=decoder`));
    await until('the editor is open', () => editorTabs().length === 1);
    const entry = await analyzed(uri);
    assert.equal(panels.get(entry)!.selectedLayer, 'decoder');
    await vscode.commands.executeCommand(COMMANDS.showLayer, uri, 'encoder');
    assert.equal(panels.get(entry)!.selectedLayer, 'encoder');
    assert.equal(editorTabs().length, 1);
  });

  it('is offered for names that other things have too, and leaves the text editor as default', async () => {
    const uri = fileIn('planted', 'model.json');
    await vscode.commands.executeCommand('vscode.open', uri);
    await until('a tab is open', () => vscode.window.tabGroups.activeTabGroup.activeTab !== undefined);
    assert.ok(vscode.window.tabGroups.activeTabGroup.activeTab!.input instanceof vscode.TabInputText);
    await vscode.commands.executeCommand('vscode.openWith', uri, EDITORS.modelOnDemand);
    await until('the editor is open', () => editorTabs().length === 1);
    await analyzed(uri);
  });

  it('follows its file when it changes, is deleted and comes back', async () => {
    const { panels } = await api();
    const uri = write('follow.safetensors', safetensors(MODEL));
    await vscode.commands.executeCommand('vscode.open', uri);
    const entry = await analyzed(uri);
    const page = panels.get(entry)!;
    page.select('decoder');
    write('follow.safetensors', safetensors([...MODEL, { name: 'head.weight', shape: [2, 2], values: values(4) }]));
    await until('the new tensor is there', () => entry.model?.tensors.length === 4 && entry.analysis?.complete === true);
    assert.equal(page.selectedLayer, 'decoder');
    rmSync(uri.fsPath);
    await until('it says that the file is gone', () => entry.problem !== undefined);
    assert.match(entry.problem!, /follow\.safetensors/);
    assert.equal(panels.get(entry), page);
    write('follow.safetensors', safetensors(MODEL));
    await until('the model is back', () => entry.problem === undefined && entry.model?.tensors.length === 3 && entry.analysis?.complete === true);
  });

  it('opens on a file that is no model, says what it is, and shows the model that takes its place', async () => {
    const { store } = await api();
    const uri = write('pointer.safetensors', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n');
    await vscode.commands.executeCommand('vscode.open', uri);
    await until('the editor is open', () => editorTabs().length === 1);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(store.get(uri), undefined);
    write('pointer.safetensors', safetensors(MODEL));
    await analyzed(uri);
  });

  it('hides the shards of an index from the tree, and opens one by itself', async () => {
    const { store } = await api();
    const shard = write('model-00001-of-00001.safetensors', safetensors(MODEL));
    const weightMap = Object.fromEntries(MODEL.map(({ name }) => [name, 'model-00001-of-00001.safetensors']));
    const index = write('model.safetensors.index.json', JSON.stringify({ metadata: { total_size: 1 }, weight_map: weightMap }));
    await vscode.commands.executeCommand(COMMANDS.refreshModels);
    await until('both are known', () => store.get(shard) !== undefined && store.get(index) !== undefined);
    const listed = store.listed.map(({ uri }) => path.basename(uri.fsPath));
    assert.ok(listed.includes('model.safetensors.index.json') && !listed.includes('model-00001-of-00001.safetensors'), listed.join(', '));
    await vscode.commands.executeCommand(COMMANDS.inspect, shard);
    await analyzed(shard);
  });
});

/** Files in memory, told of like those of a real provider. */
class MemoryFiles implements vscode.FileSystemProvider {
  readonly files = new Map<string, { contents: Uint8Array; mtime: number }>();
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;
  reads = 0;

  put(name: string, contents: Uint8Array): vscode.Uri {
    const uri = vscode.Uri.parse(`weightgram-memory:/models/${name}`);
    const type = this.files.has(uri.path) ? vscode.FileChangeType.Changed : vscode.FileChangeType.Created;
    this.files.set(uri.path, { contents, mtime: Date.now() });
    this.#changed.fire([{ type, uri }]);
    return uri;
  }

  watch(): vscode.Disposable {
    return { dispose: () => undefined };
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    if (uri.path === '/models') return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    const file = this.files.get(uri.path);
    if (!file) throw vscode.FileSystemError.FileNotFound(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime: file.mtime, size: file.contents.length };
  }

  readDirectory(): [string, vscode.FileType][] {
    return [...this.files.keys()].map((name) => [path.posix.basename(name), vscode.FileType.File]);
  }

  readFile(uri: vscode.Uri): Uint8Array {
    this.reads++;
    const file = this.files.get(uri.path);
    if (!file) throw vscode.FileSystemError.FileNotFound(uri);
    return file.contents;
  }

  createDirectory(): void {
    throw vscode.FileSystemError.NoPermissions();
  }

  writeFile(): void {
    throw vscode.FileSystemError.NoPermissions();
  }

  delete(): void {
    throw vscode.FileSystemError.NoPermissions();
  }

  rename(): void {
    throw vscode.FileSystemError.NoPermissions();
  }
}

describe('files of a virtual workspace', () => {
  const memory = new MemoryFiles();
  let registration: vscode.Disposable;

  before(async () => {
    await api();
    registration = vscode.workspace.registerFileSystemProvider('weightgram-memory', memory, { isReadonly: true });
  });
  beforeEach(closeAllEditors);
  after(async () => {
    await closeAllEditors();
    registration.dispose();
  });

  it('open from a copy, with the files that they name, which goes when the editor is closed', async () => {
    const { store } = await api();
    memory.put('part-00001-of-00001.safetensors', safetensors(MODEL));
    const index = memory.put('part.safetensors.index.json', Buffer.from(JSON.stringify({ weight_map: Object.fromEntries(MODEL.map(({ name }) => [name, 'part-00001-of-00001.safetensors'])) })));
    await vscode.commands.executeCommand('vscode.openWith', index, EDITORS.modelOnDemand);
    await until('it is known', () => store.get(index) !== undefined);
    const entry = store.get(index)!;
    await until('it is analyzed', () => entry.analysis?.complete === true);
    assert.equal(entry.analysis!.statistics.size, MODEL.length);
    assert.ok(existsSync(entry.path));
    await closeAllEditors();
    await until('the copy is gone', () => !existsSync(entry.path));
    assert.equal(store.get(index), undefined);
  });

  it('follow their original', async () => {
    const { store } = await api();
    const uri = memory.put('changing.safetensors', safetensors(MODEL));
    await vscode.commands.executeCommand('vscode.open', uri);
    await until('it is analyzed', () => store.get(uri)?.analysis?.complete === true);
    memory.put('changing.safetensors', safetensors(MODEL.slice(0, 1)));
    await until('it has changed', () => store.get(uri)?.model?.tensors.length === 1);
  });

  it('above the cap are not read at all', async () => {
    const { store } = await api();
    await withSetting(SETTINGS.virtualFilesCap, 1, async () => {
      const uri = memory.put('large.safetensors', safetensors([{ name: 'w', shape: [600, 600], values: values(360_000) }]));
      const { reads } = memory;
      await vscode.commands.executeCommand('vscode.open', uri);
      await until('the editor is open', () => editorTabs().length === 1);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.equal(memory.reads, reads);
      assert.equal(store.get(uri), undefined);
    });
  });
});

describe('the values of a tensor', () => {
  it('come by rectangle, and are saved for numpy', async () => {
    const { engine } = await api();
    const folder = path.join(os.tmpdir(), `weightgram-values-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    try {
      const file = path.join(folder, 'values.safetensors');
      writeFileSync(file, safetensors(MODEL));
      const model = await engine.open(file);
      const index = model.tensors.findIndex(({ name }) => name === 'decoder.weight');
      const grid = await engine.grid(model, index, { rows: { axis: 0, from: 1, to: 3 }, columns: { axis: 1, from: 0, to: 6 }, at: [0, 0], mostRows: 10, mostColumns: 10, reduction: 'maxMagnitude' });
      assert.deepEqual(Array.from(grid.values), Array.from(MODEL[2]!.values.subarray(6, 18)));
      const saved = path.join(folder, 'decoder.npy');
      await engine.saveValues(model, index, { path: saved, format: 'npy' });
      const bytes = readFileSync(saved);
      assert.match(bytes.toString('latin1', 0, 128), /'descr': '<f4', 'fortran_order': False, 'shape': \(4, 6\)/);
      assert.deepEqual(new Uint8Array(bytes.subarray(128)), new Uint8Array(MODEL[2]!.values.buffer));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
