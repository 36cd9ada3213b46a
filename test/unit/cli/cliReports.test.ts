import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import type { Report } from '../../../src/core/report';
import { runCli } from '../../support/cliProcess';

const root = path.join(__dirname, '../../..');
const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(path.join(root, 'test/fixtures/report.schema.json'), 'utf8')) as object);

const FACE = '@vladmandic/face-api/model';

/** Every error and warning about these trained models has been looked at: the weights bear it out. */
const MODELS: readonly { readonly file: string; readonly format: string; readonly layer: string; readonly suspicious: readonly string[] }[] = [
  { file: '@upscalerjs/esrgan-slim/models/x2/model.json', format: 'tfjs-layers', layer: 'UPN1', suspicious: [] },
  { file: '@upscalerjs/esrgan-slim/models/x8/model.json', format: 'tfjs-layers', layer: 'F_0', suspicious: [] },
  { file: '@vscode/vscode-languagedetection/model/model.json', format: 'tfjs-graph', layer: 'hiddenlayer_0', suspicious: [] },
  { file: '@spotify/basic-pitch/model/model.json', format: 'tfjs-graph', layer: 'conv2d_1', suspicious: [] },
  { file: `${FACE}/face_landmark_68_model-weights_manifest.json`, format: 'tfjs-weights', layer: 'dense0/conv0', suspicious: [] },
  { file: `${FACE}/age_gender_model-weights_manifest.json`, format: 'tfjs-weights', layer: 'fc/age', suspicious: [] },
  {
    file: `${FACE}/face_landmark_68_tiny_model-weights_manifest.json`, format: 'tfjs-weights', layer: 'dense0/conv2',
    suspicious: ['warning all-zero-tensor dense0/conv2/depthwise_filter'],
  },
  {
    file: `${FACE}/ssd_mobilenetv1_model-weights_manifest.json`, format: 'tfjs-weights', layer: 'MobilenetV1/Conv2d_0_pointwise',
    suspicious: [],
  },
  {
    file: `${FACE}/face_recognition_model-weights_manifest.json`, format: 'tfjs-weights', layer: 'conv256_down_out/conv2/conv',
    suspicious: ['warning zero-flood conv256_down_out/conv2/conv/filters'],
  },
];

async function analyze(file: string, ...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await runCli(['analyze', path.join(root, 'node_modules', file), '--json', '--no-cache', ...args]);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  return JSON.parse(stdout) as Report;
}

function assertConsistent(report: Report): void {
  const tensors = new Map(report.tensors.map((tensor) => [tensor.name, tensor]));
  assert.equal(tensors.size, report.tensors.length, 'names are unique');
  for (const { name, statistics, parameters, shape } of report.tensors) {
    assert.equal(shape.reduce((product, size) => product * size, 1), parameters, name);
    if (!statistics) continue;
    const { count, nan, positiveInfinity, negativeInfinity, histogram, zeros, nearZeros, min, max } = statistics;
    assert.equal(count, parameters, name);
    assert.equal(histogram.counts.reduce((sum, n) => sum + n, 0), count - nan - positiveInfinity - negativeInfinity, name);
    assert.deepEqual([histogram.edges[0] ?? null, histogram.edges.at(-1) ?? null], [min, max], name);
    assert.ok(histogram.edges.every((edge, i, edges) => i === 0 || edge > edges[i - 1]! || min === max), name);
    assert.ok(zeros <= nearZeros && nearZeros <= count, name);
    const quantiles = Object.entries(statistics.quantiles).sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value!);
    const rounding = Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0)) * Number.EPSILON;
    assert.ok(quantiles.every((value, i) => i === 0 || value >= quantiles[i - 1]! - rounding), name);
  }
  const weightRoles = report.tensors.filter(({ role, dtype }) => !['constant', 'optimizer', 'quantization'].includes(role) && dtype !== 'string');
  assert.equal(weightRoles.reduce((sum, { parameters }) => sum + parameters, 0), report.model.parameters);
  assert.equal(report.layers.reduce((sum, { parameters }) => sum + parameters, 0), report.model.parameters);
  assert.deepEqual(report.layers.flatMap((layer) => layer.tensors).sort(), [...tensors.keys()].sort(), 'each tensor is in one layer');
  for (const layer of report.layers) {
    const own = weightRoles.filter(({ name }) => layer.tensors.includes(name));
    const zeros = own.reduce((sum, { statistics }) => sum + statistics!.zeros, 0);
    if (own.length > 0) assert.ok(Math.abs(layer.sparsity - zeros / layer.parameters) < 1e-12, layer.name);
  }
}

describe('weightgram analyze --json on real models', () => {
  for (const { file, format, layer, suspicious } of MODELS) {
    it(file, async () => {
      const report = await analyze(file);
      assert.ok(validate(report), JSON.stringify(validate.errors, null, 2));
      assertConsistent(report);
      assert.equal(report.model.format, format);
      assert.equal(report.model.name, path.basename(file));
      assert.ok(report.layers.some(({ name }) => name === layer || name.endsWith(`/${layer}`)), `a layer ${layer}`);
      const found = report.findings.filter(({ severity }) => severity !== 'info').map(({ severity, rule, subject }) => `${severity} ${rule} ${subject.name}`);
      assert.deepEqual(found.sort(), [...suspicious].sort());
      assert.deepEqual(report.unreadable, []);
    });
  }

  it('--tensor gives one tensor with exactly --bins even bins', async () => {
    const report = await analyze(MODELS[0]!.file, '--tensor', 'UPN1/kernel', '--bins', '37');
    assert.ok(validate(report), JSON.stringify(validate.errors));
    assert.deepEqual(report.tensors.map(({ name }) => name), ['UPN1/kernel']);
    const { edges, counts } = report.tensors[0]!.statistics!.histogram;
    const width = (edges[37]! - edges[0]!) / 37;
    assert.equal(counts.length, 37);
    assert.ok(edges.every((edge, i) => Math.abs(edge - (edges[0]! + i * width)) < width * 1e-9));
    assert.equal(counts.reduce((sum, n) => sum + n, 0), 5 * 5 * 64 * 64);
  });

  it('--bins changes the histograms and nothing else', async () => {
    const [coarse, fine] = [await analyze(MODELS[0]!.file, '--bins', '5'), await analyze(MODELS[0]!.file, '--bins', '50')];
    const withoutHistograms = ({ tensors }: Report) => tensors.map(({ statistics, ...tensor }) => ({ ...tensor, statistics: { ...statistics, histogram: undefined } }));
    assert.deepEqual(withoutHistograms(coarse), withoutHistograms(fine));
    assert.ok(coarse.tensors.every(({ statistics }) => statistics!.histogram.counts.length <= 5));
    assert.ok(fine.tensors.some(({ statistics }) => statistics!.histogram.counts.length > 30));
  });
});
