import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

// The oracle is numpy alone: realModels.py shares no code with what is tested here.
const root = path.join(__dirname, '../../..');
const oracle = JSON.parse(readFileSync(path.join(root, 'test/fixtures/numpy/realModels.json'), 'utf8')) as Record<string, Record<string, Figures>>;

interface Figures {
  count: number;
  zeros: number;
  nan: number;
  positiveInfinity: number;
  negativeInfinity: number;
  min?: number;
  max?: number;
  mean?: number;
  standardDeviation?: number;
  skewness?: number | null;
  excessKurtosis?: number | null;
  l1Norm?: number;
  l2Norm?: number;
  nearZeros?: number;
  nearZerosWithin?: [number, number];
  quantiles?: number[];
}

interface ReportedStatistics extends Omit<Required<Figures>, 'quantiles' | 'nearZerosWithin'> {
  quantiles: Record<string, number>;
  histogram: { edges: number[]; counts: number[] };
}

interface Report {
  tensors: { name: string; shape: number[]; statistics?: ReportedStatistics }[];
}

function analyze(model: string): Report {
  const file = path.join(root, 'node_modules', model);
  const output = execFileSync(process.execPath, [path.join(root, 'dist/cli.js'), 'analyze', file, '--json', '--no-cache'], { maxBuffer: 256 * 1024 * 1024 });
  return JSON.parse(output.toString()) as Report;
}

function assertClose(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not within ${tolerance} of ${expected}`);
}

function assertFigures(name: string, actual: ReportedStatistics, expected: Figures): void {
  for (const key of ['count', 'zeros', 'nan', 'positiveInfinity', 'negativeInfinity'] as const) assert.equal(actual[key], expected[key], `${name} ${key}`);
  if (expected.min === undefined) return;
  const { min, max, mean, standardDeviation: sigma } = expected as Required<Figures>;
  const magnitude = Math.max(Math.abs(min), Math.abs(max));
  assert.equal(actual.min, min, `${name} min`);
  assert.equal(actual.max, max, `${name} max`);
  // A tensor of one value has no σ to be relative to: float64's own rounding is what remains.
  assertClose(actual.mean, mean, Math.max(1e-6 * sigma, magnitude * 1e-15), `${name} mean`);
  assertClose(actual.standardDeviation, sigma, Math.max(1e-6 * sigma, magnitude * 1e-12), `${name} σ`);
  if (expected.skewness !== null && sigma > magnitude * 1e-9) {
    assertClose(actual.skewness as number, expected.skewness as number, 1e-3, `${name} skewness`);
    assertClose(actual.excessKurtosis as number, expected.excessKurtosis as number, Math.max(1e-3, 1e-3 * Math.abs(expected.excessKurtosis as number)), `${name} kurtosis`);
  }
  assertClose(actual.l1Norm, expected.l1Norm as number, 1e-6 * (expected.l1Norm as number), `${name} L1`);
  assertClose(actual.l2Norm, expected.l2Norm as number, 1e-6 * (expected.l2Norm as number), `${name} L2`);
  const [fewest, most] = expected.nearZerosWithin as [number, number];
  assert.ok(actual.nearZeros >= fewest && actual.nearZeros <= most, `${name} near zeros: ${actual.nearZeros} is not in ${fewest}..${most}`);
  Object.values(actual.quantiles).forEach((value, i) => {
    const exact = (expected.quantiles as number[])[i] as number;
    assertClose(value, exact, Math.max(0.005 * Math.abs(exact), magnitude / 1e6), `${name} quantile ${i}`);
  });
  const { edges, counts } = actual.histogram;
  assert.equal(edges[0], min);
  assert.equal(edges.at(-1), max);
  assert.equal(counts.reduce((sum, n) => sum + n, 0), expected.count - expected.nan - expected.positiveInfinity - expected.negativeInfinity, `${name} histogram`);
}

describe("the real models' figures equal numpy's", function () {
  this.timeout(120_000);
  for (const [model, tensors] of Object.entries(oracle)) {
    it(model, () => {
      const reported = new Map(analyze(model).tensors.flatMap((t) => (t.statistics ? [[t.name, t.statistics] as const] : [])));
      assert.deepEqual([...reported.keys()].sort(), Object.keys(tensors).sort());
      for (const [name, expected] of Object.entries(tensors)) assertFigures(`${model} ${name}`, reported.get(name) as ReportedStatistics, expected);
    });
  }
});
