import assert from 'node:assert/strict';
import type { Tensor } from '../../../../src/core/model';
import { MOST_SIMILAR_PAIRS, similarUnits } from '../../../../src/core/statistics/similarUnits';
import type { sparseGroups } from '../../../../src/core/statistics/sparseGroups';
import { SIMILAR_COSINE } from '../../../../src/core/statistics/tensorStatistics';
import type { SimilarUnits } from '../../../../src/core/statistics/tensorStatistics';
import { TypeScriptKernel } from '../../../../src/core/statistics/twin';
import { finish } from '../../../../src/core/statistics/finish';
import { MOST_SAMPLED_UNITS, samplePlan } from '../../../../src/core/statistics/unitSamples';
import type { UnitSamples } from '../../../../src/core/statistics/unitSamples';
import { Random } from '../../../support/random';
import { normal, scanBytes, tensorOf } from '../../../support/sampleData';

type Make = (random: Random, unit: number, weight: number) => number;

/** Kept weights of a dense kernel, as a scan leaves them. */
function samplesOf(units: number, weights: number, make: (unit: number, weight: number) => number): UnitSamples {
  const plan = samplePlan({ shape: [weights, units], axes: { input: 0, output: 1 }, role: 'kernel' });
  assert.ok(plan);
  const values = new Float32Array(plan.weights.length * units);
  plan.weights.forEach((weight, k) => {
    for (let unit = 0; unit < units; unit++) values[plan.begins[k]! + unit * plan.steps[k]!] = make(unit, weight);
  });
  return { plan, pieces: [{ first: 0, values }] };
}

function matrix(random: Random, units: number, weights: number, make: Make): Float64Array[] {
  return Array.from({ length: units }, (_, unit) => Float64Array.from({ length: weights }, (__, weight) => make(random, unit, weight)));
}

function found(rows: readonly Float64Array[]): readonly SimilarUnits[] {
  return similarUnits(samplesOf(rows.length, rows[0]!.length, (unit, weight) => rows[unit]![weight]!)) ?? assert.fail('not compared');
}

function pairsOf(similar: readonly SimilarUnits[] | undefined): string[] {
  return (similar ?? []).map(({ first, second }) => `${first}-${second}`).sort();
}

const gaussian: Make = (random) => normal(random);

const KINDS: Readonly<Record<string, Make>> = {
  normal: gaussian,
  'four in five zero': (random) => (random.chance(0.8) ? 0 : normal(random)),
  uniform: (random) => random.next() - 0.5,
  'of one sign': (random) => random.next(),
  'with a mean': (random) => 0.5 + normal(random),
  'nine in ten zero': (random) => (random.chance(0.9) ? 0 : normal(random)),
  '99 in a hundred zero': (random) => (random.chance(0.99) ? 0 : normal(random)),
  'three levels': (random) => random.pick([-1, 0, 1]),
  'three levels, mostly zero': (random) => (random.chance(0.9) ? 0 : random.pick([-1, 1])),
  'two levels': (random) => random.pick([-1, 1]),
  'three inputs in four dead': (random, _, weight) => (weight % 4 === 0 ? normal(random) : 0),
  'heavy tails': (random) => Math.tan(Math.PI * (random.next() - 0.5)),
  'one weight each': (_, unit, weight) => (weight === unit % 27 ? 1 : 0),
  'tiny': (random) => 1e-30 * normal(random),
};

describe('similar units', () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    it(`are not found where there are none: ${kind}`, () => {
      for (const [units, weights] of [[300, 27], [700, 288], [64, 4608], [2, 500]] as const) {
        assert.deepEqual(found(matrix(new Random(units), units, weights, make)), [], `${units} × ${weights}`);
      }
    });
  }

  it('are not found in thousands of the smallest filters', () => {
    assert.deepEqual(found(matrix(new Random(1), 6000, 27, gaussian)), []);
  });

  for (const kind of ['normal', 'uniform', 'of one sign', 'with a mean', 'four in five zero', 'tiny']) {
    it(`are always found where one is a copy of another, up to a positive factor: ${kind}`, () => {
      for (let seed = 0; seed < 10; seed++) {
        const random = new Random(seed);
        const weights = kind === 'four in five zero' ? 4096 : random.pick([27, 64, 288, 1500]);
        const rows = matrix(random, 40 + random.integer(300), weights, KINDS[kind]!);
        const [original, copy, scaled, opposite] = [3, 17, 31, 38] as const;
        rows[copy] = rows[original]!.slice();
        rows[scaled] = rows[5]!.map((value) => 0.37 * value);
        rows[opposite] = rows[7]!.map((value) => -value);
        const similar = found(rows);
        assert.deepEqual(pairsOf(similar), ['3-17', '5-31'], `seed ${seed}`);
        assert.ok(similar.every(({ cosine }) => cosine > 1 - 1e-9 && cosine <= 1));
      }
    });
  }

  it('tell the cosine of all weights where units are small', () => {
    const random = new Random(5);
    const rows = matrix(random, 50, 32, gaussian);
    rows[9] = rows[4]!.map((value) => value + 0.03 * normal(random));
    const [pair] = found(rows);
    const cosine = dot(rows[4]!, rows[9]) / Math.sqrt(dot(rows[4]!, rows[4]!) * dot(rows[9], rows[9]));
    assert.ok(pair && Math.abs(pair.cosine - cosine) < 1e-6);
    assert.deepEqual([pair.first, pair.second, pair.weights], [4, 9, 32]);
  });

  it('are mostly found where a little noise makes the difference', () => {
    // Noise of 10 % of the weights leaves a cosine of 0.995, of 4 % 0.999.
    for (const [noise, least] of [[0.1, 0.75], [0.04, 0.95]] as const) {
      let hits = 0;
      for (let seed = 0; seed < 10; seed++) {
        const random = new Random(seed);
        const rows = matrix(random, 128, 1152, gaussian);
        for (let i = 0; i < 20; i++) rows[100 + i] = rows[i]!.map((value) => value + noise * normal(random));
        hits += found(rows).length;
      }
      assert.ok(hits >= least * 200, `${hits} of 200`);
    }
  });

  it('are tied together by as few pairs as it takes', () => {
    const rows = matrix(new Random(8), 120, 100, gaussian);
    for (let unit = 20; unit < 60; unit++) rows[unit] = rows[10]!.map((value) => value * (unit - 15));
    const similar = found(rows);
    assert.equal(similar.length, 40);
    assert.deepEqual(new Set(similar.flatMap(({ first, second }) => [first, second])), new Set([10, ...Array.from({ length: 40 }, (_, i) => 20 + i)]));
    const everything = found(matrix(new Random(8), 900, 100, (_, __, weight) => Math.sin(weight)));
    assert.equal(everything.length, MOST_SIMILAR_PAIRS);
  });

  it('are neither dead nor broken units', () => {
    const rows = matrix(new Random(6), 60, 100, gaussian);
    for (const dead of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) rows[dead]!.fill(0);
    rows[20]!.fill(NaN);
    rows[21]!.fill(NaN);
    rows[22] = rows[23]!.map((value, i) => (i % 2 ? Infinity : value));
    assert.deepEqual(found(rows), []);
    assert.deepEqual(found(matrix(new Random(1), 500, 60, () => 0)), []);
    assert.deepEqual(found(matrix(new Random(1), 500, 60, () => NaN)), []);
  });

  it('come with the most alike first, each at the limit or above', () => {
    const random = new Random(4);
    const rows = matrix(random, 80, 600, gaussian);
    for (let i = 0; i < 20; i++) rows[40 + i] = rows[i]!.map((value) => value + 0.01 * i * normal(random));
    const cosines = found(rows).map(({ cosine }) => cosine);
    assert.ok(cosines.length > 10);
    assert.deepEqual(cosines, [...cosines].sort((a, b) => b - a));
    assert.ok(cosines.every((cosine) => cosine >= SIMILAR_COSINE));
  });

  it('are looked for in kernels, heads and embeddings with enough weights and not too many units', () => {
    const dense = (shape: readonly number[], more: Partial<Tensor> = {}): unknown => samplePlan({ shape, axes: { input: 0, output: 1 }, role: 'kernel', ...more });
    assert.ok(dense([27, 2]));
    assert.ok(dense([300, MOST_SAMPLED_UNITS]));
    assert.ok(dense([300, 20], { role: 'embedding' }));
    assert.equal(dense([26, 20]), undefined);
    assert.equal(dense([300, 1]), undefined);
    assert.equal(dense([300, MOST_SAMPLED_UNITS + 1]), undefined);
    assert.equal(dense([300, 20], { role: 'optimizer' }), undefined);
    assert.equal(dense([300, 20], { axes: { input: 0 } }), undefined);
    assert.equal(dense([3, 3, 512, 1], { axes: { output: 2 } }), undefined);
  });
});

describe('groups of four along the inputs', () => {
  /** The two smallest of each group of four become zero, as pruning for sparse matrix units does it. */
  function pruned(shape: readonly number[], input: number, isAligned: boolean): Float32Array {
    const random = new Random(12);
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => normal(random));
    const step = shape.slice(input + 1).reduce((a, b) => a * b, 1);
    for (let element = 0; element < values.length; element++) {
      const at = Math.floor(element / step) % shape[input]!;
      if (at % 4 !== 0) continue;
      const group = [0, 1, 2, 3].map((i) => element + ((at + i + (isAligned ? 0 : 2)) % shape[input]! - at) * step);
      const smallest = group.sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!)).slice(0, 2);
      for (const one of smallest) values[one] = 0;
    }
    return values;
  }

  const SHAPES: readonly [string, Partial<Tensor>][] = [
    ['convolution', { shape: [3, 3, 16, 40], axes: { input: 2, output: 3 } }],
    ['dense', { shape: [512, 33], axes: { input: 0, output: 1 } }],
    ['transposed', { shape: [3, 3, 24, 32], axes: { input: 3, output: 2 } }],
    ['units first', { shape: [64, 32, 3, 3], axes: { input: 1, output: 0 } }],
  ];
  for (const [name, more] of SHAPES) {
    it(`are all half zero where it was made so, and only there: ${name}`, () => {
      const { shape = [], axes } = more;
      const elements = shape.reduce((a, b) => a * b, 1);
      const tensor = tensorOf('float32', elements, more);
      const figures = (values: Float32Array): ReturnType<typeof sparseGroups> => finish(scanBytes(new TypeScriptKernel(), tensor, new Uint8Array(values.buffer), [1234]), tensor).sparseGroups;
      const aligned = figures(pruned(shape, axes!.input!, true));
      assert.ok(aligned && aligned.groups >= 64 && aligned.atLeastHalfZero === aligned.groups);
      const shifted = figures(pruned(shape, axes!.input!, false));
      assert.ok(shifted && shifted.atLeastHalfZero < 0.9 * shifted.groups);
      const random = new Random(2);
      const scattered = figures(Float32Array.from({ length: elements }, () => (random.chance(0.5) ? 0 : normal(random))));
      // 11 of 16 by chance.
      assert.ok(scattered && Math.abs(scattered.atLeastHalfZero / scattered.groups - 11 / 16) < 0.08);
      assert.equal(figures(Float32Array.from({ length: elements }, () => normal(random))), undefined);
    });
  }
});

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
