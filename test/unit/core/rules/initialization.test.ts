import assert from 'node:assert/strict';
import type { Declared, Layer } from '../../../../src/core/model';
import type { Finding } from '../../../../src/core/rules/rule';
import { findingsOfTensors } from '../../../support/handMade';
import type { HandMadeTensor } from '../../../support/handMade';
import { draw, normal, truncatedNormal, uniform } from '../../../support/samplers';

type Layers = Record<string, Partial<Layer>>;

const GLOROT: Declared = { name: 'VarianceScaling', config: { scale: 1, mode: 'fan_avg', distribution: 'uniform', seed: null } };
const ZEROS: Declared = { name: 'Zeros', config: {} };
const DECLARED = { initializers: { kernel: GLOROT, bias: ZEROS } };

function limitOf(shape: readonly number[]): number {
  const field = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return Math.sqrt(6 / (field * (shape.at(-1)! + shape.at(-2)!)));
}

/** Kernel and bias of a layer: as Glorot's initializer draws them, or changed as training does. */
function layer(name: string, options: { readonly shape?: readonly number[]; readonly seed?: number; readonly trained?: boolean; readonly bias?: boolean } = {}): HandMadeTensor[] {
  const { shape = [3, 3, 8, 16], seed = 1, trained = false, bias = true } = options;
  const elements = shape.reduce((product, size) => product * size, 1);
  const values = draw(uniform, elements, seed, limitOf(shape));
  const steps = draw(normal, elements, seed + 1000, trained ? 0.01 : 0);
  const kernel = { name: `${name}/kernel`, shape, values: values.map((x, i) => x + steps[i]!) };
  const units = shape.at(-1)!;
  return bias ? [kernel, { name: `${name}/bias`, values: draw(normal, units, seed, trained ? 0.01 : 0) }] : [kernel];
}

function chain(...layers: readonly (readonly [string, Partial<Layer>])[]): Layers {
  return Object.fromEntries(layers.map(([name, more], i) => [name, { inputs: i > 0 ? [layers[i - 1]![0]] : [], ...more }]));
}

function said(tensors: readonly HandMadeTensor[], layers: Layers, rule: string): Finding[] {
  return findingsOfTensors(tensors, layers).filter((finding) => finding.rule === rule);
}

const THREE = chain(['a', DECLARED], ['b', DECLARED], ['c', DECLARED]);

describe('layers at their initializers', () => {
  const rule = 'at-initialization';

  it('are found among trained ones, with figures', () => {
    const [finding, ...others] = said([...layer('a', { trained: true }), ...layer('b', { seed: 2 }), ...layer('c', { seed: 3, trained: true })], THREE, rule);
    assert.equal(others.length, 0);
    assert.equal(finding?.severity, 'warning');
    assert.deepEqual(finding.subject, { kind: 'layer', name: 'b' });
    assert.match(finding.message, /^The 1.15\u2009k weights agree with Glorot uniform, which the file declares: −0\.16\d to 0\.16\d, σ 0\.09\d+ \(expected 0\.09\d+\), Kolmogorov–Smirnov [01]\.\d+/);
    assert.equal(finding.evidence?.['weights'], 1152);
  });

  it('are not found once a bias has moved', () => {
    const moved = layer('b').map((tensor) => (tensor.name === 'b/bias' ? { ...tensor, values: draw(normal, 16, 4, 0.001) } : tensor));
    assert.deepEqual(said([...layer('a', { trained: true }), ...moved, ...layer('c', { seed: 3, trained: true })], THREE, rule), []);
  });

  it('are not found after a few small steps', () => {
    for (const step of [0.001, 0.003, 0.01, 0.03]) {
      const steps = draw(normal, 1152, 5, step);
      const moved = layer('b', { bias: false }).map((tensor) => ({ ...tensor, values: (tensor.values as Float32Array).map((x, i) => x + steps[i]!) }));
      assert.deepEqual(said([...layer('a', { trained: true }), ...moved, ...layer('c', { seed: 3, trained: true })], THREE, rule), [], String(step));
    }
  });

  it('are a note where they are small', () => {
    const tensors = [...layer('a', { trained: true }), ...layer('b', { shape: [1, 1, 16, 20], seed: 2 }), ...layer('c', { seed: 3, trained: true })];
    assert.deepEqual(said(tensors, THREE, rule).map(({ severity }) => severity), ['info']);
    const tiny = [...layer('a', { trained: true }), ...layer('b', { shape: [1, 1, 4, 8], seed: 2 }), ...layer('c', { seed: 3, trained: true })];
    assert.deepEqual(said(tiny, THREE, rule), []);
  });

  it('are named frozen where the file says so', () => {
    const layers = chain(['a', DECLARED], ['b', { ...DECLARED, trainable: false }], ['c', DECLARED]);
    const [finding] = said([...layer('a', { trained: true }), ...layer('b', { seed: 2 }), ...layer('c', { seed: 3, trained: true })], layers, rule);
    assert.equal(finding?.severity, 'warning');
    assert.match(finding.message, /frozen weights/);
    assert.match(finding.advice, /frozen \(not trainable\)/);
  });

  it('are a note only where the file declares nothing', () => {
    const layers = chain(['a', {}], ['b', {}], ['c', {}]);
    const [finding] = said([...layer('a', { trained: true }), ...layer('b', { seed: 2 }), ...layer('c', { seed: 3, trained: true })], layers, rule);
    assert.equal(finding?.severity, 'info');
    assert.match(finding.message, /agree with Keras' Glorot uniform: /);
    const torch = draw(uniform, 64 * 32, 8, 1 / Math.sqrt(64));
    const linear: HandMadeTensor[] = [{ name: 'b/kernel', shape: [64, 32], values: torch }, { name: 'b/bias', values: draw(uniform, 32, 9, 1 / Math.sqrt(64)) }];
    assert.match(said([...layer('a', { trained: true }), ...linear, ...layer('c', { seed: 3, trained: true })], layers, rule)[0]!.message, /PyTorch's uniform/);
  });

  it('are not guessed at where the declared initializer is not known', () => {
    const layers = chain(['a', DECLARED], ['b', { initializers: { kernel: { name: 'MyOwn', config: {} } } }], ['c', DECLARED]);
    assert.deepEqual(said([...layer('a', { trained: true }), ...layer('b', { seed: 2 }), ...layer('c', { seed: 3, trained: true })], layers, rule), []);
  });

  it('wait until every tensor of the layer has been read', () => {
    const unread: HandMadeTensor = { name: 'b/bias', shape: [16] };
    assert.deepEqual(said([...layer('a', { trained: true }), ...layer('b', { bias: false }), unread, ...layer('c', { trained: true })], THREE, rule), []);
  });

  it('are tested with and without the correction for truncation', () => {
    const layers = chain(['a', DECLARED], ['b', { initializers: { kernel: { name: 'HeNormal', config: {} } } }], ['c', DECLARED]);
    for (const correction of [1, 0.87963]) {
      const values = draw(truncatedNormal, 64 * 32, 6, Math.sqrt(2 / 64) / correction);
      const found = said([...layer('a', { trained: true }), { name: 'b/kernel', shape: [64, 32], values }, ...layer('c', { seed: 3, trained: true })], layers, rule);
      assert.equal(found[0]?.severity, 'warning', String(correction));
    }
  });

  it('may be recurrent: a drawn kernel, an orthogonal one, and a forget bias of ones', () => {
    const lstm = { className: 'LSTM', config: { unit_forget_bias: true }, initializers: { kernel: GLOROT, recurrent_kernel: { name: 'Orthogonal', config: { gain: 1 } }, bias: ZEROS } };
    const layers = chain(['a', DECLARED], ['rnn', lstm], ['c', DECLARED]);
    const units = 16;
    // A signed permutation beside zeros: rows of norm 1 that are orthogonal to each other.
    const orthogonal = Float32Array.from({ length: units * units * 4 }, (_, i) => (i % (4 * units) === (7 * Math.floor(i / (4 * units))) % units ? 1 : 0));
    const bias = Float32Array.from({ length: units * 4 }, (_, i) => (i >= units && i < 2 * units ? 1 : 0));
    const recurrent = (rows: Float32Array, ones: Float32Array): HandMadeTensor[] => [
      { name: 'rnn/kernel', shape: [24, units * 4], values: draw(uniform, 24 * units * 4, 3, limitOf([24, units * 4])) },
      { name: 'rnn/recurrent_kernel', shape: [units, units * 4], values: rows },
      { name: 'rnn/bias', values: ones },
    ];
    const found = (rows: Float32Array, ones: Float32Array): string | undefined => said([...layer('a', { trained: true }), ...recurrent(rows, ones), ...layer('c', { seed: 3, trained: true })], layers, rule)[0]?.message;
    assert.match(found(orthogonal, bias)!, /^The 2\.56\u2009k weights agree with Glorot uniform and Orthogonal/);
    assert.match(found(orthogonal.map((x) => x * 1.01), bias)!, /^The 1\.54\u2009k weights of rnn\/kernel agree/);
    assert.ok(found(orthogonal, new Float32Array(units * 4)), 'zeros are what a layer of somebody else begins with');
    assert.equal(found(orthogonal, bias.map((x) => x + 0.01)), undefined);
  });

  it('may be one kernel of several: only that one is named', () => {
    const lstm = { className: 'GRU', initializers: { kernel: GLOROT, recurrent_kernel: { name: 'Orthogonal', config: {} }, bias: ZEROS } };
    const layers = chain(['a', DECLARED], ['rnn', lstm], ['c', DECLARED]);
    const rnn = (bias: number): HandMadeTensor[] => [
      { name: 'rnn/kernel', shape: [24, 48], values: draw(uniform, 24 * 48, 3, limitOf([24, 48])) },
      { name: 'rnn/recurrent_kernel', shape: [16, 48], values: draw(normal, 16 * 48, 4, 0.2) },
      { name: 'rnn/bias', values: new Float32Array(48).fill(bias) },
    ];
    const [finding] = said([...layer('a', { trained: true }), ...rnn(0), ...layer('c', { seed: 3, trained: true })], layers, rule);
    assert.equal(finding?.severity, 'warning');
    assert.match(finding.message, /^The 1\.15\u2009k weights of rnn\/kernel agree with Glorot uniform/);
    assert.match(finding.advice, /^Other kernels of this layer have moved/);
    assert.deepEqual(said([...layer('a', { trained: true }), ...rnn(0.01), ...layer('c', { seed: 3, trained: true })], layers, rule), []);
  });

  it('take a bell without a bias for trained where the normalization behind it was', () => {
    const bell = { className: 'Dense', activation: 'linear', initializers: { kernel: { name: 'RandomNormal', config: { stddev: 0.05 } } } };
    const layers = chain(['a', DECLARED], ['b', bell], ['bn', { className: 'BatchNormalization', initializers: { gamma: { name: 'Ones', config: {} } } }], ['c', DECLARED]);
    const kernel: HandMadeTensor = { name: 'b/kernel', shape: [24, 32], values: draw(normal, 768, 6, 0.05) };
    const found = (gamma: Float32Array, more: Partial<Layer> = {}): number =>
      said([...layer('a', { trained: true }), kernel, { name: 'bn/gamma', values: gamma }, { name: 'bn/beta', values: new Float32Array(32) }, ...layer('c', { seed: 3, trained: true })], { ...layers, b: { ...layers['b'], ...more } }, rule).length;
    assert.equal(found(new Float32Array(32).fill(1)), 1);
    assert.equal(found(draw(normal, 32, 7, 0.01).map((x) => 1 + x)), 0);
    assert.equal(found(draw(normal, 32, 7, 0.01).map((x) => 1 + x), { trainable: false }), 1);
  });
});

describe('untrained models', () => {
  const rule = 'untrained-model';

  it('are told once, with a note for each layer', () => {
    const tensors = [...layer('a'), ...layer('b', { seed: 2 }), ...layer('c', { seed: 3 })];
    const [finding, ...others] = said(tensors, THREE, rule);
    assert.equal(others.length, 0);
    assert.equal(finding?.severity, 'warning');
    assert.equal(finding.subject.kind, 'model');
    assert.match(finding.message, /^3 of 3 \(100\u2009%\) layers with weights, 3\.46\u2009k weights in all, agree with the initializers that the file declares/);
    assert.deepEqual(said(tensors, THREE, 'at-initialization').map(({ severity }) => severity), ['info', 'info', 'info']);
  });

  it('are a note where the file declares nothing', () => {
    assert.equal(said([...layer('a'), ...layer('b', { seed: 2 }), ...layer('c', { seed: 3 })], {}, rule)[0]?.severity, 'info');
  });

  it('have a head that stands out where only that was never fitted', () => {
    const tensors = [...layer('a', { trained: true }), ...layer('b', { seed: 2, trained: true }), ...layer('c', { seed: 3 })];
    const [finding, ...others] = said(tensors, THREE, rule);
    assert.equal(others.length, 0);
    assert.deepEqual(finding?.subject, { kind: 'layer', name: 'c' });
    assert.equal(finding.severity, 'warning');
    assert.match(finding.message, /^Only the head matches its initializer: /);
    assert.deepEqual(said(tensors, THREE, 'at-initialization'), []);
  });

  it('are not seen in trained ones, nor where two of three layers are', () => {
    assert.deepEqual(said([...layer('a', { trained: true }), ...layer('b', { seed: 2, trained: true }), ...layer('c', { seed: 3, trained: true })], THREE, rule), []);
    assert.deepEqual(said([...layer('a'), ...layer('b', { seed: 2 }), ...layer('c', { seed: 3, trained: true })], THREE, rule), []);
  });
});

describe('untrained adapters', () => {
  const rule = 'untrained-adapter';
  const pair = (name: string, second: number, names: readonly [string, string] = ['lora_A', 'lora_B']): HandMadeTensor[] => [
    { name: `${name}/${names[0]}`, role: 'adapter', shape: [64, 8], values: draw(normal, 512, 1, 0.02) },
    { name: `${name}/${names[1]}`, role: 'adapter', shape: [8, 64], values: draw(normal, 512, 2, second) },
  ];

  it('are told once where all pairs are untouched, and all-zero-tensor leaves it to them', () => {
    const tensors = [...pair('q', 0), ...pair('v', 0)];
    const findings = said(tensors, {}, rule);
    assert.deepEqual(findings.map(({ severity, subject }) => [severity, subject.kind]), [['warning', 'model'], ['info', 'tensor'], ['info', 'tensor']]);
    assert.deepEqual(said(tensors, {}, 'all-zero-tensor'), []);
  });

  it('name the pair that is left behind', () => {
    const findings = said([...pair('q', 0.01), ...pair('v', 0)], {}, rule);
    assert.deepEqual(findings.map(({ severity, subject }) => [severity, subject.name]), [['warning', 'v/lora_B']]);
    assert.match(findings[0]!.advice, /^1 of 2 \(50\u2009%\) pairs/);
  });

  it('know the names of PEFT and kohya, and say nothing of trained ones', () => {
    assert.equal(said(pair('te_q', 0, ['lora_down.weight', 'lora_up.weight']), {}, rule).length, 1);
    assert.deepEqual(said([...pair('q', 0.01), ...pair('v', 0.01)], {}, rule), []);
    assert.deepEqual(said([{ name: 'a/kernel', shape: [8, 8], values: new Float32Array(64) }], {}, rule), []);
  });
});
