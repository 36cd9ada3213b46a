import assert from 'node:assert/strict';
import { decodeValues } from '../../../../src/core/statistics/decode';
import type { Layer, Quantization, Role } from '../../../../src/core/model';
import { limitsOf, findingsOf, RULES } from '../../../../src/core/rules/index';
import type { Finding, Severity } from '../../../../src/core/rules/rule';
import { analysisOf, findingsOfTensors, normals, uniform } from '../../../support/handMade';
import type { HandMadeTensor } from '../../../support/handMade';

const SHAPE = [3, 3, 16, 32];
const COUNT = 3 * 3 * 16 * 32;
/** A kernel of 256 × 128 float32 numbers has 1024 of them. */
const PART = 128;

function kernel(change: (values: Float32Array) => void = () => undefined, more: Partial<HandMadeTensor> = {}): HandMadeTensor {
  const values = normals(COUNT, 0.05);
  change(values);
  return { name: 'conv/kernel', shape: SHAPE, values, ...more };
}

function found(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: Record<string, Partial<Layer>>): Finding | undefined {
  return findingsOfTensors([tensors].flat(), layers).find((finding) => finding.rule === rule);
}

function severity(tensors: HandMadeTensor | readonly HandMadeTensor[], rule: string, layers?: Record<string, Partial<Layer>>): Severity | undefined {
  return found(tensors, rule, layers)?.severity;
}

/** Rules that speak of corruption, in the order of the registry: what one fault is told by. */
function told(tensor: HandMadeTensor): string[] {
  return findingsOfTensors([tensor]).map(({ rule }) => rule);
}

describe('rules about corruption', () => {
  describe('quantization-scale', () => {
    const rule = 'quantization-scale';
    const quantized = (scale: number, min: number): HandMadeTensor => {
      const quantization: Quantization = { scheme: 'affine', scale, min, originalDtype: 'float32' };
      const codes = normals(COUNT, 30).map((value) => Math.min(255, Math.max(0, Math.round(128 + value))));
      return { name: 'conv/kernel', shape: SHAPE, dtype: 'uint8', bytes: COUNT, quantization, values: decodeValues(Uint8Array.from(codes), COUNT, { dtype: 'uint8', quantization }) };
    };

    it('is an error for each scale and minimum that gives no usable number', () => {
      for (const [scale, min] of [[NaN, 0], [0.01, NaN], [Infinity, 0], [0.01, -Infinity], [0, 0.5], [-0.01, 1], [1e37, 0], [0.01, -1e39]] as const) {
        assert.equal(severity(quantized(scale, min), rule), 'error', `scale ${scale}, min ${min}`);
      }
    });

    it('is the one finding about NaN that follows from it', () => {
      assert.deepEqual(told(quantized(NaN, 0)), [rule]);
    });

    it('is silent about what converters write, a constant tensor with a scale of 1 among it', () => {
      assert.equal(severity(quantized(0.008, -1.02), rule), undefined);
      assert.equal(severity(quantized(1, 0), rule), undefined);
      assert.equal(severity(kernel(), rule), undefined);
    });
  });

  describe('absurd-magnitude', () => {
    const rule = 'absurd-magnitude';
    const spike = (size: number): HandMadeTensor => kernel((values) => { values[77] = -size; });

    it('is an error from a million on, and calls memory that nobody wrote by its name', () => {
      assert.equal(severity(spike(9e5), rule), undefined);
      assert.equal(severity(spike(2e6), rule), 'error');
      assert.match(found(spike(1e35), rule)?.advice ?? '', /never written/);
      assert.match(found(kernel((values) => values.forEach((value, i) => { values[i] = value * 1e9; })), rule)?.advice ?? '', /exploded/);
    });

    it('is the only one to speak of it', () => {
      assert.deepEqual(told(spike(1e8)).filter((id) => ['extreme-spike', 'heavy-tails', 'near-zero-mass', 'abnormal-mean'].includes(id)), []);
    });

    it('expects more of running statistics, and nothing of constants and masks', () => {
      const vector = (name: string, value: number, role?: Role): HandMadeTensor => ({ name, values: normals(64).map(() => value), ...(role && { role }) });
      assert.equal(severity(vector('bn/moving_variance', 1e9), rule), undefined);
      assert.equal(severity(vector('bn/moving_variance', 1e13), rule), 'warning');
      assert.equal(severity(vector('bn/moving_mean', 1e7), rule), 'warning');
      assert.equal(severity(vector('bn/moving_mean', 2e30), rule), 'error');
      assert.equal(severity(vector('a/bias', 1e7), rule), 'error');
      assert.equal(severity(vector('shape', 1e7, 'constant'), rule), undefined);
      assert.equal(severity({ name: 'attention_mask', role: 'other', values: normals(64).map((_, i) => i % 3 ? 0 : -3.4e38) }, rule), undefined);
      assert.equal(severity({ name: 'x', role: 'other', values: normals(64).map((value) => value * 1e33) }, rule), 'error');
      assert.equal(severity({ name: 'counts', role: 'other', dtype: 'int32', values: [2e9, 1] }, rule), undefined);
    });
  });

  describe('misread-bytes', () => {
    const rule = 'misread-bytes';
    const healthy = normals(COUNT, 0.05);
    const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.slice().buffer);
    const swapped = (bytes: Uint8Array, size: number): Uint8Array => bytes.map((_, i) => bytes[i - (i % size) + size - 1 - (i % size)]!);
    /** As a reader that is `late` bytes off finds it. */
    const shifted = (bytes: Uint8Array, late: number): Uint8Array => bytes.map((_, i) => bytes[(i + late) % bytes.length]!);
    const read = (bytes: Uint8Array, dtype: 'float32' | 'float16' | 'bfloat16' = 'float32'): HandMadeTensor =>
      kernel(undefined, { dtype, values: decodeValues(bytes, COUNT, { dtype }) });
    /** The upper halves of float32 numbers, as bfloat16 stores them. */
    const upperHalves = (values: Float32Array): Uint8Array => bytesOf(values).filter((_, i) => i % 4 >= 2);
    const halves = (values: Float32Array): Uint8Array => new Uint8Array(Uint16Array.from(values, halfBits).buffer);

    it('knows float32 in the wrong byte order and one to three bytes off, whatever its magnitude', () => {
      for (const scale of [1e-3, 1, 100]) {
        const bytes = bytesOf(healthy.map((value) => value * scale));
        assert.equal(severity(read(swapped(bytes, 4)), rule), 'error', `swapped, × ${scale}`);
        for (const late of [1, 2, 3]) assert.equal(severity(read(shifted(bytes, late)), rule), 'error', `${late} bytes off, × ${scale}`);
      }
    });

    it('knows it of numbers that were bfloat16 or half floats before', () => {
      const wasBfloat16 = bytesOf(healthy).map((byte, i) => (i % 4 < 2 ? 0 : byte));
      const wasHalf = bytesOf(Float32Array.from(decodeValues(halves(healthy), COUNT, { dtype: 'float16' })));
      for (const bytes of [wasBfloat16, wasHalf]) {
        assert.equal(severity(read(swapped(bytes, 4)), rule), 'error', 'swapped');
        for (const late of [1, 2, 3]) assert.equal(severity(read(shifted(bytes, late)), rule), 'error', `${late} bytes off`);
      }
    });

    it('knows swapped half floats and bfloat16 numbers, and either one byte off', () => {
      for (const [bytes, dtype] of [[halves(healthy), 'float16'], [upperHalves(healthy), 'bfloat16']] as const) {
        assert.equal(severity(read(bytes, dtype), rule), undefined, `healthy ${dtype}`);
        assert.equal(severity(read(swapped(bytes, 2), dtype), rule), 'error', `swapped ${dtype}`);
        assert.equal(severity(read(shifted(bytes, 1), dtype), rule), 'error', `${dtype} one byte off`);
      }
    });

    it('knows half floats that are read as float32 or bfloat16', () => {
      const bytes = halves(healthy);
      assert.equal(severity(read(Uint8Array.from([...bytes, ...bytes])), rule), 'error');
      assert.equal(severity(read(bytes, 'bfloat16'), rule), 'error');
      const random = uniform(4);
      const fresh = Float32Array.from({ length: COUNT }, () => 0.14 * (random() - 0.5));
      const peaked = Float32Array.from({ length: COUNT }, () => (random() < 0.5 ? -0.02 : 0.02) * Math.log(1 - random()));
      for (const values of [fresh, peaked]) assert.equal(severity(read(Uint8Array.from([...halves(values), ...halves(values)])), rule), 'error');
    });

    it('is the one finding about NaN, zeros and sizes that follow from it', () => {
      assert.deepEqual(told(read(swapped(bytesOf(healthy), 4))), [rule]);
    });

    it('is silent about healthy, tiny, dying, spiky, pruned and heavy-tailed weights', () => {
      const random = uniform(9);
      const cases: Record<string, HandMadeTensor> = {
        healthy: kernel(),
        tiny: kernel((values) => values.forEach((value, i) => { values[i] = value * 1e-20; })),
        'half of it dying': kernel((values) => values.forEach((value, i) => { if (i % 2) values[i] = value * 10 ** (-30 * random()); })),
        'dying with one spike': kernel((values) => values.forEach((value, i) => { values[i] = i === 5 ? 1e20 : i % 4 ? value : value * 1e-33; })),
        pruned: kernel((values) => values.forEach((_, i) => { if (i % 10) values[i] = 0; })),
        'most of it dying evenly': kernel((values) => values.forEach((value, i) => { if (i % 5) values[i] = value * 10 ** (-30 * random()); })),
        'a sixth power': kernel((values) => values.forEach((value, i) => { values[i] = Math.sign(value) * Math.abs(value) ** 6; })),
        cauchy: kernel((values) => values.forEach((_, i) => { values[i] = 0.01 * Math.tan(Math.PI * (random() - 0.5)); })),
        'filters of all scales': kernel((values) => values.forEach((value, i) => { values[i] = value * 10 ** (-(i % 32) / 8); })),
        'half floats with folded scales': kernel(undefined, { dtype: 'float16', values: decodeValues(halves(healthy.map((value, i) => value * 10 ** ((i % 32) / 8 - 2))), COUNT, { dtype: 'float16' }) }),
      };
      for (const [name, tensor] of Object.entries(cases)) assert.equal(severity(tensor, rule), undefined, name);
    });
  });

  describe('abnormal-mean', () => {
    const rule = 'abnormal-mean';
    const shifted = (by: number): HandMadeTensor => kernel((values) => values.forEach((value, i) => { values[i] = value + by; }));

    it('warns from 10 on and is an error from 100 on, on either side', () => {
      assert.equal(severity(shifted(9), rule), undefined);
      assert.equal(severity(shifted(-12), rule), 'warning');
      assert.equal(severity(shifted(150), rule), 'error');
    });

    it('takes neither a spike nor a wide spread for a shift', () => {
      assert.equal(severity(kernel((values) => { values[3] = 5e5; }), rule), undefined);
      assert.equal(severity(kernel((values) => values.forEach((value, i) => { values[i] = value * 2000 + 20; })), rule), undefined);
    });

    it('lets biases and statistics be, and takes a frozen table for what it is', () => {
      assert.equal(severity({ name: 'a/bias', values: normals(64).map(() => 50) }, rule), undefined);
      assert.equal(severity({ name: 'a/moving_mean', values: normals(64).map((value) => value + 500) }, rule), undefined);
      assert.equal(severity(shifted(150), rule, { conv: { trainable: false } }), 'info');
    });
  });

  describe('zero-flood', () => {
    const rule = 'zero-flood';
    const scattered = (share: number, more: Partial<HandMadeTensor> = {}): HandMadeTensor =>
      kernel((values) => values.forEach((_, i) => { if ((i * 7919) % values.length < share * values.length) values[i] = 0; }), more);

    it('warns of 80 % zeros in a kernel and of 50 % in an embedding', () => {
      assert.equal(severity(scattered(0.79), rule), undefined);
      assert.equal(severity(scattered(0.81), rule), 'warning');
      assert.equal(severity(scattered(0.55, { name: 'e/embeddings', shape: [144, 32] }), rule), 'warning');
    });

    it('is an error where nothing but a few weights is left', () => {
      const almostNothing = new Float32Array(40_000);
      almostNothing[20] = 1;
      assert.equal(severity({ name: 'a/kernel', shape: [200, 200], axes: {}, values: almostNothing }, rule), 'error');
    });

    it('takes zeros for a method where most kernels have them, but not 99 % of them', () => {
      const pruned = (share: number): readonly HandMadeTensor[] => ['a', 'b', 'c'].map((name) => scattered(share, { name: `${name}/kernel` }));
      assert.equal(severity(pruned(0.9), rule), undefined);
      assert.equal(severity(pruned(0.9), 'exact-sparsity'), 'info');
      assert.equal(severity(pruned(0.995), rule), 'warning');
    });

    it('leaves a person who raises its limit with the note about the same zeros', () => {
      const { model, statistics } = analysisOf({ tensors: [scattered(0.85)] });
      const rules = findingsOf(model, statistics, new Map(), { thresholds: { 'zero-flood': { warningFrom: 90 } } }).map((finding) => finding.rule);
      assert.deepEqual(rules.filter((id) => id === rule || id === 'exact-sparsity'), ['exact-sparsity']);
    });
  });

  describe('zero-run', () => {
    const rule = 'zero-run';
    /** A dense kernel of 1024 parts, from `offset` on `bytes` of zeros, with the run that the engine finds. */
    const withRun = (offset: number, bytes: number, more: Partial<HandMadeTensor> = {}): HandMadeTensor => {
      const values = normals(256 * 128, 0.05).map((value, i) => (i * 4 >= offset && i * 4 < offset + bytes ? 0 : value));
      return { name: 'd/kernel', shape: [256, 128], values, figures: { longestZeroRun: { offset, bytes } }, ...more };
    };
    const MEBIBYTE = 1024 * 1024;

    it('warns from a tenth of the tensor on, and is an error from half on', () => {
      assert.equal(severity(withRun(256 * PART, 64 * PART), rule), undefined);
      assert.equal(severity(withRun(256 * PART, 160 * PART), rule), 'warning');
      assert.equal(severity(withRun(256 * PART, 600 * PART), rule), 'error');
    });

    it('calls the end of an interrupted copy by its name, and counts what is lost behind it', () => {
      const at = (offset: number, length: number): Pick<HandMadeTensor, 'segments'> => ({ segments: [{ file: 0, offset, length }] });
      const behind = (name: string, offset: number, value: number): HandMadeTensor => ({ name, shape: [16, 16], values: normals(256).map((x) => x * value), ...at(offset, 8 * PART) });
      const tensors = [
        withRun(800 * PART, 224 * PART, at(0, 1024 * PART)),
        behind('b/kernel', 1024 * PART, 0), behind('c/kernel', 1032 * PART, 0), behind('d2/kernel', 1040 * PART, 1),
      ];
      const finding = found(tensors, rule);
      assert.match(finding?.message ?? '', /^The tensor ends in a run of 28\u2009KiB of zeros \(22\u2009% of it\)\.$/);
      assert.match(finding?.advice ?? '', /interrupted copy.* 2 tensors behind it in the file hold nothing but zeros/);
      assert.doesNotMatch(found(withRun(256 * PART, 160 * PART), rule)?.message ?? '', /ends in/);
    });

    it('is the only one to speak of these zeros', () => {
      assert.deepEqual(told(withRun(400 * PART, 624 * PART)), [rule]);
    });

    it('speaks of a mebibyte whatever its share', () => {
      const large: HandMadeTensor = { ...withRun(0, 0), bytes: 64 * MEBIBYTE, figures: { longestZeroRun: { offset: 0, bytes: MEBIBYTE + 16 * 1024 }, zeros: 4200 } };
      assert.equal(severity(large, rule), 'warning');
      assert.equal(severity({ ...large, figures: { ...large.figures, longestZeroRun: { offset: 0, bytes: MEBIBYTE } } }, rule), undefined);
    });

    it('leaves a sparse tensor, dead inputs with a reason, and unused rows to their own rules', () => {
      const sparse = withRun(0, 256 * PART);
      const values = Float32Array.from(sparse.values!, (value, i) => (i % 5 ? 0 : value));
      assert.equal(severity({ ...sparse, values }, rule), undefined, 'sparse');
      const before: HandMadeTensor = { name: 'a/kernel', shape: [64, 256], values: normals(64 * 256).map((value, i) => (i % 256 < 64 ? 0 : value)) };
      assert.equal(severity([before, withRun(0, 256 * PART)], rule), undefined, 'dead inputs');
      assert.equal(severity([before, withRun(0, 256 * PART)], 'dead-input-channels'), 'info', 'dead inputs');
      const rows: Partial<HandMadeTensor> = { name: 'e/embeddings', axes: { input: 0, output: 1 } };
      assert.equal(severity(withRun(256 * PART, 160 * PART, rows), rule), undefined, 'rows amid others');
      assert.equal(severity(withRun(256 * PART, 160 * PART, rows), 'dead-rows'), 'warning', 'rows amid others');
      assert.equal(severity(withRun(824 * PART, 200 * PART, rows), rule), 'warning', 'a fifth of an embedding at its end');
    });

    it('knows the lowest code of a quantized tensor for what a lost byte decodes to', () => {
      const quantization: Quantization = { scheme: 'affine', scale: 0.01, min: -1.28, originalDtype: 'float32' };
      const codes = normals(256 * 128, 30).map((value, i) => (i >= 16_300 ? 0 : Math.min(255, Math.max(1, Math.round(128 + value)))));
      const tensor: HandMadeTensor = {
        name: 'd/kernel', shape: [256, 128], dtype: 'uint8', bytes: codes.length, quantization,
        values: decodeValues(Uint8Array.from(codes), codes.length, { dtype: 'uint8', quantization }), figures: { longestZeroRun: { offset: 16_384, bytes: 16_384 } },
      };
      assert.equal(severity(tensor, rule), 'error');
    });
  });

  it('obey the limits that a person sets', () => {
    const { model, statistics } = analysisOf({ tensors: [kernel((values) => { values[7] = 5000; })] });
    const spoken = (thresholds: Record<string, Record<string, number>>): string[] => findingsOf(model, statistics, new Map(), { thresholds }).map(({ rule }) => rule);
    assert.ok(!spoken({}).includes('absurd-magnitude'));
    assert.ok(spoken({ 'absurd-magnitude': { errorFrom: 1000 } }).includes('absurd-magnitude'));
    for (const rule of RULES) for (const [name, limit] of Object.entries(limitsOf(rule))) assert.ok(Number.isFinite(limit), `${rule.id} ${name}`);
  });
});

/** float32 to binary16, towards zero: close enough for a test of exponents. */
function halfBits(value: number): number {
  const [bits] = new Uint32Array(Float32Array.of(value).buffer) as unknown as [number];
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent <= 0) return (bits >>> 16) & 0x8000;
  return ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}
