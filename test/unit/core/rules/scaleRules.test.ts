import assert from 'node:assert/strict';
import type { Layer } from '../../../../src/core/model';
import type { Finding, Severity } from '../../../../src/core/rules/rule';
import { findingsOfTensors, normals, uniform } from '../../../support/handMade';
import type { HandMadeTensor } from '../../../support/handMade';
import { scanned } from '../../../support/scanned';

type Layers = Record<string, Partial<Layer>>;

function found(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: Layers): Finding | undefined {
  const findings = findingsOfTensors([tensors].flat(), layers).filter((finding) => finding.rule === rule);
  assert.ok(findings.length <= 1, `${rule} speaks more than once`);
  return findings[0];
}

function severity(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: Layers): Severity | undefined {
  return found(tensors, rule, layers)?.severity;
}

function change(values: Float32Array, by: (value: number, index: number) => number): Float32Array {
  return values.map(by);
}

function laplaces(n: number, scale: number): Float32Array {
  const random = uniform(3);
  return Float32Array.from({ length: n }, () => (random() < 0.5 ? -1 : 1) * Math.log(1 - random()) * scale);
}

const SHAPE = [100, 80];

function kernel(by: (value: number, index: number) => number = (value) => value, more: Partial<HandMadeTensor> = {}): HandMadeTensor {
  return { name: 'dense/kernel', shape: SHAPE, values: change(normals(8000, 0.1), by), ...more };
}

/** Eight layers one after the other, of which the fourth is changed; first and last are like the others. */
function network(scale: number, format: (index: number) => Partial<HandMadeTensor> = () => ({}), sigma = 0.125): { tensors: HandMadeTensor[]; layers: Layers } {
  const tensors = Array.from({ length: 8 }, (_, i) => ({
    name: `d${i}/kernel`, shape: [64, 64], values: change(normals(4096, sigma * (1 + i / 10), i + 1), (value) => (i === 3 ? value * scale : value)), ...format(i),
  }));
  const layers = Object.fromEntries(tensors.map((_, i) => [`d${i}`, { className: 'Dense', ...(i > 0 && { inputs: [`d${i - 1}`] }) }]));
  return { tensors, layers };
}

describe('rules about scale and tails', () => {
  describe('outlier-share', () => {
    const rule = 'outlier-share';

    it('sees a second population of large weights', () => {
      const finding = found(kernel((value, i) => (i % 17 === 0 ? Math.sign(value) * 0.8 : value)), rule);
      assert.equal(finding?.severity, 'warning');
      assert.match(finding.message, /^5\.9\u2009% of the non-zero weights lie beyond 3σ/);
      assert.equal(severity(kernel((value, i) => (i % 33 === 0 ? Math.sign(value) * 1.2 : value)), rule), 'info');
    });

    it('lets bell curves, Laplace tails and pruned weights be, and depthwise kernels', () => {
      assert.equal(severity(kernel(), rule), undefined);
      assert.equal(severity(kernel(undefined, { values: laplaces(8000, 0.1) }), rule), undefined);
      assert.equal(severity(kernel((value, i) => (i % 20 ? 0 : value)), rule), undefined);
      const mixed = change(normals(2880, 0.1), (value, i) => (i % 17 === 0 ? 0.8 : value));
      assert.equal(severity({ name: 'dw/kernel', shape: [3, 3, 320, 1], axes: { output: 2 }, values: mixed }, rule), undefined);
    });
  });

  describe('super-weight', () => {
    const rule = 'super-weight';
    const projection = (name: string, largest: number, many = 1): HandMadeTensor =>
      ({ name, role: 'kernel', shape: [200, 100], values: change(normals(20_000, 0.02), (value, i) => (i < many ? largest : value)) });

    it('finds the one weight of a down projection, and is the only one to speak of it', () => {
      const findings = findingsOfTensors([projection('model.layers.2.mlp.down_proj.weight', 9)]);
      assert.deepEqual(findings.filter(({ rule: id }) => ['super-weight', 'extreme-spike', 'heavy-tails', 'int8-noise', 'incoherence'].includes(id)).map((finding) => [finding.rule, finding.severity]), [['super-weight', 'info']]);
      assert.equal(severity(projection('blk.3.ffn_down/kernel', 9, 3), rule), 'info');
    });

    it('speaks of no other tensor, of no heavy tail, and of no absurd number', () => {
      assert.equal(severity(projection('model.layers.2.mlp.up_proj.weight', 9), rule), undefined);
      assert.equal(severity(projection('model.layers.2.mlp.down_proj.weight', 0.12), rule), undefined);
      assert.equal(severity(projection('model.layers.2.mlp.down_proj.weight', 5000), rule), undefined);
      assert.equal(severity(projection('model.layers.2.mlp.down_proj.weight', 5000), 'extreme-spike'), 'error');
    });
  });

  describe('outlier-features', () => {
    const rule = 'outlier-features';
    const read = (inputs: number, factor: number): HandMadeTensor => kernel((value, i) => (Math.floor(i / 80) < inputs ? value * factor : value));

    it('names the inputs that are read far more strongly', () => {
      const finding = found(read(2, 20), rule);
      assert.equal(finding?.severity, 'info');
      assert.deepEqual(finding.evidence?.['unitIndices'], [0, 1]);
    });

    it('is silent about even inputs, about many, and about a single large weight', () => {
      assert.equal(severity(read(2, 4), rule), undefined);
      assert.equal(severity(read(30, 20), rule), undefined);
      assert.equal(severity(kernel((value, i) => (i === 7 ? 4 : value)), rule), undefined);
    });
  });

  describe('incoherence', () => {
    const rule = 'incoherence';

    it('compares the largest weight with the root mean square', () => {
      const shape = [500, 400];
      const withLargest = (largest: number): HandMadeTensor => {
        const values = change(normals(200_000, 0.1), (value, i) => (i === 9 ? largest : value));
        return { name: 'dense/kernel', shape, values, figures: scanned(values) };
      };
      const finding = found(withLargest(3.5), rule);
      assert.equal(finding?.severity, 'info');
      assert.match(finding.message, /^The largest magnitude, 3\.5, is 3\d(?:\.\d)? times the root mean square \(0\.1\)/);
      assert.equal(severity(withLargest(2), rule), undefined);
      assert.equal(severity(withLargest(50), rule), undefined, 'an extreme spike speaks of that');
      assert.equal(severity(withLargest(80), 'extreme-spike'), 'error');
    });

    it('is silent about ordinary kernels', () => {
      assert.equal(severity(kernel(), rule), undefined);
      assert.equal(severity(kernel(undefined, { values: laplaces(8000, 0.1) }), rule), undefined);
    });
  });

  describe('exploding-variance', () => {
    const rule = 'exploding-variance';

    it('sees the layer that amplifies a hundredfold among its peers', () => {
      const { tensors, layers } = network(100);
      const finding = found(tensors, rule, layers);
      assert.deepEqual([finding?.severity, finding?.subject.name], ['warning', 'd3/kernel']);
      assert.match(finding!.message, /^RMS·√fan_in is 1\d\d, \d\d(?:\.\d)? times the median of the 8 dense kernels/);
    });

    it('sees one of three layers, and a network that ran away as a whole', () => {
      const { tensors, layers } = network(100);
      assert.equal(found(tensors.slice(2, 5), rule, layers)?.subject.name, 'd3/kernel');
      const all = tensors.map((tensor) => ({ ...tensor, values: change(normals(4096, 0.125), (value) => value * 200) }));
      const findings = findingsOfTensors(all, layers).filter((finding) => finding.rule === rule);
      assert.equal(findings.length, 8);
    });

    it('is silent about layers of different size, single spikes, moderate factors and last layers', () => {
      assert.equal(found(network(1).tensors, rule, network(1).layers), undefined);
      assert.equal(found(network(5).tensors, rule, network(5).layers), undefined);
      const wide = network(1, (i) => (i === 2 ? { shape: [4096, 1], values: normals(4096, 1 / 64) } : {}));
      assert.equal(found(wide.tensors, rule, wide.layers), undefined);
      const spike = network(1, (i) => (i === 2 ? { values: change(normals(4096, 0.125), (value, at) => (at === 9 ? 900 : value)) } : {}));
      assert.equal(found(spike.tensors, rule, spike.layers), undefined);
      const last = (sigma: number): Finding | undefined => {
        const { tensors, layers } = network(1, (i) => (i === 7 ? { values: normals(4096, sigma) } : {}));
        return found(tensors, rule, layers);
      };
      assert.equal(last(2.5), undefined, 'fifteen times the median');
      assert.equal(last(30)?.subject.name, 'd7/kernel');
    });
  });

  describe('cross-layer-outlier', () => {
    const rule = 'cross-layer-outlier';

    it('sees a layer far smaller or larger than its peers', () => {
      for (const factor of [0.02, 20]) {
        const { tensors, layers } = network(factor, undefined, 0.0125);
        const finding = found(tensors, rule, layers);
        assert.deepEqual([finding?.severity, finding?.subject.name], ['info', 'd3/kernel'], `factor ${factor}`);
      }
      assert.match(found(network(0.02).tensors, rule, network(0.02).layers)!.message, /times smaller than in the median of the 8 dense kernels/);
    });

    it('leaves the word to exploding-variance, and is silent about small differences and the ends of the network', () => {
      const silent = [network(100), network(1), network(0.3), network(6)];
      for (const { tensors, layers } of silent) assert.equal(found(tensors, rule, layers), undefined);
      const ends = network(1, (i) => (i === 0 || i === 7 ? { values: normals(4096, 0.001) } : {}));
      assert.equal(found(ends.tensors, rule, ends.layers), undefined);
    });

    it('takes two designs in one model for no outliers', () => {
      const half = network(1, (i) => (i % 3 === 1 ? { values: normals(4096, 5) } : {}));
      assert.equal(found(half.tensors, rule, half.layers), undefined);
    });
  });

  describe('abnormal-norm', () => {
    const rule = 'abnormal-norm';
    const scales = (odd: number): HandMadeTensor[] => Array.from({ length: 8 }, (_, i) => ({ name: `n${i}/gamma`, values: change(normals(64, 0.2, i + 1), (value) => (1 + value) * (i === 3 ? odd : 1)) }));

    it('sees a normalization far larger than its like', () => {
      const finding = found(scales(30), rule);
      assert.deepEqual([finding?.severity, finding?.subject.name], ['info', 'n3/gamma']);
    });

    it('is silent about differences of some times, and about small biases beside tiny ones', () => {
      assert.equal(found(scales(5), rule), undefined);
      const biases = Array.from({ length: 8 }, (_, i) => ({ name: `n${i}/bias`, values: normals(64, i === 3 ? 0.4 : 1e-6, i + 1) }));
      assert.equal(found(biases, rule), undefined);
    });
  });

  describe('bias-outlier', () => {
    const rule = 'bias-outlier';
    const layers: Layers = { dense: { className: 'Dense' }, next: { className: 'Dense', inputs: ['dense'] } };
    const withBias = (largest: number, more: Layers = layers): Finding | undefined =>
      found([kernel(), { name: 'dense/bias', values: change(normals(80, 0.1), (value, i) => (i === 4 ? largest : value)) }, { ...kernel(), name: 'next/kernel' }], rule, more);

    it('compares the largest bias with what the weights add up to', () => {
      assert.equal(withBias(40)?.severity, 'info');
      assert.equal(withBias(-300)?.severity, 'warning');
      assert.match(withBias(-300)!.message, /^The largest bias, 300, is \d+ times/);
    });

    it('is silent about usual biases, gates, last layers, and before a batch normalization', () => {
      assert.equal(withBias(4.6), undefined);
      assert.equal(withBias(300, { ...layers, dense: { className: 'LSTM' } }), undefined);
      assert.equal(withBias(40, { next: { className: 'Dense' }, dense: { className: 'Dense', inputs: ['next'] } }), undefined);
      assert.equal(withBias(80, { next: { className: 'Dense' }, dense: { className: 'Dense', inputs: ['next'] } })?.severity, 'info');
      assert.equal(withBias(300, { dense: { className: 'Dense' }, bn: { className: 'BatchNormalization', inputs: ['dense'] }, next: { className: 'Dense', inputs: ['bn'] } }), undefined);
    });
  });

  describe('non-zero-mean', () => {
    const rule = 'non-zero-mean';

    it('sees weights that lean to one side', () => {
      assert.equal(severity(kernel((value) => value + 0.1), rule), 'info');
      assert.equal(severity(kernel(Math.abs), rule), 'info');
      assert.match(found(kernel(Math.abs), rule, { dense: { constraints: { kernel: { name: 'NonNeg', config: {} } } } })!.advice, /declares the constraint NonNeg/);
    });

    it('is silent about small shifts, small tensors, and biases', () => {
      assert.equal(severity(kernel((value) => value + 0.02), rule), undefined);
      assert.equal(severity({ name: 'a/kernel', shape: [10, 10], values: new Float32Array(100).map((_, i) => 1 + i / 1000) }, rule), undefined);
      assert.equal(severity({ name: 'a/bias', values: change(normals(800), (value) => value + 3) }, rule), undefined);
    });
  });

  describe('clipped-weights', () => {
    const rule = 'clipped-weights';
    const clip = (limit: number) => (value: number): number => Math.max(-limit, Math.min(limit, value));

    it('sees a wall at one end or both', () => {
      const finding = found(kernel(clip(0.25)), rule);
      assert.equal(finding?.severity, 'warning');
      assert.match(finding.message, /exactly −0\.25 or 0\.25, the ends of the range/);
      assert.equal(severity(kernel((value) => Math.min(0.25, value)), rule), 'warning');
    });

    it('sees it in the engine\'s own bins, where walls were counted', () => {
      const values = change(normals(60_000, 0.1), clip(0.25));
      const counted = scanned(values, { role: 'kernel', shape: [300, 200] });
      assert.ok(counted.atMin! > 200 && counted.atMax! > 200, 'the engine counts the walls');
      assert.equal(severity({ name: 'dense/kernel', shape: [300, 200], values, figures: counted }, rule), 'warning');
      const free = normals(60_000, 0.1);
      assert.equal(severity({ name: 'dense/kernel', shape: [300, 200], values: free, figures: scanned(free, { role: 'kernel', shape: [300, 200] }) }, rule), undefined);
    });

    it('is a note where a constraint is declared', () => {
      assert.equal(severity(kernel(clip(0.25)), rule, { dense: { constraints: { kernel: { name: 'MinMaxNorm', config: {} } } } }), 'info');
    });

    it('is silent about free weights, coarse numbers, few levels, zeros and quantized tensors', () => {
      const random = uniform(4);
      assert.equal(severity(kernel(), rule), undefined);
      assert.equal(severity(kernel(() => random() - 0.5), rule), undefined);
      assert.equal(severity(kernel(() => Math.round(random() * 100) / 100), rule), undefined);
      assert.equal(severity(kernel(Math.sign), rule), undefined);
      assert.equal(severity(kernel((value) => Math.max(0, value)), rule), undefined);
      assert.equal(severity(kernel(clip(0.25), { dtype: 'uint8', quantization: { scheme: 'affine', scale: 0.002, min: -0.25, originalDtype: 'float32' } }), rule), undefined);
    });
  });
});
