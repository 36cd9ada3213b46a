import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { buildReport } from '../../../src/core/report';
import { analysisOf, normals } from '../../support/handMade';
import type { HandMadeModel } from '../../support/handMade';

const schema = JSON.parse(readFileSync(path.join(__dirname, '../../fixtures/report.schema.json'), 'utf8')) as object;
const validate = new Ajv2020({ strict: false }).compile(schema);

const MODEL: HandMadeModel = {
  tensors: [
    { name: 'conv/kernel', shape: [3, 3, 8, 16], values: normals(1152, 0.1) },
    { name: 'conv/bias', values: new Float32Array(16) },
    { name: 'broken/kernel', shape: [4, 4], unreadable: 'broken.bin is missing.' },
    { name: 'all/nan', role: 'kernel', values: [NaN, NaN] },
    { name: 'infinite/kernel', values: [1, -Infinity, 2, Infinity] },
    { name: 'constant/x', role: 'other', values: [0.5, 0.5] },
    { name: 'words/labels', role: 'constant', dtype: 'string', shape: [3] },
    { name: 'scalar/step', role: 'optimizer', shape: [], values: [7] },
    { name: 'empty/kernel', shape: [0, 4], values: [] },
  ],
  layers: {
    conv: { className: 'Conv2D', activation: 'relu', regularizers: { kernel: { name: 'L2', config: { l2: 0.01 } } }, trainable: true },
    flatten: { className: 'Flatten' },
  },
  problems: [{ message: 'x.bin has 4 bytes more than the manifest describes.', remedy: 'Convert the model again.' }],
};

/** As a reader of the file sees it. */
function asJson(value: unknown): ReturnType<typeof buildReport> {
  return JSON.parse(JSON.stringify(value)) as ReturnType<typeof buildReport>;
}

describe('report', () => {
  const report = asJson(buildReport(analysisOf(MODEL), { bins: 20 }));

  it('follows the schema, broken and odd tensors included', () => {
    assert.ok(validate(report), JSON.stringify(validate.errors, null, 2));
  });

  it('has a schema that refuses what is wrong', () => {
    const [first, ...others] = report.tensors;
    assert.equal(validate({ ...report, tensors: [{ ...first, role: 'weight' }, ...others] }), false);
  });

  it('holds counts that add up', () => {
    for (const { name, statistics, parameters } of report.tensors) {
      if (!statistics) continue;
      const { count, nan, positiveInfinity, negativeInfinity, histogram, zeros, nearZeros } = statistics;
      assert.equal(count, parameters, name);
      assert.equal(histogram.counts.reduce((sum, n) => sum + n, 0), count - nan - positiveInfinity - negativeInfinity, name);
      if (histogram.counts.length > 0) assert.equal(histogram.edges.length, histogram.counts.length + 1, name);
      assert.ok(zeros <= nearZeros && nearZeros <= count, name);
    }
    assert.equal(report.model.parameters, 1152 + 16 + 16 + 2 + 4 + 2);
  });

  it('gives layers their shares over their weights and what the file declares', () => {
    const conv = report.layers.find(({ name }) => name === 'conv')!;
    assert.equal(conv.parameters, 1168);
    assert.equal(conv.sparsity, 16 / 1168);
    assert.deepEqual(conv.tensors, ['conv/kernel', 'conv/bias']);
    assert.deepEqual([conv.className, conv.activation, conv.trainable, conv.regularizers?.['kernel']?.name], ['Conv2D', 'relu', true, 'L2']);
    const broken = report.layers.find(({ name }) => name === 'broken')!;
    assert.deepEqual([broken.parameters, broken.readParameters, broken.sparsity], [16, 0, 0]);
  });

  it('lists unreadable tensors, each with a finding', () => {
    assert.deepEqual(report.unreadable, [{ tensor: 'broken/kernel', reason: 'broken.bin is missing.' }]);
    assert.ok(report.findings.some(({ rule, subject }) => rule === 'unreadable-tensor' && subject.name === 'broken/kernel'));
    assert.equal(report.tensors.find(({ name }) => name === 'broken/kernel')?.statistics, undefined);
    assert.equal(report.tensors.find(({ name }) => name === 'words/labels')?.statistics, undefined);
  });

  it('says null where there is no finite value, and one bin for a constant', () => {
    const figures = (name: string) => report.tensors.find((tensor) => tensor.name === name)!.statistics!;
    assert.deepEqual([figures('all/nan').min, figures('all/nan').mean, figures('all/nan').quantiles['0.5']], [null, null, null]);
    assert.deepEqual(figures('all/nan').histogram, { edges: [], counts: [] });
    assert.deepEqual(figures('constant/x').histogram, { edges: [0.5, 0.5], counts: [2] });
    assert.deepEqual(Object.keys(figures('conv/kernel').quantiles).sort(), ['0.001', '0.01', '0.05', '0.25', '0.5', '0.75', '0.95', '0.99', '0.999']);
  });

  it('can be about one tensor, with its layer and the findings about both', () => {
    const one = asJson(buildReport(analysisOf(MODEL), { bins: 20, tensor: 'conv/bias' }));
    assert.ok(validate(one), JSON.stringify(validate.errors));
    assert.deepEqual(one.tensors.map(({ name }) => name), ['conv/bias']);
    assert.deepEqual(one.layers.map(({ name }) => name), ['conv']);
    assert.deepEqual(one.findings.map(({ rule, subject }) => [rule, subject.kind]), [['inconsistent-data', 'model'], ['all-zero-tensor', 'tensor']]);
    assert.deepEqual(one.unreadable, []);
  });

  it('takes a histogram that was counted anew', () => {
    const histogram = { edges: [-1, 0, 1], counts: [500, 652] };
    const { tensors } = buildReport(analysisOf(MODEL), { bins: 20, histograms: new Map([[0, histogram]]) });
    assert.deepEqual(tensors[0]?.statistics?.histogram, histogram);
  });
});
