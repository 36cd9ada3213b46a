import assert from 'node:assert/strict';
import type { Layer } from '../../../../src/core/model';
import type { Finding } from '../../../../src/core/rules/rule';
import { findingsOfTensors, normals } from '../../../support/handMade';
import type { HandMadeTensor } from '../../../support/handMade';

type Layers = Record<string, Partial<Layer>>;

const CHANNELS = 64;
const BN: Partial<Layer> = { className: 'BatchNormalization', config: { epsilon: 1e-3 } };

interface Vectors {
  readonly gamma?: ArrayLike<number>;
  readonly beta?: ArrayLike<number>;
  readonly mean?: ArrayLike<number>;
  readonly variance?: ArrayLike<number>;
}

function ones(value = 1, channels = CHANNELS): Float32Array {
  return new Float32Array(channels).fill(value);
}

/** A trained batch normalization, but for what the test gives. */
function norm(given: Vectors = {}, name = 'bn'): HandMadeTensor[] {
  const { gamma = normals(CHANNELS, 0.1, 3).map((x) => 1 + x), beta = normals(CHANNELS, 0.1, 4), mean = normals(CHANNELS, 0.5, 5), variance = normals(CHANNELS, 0.3, 6).map((x) => Math.exp(x)) } = given;
  return [{ name: `${name}/gamma`, values: gamma }, { name: `${name}/beta`, values: beta }, { name: `${name}/moving_mean`, values: mean }, { name: `${name}/moving_variance`, values: variance }];
}

/** A kernel that no initializer makes. */
function conv(name = 'conv'): HandMadeTensor {
  return { name: `${name}/kernel`, shape: [3, 3, 8, CHANNELS], values: normals(9 * 8 * CHANNELS, 0.07, 7) };
}

function withValue(values: Float32Array, at: readonly number[], value: number): Float32Array {
  const changed = values.slice();
  for (const channel of at) changed[channel] = value;
  return changed;
}

function said(tensors: readonly HandMadeTensor[], rule: string, layers: Layers = { conv: {}, bn: { ...BN, inputs: ['conv'] } }): Finding[] {
  return findingsOfTensors(tensors, layers).filter((finding) => finding.rule === rule);
}

const severities = (findings: readonly Finding[]): string[] => findings.map(({ severity }) => severity);

describe('normalization', () => {
  it('is passed over where it is healthy', () => {
    const layers = { conv: {}, bn: { ...BN, inputs: ['conv'] }, act: { className: 'ReLU', inputs: ['bn'] } };
    assert.deepEqual(findingsOfTensors([conv(), ...norm()], layers), []);
  });

  describe('running-variance', () => {
    const rule = 'running-variance';
    const found = (values: Float32Array, layers?: Layers): Finding[] => said([conv(), ...norm({ variance: values })], rule, layers);

    it('is an error where the root has no value', () => {
      const [finding] = found(withValue(ones(), [3, 9], -0.002));
      assert.equal(finding?.severity, 'error');
      assert.match(finding.message, /^2 of 64 \(3\.1\u2009%\) running variances are so far below zero .* the smallest is −0\.002, ε is 0\.001\.$/);
      assert.deepEqual(finding.evidence?.['unitIndices'], [3, 9]);
    });

    it('is a warning for a negative one that ε makes up for', () => {
      assert.deepEqual(severities(found(withValue(ones(), [3], -9.99e-6))), ['warning']);
    });

    it('notes some that are nothing beside ε, and warns where half are', () => {
      assert.deepEqual(severities(found(withValue(ones(), [3], 0))), ['info']);
      assert.deepEqual(severities(found(withValue(ones(), [3], 1e-6))), ['info']);
      assert.deepEqual(severities(found(ones(1e-6))), ['warning']);
      assert.deepEqual(severities(found(withValue(ones(), [3], 1e-4))), []);
    });

    it('takes the ε that the file declares, and says where it assumes one', () => {
      const declared = { conv: {}, bn: { className: 'BatchNormalization', config: { epsilon: 0.01 } } };
      assert.deepEqual(severities(found(withValue(ones(), [3], -0.002), declared)), ['warning']);
      assert.match(found(withValue(ones(), [3], -0.002), {})[0]!.message, /ε is 0\.001 \(assumed: the file does not say\)/);
    });

    it('leaves preprocessing to itself', () => {
      assert.deepEqual(found(withValue(ones(), [3], 0), { bn: { className: 'Normalization' } }), []);
    });
  });

  describe('running-statistics-at-init', () => {
    const rule = 'running-statistics-at-init';
    const untouched = { mean: ones(0), variance: ones(1) };

    it('warns where scale and shift have moved', () => {
      const [finding] = said([conv(), ...norm(untouched)], rule);
      assert.equal(finding?.severity, 'warning');
      assert.deepEqual(finding.subject, { kind: 'layer', name: 'bn' });
      assert.match(finding.message, /^All 64 running means are 0 and all running variances 1, .* its scale or shift was trained\.$/);
    });

    it('warns where other layers were trained', () => {
      const identity = { ...untouched, gamma: ones(1), beta: ones(0) };
      const layers = { conv: { initializers: { kernel: { name: 'GlorotUniform', config: {} } } }, bn: BN };
      assert.match(said([conv(), ...norm(identity)], rule, layers)[0]!.message, /other layers were trained/);
      assert.deepEqual(said([conv(), ...norm(identity)], rule, { conv: {}, bn: BN }), [], 'who knows how that kernel began');
      assert.equal(said([conv(), ...norm(identity), { name: 'head/bias', values: normals(CHANNELS, 0.1) }], rule, { conv: {}, bn: BN }).length, 1);
    });

    it('is silent about an untrained model, and about statistics that have moved', () => {
      const identity = { ...untouched, gamma: ones(1), beta: ones(0) };
      assert.deepEqual(said([...norm(identity), ...norm(identity, 'bn2')], rule, { bn: BN, bn2: BN }), []);
      assert.deepEqual(said([...norm({ ...identity, gamma: ones(0) }, 'last')], rule, { last: BN }), [], 'a residual scale that starts at zero');
      assert.deepEqual(said([conv(), ...norm()], rule), []);
      assert.deepEqual(said([conv(), ...norm({ mean: ones(0) })], rule), []);
    });

    it('tells a frozen layer that its statistics are missing', () => {
      assert.match(said([conv(), ...norm(untouched)], rule, { bn: { ...BN, trainable: false } })[0]!.advice, /frozen/);
    });
  });

  describe('small-normalization-scale', () => {
    const rule = 'small-normalization-scale';
    const small = (count: number, value = 1e-4): Finding[] => said([conv(), ...norm({ gamma: withValue(ones(), Array.from({ length: count }, (_, i) => i), value) })], rule);

    it('notes channels that can be pruned, from some on', () => {
      assert.deepEqual(severities(small(3)), []);
      assert.deepEqual(severities(small(4)), ['info']);
      assert.match(small(8, 0)[0]!.message, /^8 of 64 \(13\u2009%\) channels have a scale .*, 8 of 64 \(13\u2009%\) exactly zero\.$/);
    });

    it('warns where nearly all are, but not of scales that start at zero', () => {
      assert.deepEqual(severities(small(60)), ['warning']);
      const layers = { bn: { ...BN, initializers: { gamma: { name: 'Zeros', config: {} } } } };
      assert.deepEqual(severities(said([conv(), ...norm({ gamma: normals(CHANNELS, 1e-5) })], rule, layers)), ['info']);
    });

    it('leaves scales of nothing but zeros to other rules', () => {
      assert.deepEqual(small(64, 0), []);
    });
  });

  describe('dead-normalized-channels', () => {
    const rule = 'dead-normalized-channels';
    const channels = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
    const dead = (count: number, after: Partial<Layer> = { className: 'ReLU' }, more: Vectors = {}): Finding[] =>
      said([conv(), ...norm({ gamma: ones(0.5), beta: withValue(ones(0.1), channels(count), -2), ...more })], rule, { conv: {}, bn: { ...BN, inputs: ['conv'] }, act: { ...after, inputs: ['bn'] } });

    it('notes some and warns where a third never fire', () => {
      assert.deepEqual(severities(dead(2)), ['info']);
      assert.deepEqual(severities(dead(20)), ['warning']);
      assert.match(dead(2)[0]!.message, /^2 of 64 \(3\.1\u2009%\) channels have β ÷ \|γ\| below −3 before ReLU/);
      assert.deepEqual(dead(2)[0]!.evidence?.['unitIndices'], [0, 1]);
    });

    it('knows those that are dead for certain', () => {
      const never = dead(0, { className: 'Activation', activation: 'relu6' }, { gamma: withValue(ones(0.5), [5], 0), beta: ones(0) });
      assert.match(never[0]!.message, /1 of them for certain/);
      assert.deepEqual(dead(0, undefined, { gamma: withValue(ones(0.5), [5], 0), beta: ones(0.1) }), [], 'a positive constant is not zero');
    });

    it('is silent before a leaky ReLU, a sum, or an activation that is not known', () => {
      assert.deepEqual(dead(30, { className: 'LeakyReLU' }), []);
      assert.deepEqual(dead(30, { className: 'ReLU', config: { negative_slope: 0.3 } }), []);
      assert.deepEqual(dead(30, { className: 'Activation', activation: 'tanh' }), []);
      assert.deepEqual(dead(30, { className: 'Add' }), []);
      assert.deepEqual(said([conv(), ...norm({ gamma: ones(0.5), beta: ones(-2) })], rule, { bn: BN }), []);
    });

    it('is not misled by shifts that are low but not beyond the scale', () => {
      assert.deepEqual(dead(30, undefined, { gamma: ones(1) }), []);
    });
  });

  describe('zero-residual-scale', () => {
    const rule = 'zero-residual-scale';
    const block = { conv: { initializers: { kernel: { name: 'GlorotUniform', config: {} } } }, bn: { ...BN, inputs: ['conv'] }, add: { className: 'Add', inputs: ['conv', 'bn'] } };
    const tensors = [conv(), ...norm({ gamma: ones(0), beta: ones(0) })];

    it('warns of a branch that adds nothing, in place of all-zero-tensor', () => {
      const [finding] = said(tensors, rule, block);
      assert.equal(finding?.severity, 'warning');
      assert.deepEqual(finding.subject, { kind: 'tensor', name: 'bn/gamma' });
      assert.match(finding.message, /the branch adds nothing\.$/);
      assert.ok(said(tensors, 'all-zero-tensor', block).every(({ subject }) => subject.name !== 'bn/gamma'));
    });

    it('tells a branch that only adds its shift', () => {
      assert.match(said([conv(), ...norm({ gamma: ones(0) })], rule, block)[0]!.message, /adds the constant β\.$/);
    });

    it('is silent where no sum follows, before training, and of scales that have moved', () => {
      assert.deepEqual(said(tensors, rule, { conv: {}, bn: { ...BN, inputs: ['conv'] } }), []);
      assert.deepEqual(said(norm({ gamma: ones(0), beta: ones(0) }), rule, { bn: BN, add: { className: 'Add', inputs: ['bn'] } }), []);
      assert.deepEqual(said([conv(), ...norm()], rule, block), []);
    });
  });

  describe('fold-amplification', () => {
    const rule = 'fold-amplification';

    it('compares the folded channels with the median one', () => {
      const [finding] = said([conv(), ...norm({ gamma: withValue(ones(), [9], 500), variance: ones() })], rule);
      assert.equal(finding?.severity, 'info');
      assert.match(finding.message, /^Folded, channel 9 stands out: its weights reach/);
      assert.equal(finding.evidence?.['foldedWithKernel'], true);
    });

    it('is not alarmed by a small variance that small weights explain', () => {
      const values = normals(9 * 8 * CHANNELS, 0.07, 7).map((x, i) => (i % CHANNELS === 9 ? x / 1000 : x));
      const kernel: HandMadeTensor = { name: 'conv/kernel', shape: [3, 3, 8, CHANNELS], values };
      assert.deepEqual(said([kernel, ...norm({ gamma: ones(), variance: withValue(ones(), [9], 1e-6) })], rule), []);
      assert.deepEqual(said([...norm({ gamma: ones(), variance: withValue(ones(), [9], 1e-9) })], rule, { bn: BN }), []);
    });

    it('counts factors alone where the kernel is not known, and needs some channels', () => {
      assert.match(said(norm({ gamma: withValue(ones(), [9], 500), variance: ones() }), rule, { bn: BN })[0]!.message, /its factor/);
      assert.deepEqual(said([{ name: 'bn/gamma', values: [1, 500] }, { name: 'bn/beta', values: [0, 1] }, { name: 'bn/moving_mean', values: [0, 1] }, { name: 'bn/moving_variance', values: [1, 2] }], rule, { bn: BN }), []);
    });
  });

  describe('outlier-dimensions', () => {
    const rule = 'outlier-dimensions';
    const layerNorm = (name: string, seed: number, outlier?: number): HandMadeTensor[] => {
      const values = normals(128, 0.05, seed).map((x) => 1 + x);
      return [{ name: `${name}/gamma`, values: outlier === undefined ? values : withValue(values, [17], outlier) }, { name: `${name}/beta`, values: normals(128, 0.05, seed + 50) }];
    };
    const layers = (outliers: number, count = 6): HandMadeTensor[] => Array.from({ length: count }, (_, i) => layerNorm(`ln${i}`, i + 1, i < outliers ? 3 : undefined)).flat();

    it('names the dimension that is an outlier in half of the layers', () => {
      const [finding] = said(layers(3), rule, {});
      assert.equal(finding?.severity, 'info');
      assert.equal(finding.subject.kind, 'model');
      assert.match(finding.message, /^1 dimension of 128 is an outlier of γ by 3 σ in at least 50\u2009% of 6 normalizations: 17 \(3 of 6\)\.$/);
    });

    it('is silent where fewer layers have it, where they are too few, and of batch normalizations', () => {
      assert.deepEqual(said(layers(2), rule, {}), []);
      assert.deepEqual(said(layers(3, 3), rule, {}), []);
      const batches = Array.from({ length: 6 }, (_, i) => norm({ gamma: withValue(ones(), [17], 5) }, `bn${i}`)).flat();
      assert.deepEqual(said(batches, rule, {}), []);
    });
  });
});
