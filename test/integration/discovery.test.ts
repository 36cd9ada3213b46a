import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS, SETTINGS } from '../../src/extension/ids';
import { api, closeAllEditors, copyOfModel, fileIn, until, withSetting, workspaceFolder } from './support';

const MODELS = [
  'basic-pitch/model.json',
  'blazeface/face_detection_front_128x128_barracuda.onnx',
  'esrgan-slim/model.json',
  'face-api/face_expression_model-weights_manifest.json',
  'face-api/tiny_face_detector_model-weights_manifest.json',
  'language-detection/model.json',
  'planted/model.json',
  'selfie-segmentation/selfie_segmentation.tflite',
  'small-detector/detector.json',
  'voice-detection/silero_vad_v5.onnx',
];

describe('the models of the workspace', () => {
  it('are found whatever their files are called, and nothing else is', async () => {
    const { store } = await api();
    const found = store.entries.map(({ uri }) => vscode.workspace.asRelativePath(uri));
    assert.deepEqual(found, MODELS);
    assert.equal(store.get(fileIn('package.json')), undefined);
  });

  it('come and go with their files', async () => {
    const { store } = await api();
    const copy = copyOfModel('small-detector', 'came-later');
    try {
      await until('the copy is found', () => store.get(fileIn('came-later', 'detector.json')) !== undefined);
    } finally {
      copy.remove();
    }
    await until('the copy is gone', () => store.get(fileIn('came-later', 'detector.json')) === undefined);
  });

  it('are not looked for in node_modules, neither by a search nor by a watcher', async () => {
    const { store } = await api();
    const copy = copyOfModel('small-detector', 'node_modules/some-package');
    try {
      await vscode.commands.executeCommand(COMMANDS.refreshModels);
      assert.equal(store.get(fileIn('node_modules', 'some-package', 'detector.json')), undefined);
      // What a person opens is looked at all the same.
      await vscode.commands.executeCommand('vscode.open', fileIn('node_modules', 'some-package', 'detector.json'));
      await until('the opened file is known', () => store.get(fileIn('node_modules', 'some-package', 'detector.json')) !== undefined);
    } finally {
      await closeAllEditors();
      copy.remove();
      rmSync(path.join(workspaceFolder().fsPath, 'node_modules'), { recursive: true, force: true });
      await vscode.commands.executeCommand(COMMANDS.refreshModels);
    }
  });

  it('follow the settings, without a reload', async () => {
    const { store } = await api();
    const detector = fileIn('small-detector', 'detector.json');
    await withSetting(SETTINGS.exclude, ['**/small-detector/**'], () => until('the detector is left out', () => store.get(detector) === undefined));
    await until('the detector is back', () => store.get(detector) !== undefined);
    await withSetting('files.exclude', { 'small-detector': true }, () => until('files.exclude is respected', () => store.get(detector) === undefined));
    await until('the detector is back', () => store.get(detector) !== undefined);
    await withSetting(SETTINGS.include, ['**/detector.json'], () => until('only the detector is left', () => store.entries.every(({ path: file }) => file === detector.fsPath)));
    await until('all are back', () => store.entries.length === MODELS.length);
  });

  it('stop being models when their content does', async () => {
    const { store } = await api();
    const folder = path.join(workspaceFolder().fsPath, 'changing');
    mkdirSync(folder, { recursive: true });
    const file = fileIn('changing', 'thing.json');
    try {
      writeFileSync(file.fsPath, JSON.stringify({ format: 'layers-model', modelTopology: { class_name: 'Sequential', config: { layers: [] } }, weightsManifest: [] }));
      await until('it is a model', () => store.get(file) !== undefined);
      writeFileSync(file.fsPath, JSON.stringify({ compilerOptions: {} }));
      await until('it is none any more', () => store.get(file) === undefined);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
