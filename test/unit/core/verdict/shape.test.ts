import assert from 'node:assert/strict';
import { BELL_CONCENTRATION, concentrationOf } from '../../../../src/core/verdict/concentration';
import { shapeOf } from '../../../../src/core/verdict/shape';
import type { ShapeKind } from '../../../../src/core/verdict/shape';
import { clipped, draw, exponential, laplace, normal, rounded, studentT, truncatedNormal, twoBells, uniform, withZeros } from '../../../support/samplers';
import type { Sampler } from '../../../support/samplers';
import { scanned } from '../../../support/scanned';
import { statisticsOf } from '../../../support/handMade';

const SEEDS = 20;

interface Case {
  readonly name: string;
  readonly sampler: Sampler;
  readonly kinds: readonly ShapeKind[];
  readonly weights: readonly number[];
}

const CASES: readonly Case[] = [
  { name: 'normal', sampler: normal, kinds: ['bell'], weights: [200, 2000, 30_000] },
  { name: 'normal, far from 0', sampler: (random) => 20 + normal(random), kinds: ['bell'], weights: [200, 30_000] },
  { name: 'normal on 256 levels', sampler: rounded(normal, 8 / 255), kinds: ['bell'], weights: [500, 30_000] },
  { name: 'normal with a third of zeros', sampler: withZeros(normal, 0.33), kinds: ['bell'], weights: [500, 30_000] },
  { name: 'uniform', sampler: uniform, kinds: ['uniform'], weights: [300, 3000, 30_000] },
  { name: 'normal cut at 2σ', sampler: truncatedNormal, kinds: ['shortTailed'], weights: [4000, 30_000] },
  { name: 'Laplace', sampler: laplace, kinds: ['peaked', 'heavyTailed'], weights: [3000, 30_000] },
  { name: 'Student t, 3 degrees of freedom', sampler: studentT(3), kinds: ['heavyTailed'], weights: [3000, 30_000] },
  { name: 'Student t, 2 degrees of freedom', sampler: studentT(2), kinds: ['heavyTailed'], weights: [3000, 30_000] },
  { name: 'exponential', sampler: exponential, kinds: ['skewed'], weights: [200, 3000, 30_000] },
  { name: 'magnitudes of a normal', sampler: (random) => Math.abs(normal(random)), kinds: ['skewed'], weights: [1000, 30_000] },
  { name: 'two bells 6σ apart', sampler: twoBells(6), kinds: ['humps'], weights: [500, 3000, 30_000] },
  { name: 'two bells 6σ apart, one of 20 %', sampler: twoBells(6, 0.2), kinds: ['humps'], weights: [1000, 30_000] },
  { name: 'normal clipped at 1σ', sampler: clipped(normal, 1), kinds: ['clipped'], weights: [500, 30_000] },
  { name: 'normal clipped at 2.5σ', sampler: clipped(normal, 2.5), kinds: ['clipped'], weights: [10_000, 30_000] },
  { name: '16 levels', sampler: rounded(normal, 8 / 15), kinds: ['comb'], weights: [500, 30_000] },
  { name: 'ternary', sampler: (random) => Math.sign(Math.round(normal(random))), kinds: ['comb'], weights: [500, 30_000] },
  { name: 'binary', sampler: (random) => Math.sign(normal(random)) || 1, kinds: ['twoValues'], weights: [64, 30_000] },
  { name: '70 % zeros', sampler: withZeros(normal, 0.7), kinds: ['mostlyZero'], weights: [100, 30_000] },
];

describe('shape of a distribution', () => {
  for (const { name, sampler, kinds, weights } of CASES) {
    it(`tells ${name}`, () => {
      for (const n of weights) {
        const found = Array.from({ length: SEEDS }, (_, seed) => shapeOf(scanned(draw(sampler, n, 1000 + seed))).kind);
        const wrong = found.filter((kind) => !kinds.includes(kind));
        assert.ok(wrong.length <= SEEDS * 0.05, `${n} weights: ${wrong.length} of ${SEEDS} are ${wrong.join(', ')}`);
      }
    });
  }

  it('does not see humps in one hump, whatever the seed', () => {
    for (const sampler of [normal, uniform, laplace, truncatedNormal, exponential]) {
      for (let seed = 0; seed < 100; seed++) assert.notEqual(shapeOf(scanned(draw(sampler, 700, seed))).kind, 'humps', `seed ${seed}`);
    }
  });

  it('does not depend on the scale', () => {
    for (const scale of [1e-6, 1, 1e6]) assert.equal(shapeOf(scanned(draw(normal, 5000, 3, scale))).kind, 'bell', `${scale}`);
  });

  it('has words for what has no shape', () => {
    const kind = (values: readonly number[]): ShapeKind => shapeOf(statisticsOf(values)).kind;
    assert.equal(kind([]), 'none');
    assert.equal(kind([NaN, Infinity]), 'none');
    assert.equal(kind([0, 0, 0]), 'zero');
    assert.equal(kind([2, 2, NaN]), 'constant');
    assert.equal(kind([1, 2, 3, 5]), 'few');
  });

  it('counts the levels of a quantized tensor', () => {
    assert.equal(shapeOf(scanned(draw(rounded(normal, 8 / 15), 3000, 1))).levels, new Set(draw(rounded(normal, 8 / 15), 3000, 1)).size);
    assert.equal(shapeOf(scanned(draw(normal, 3000, 1))).levels, undefined);
  });

  it('tells where the humps are and how much lies at the walls', () => {
    const { humps } = shapeOf(scanned(draw(twoBells(6), 30_000, 5, 1)));
    assert.equal(humps?.length, 2);
    assert.ok(Math.abs(humps[0]! + 3) < 0.4 && Math.abs(humps[1]! - 3) < 0.4, humps.join(' '));
    const { piles } = shapeOf(scanned(draw(clipped(normal, 1), 30_000, 5)));
    assert.ok(Math.abs(piles!.atMin - 0.1587) < 0.01 && Math.abs(piles!.atMax - 0.1587) < 0.01, JSON.stringify(piles));
  });

  it('tells a bell with single weights far outside', () => {
    const values = draw(normal, 30_000, 2);
    values[7] = 4;
    const { kind, reach } = shapeOf(scanned(values));
    assert.equal(kind, 'bell');
    assert.ok(reach! > 20);
    assert.equal(shapeOf(scanned(draw(normal, 30_000, 2))).reach, undefined);
  });
});

describe('concentration of the squared norm', () => {
  it('is that of the textbook', () => {
    const near = (sampler: Sampler, hundredth: number, tenth: number): void => {
      const { largestHundredth, largestTenth } = concentrationOf(scanned(draw(sampler, 100_000, 4)))!;
      assert.ok(Math.abs(largestHundredth - hundredth) < 0.004 && Math.abs(largestTenth - tenth) < 0.006, `${largestHundredth} ${largestTenth}`);
    };
    near(normal, BELL_CONCENTRATION.largestHundredth, BELL_CONCENTRATION.largestTenth);
    near(uniform, 0.0297, 0.271);
    near(laplace, 0.162, 0.595);
  });

  it('is that of the sorted weights, zeros and few weights included', () => {
    const values = draw(withZeros(studentT(3), 0.4), 1000, 6);
    const squares = Array.from(values, (value) => value * value).sort((a, b) => b - a);
    const sum = (n: number): number => squares.slice(0, n).reduce((total, square) => total + square, 0);
    const found = concentrationOf(scanned(values))!;
    assert.ok(Math.abs(found.largestHundredth - sum(10) / sum(1000)) < 1e-6);
    assert.ok(Math.abs(found.largestTenth - sum(100) / sum(1000)) < 1e-6);
  });

  it('is nothing where there is no weight, and survives the largest numbers', () => {
    assert.equal(concentrationOf(statisticsOf([0, 0])), null);
    assert.equal(concentrationOf(statisticsOf([NaN])), null);
    assert.ok(Math.abs(concentrationOf(statisticsOf([1e150, -1e150]))!.largestTenth - 0.1) < 1e-9);
  });
});
