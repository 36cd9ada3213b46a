import assert from 'node:assert/strict';
import { cumulative, density, digamma, familyDeviation, logGamma, normalCumulative, studentCumulative, studentQuantile } from '../../../../src/core/statistics/families';
import type { Family } from '../../../../src/core/statistics/families';
import { fitOf, fitsOf, kolmogorovDistance } from '../../../../src/core/statistics/fits';
import { normals, statisticsOf, uniform } from '../../../support/handMade';

function near(actual: number, expected: number, tolerance: number, what = ''): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} ${actual} is not within ${tolerance} of ${expected}`);
}

function laplaces(n: number, scale: number, seed: number): Float32Array {
  const random = uniform(seed);
  return Float32Array.from({ length: n }, () => (random() < 0.5 ? -1 : 1) * Math.log(1 - random()) * scale);
}

/** A normal number over the root of a mean of ν squares. */
function students(n: number, degrees: number, scale: number, seed: number): Float32Array {
  const draws = normals(n * (degrees + 1), 1, seed);
  return Float32Array.from({ length: n }, (_, i) => {
    const own = draws.subarray(i * (degrees + 1), (i + 1) * (degrees + 1));
    return (scale * own[0]!) / Math.sqrt(own.subarray(1).reduce((sum, x) => sum + x * x, 0) / degrees);
  });
}

describe('families of distributions', () => {
  it('agree with tables and closed forms', () => {
    near(normalCumulative(-3), 0.0013498980316300957, 1e-16);
    near(normalCumulative(-8), 6.220960574271819e-16, 1e-23);
    near(normalCumulative(0.3), 0.6179114221889526, 1e-14);
    near(normalCumulative(7.2), 0.9999999999996989, 1e-15);
    assert.equal(normalCumulative(-100), 0);
    for (const x of [-50, -2, -0.1, 0.7, 4, 1e4]) {
      near(studentCumulative(x, 1), 0.5 + Math.atan(x) / Math.PI, 1e-13, 'Cauchy');
      near(studentCumulative(x, 2), 0.5 + x / (2 * Math.sqrt(2 + x * x)), 1e-13, 'two degrees');
    }
    near(studentQuantile(0.975, 5), 2.570581836, 1e-8);
    near(studentQuantile(0.975, 10), 2.228138852, 1e-8);
    near(studentQuantile(0.95, 30), 1.697260887, 1e-8);
    near(studentQuantile(0.995, 120), 2.61742115, 1e-7);
    near(logGamma(0.3), 1.0957979948180752, 1e-13);
    near(logGamma(120.5), 455.41760044623453, 1e-10);
    near(digamma(1), -0.5772156649015329, 1e-7);
    near(digamma(10), 2.251752589066721, 1e-9);
  });

  const FAMILIES: readonly Family[] = [
    { name: 'normal', location: 0.3, scale: 2 },
    { name: 'laplace', location: -1, scale: 0.5 },
    { name: 'uniform', location: 1, scale: 3 },
    { name: 'studentT', location: 0.1, scale: 0.7, degrees: 4.5 },
    { name: 'truncatedNormal', location: 0, scale: 1.2, cut: 2 },
  ];

  for (const family of FAMILIES) {
    it(`${family.name}: the cumulative share is the area below the density, and the deviation its own`, () => {
      const steps = 200_000;
      const [low, high] = [family.location - 60 * family.scale, family.location + 60 * family.scale];
      const width = (high - low) / steps;
      let area = 0;
      let second = 0;
      for (let i = 0; i < steps; i++) {
        const x = low + (i + 0.5) * width;
        area += density(family, x) * width;
        second += density(family, x) * width * (x - family.location) ** 2;
        if (i % 20_011 === 0) near(area, cumulative(family, x + width / 2), 1e-3, `at ${x}`);
      }
      near(area, 1, 1e-3);
      near(Math.sqrt(second) / familyDeviation(family)!, 1, 2e-3, 'deviation');
    });
  }

  it('have no deviation where the integral has none, and none of a single value', () => {
    assert.equal(familyDeviation({ name: 'studentT', location: 0, scale: 1, degrees: 2 }), null);
    assert.equal(density({ name: 'normal', location: 1, scale: 0 }, 1), 0);
    assert.equal(cumulative({ name: 'normal', location: 1, scale: 0 }, 0.9), 0);
    assert.equal(cumulative({ name: 'normal', location: 1, scale: 0 }, 1), 1);
  });
});

describe('fits', () => {
  it('find the parameters and the family that the numbers were drawn from', () => {
    const random = uniform(8);
    const drawn = {
      normal: normals(20_000, 0.05, 4),
      laplace: laplaces(20_000, 0.02, 5),
      studentT: students(20_000, 3, 0.01, 6),
      uniform: Float32Array.from({ length: 20_000 }, () => random() * 0.2 - 0.05),
    };
    for (const [name, values] of Object.entries(drawn)) {
      const [best] = fitsOf(statisticsOf(values));
      // A bell curve is a Student t of many degrees.
      assert.ok(best!.family.name === name || (name === 'normal' && best!.family.name === 'studentT'), `${name} is taken for ${best!.family.name}`);
      assert.ok(best!.distance < 1.63 / Math.sqrt(20_000), `${name}: ${best!.distance}`);
      assert.equal(best!.weights, 20_000);
    }
    near(fitOf(statisticsOf(drawn.normal), 'normal')!.family.scale, 0.05, 0.0005);
    near(fitOf(statisticsOf(drawn.laplace), 'laplace')!.family.scale, 0.02, 0.0004);
    near(fitOf(statisticsOf(drawn.uniform), 'uniform')!.family.location, 0.05, 0.0001);
  });

  it('estimate the degrees of freedom of Student t', () => {
    for (const degrees of [1, 2, 3, 5, 8]) {
      const { family } = fitOf(statisticsOf(students(30_000, degrees, 0.01, degrees)), 'studentT')!;
      assert.ok(family.name === 'studentT');
      near(family.degrees / degrees, 1, degrees > 5 ? 0.15 : 0.08, `${degrees} degrees`);
      near(family.scale, 0.01, 0.0003, `scale with ${degrees} degrees`);
    }
    const { family } = fitOf(statisticsOf(normals(20_000, 1, 3)), 'studentT')!;
    assert.ok(family.name === 'studentT' && family.degrees > 40);
  });

  it('leave many exact zeros out, and say so', () => {
    const values = normals(20_000, 0.05, 4).map((value, i) => (i % 10 < 7 ? 0 : value));
    const fit = fitOf(statisticsOf(values), 'normal')!;
    assert.deepEqual([fit.excludesZeros, fit.weights], [true, 6000]);
    near(fit.family.scale, 0.05, 0.001);
    assert.ok(fit.distance < 0.02);
    assert.equal(fitOf(statisticsOf(normals(1000)), 'normal')!.excludesZeros, false);
  });

  it('say nothing where there is nothing to fit', () => {
    assert.deepEqual(fitsOf(statisticsOf([])), []);
    assert.deepEqual(fitsOf(statisticsOf(new Float32Array(100).fill(0.1))), []);
    assert.deepEqual(fitsOf(statisticsOf([1, 2, 3])), []);
    assert.deepEqual(fitsOf(statisticsOf(Float64Array.from({ length: 40 }, (_, i) => (i % 2 ? -1.7e308 : 1.7e308)))), []);
    assert.equal(fitOf(statisticsOf([NaN, Infinity]), 'normal'), undefined);
  });

  it('stay finite on awkward numbers', () => {
    const spike = normals(5000, 0.01).map((value, i) => (i === 7 ? 1e6 : value));
    const comb = Float32Array.from({ length: 5000 }, (_, i) => (i % 3) - 1);
    const twoValues = Float32Array.from({ length: 5000 }, (_, i) => (i % 2 ? 0.5 : -0.5));
    const mostlyOne = Float32Array.from({ length: 5000 }, (_, i) => (i % 100 ? 0.5 : i));
    for (const values of [spike, comb, twoValues, mostlyOne]) {
      for (const { family, distance } of fitsOf(statisticsOf(values))) {
        assert.ok(Number.isFinite(family.location) && Number.isFinite(family.scale) && family.scale > 0, JSON.stringify(family));
        assert.ok(distance >= 0 && distance <= 1);
      }
    }
  });
});

describe('the Kolmogorov distance', () => {
  it('is what its definition says, value by value', () => {
    const values = normals(500, 1, 9);
    const sorted = [...values].sort((a, b) => a - b);
    const family: Family = { name: 'normal', location: 0.1, scale: 1.1 };
    const expected = Math.max(...sorted.map((x, i) => Math.max(Math.abs((i + 1) / 500 - cumulative(family, x)), Math.abs(i / 500 - cumulative(family, x)))));
    near(kolmogorovDistance(statisticsOf(values), family), expected, 1e-12);
  });

  it('is large where the curve lies elsewhere, and 0 without values', () => {
    assert.ok(kolmogorovDistance(statisticsOf(normals(1000)), { name: 'uniform', location: 50, scale: 1 }) === 1);
    assert.equal(kolmogorovDistance(statisticsOf([]), { name: 'normal', location: 0, scale: 1 }), 0);
  });
});
