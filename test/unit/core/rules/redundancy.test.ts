import assert from 'node:assert/strict';
import type { Layer } from '../../../../src/core/model';
import { findingsOf } from '../../../../src/core/rules/index';
import type { Finding, Severity } from '../../../../src/core/rules/rule';
import type { SimilarUnits } from '../../../../src/core/statistics/tensorStatistics';
import { analysisOf, findingsOfTensors, normals } from '../../../support/handMade';
import type { HandMadeTensor } from '../../../support/handMade';

const UNITS = 32;

function kernel(change: (values: Float32Array) => void = () => undefined, more: Partial<HandMadeTensor> = {}): HandMadeTensor {
  const values = normals(3 * 3 * 16 * UNITS, 0.05);
  change(values);
  return { name: 'conv/kernel', shape: [3, 3, 16, UNITS], values, ...more };
}

function scaleUnits(values: Float32Array, units: number, factor: number): void {
  for (let i = 0; i < values.length; i++) if (i % UNITS < units) values[i]! *= factor;
}

function found(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: Record<string, Partial<Layer>>): Finding | undefined {
  return findingsOfTensors([tensors].flat(), layers).find((finding) => finding.rule === rule);
}

function severity(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: Record<string, Partial<Layer>>): Severity | undefined {
  return found(tensors, rule, layers)?.severity;
}

describe('rules about redundant units', () => {
  describe('dead-output-units', () => {
    const rule = 'dead-output-units';
    const first = kernel((values) => scaleUnits(values, 12, 0));
    /** A kernel that reads the units of the first, of which some are dead inputs. */
    const reader = (deadInputs: number): HandMadeTensor =>
      ({ name: 'next/kernel', shape: [1, 1, UNITS, 24], values: normals(UNITS * 24, 0.1, 5).map((value, i) => (Math.floor(i / 24) < deadInputs ? 0 : value)) });

    it('is a note where what reads the units is dead too, and a warning where it is not', () => {
      assert.equal(severity([first, reader(12)], rule), 'info');
      assert.match(found([first, reader(12)], rule)?.advice ?? '', /^next\/kernel has only zeros for most of them/);
      assert.equal(severity([first, reader(9)], rule), 'info', 'three quarters');
      assert.equal(severity([first, reader(8)], rule), 'warning', 'two thirds');
      assert.equal(severity([first, reader(0)], rule), 'warning');
    });

    it('warns of a single dead unit of the head, whose class is never answered', () => {
      const layers = { conv: { className: 'Conv2D', inputs: [] }, head: { className: 'Dense', inputs: ['conv'] } };
      const values = normals(64 * 200, 0.1).map((value, i) => (i % 200 === 7 ? 0 : value));
      const tensors = (name: string): HandMadeTensor[] => [kernel(), { name, shape: [64, 200], values }];
      assert.equal(severity(tensors('head/kernel'), rule, layers), 'warning');
      assert.equal(severity(tensors('conv2/kernel'), rule, { conv2: { className: 'Dense', inputs: [] }, ...layers, conv: { className: 'Conv2D', inputs: ['conv2'] } }), 'info');
    });
  });

  describe('weak-units', () => {
    const rule = 'weak-units';

    it('notes units of a norm far below the median, with their numbers', () => {
      const finding = found(kernel((values) => scaleUnits(values, 3, 0.03)), rule);
      assert.equal(finding?.severity, 'info');
      assert.match(finding.message, /^3 of 32 /);
      assert.deepEqual(finding.evidence?.['unitIndices'], [0, 1, 2]);
      assert.equal(severity(kernel((values) => scaleUnits(values, 3, 0.1)), rule), undefined);
    });

    it('does not count dead and near-dead units again, nor a single weak one', () => {
      assert.equal(severity(kernel((values) => scaleUnits(values, 3, 0)), rule), undefined);
      assert.equal(severity(kernel((values) => scaleUnits(values, 3, 0.001)), rule), undefined);
      assert.equal(severity(kernel((values) => scaleUnits(values, 1, 0.03)), rule), undefined);
    });

    it('does not judge what a batch normalization rescales, depthwise filters and rows', () => {
      const weak = kernel((values) => scaleUnits(values, 3, 0.03));
      assert.equal(severity(weak, rule, { conv: {}, bn: { className: 'BatchNormalization', inputs: ['conv'] } }), undefined);
      const depthwise = normals(9 * 9 * UNITS).map((value, i) => (i % UNITS < 3 ? value * 0.03 : value));
      assert.equal(severity({ name: 'dw/kernel', shape: [9, 9, UNITS, 1], axes: { output: 2 }, values: depthwise }, rule), undefined);
      assert.equal(severity({ ...weak, name: 'e/embeddings', shape: [144, UNITS], axes: { input: 0, output: 1 } }, rule), undefined);
    });
  });

  describe('duplicate-units', () => {
    const rule = 'duplicate-units';
    const pair = (first: number, second: number, cosine = 1, weights = 64): SimilarUnits => ({ first, second, cosine, weights });
    const withPairs = (...similarUnits: SimilarUnits[]): HandMadeTensor => kernel(undefined, { figures: { similarUnits } });

    it('notes a pair and names it', () => {
      const finding = found(withPairs(pair(3, 17, 0.99961)), rule);
      assert.equal(finding?.severity, 'info');
      assert.match(finding.message, /^2 of 32 .* 3 and 17 with a cosine of 0\.9996\.$/);
      assert.deepEqual(finding.evidence?.['unitIndices'], [3, 17]);
    });

    it('warns where a quarter of the units has a duplicate', () => {
      assert.equal(severity(withPairs(pair(0, 1), pair(2, 3), pair(4, 5)), rule), 'info');
      assert.equal(severity(withPairs(pair(0, 1), pair(1, 2), pair(2, 3), pair(4, 5), pair(6, 7)), rule), 'warning');
    });

    it('is silent about units that are only alike, and where chance alone makes them so', () => {
      assert.equal(severity(withPairs(pair(0, 1, 0.995)), rule), undefined);
      assert.equal(severity(withPairs(pair(0, 1, 1, 9)), rule), undefined);
      assert.equal(severity(withPairs(), rule), undefined);
      assert.equal(severity(kernel(), rule), undefined);
    });

    it('leaves a constant kernel, all of whose units are equal, to its own rule', () => {
      const constant = kernel((values) => values.fill(0.1), { figures: { similarUnits: [pair(0, 1), pair(0, 2), pair(0, 3), pair(0, 4), pair(0, 5), pair(0, 6), pair(0, 7)] } });
      assert.deepEqual(findingsOfTensors([constant]).map((finding) => finding.rule).filter((id) => id === rule || id === 'constant-tensor'), ['constant-tensor']);
    });
  });

  describe('structured-sparsity', () => {
    const rule = 'structured-sparsity';
    /** Two zeros in every four inputs. */
    const pruned = kernel((values) => values.forEach((_, i) => { if (Math.floor(i / UNITS) % 4 < 2) values[i] = 0; }));
    const groups = (atLeastHalfZero: number): HandMadeTensor => ({ ...kernel((values) => values.forEach((_, i) => { if ((i * 7919) % values.length < 0.55 * values.length) values[i] = 0; })), figures: { sparseGroups: { groups: 1152, atLeastHalfZero } } });

    it('names the pattern instead of the plain share of zeros', () => {
      const rules = findingsOfTensors([groups(1152)]).map((finding) => finding.rule);
      assert.ok(rules.includes(rule) && !rules.includes('exact-sparsity'));
      assert.equal(severity(groups(1130), rule), undefined);
      assert.equal(severity(groups(1130), 'exact-sparsity'), 'info');
    });

    it('wants so many groups that chance does not make them', () => {
      const few = (count: number): HandMadeTensor => ({ ...groups(0), figures: { sparseGroups: { groups: count, atLeastHalfZero: count } } });
      assert.equal(severity(few(40), rule), 'info');
      assert.equal(severity(few(20), rule), undefined);
    });

    it('does not take plain sparsity and dead inputs for the pattern', () => {
      const sparse = kernel((values) => values.forEach((_, i) => { if ((i * 7919) % 100 < 90) values[i] = 0; }), { figures: { sparseGroups: { groups: 1152, atLeastHalfZero: 1148 } } });
      assert.equal(severity(sparse, rule), undefined);
      assert.equal(severity({ ...pruned, figures: { sparseGroups: { groups: 1152, atLeastHalfZero: 1152 } } }, rule), undefined, 'half of the inputs are dead');
    });
  });

  describe('dead-rows', () => {
    const rule = 'dead-rows';
    const embedding = (isDead: (row: number) => boolean): HandMadeTensor =>
      ({ name: 'e/embeddings', shape: [400, 16], axes: { input: 0, output: 1 }, values: normals(6400, 0.1).map((value, i) => (isDead(Math.floor(i / 16)) ? 0 : value)) });

    it('notes few dead rows, warns of many, and lets the row of padding be', () => {
      assert.equal(severity(embedding((row) => row === 0), rule), undefined);
      assert.equal(severity(embedding((row) => row === 1), rule), undefined);
      assert.equal(severity(embedding((row) => row === 5), rule), 'info');
      assert.equal(severity(embedding((row) => row % 15 === 2), rule), 'warning');
    });

    it('knows rows that round the vocabulary up', () => {
      const finding = found(embedding((row) => row >= 370), rule);
      assert.equal(finding?.severity, 'info');
      assert.match(finding.message, /^30 of 400 .*all of them at its end/);
    });

    it('is silent about rows of NaN, and about dense kernels', () => {
      const values = normals(6400, 0.1).map((value, i) => (i >= 160 && i < 176 ? NaN : value));
      assert.equal(severity({ ...embedding(() => false), values }, rule), undefined);
      assert.equal(severity({ ...embedding((row) => row % 15 === 2), name: 'd/kernel' }, rule), undefined);
    });
  });

  describe('under-trained-tokens', () => {
    const rule = 'under-trained-tokens';
    const vocabulary = (factor: (row: number) => number): HandMadeTensor =>
      ({ name: 'e/embeddings', shape: [2000, 16], axes: { input: 0, output: 1 }, values: normals(32_000, 0.1).map((value, i) => value * factor(Math.floor(i / 16))) });

    it('notes a cluster far below the other rows, and warns where it is large', () => {
      const finding = found(vocabulary((row) => (row % 50 === 3 ? 0.1 : 1)), rule);
      assert.equal(finding?.severity, 'info');
      assert.match(finding.message, /^40 of 2000 /);
      assert.equal(severity(vocabulary((row) => (row % 10 === 3 ? 0.1 : 1)), rule), 'warning');
    });

    it('does not take the tail of one broad cluster, chance, or dead rows for another', () => {
      assert.equal(severity(vocabulary(() => 1), rule), undefined);
      assert.equal(severity(vocabulary((row) => 10 ** (-row / 1500)), rule), undefined);
      assert.equal(severity(vocabulary((row) => (row < 5 ? 0.1 : 1)), rule), undefined);
      assert.equal(severity(vocabulary((row) => (row % 50 === 3 ? 0 : 1)), rule), undefined);
    });
  });

  describe('identical-tensors', () => {
    const rule = 'identical-tensors';
    const copy = (name: string, change?: (values: Float32Array) => void): HandMadeTensor => kernel(change, { name });

    it('warns once of all kernels with the same values, and names them', () => {
      const findings = findingsOfTensors([copy('a/kernel'), copy('b/kernel'), kernel((values) => values.reverse(), { name: 'c/kernel' }), copy('d/kernel')]).filter((finding) => finding.rule === rule);
      assert.deepEqual(findings.map((finding) => [finding.severity, finding.subject.name]), [['warning', 'a/kernel']]);
      assert.match(findings[0]!.message, /^All 4\u2009608 values are the same as in b\/kernel, d\/kernel\.$/);
    });

    it('is not fooled by one value that differs, by other filters of the same values, or by another shape', () => {
      assert.equal(severity([copy('a/kernel'), copy('b/kernel', (values) => { values[1] = values[1]! * 1.001; })], rule), undefined);
      const turned = kernel((values) => values.set([...values.subarray(1), values[0]!]), { name: 'b/kernel' });
      assert.equal(severity([copy('a/kernel'), turned], rule), undefined, 'each value one filter further');
      assert.equal(severity([copy('a/kernel'), { ...copy('b/kernel'), shape: [144, 32] }], rule), undefined);
    });

    it('takes tied weights, frozen copies and the copies in a frozen graph for notes', () => {
      const values = normals(100 * 16);
      const turned = normals(100 * 16).map((_, i) => values[(i % 100) * 16 + Math.floor(i / 100)]!);
      const tied: HandMadeTensor[] = [{ name: 'e/embeddings', shape: [100, 16], axes: { input: 0, output: 1 }, values }, { name: 'h/kernel', role: 'head', shape: [16, 100], values: turned }];
      assert.equal(severity(tied, rule), 'info');
      assert.equal(severity([copy('a/kernel'), copy('b/kernel')], rule, { a: { trainable: false }, b: { trainable: false } }), 'info');
      const { model, statistics } = analysisOf({ tensors: [copy('a/kernel'), copy('b/kernel')] });
      assert.equal(findingsOf({ ...model, format: 'tfjs-graph' }, statistics, new Map()).find((finding) => finding.rule === rule)?.severity, 'info');
      const sameBytes = { segments: [{ file: 0, offset: 64, length: 18_432 }] };
      assert.equal(severity([{ ...copy('a/kernel'), ...sameBytes }, { ...copy('b/kernel'), ...sameBytes }], rule), 'info');
    });

    it('passes over biases, small kernels, constant ones and ones of few values', () => {
      const small = (name: string): HandMadeTensor => ({ name, shape: [8, 8], values: normals(64) });
      assert.equal(severity([small('a/kernel'), small('b/kernel')], rule), undefined);
      const ternary = (name: string): HandMadeTensor => copy(name, (values) => values.forEach((value, i) => { values[i] = Math.sign(value) * (Math.abs(value) > 0.03 ? 1 : 0); }));
      assert.equal(severity([ternary('a/kernel'), ternary('b/kernel')], rule), undefined);
      assert.equal(severity([copy('a/kernel', (values) => values.fill(0)), copy('b/kernel', (values) => values.fill(0))], rule), undefined);
      const bias = (name: string): HandMadeTensor => ({ name, values: normals(1000) });
      assert.equal(severity([bias('a/bias'), bias('b/bias')], rule), undefined);
    });
  });

  it('cost little on a model of many kernels, most of them alike', () => {
    const tensors = Array.from({ length: 400 }, (_, i) => ({ name: `l${i}/kernel`, shape: [8, 64], values: normals(512, 0.05, 1 + (i % 20)) }));
    const { findings } = analysisOf({ tensors });
    assert.equal(findings.filter(({ rule }) => rule === 'identical-tensors').length, 20);
  });
});
