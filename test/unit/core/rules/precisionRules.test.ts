import assert from 'node:assert/strict';
import type { Quantization } from '../../../../src/core/model';
import type { Finding, Severity } from '../../../../src/core/rules/rule';
import { findingsOfTensors, normals, uniform } from '../../../support/handMade';
import type { HandMadeModel, HandMadeTensor } from '../../../support/handMade';
import { scanned } from '../../../support/scanned';

function found(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: HandMadeModel['layers']): Finding | undefined {
  const findings = findingsOfTensors([tensors].flat(), layers).filter((finding) => finding.rule === rule);
  assert.ok(findings.length <= 1, `${rule} speaks more than once`);
  return findings[0];
}

function severity(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: HandMadeModel['layers']): Severity | undefined {
  return found(tensors, rule, layers)?.severity;
}

const SHAPE = [100, 80];

/** 100 inputs, 80 units; element i belongs to unit i mod 80. */
function kernel(by: (value: number, index: number) => number = (value) => value, more: Partial<HandMadeTensor> = {}): HandMadeTensor {
  return { name: 'dense/kernel', shape: SHAPE, values: normals(8000, 0.1).map(by), ...more };
}

/** As a converter stores it: codes over [min, max], cut at their ends. */
function quantized(values: Float32Array, min: number, max: number, levels = 256): HandMadeTensor {
  const scale = (max - min) / (levels - 1);
  const quantization: Quantization = { scheme: 'affine', scale, min, originalDtype: 'float32' };
  const decoded = values.map((value) => Math.fround(Math.max(0, Math.min(levels - 1, Math.round((value - min) / scale))) * scale + min));
  return { name: 'dense/kernel', shape: SHAPE, dtype: levels > 256 ? 'uint16' : 'uint8', quantization, values: decoded };
}

const bell = normals(8000, 0.1);

describe('rules about precision and quantization', () => {
  describe('float16-overflow', () => {
    const rule = 'float16-overflow';
    const withLargest = (value: number, more: Partial<HandMadeTensor> = {}): HandMadeTensor => kernel((old, i) => (i === 3 ? value : old), more);

    it('begins where half floats round to infinity', () => {
      assert.equal(severity(withLargest(65_520), rule), 'warning');
      assert.equal(severity(withLargest(-70_000), rule), 'warning');
      assert.equal(severity(withLargest(65_519), rule), undefined);
      assert.match(found(withLargest(70_000), rule)!.message, /^1 value up to 70.000 is beyond what float16 holds/);
    });

    it('is a note about running variances', () => {
      assert.equal(severity({ name: 'bn/moving_variance', values: [1, 120_000] }, rule), 'info');
    });

    it('is silent about half floats, constants, and what is absurd anyway', () => {
      assert.equal(severity({ name: 'x', role: 'constant', values: [1e6] }, rule), undefined);
      assert.equal(severity(kernel(undefined, { dtype: 'float16' }), rule), undefined);
      assert.equal(severity(withLargest(1e30), rule), undefined);
      assert.equal(severity(withLargest(1e30), 'absurd-magnitude'), 'error');
    });
  });

  describe('float16-underflow', () => {
    const rule = 'float16-underflow';
    /** A fourth of the weights, spread over all units. */
    const isFourth = (i: number): boolean => (i + Math.floor(i / 100)) % 4 === 0;

    it('is a warning where the tensor itself loses its digits', () => {
      const finding = found(kernel((value) => value * 1e-6), rule);
      assert.equal(finding?.severity, 'warning');
      assert.match(finding.message, /^100\u2009% of the non-zero weights are below 6\.1e−5/);
      assert.ok((finding.evidence?.['signalToNoiseDecibels'] as number) < 40);
      assert.equal(severity(kernel((value) => value * 1e-9), rule), undefined, 'zero in effect, which is graver');
      assert.equal(severity(kernel((value) => value * 1e-9), 'all-zero-tensor'), 'error');
    });

    it('is a note where only small weights do', () => {
      const finding = found(kernel((value, i) => (isFourth(i) ? value * 1e-9 : value + Math.sign(value) * 0.01)), rule);
      assert.equal(finding?.severity, 'info');
      assert.equal(finding.evidence?.['subnormal'], 2000);
    });

    it('counts the borders exactly, in the engine\'s bins as well', () => {
      const background = normals(40_000, 0.1).map((value) => value + Math.sign(value) * 0.01);
      const at = (value: number): Float32Array => Float32Array.from({ length: 40_000 }, (_, i) => (isFourth(i) ? (i % 8 ? value : -value) : background[i]!));
      const subnormal = (value: number): unknown => {
        const values = at(value);
        return found({ name: 'dense/kernel', shape: [400, 100], values, figures: scanned(values) }, rule)?.evidence?.['flushed'];
      };
      assert.equal(subnormal(2 ** -25 * (1 - 2 ** -24)), 10_000);
      assert.equal(subnormal(2 ** -25), 0);
      assert.equal(severity({ name: 'dense/kernel', shape: [400, 100], values: at(2 ** -14) }, rule), undefined);
    });

    it('is silent about usual kernels, zeros, and tensors that are half floats already', () => {
      assert.equal(severity(kernel(), rule), undefined);
      assert.equal(severity(kernel((value) => value / 100), rule), undefined);
      assert.equal(severity(kernel((value, i) => (i % 4 ? 0 : value)), rule), undefined);
      assert.equal(severity(kernel((value) => value * 1e-6, { dtype: 'float16' }), rule), undefined);
    });
  });

  describe('float8-overflow', () => {
    const rule = 'float8-overflow';

    it('begins beyond the largest E4M3', () => {
      const upTo = (largest: number): HandMadeTensor => ({ name: 'a/kernel', shape: [20, 8], values: normals(160, 0.1).map((value, i) => (i === 5 ? largest : value)) });
      assert.equal(severity(upTo(449), rule), 'info');
      assert.equal(severity(upTo(448), rule), undefined);
    });

    it('is silent about biases and integers', () => {
      assert.equal(severity({ name: 'a/bias', values: [600] }, rule), undefined);
      assert.equal(severity({ name: 'a/kernel', dtype: 'int16', shape: [1, 2], values: [600, 1] }, rule), undefined);
    });
  });

  describe('wasted-precision', () => {
    const rule = 'wasted-precision';
    const cut = (bits: number): Float32Array => {
      const values = normals(8000, 0.1);
      const words = new Uint32Array(values.buffer);
      for (let i = 0; i < words.length; i++) words[i] = (words[i]! >>> bits) << bits;
      return values;
    };
    const stored = (bits: number, by: (value: number) => number = (value) => value): HandMadeTensor => {
      const values = cut(bits).map(by);
      return kernel(undefined, { values, figures: { unusedMantissaBits: scanned(values).unusedMantissaBits ?? 0 } });
    };

    it('finds bfloat16 and half floats in float32', () => {
      const halves = found(stored(13, (value) => (Math.abs(value) < 2 ** -14 ? 0 : value)), rule);
      assert.deepEqual([halves?.severity, halves?.subject.name], ['info', 'dense/kernel']);
      assert.match(halves!.message, /^The 8.000 weights are stored as float32, and float16 holds every one of them exactly \(13 bits/);
      assert.match(found(stored(16, (value) => value * 2 ** -20), rule)!.message, /bfloat16/);
    });

    it('makes one finding of many tensors', () => {
      const four = Array.from({ length: 4 }, (_, i) => ({ ...stored(16), name: `d${i}/kernel` }));
      const finding = found(four, rule);
      assert.deepEqual([finding?.subject.kind, finding?.evidence?.['tensors']], ['model', 4]);
      assert.match(finding!.message, /: d0\/kernel, d1\/kernel, d2\/kernel and 1 more\.$/);
    });

    it('is silent about full precision, small parts of a model, and half floats beyond their range', () => {
      assert.equal(severity(stored(0), rule), undefined);
      assert.equal(severity(stored(12), rule), undefined);
      assert.equal(severity(stored(13, (value) => value * 2 ** -20), rule), undefined);
      const rest = Array.from({ length: 40 }, (_, i) => ({ ...kernel(undefined, { name: `full${i}/kernel` }), bytes: 320_000 }));
      const four = Array.from({ length: 4 }, (_, i) => ({ ...stored(16), name: `d${i}/kernel` }));
      assert.equal(severity([...four, ...rest], rule), undefined);
    });
  });

  describe('int8-noise', () => {
    const rule = 'int8-noise';
    /** Two thirds of each unit tiny beside a few large weights. */
    const heavy = kernel((value, i) => (Math.floor(i / 80) % 20 === 0 ? value * 10 : value / 40));

    it('is a warning where a scale for each channel does not help', () => {
      // One weight of 35 σ in each unit: short of an extreme spike, and the scale of all the others.
      const spiked: HandMadeTensor = { name: 'dense/kernel', shape: [2000, 8], values: normals(16_000, 0.1).map((value, i) => (i < 8 ? 3.5 : value)) };
      assert.equal(severity(spiked, rule), 'warning');
      const decibels = found(spiked, rule)!.evidence?.['perChannelDecibels'] as number;
      assert.ok(decibels > 20 && decibels < 25, `${decibels}`);
    });

    it('is a note where it does', () => {
      const mild = kernel((value, i) => value * (1 + 8 * ((i % 80) / 80) ** 6) * (i === 5 ? 14 : 1));
      const noise = found(mild, rule);
      assert.ok(noise === undefined || noise.severity === 'info');
      const oneWide = kernel((value, i) => (i % 80 === 3 ? value * 30 : value));
      assert.equal(severity(oneWide, rule), undefined, 'channels of different range have a rule of their own');
      assert.equal(severity(oneWide, 'channel-range-disparity'), 'info');
    });

    it('is silent about usual kernels, quantized and small ones', () => {
      assert.equal(severity(kernel(), rule), undefined);
      assert.equal(severity(heavy, 'int8-noise'), undefined);
      assert.equal(severity(quantized(bell, -1, 1), rule), undefined);
      assert.equal(severity({ name: 'a/kernel', shape: [16, 16], values: new Float32Array(256).map((_, i) => (i === 0 ? 100 : 0.01)) }, rule), undefined);
    });
  });

  describe('channel-range-disparity', () => {
    const rule = 'channel-range-disparity';
    const wide = (factor: number, more: Partial<HandMadeTensor> = {}): HandMadeTensor => kernel((value, i) => (i % 80 === 3 ? value * factor : value / 10), more);

    it('sees channels that reach ten or a hundred times beyond the median', () => {
      const finding = found(wide(3), rule);
      assert.equal(finding?.severity, 'info');
      assert.deepEqual(finding.evidence?.['unitIndices'], [3]);
      const narrow = normals(8000, 0.1).map((value, i) => (i % 400 < 8 ? value * 20 : value / 10));
      assert.equal(severity({ name: 'dense/kernel', shape: [20, 400], values: narrow }, rule), 'warning');
    });

    it('is silent about even channels, dead ones, and kernels before a batch normalization', () => {
      assert.equal(severity(kernel(), rule), undefined);
      assert.equal(severity(kernel((value, i) => (i % 80 < 60 ? 0 : value)), rule), undefined);
      const layers = { dense: {}, bn: { className: 'BatchNormalization', inputs: ['dense'], config: { epsilon: 1e-6 } } };
      const behind = (deviation: (unit: number) => number): HandMadeTensor => {
        const orderedValues = Float32Array.from({ length: 80 }, (_, unit) => deviation(unit) ** 2);
        return { name: 'bn/moving_variance', values: orderedValues, figures: { orderedValues } };
      };
      assert.equal(severity([wide(3), behind((unit) => (unit === 3 ? 30 : 1))], rule, layers), undefined, 'even once folded');
      assert.equal(severity([wide(3), behind(() => 1)], rule, layers), 'info', 'the statistics know nothing of the wide channel');
      assert.equal(severity(wide(3), rule, layers), undefined, 'statistics that are not known');
      const depthwise = normals(9 * 64, 0.1).map((value, i) => (i % 64 === 3 ? value * 40 : value));
      assert.equal(severity({ name: 'dw/kernel', shape: [3, 3, 64, 1], axes: { output: 2 }, values: depthwise }, rule), undefined);
      assert.equal(severity({ name: 'dw/kernel', shape: [3, 3, 64, 1], axes: { output: 2 }, values: depthwise.map((value, i) => (i % 64 === 3 ? value * 10 : value)) }, rule), 'info');
    });
  });

  describe('saturated-codes', () => {
    const rule = 'saturated-codes';

    it('sees weights that were cut to the ends of the range', () => {
      const finding = found(quantized(bell, -0.2, 0.2), rule);
      assert.equal(finding?.severity, 'warning');
      assert.match(finding.message, /\(4\.\d\u2009%\) have the least or the greatest of the 256 codes/);
      assert.equal(severity(quantized(bell, -0.04, 0.04), rule), 'error');
    });

    it('is silent about a range that fits, zeros at one end, and binary weights', () => {
      assert.equal(severity(quantized(bell, -0.45, 0.45), rule), undefined);
      assert.equal(severity(quantized(bell.map((value) => Math.max(0, value)), 0, 0.45), rule), undefined);
      assert.equal(severity(quantized(bell.map(Math.sign), -1, 1), rule), undefined);
      assert.equal(severity(kernel(), rule), undefined);
    });
  });

  describe('unused-levels', () => {
    const rule = 'unused-levels';

    it('sees a range far too wide, and one that a single weight set', () => {
      const narrow = found(quantized(bell, -10, 10), rule);
      assert.equal(narrow?.severity, 'warning');
      assert.ok((narrow.evidence?.['span'] as number) < 0.06);
      const spiked = quantized(bell.map((value, i) => (i === 4 ? 40 : value)), -0.4, 40);
      assert.equal(severity(spiked, rule), 'warning');
      assert.match(found(spiked, rule)!.advice, /few large weights set the range/);
      assert.equal(severity(quantized(bell, -10, 10, 65_536), rule), 'warning', 'a twentieth of 65 536 levels');
    });

    it('is a note about ternary weights', () => {
      assert.equal(severity(quantized(bell.map((value) => (Math.abs(value) < 0.05 ? 0 : Math.sign(value))), -1, 1), rule), 'info');
    });

    it('is silent about a range that fits, pruned weights, and float32', () => {
      assert.equal(severity(quantized(bell, -0.45, 0.45), rule), undefined);
      assert.equal(severity(quantized(bell.map((value, i) => (i % 5 ? 0 : value)), -0.45, 0.45), rule), undefined);
      assert.equal(severity(kernel(), rule), undefined);
    });
  });

  describe('quantization-robustness', () => {
    const rule = 'quantization-robustness';
    const random = uniform(9);
    const tails = (name: string, seed: number): HandMadeTensor => kernel(undefined, { name: `${name}/kernel`, values: normals(8000, 0.1, seed).map((value) => value ** 3 * (1 + random())) });
    const plain = (name: string, seed: number): HandMadeTensor => kernel(undefined, { name: `${name}/kernel`, values: normals(8000, 0.1, seed) });

    it('speaks of the model where most weights lie in heavy tails', () => {
      const finding = found([tails('a', 1), tails('b', 2), plain('c', 3)], rule);
      assert.deepEqual([finding?.severity, finding?.subject.kind], ['info', 'model']);
      assert.match(finding!.message, /^67\u2009% of the weights lie in 2 layers/);
    });

    it('is silent about bell curves, single layers, and models that are quantized', () => {
      assert.equal(severity([plain('a', 1), plain('b', 2), plain('c', 3)], rule), undefined);
      assert.equal(severity([tails('a', 1), plain('b', 2), plain('c', 3)], rule), undefined);
      assert.equal(severity([tails('a', 1), tails('b', 2)], rule), undefined);
      assert.equal(severity(['a', 'b', 'c'].map((name, i) => ({ ...tails(name, i), dtype: 'uint8' as const })), rule), undefined);
    });
  });
});
