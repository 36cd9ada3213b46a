import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import type { Report } from '../../../src/core/report';
import { runCli } from '../../support/cliProcess';

const root = path.join(__dirname, '../../..');
const FACE = path.join(root, 'node_modules/@vladmandic/face-api/model/face_recognition_model-weights_manifest.json');
const LANGUAGE = path.join(root, 'node_modules/@vscode/vscode-languagedetection/model/model.json');
const KERNEL = 'conv256_2/conv2/conv/filters';

describe('weightgram analyze --spectrum', function () {
  this.timeout(120_000);

  it('prints a chart and every figure', async () => {
    const { code, stdout, stderr } = await runCli(['analyze', FACE, '--tensor', KERNEL, '--spectrum', '--no-cache']);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /Spectrum of 256 × 2 304\n/);
    assert.match(stdout, /█.*\n.*random edge 0\.0\d+ ▲/);
    for (const figure of ['spectral norm', 'stable rank', 'effective rank', 'rank', 'condition', 'random edge', 'beyond it', 'shuffled / edge', 'filter entropy', 'alpha', 'tail']) {
      assert.match(stdout, new RegExp(`^ *${figure}  \\S`, 'm'), figure);
    }
  });

  it('adds it to the report, with what the rules say of it', async () => {
    const { code, stdout } = await runCli(['analyze', LANGUAGE, '--tensor', 'dnn/input_from_feature_columns/input_layer/content_embedding/embedding_weights', '--spectrum', '--json', '--no-cache']);
    assert.equal(code, 0);
    const report = JSON.parse(stdout) as Report;
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(path.join(root, 'test/fixtures/report.schema.json'), 'utf8')) as object);
    assert.ok(validate(report), JSON.stringify(validate.errors));
    const { spectrum } = report.tensors[0]!;
    assert.equal(spectrum!.singularValues.length, 70);
    const squares = spectrum!.singularValues.reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(Math.sqrt(squares) / spectrum!.frobeniusNorm - 1) < 1e-9, 'the squares of the singular values add up to those of the weights');
    assert.ok(report.findings.some(({ rule }) => rule === 'random-spectrum'));
  });

  it('is not there unasked', async () => {
    const { stdout } = await runCli(['analyze', LANGUAGE, '--tensor', 'dnn/hiddenlayer_0/kernel', '--json', '--no-cache']);
    assert.ok(!('spectrum' in (JSON.parse(stdout) as Report).tensors[0]!));
  });

  it('says why a bias has none', async () => {
    const { code, stderr } = await runCli(['analyze', LANGUAGE, '--tensor', 'dnn/hiddenlayer_0/bias', '--spectrum', '--no-cache']);
    assert.equal(code, 1);
    assert.match(stderr, /no matrix .* Choose a kernel/);
  });
});
