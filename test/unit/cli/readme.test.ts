import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { assess } from '../../../src/core/assessment';
import { analyzeFile } from '../../support/pageHarness/analyze';

const root = path.resolve(__dirname, '../../..');

const MODELS = [
  '@upscalerjs/esrgan-slim/models/x2/model.json',
  '@vscode/vscode-languagedetection/model/model.json',
  '@vladmandic/face-api/model/face_recognition_model-weights_manifest.json',
];

describe('the README', () => {
  const quoted = readFileSync(path.join(root, 'README.md'), 'utf8').split('\n').filter((line) => line.startsWith('> ')).map((line) => line.slice(2));

  for (const model of MODELS) {
    it(`says of ${model} what the program says`, async function () {
      this.timeout(60_000);
      const { analysis } = await analyzeFile(path.join(root, 'node_modules', model));
      for (const { text } of assess(analysis).sentences) assert.ok(quoted.includes(text.replaceAll('\u2009', ' ')), `The README does not have:\n> ${text}`);
    });
  }
});
