import assert from 'node:assert/strict';
import type { Layer, Role } from '../../../../src/core/model';
import type { Finding, Severity } from '../../../../src/core/rules/rule';
import { findingsOfTensors, normals, uniform } from '../../../support/handMade';
import type { HandMadeTensor } from '../../../support/handMade';

/** A healthy 3×3×16→32 kernel, changed by the test. */
function kernel(change: (values: Float32Array) => void = () => undefined, more: Partial<HandMadeTensor> = {}): HandMadeTensor {
  const values = normals(3 * 3 * 16 * 32, 0.05);
  change(values);
  return { name: 'conv/kernel', shape: [3, 3, 16, 32], values, ...more };
}

function setUnit(values: Float32Array, unit: number, value: (old: number) => number): void {
  for (let i = unit; i < values.length; i += 32) values[i] = value(values[i]!);
}

function found(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: Record<string, Partial<Layer>>): Finding | undefined {
  const findings = findingsOfTensors([tensors].flat(), layers).filter((finding) => finding.rule === rule);
  assert.ok(findings.length <= 1, `${rule} speaks more than once`);
  return findings[0];
}

function severity(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: Record<string, Partial<Layer>>): Severity | undefined {
  return found(tensors, rule, layers)?.severity;
}

describe('rules', () => {
  it('are silent about healthy weights of every common distribution', () => {
    const random = uniform(5);
    const laplace = Float32Array.from({ length: 8000 }, () => (random() < 0.5 ? -1 : 1) * Math.log(1 - random()) * 0.02);
    const flat = Float32Array.from({ length: 8000 }, () => (random() - 0.5) * 0.1);
    const findings = findingsOfTensors([
      kernel(),
      { name: 'conv/bias', values: normals(32, 0.01) },
      { name: 'laplace/kernel', shape: [80, 100], values: laplace },
      { name: 'uniform/kernel', shape: [80, 100], values: flat },
      { name: 'norm/gamma', values: new Float32Array(32).fill(1) },
      { name: 'norm/beta', values: normals(32, 0.01) },
      { name: 'norm/moving_mean', values: normals(32, 0.2) },
      { name: 'norm/moving_variance', values: normals(32, 0.2).map(Math.exp) },
    ]);
    assert.deepEqual(findings, []);
  });

  it('give each finding figures in the message, an advice and evidence', () => {
    const findings = findingsOfTensors([
      kernel((values) => { values[7] = NaN; }),
      kernel((values) => values.fill(0), { name: 'zero/kernel' }),
      kernel((values) => values.fill(0.5), { name: 'constant/kernel' }),
      kernel((values) => { values[9] = 50; }, { name: 'spike/kernel' }),
    ]);
    assert.ok(findings.length >= 4);
    for (const { message, advice, evidence } of findings) {
      assert.match(message, /\d/);
      assert.match(message, /\.$/);
      assert.ok(advice.length > 20 && advice.endsWith('.'));
      assert.ok(evidence && Object.keys(evidence).length > 0);
    }
  });

  describe('non-finite-values', () => {
    const rule = 'non-finite-values';

    it('is an error for one NaN among thousands, with the counts of each kind', () => {
      const finding = found(kernel((values) => { values[0] = NaN; values[1] = Infinity; values[2] = -Infinity; values[3] = -Infinity; }), rule);
      assert.equal(finding?.severity, 'error');
      assert.match(finding.message, /^4 of 4608 .*1 NaN, 1 \+Infinity, 2 −Infinity/);
      assert.deepEqual({ ...finding.evidence }, { count: 4608, nan: 1, positiveInfinity: 1, negativeInfinity: 2 });
    });

    it('speaks of biases, norms and running statistics too', () => {
      for (const name of ['a/bias', 'a/gamma', 'a/moving_variance']) assert.equal(severity({ name, values: [1, NaN, 2] }, rule), 'error', name);
    });

    it('lets infinite constants be: masks and thresholds', () => {
      assert.equal(severity({ name: 'unknown_12', role: 'constant', values: [-Infinity, 0] }, rule), undefined);
      assert.equal(severity({ name: 'Postprocessor/score_threshold', role: 'other', values: [-Infinity] }, rule), undefined);
      assert.equal(severity({ name: 'attention_mask', role: 'other', values: [-Infinity, 0] }, rule), undefined);
    });

    it('does not excuse a kernel by its name, nor a NaN by a constant', () => {
      assert.equal(severity(kernel((values) => { values[0] = -Infinity; }, { name: 'mask_head/kernel' }), rule), 'error');
      assert.equal(severity({ name: 'x', role: 'constant', values: [NaN, 0] }, rule), 'warning');
    });
  });

  describe('all-zero-tensor', () => {
    const rule = 'all-zero-tensor';
    const zeros = (role: Role, n = 64): HandMadeTensor => ({ name: `a/${role}`, role, values: new Float32Array(n) });

    it('weighs zeros by what the tensor is for', () => {
      const expected: [Role, Severity | undefined][] = [
        ['kernel', 'error'], ['embedding', 'error'], ['head', 'error'], ['adapter', 'warning'], ['normScale', 'warning'],
        ['bias', 'info'], ['normShift', 'info'], ['runningVariance', 'info'], ['other', 'info'],
        ['runningMean', undefined], ['constant', undefined], ['optimizer', undefined], ['quantization', undefined],
      ];
      for (const [role, expectedSeverity] of expected) assert.equal(severity(zeros(role), rule), expectedSeverity, role);
    });

    it('sees a kernel that is zero in effect, and passes over a single zero of a graph', () => {
      assert.equal(severity(kernel((values) => values.fill(1e-12)), rule), 'error');
      assert.equal(severity(zeros('other', 1), rule), undefined);
    });

    it('is the only one to speak of a kernel of zeros', () => {
      assert.deepEqual(findingsOfTensors([kernel((values) => values.fill(0))]).map((finding) => finding.rule), [rule]);
    });
  });

  describe('constant-tensor', () => {
    const rule = 'constant-tensor';

    it('sees equal and nearly equal values at any scale', () => {
      assert.equal(severity(kernel((values) => values.fill(0.1)), rule), 'warning');
      assert.equal(severity(kernel((values) => values.fill(-3e-8)), rule), 'warning');
      assert.equal(severity(kernel((values) => values.forEach((_, i) => { values[i] = 1000 + (i % 2) * 1e-4; })), rule), 'warning');
    });

    it('is not fooled by a small scale, and lets biases, norms and fixed layers be', () => {
      assert.equal(severity(kernel((values) => values.forEach((value, i) => { values[i] = value * 1e-12; })), rule), undefined);
      assert.equal(severity({ name: 'a/gamma', values: new Float32Array(64).fill(1) }, rule), undefined);
      assert.equal(severity({ name: 'a/bias', values: new Float32Array(64).fill(1) }, rule), undefined);
      assert.equal(severity(kernel((values) => values.fill(1 / 9)), rule, { conv: { trainable: false } }), 'info');
    });
  });

  describe('dead-output-units', () => {
    const rule = 'dead-output-units';
    const dead = (units: number, value: (old: number) => number = () => 0): HandMadeTensor =>
      kernel((values) => { for (let unit = 0; unit < units; unit++) setUnit(values, unit, value); });
    const tiny = (old: number): number => old / 1000;

    it('counts units of nothing but zeros and names them', () => {
      const finding = found(kernel((values) => { setUnit(values, 3, () => 0); setUnit(values, 30, () => 0); }), rule);
      assert.equal(finding?.severity, 'warning');
      assert.match(finding.message, /^2 of 32 \(6\.3\u2009%\) output units hold only zeros\.$/);
      assert.deepEqual(finding.evidence?.['unitIndices'], [3, 30]);
    });

    it('weighs dead units by their share', () => {
      assert.equal(severity(dead(1), rule), 'info');
      assert.equal(severity(dead(2), rule), 'warning');
      assert.equal(severity(dead(28), rule), 'warning');
      assert.equal(severity(dead(29), rule), 'error');
      const oneOf400 = normals(64 * 400).map((value, i) => (i % 400 === 7 ? 0 : value));
      assert.equal(severity([{ name: 'd/kernel', shape: [64, 400], values: oneOf400 }, kernel()], rule), 'info');
    });

    it('takes units of tiny weights for a note, and for a warning where most are', () => {
      assert.equal(severity(dead(3, tiny), rule), 'info');
      assert.equal(severity(dead(16, tiny), rule), 'info');
      assert.equal(severity(dead(17, tiny), rule), 'warning');
    });

    it('says nothing of units that hold NaN instead of zeros', () => {
      assert.equal(severity(dead(3, () => NaN), rule), undefined);
    });

    it('is the only one to speak of what dead units explain', () => {
      assert.deepEqual(findingsOfTensors([dead(28)]).map((finding) => finding.rule), [rule]);
      const rules = findingsOfTensors([dead(30, tiny)]).map((finding) => finding.rule);
      assert.deepEqual(rules.filter((id) => [rule, 'near-zero-mass', 'heavy-tails', 'weak-units', 'exact-sparsity'].includes(id)), [rule]);
    });

    it('does not judge the scale of filters that a batch normalization rescales', () => {
      const layers = { conv: {}, bn: { className: 'BatchNormalization', inputs: ['conv'] } };
      assert.equal(severity(dead(8, tiny), rule, layers), undefined);
      assert.equal(severity(dead(8), rule, layers), 'warning');
    });

    it('takes zero codes of affine quantization for tiny weights', () => {
      const quantized = { quantization: { scheme: 'affine', scale: 0.01, min: -1, originalDtype: 'float32' } } as const;
      assert.equal(severity({ ...dead(1), ...quantized }, rule), 'info');
      assert.equal(severity({ ...dead(8), ...quantized }, rule), 'warning');
      assert.equal(severity({ ...dead(30), ...quantized }, rule), 'error');
    });

    it('does not take scattered zeros of narrow units for death', () => {
      const random = uniform(9);
      const scattered = normals(4 * 200).map((value) => (random() < 0.6 ? 0 : value));
      assert.equal(severity({ name: 'd/kernel', shape: [4, 200], values: scattered }, rule), undefined);
    });

    it('judges depthwise filters by exact zeros only', () => {
      const depthwise = (value: number): HandMadeTensor => {
        const values = normals(3 * 3 * 16);
        for (let i = 0; i < values.length; i += 16) values[i] = value;
        return { name: 'dw/kernel', shape: [3, 3, 16, 1], axes: { output: 2 }, values };
      };
      assert.equal(severity(depthwise(1e-4), rule), undefined);
      assert.equal(severity(depthwise(0), rule), 'warning');
      const before: HandMadeTensor = { name: 'pw/kernel', shape: [8, 16], values: normals(128).map((value, i) => (i % 16 === 0 ? 0 : value)) };
      const follows = findingsOfTensors([before, depthwise(0)]).find(({ subject }) => subject.name === 'dw/kernel');
      assert.equal(follows?.severity, 'info');
      assert.match(follows.advice, /The same units of pw\/kernel are dead/);
    });

    it('is silent without axes, and lists no more indices than a person reads', () => {
      assert.equal(severity({ ...dead(8), axes: {} }, rule), undefined);
      const many = normals(64 * 400);
      for (let i = 0; i < many.length; i++) if (i % 400 < 300) many[i] = 0;
      const finding = found({ name: 'd/kernel', shape: [64, 400], values: many }, rule);
      assert.equal((finding?.evidence?.['unitIndices'] as number[]).length, 32);
      assert.equal(finding?.evidence?.['exactlyZero'], 300);
      assert.equal(finding?.evidence?.['unitIndicesComplete'], false);
    });
  });

  describe('dead-input-channels', () => {
    const rule = 'dead-input-channels';
    const withDeadInputs = (inputs: number): HandMadeTensor => kernel((values) => values.forEach((_, i) => { if (Math.floor(i / 32) % 16 < inputs) values[i] = 0; }));

    it('is a note, and a warning where most inputs are unused', () => {
      const finding = found(withDeadInputs(2), rule);
      assert.equal(finding?.severity, 'info');
      assert.match(finding.message, /^2 of 16 /);
      assert.equal(severity(withDeadInputs(9), rule), 'warning');
      assert.equal(severity(kernel(), rule), undefined);
    });

    it('is a note where the units that make these inputs are dead, and names them', () => {
      const before: HandMadeTensor = { name: 'first/kernel', shape: [3, 3, 3, 16], values: normals(432).map((value, i) => (i % 16 < 9 ? 0 : value)) };
      const finding = found([before, withDeadInputs(9)], rule);
      assert.equal(finding?.severity, 'info');
      assert.match(finding.advice, /first\/kernel/);
    });

    it('passes over one input of hundreds, and over depthwise kernels', () => {
      const values = normals(400 * 20).map((value, i) => (i < 20 ? 0 : value));
      assert.equal(severity({ name: 'd/kernel', shape: [400, 20], values }, rule), undefined);
      const depthwise = normals(3 * 3 * 16 * 2).map((value, i) => (Math.floor(i / 2) % 16 === 0 ? 0 : value));
      assert.equal(severity({ name: 'dw/kernel', shape: [3, 3, 16, 2], axes: { input: 2 }, values: depthwise }, rule), undefined);
    });

    it('passes over embeddings: an unused word is no channel', () => {
      const values = normals(50 * 64).map((value, i) => (i < 640 ? 0 : value));
      assert.equal(severity({ name: 'e/embeddings', shape: [50, 64], axes: { input: 0, output: 1 }, values }, rule), undefined);
    });
  });

  describe('exact-sparsity', () => {
    const rule = 'exact-sparsity';
    const sparse = (share: number, name = 'conv/kernel'): HandMadeTensor =>
      kernel((values) => values.forEach((_, i) => { if ((i * 7919) % values.length < share * values.length) values[i] = 0; }), { name });

    it('speaks from half of the weights on', () => {
      assert.equal(severity(sparse(0.49), rule), undefined);
      assert.equal(severity(sparse(0.51), rule), 'info');
      assert.equal(severity(sparse(0.79), rule), 'info');
      assert.equal(severity(sparse(0.85), rule), undefined, 'from here on zero-flood speaks');
    });

    it('takes sparsity for a method where most kernels have it', () => {
      const findings = findingsOfTensors([sparse(0.9, 'a/kernel'), sparse(0.9, 'b/kernel'), sparse(0.9, 'c/kernel'), kernel()]).filter((finding) => finding.rule === rule);
      assert.deepEqual(findings.map((finding) => finding.severity), ['info', 'info', 'info']);
      assert.match(findings[0]?.advice ?? '', /^Expected: 3 of 4/);
    });

    it('names the regularizer that the file declares', () => {
      const finding = found(sparse(0.75), rule, { conv: { regularizers: { kernel: { name: 'L1', config: { l1: 0.01 } } } } });
      assert.match(finding?.advice ?? '', /declares L1 \(l1 0\.01\)/);
    });

    it('lets biases and tiny kernels be', () => {
      assert.equal(severity({ name: 'a/bias', values: [0, 0, 0, 0, 1, 0, 0, 0].flatMap((x) => new Array<number>(20).fill(x)) }, rule), undefined);
      assert.equal(severity({ name: 'a/kernel', shape: [4, 4], values: Float32Array.from({ length: 16 }, (_, i) => (i < 14 ? 0 : 1)) }, rule), undefined);
    });
  });

  describe('near-zero-mass', () => {
    const rule = 'near-zero-mass';
    const peaked = (share: number): HandMadeTensor => kernel((values) => values.forEach((value, i) => { if ((i * 7919) % values.length < share * values.length) values[i] = value * 1e-3; }));

    it('is a note for most and a warning for nearly all of the weights', () => {
      assert.equal(severity(peaked(0.3), rule), undefined);
      assert.equal(severity(peaked(0.6), rule), 'info');
      assert.equal(severity(peaked(0.95), rule), 'warning');
    });

    it('tells the threshold and weighs what the file declares', () => {
      const finding = found(peaked(0.95), rule, { conv: {}, bn: { className: 'BatchNormalization', inputs: ['conv'] } });
      assert.match(finding?.message ?? '', /\|w\| ≤ 0\.00\d+/);
      assert.match(finding?.advice ?? '', /^Batch normalization follows/);
    });

    it('does not compare the channels of a depthwise kernel, which differ in scale by nature', () => {
      const values = normals(3 * 3 * 96).map((value, i) => (i % 96 === 0 ? value * 500 : value));
      assert.equal(severity({ name: 'dw/kernel', shape: [3, 3, 96, 1], axes: { output: 2 }, values }, rule), undefined);
      assert.equal(severity({ name: 'full/kernel', shape: [3, 3, 96, 1], axes: {}, values }, rule), 'warning');
    });

    it('leaves exact zeros to their own rule', () => {
      const values = normals(4608).map((value, i) => (i % 20 === 0 ? value : 0));
      assert.deepEqual(findingsOfTensors([{ name: 'conv/kernel', shape: [4608], values }]).map((finding) => finding.rule), ['zero-flood']);
    });
  });

  describe('extreme-spike', () => {
    const rule = 'extreme-spike';

    it('compares the largest magnitude with what nearly all weights stay below', () => {
      const spike = (times: number): HandMadeTensor => kernel((values) => { values[100] = -times * 0.05 * 2.576; });
      assert.equal(severity(spike(5), rule), undefined);
      assert.equal(severity(spike(30), rule), 'warning');
      assert.equal(severity(spike(150), rule), 'warning');
      assert.equal(severity(spike(250), rule), 'error');
      assert.ok(Math.abs((found(spike(150), rule)?.evidence?.['ratio'] as number) / 150 - 1) < 0.1);
    });

    it('measures a pruned kernel by the weights that are left', () => {
      const values = normals(200_000, 0.05).map((value, i) => (i % 100 === 0 ? value : 0));
      assert.equal(severity({ name: 'p/kernel', shape: [2000, 100], values, axes: {} }, rule), undefined);
    });

    it('expects less of depthwise kernels, whose channels differ in scale', () => {
      const spiky = (times: number): HandMadeTensor => {
        const values = normals(3 * 3 * 128);
        values[5] = 2.576 * times;
        return { name: 'dw/kernel', shape: [3, 3, 128, 1], axes: { output: 2 }, values };
      };
      assert.equal(severity(spiky(35), rule), undefined);
      assert.equal(severity(spiky(150), rule), 'warning');
      assert.equal(severity(spiky(250), rule), 'error');
    });

    it('tells one weight from a unit that is large as a whole', () => {
      const values = normals(50 * 200).map((value, i) => (i % 200 === 3 ? value * 1000 : value));
      const large = { name: 'dense/kernel', shape: [50, 200], axes: { input: 0, output: 1 }, values };
      assert.equal(severity(large, rule), 'info');
      assert.equal(severity({ ...large, axes: {} }, rule), 'error', 'without units it cannot be told');
    });

    it('lets small tensors and biases be', () => {
      const values = normals(400);
      values[0] = 1000;
      assert.equal(severity({ name: 'a/kernel', shape: [20, 20], values }, rule), undefined);
      const bias = normals(4000);
      bias[0] = 1000;
      assert.equal(severity({ name: 'a/bias', values: bias }, rule), undefined);
    });
  });

  describe('heavy-tails', () => {
    const rule = 'heavy-tails';
    const mixed = (power: number): HandMadeTensor => kernel((values) => values.forEach((value, i) => { values[i] = Math.sign(value) * Math.abs(value) ** power; }));

    it('notes a kurtosis over 10 and warns over 100', () => {
      assert.equal(severity(mixed(1), rule), undefined);
      assert.equal(severity(mixed(2), rule), undefined);
      assert.equal(severity(mixed(3), rule), 'info');
      assert.equal(severity(mixed(5), rule), 'warning');
    });

    it('is not misled by filters of very different scale', () => {
      const scaled = kernel((values) => { for (let unit = 0; unit < 32; unit++) setUnit(values, unit, (old) => old * 10 ** (-unit / 8)); });
      assert.equal(severity({ ...scaled, axes: {} }, rule), 'info', 'without units the mixture looks heavy-tailed');
      assert.equal(severity(scaled, rule), undefined);
    });
  });
});
