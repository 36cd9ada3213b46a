import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Random } from '../../support/random';

// Float64 arithmetic over the values themselves is the oracle. The shapes are those that break short cuts: counting bit
// patterns, raw power sums, and one scale for all bins.
const N = 120_001;
const source = new Random(20261124);
const random = (): number => 1 - source.next();
const normal = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
const many = (next: (i: number) => number): Float32Array => Float32Array.from({ length: N }, (_, i) => next(i));

const DISTRIBUTIONS: Record<string, Float32Array> = {
  normal: many(() => 0.05 * normal()),
  cauchy: many(() => Math.tan(Math.PI * (random() - 0.5))),
  ternary: many(() => 0.1 * (Math.floor(3 * random()) - 1)),
  comb: many(() => 0.7321 * (Math.floor(17 * random()) / 8 - 1)),
  'narrow around one': many(() => 1 + 1e-3 * normal()),
  'far from zero': many(() => 1000 + 0.01 * normal()),
  'near the largest float': many(() => 1e38 * Math.max(-3, Math.min(3, normal()))),
  'fourth powers vanish': many(() => 1e-25 * normal()),
  'two scales': many((i) => (i % 2 ? 1e-6 : 1) * normal()),
  'one spike': many((i) => (i === 77 ? 1e30 : 0.01 * normal())),
  'mostly zero': many(() => (random() < 0.9 ? 0 : 0.1 * normal())),
  'minus zero': many((i) => (i % 3 ? -0 : normal())),
  constant: many(() => 0.3),
  skewed: many(() => -Math.log(random())),
  'not finite': many((i) => (i % 7 === 0 ? NaN : i % 11 === 0 ? Infinity : i % 13 === 0 ? -Infinity : normal())),
  'nothing finite': many(() => NaN),
};

interface Statistics {
  count: number;
  zeros: number;
  nearZeros: number;
  nan: number;
  positiveInfinity: number;
  negativeInfinity: number;
  min: number | null;
  max: number | null;
  mean: number;
  standardDeviation: number;
  skewness: number;
  excessKurtosis: number;
  quantiles: Record<string, number>;
  histogram: { edges: number[]; counts: number[] };
}

function analyze(folder: string, ...options: string[]): Map<string, Statistics> {
  const file = path.join(folder, 'odd-weights_manifest.json');
  const output = execFileSync(process.execPath, [path.join(__dirname, '../../../dist/cli.js'), 'analyze', file, '--json', '--no-cache', ...options], { maxBuffer: 64 * 1024 * 1024 });
  const { tensors } = JSON.parse(output.toString()) as { tensors: { name: string; statistics: Statistics }[] };
  return new Map(tensors.map(({ name, statistics }) => [name, statistics]));
}

/** Odd shard sizes, so that tensors straddle shards and begin at any byte. */
function write(folder: string): void {
  const bytes = Buffer.concat(Object.values(DISTRIBUTIONS).map((values) => Buffer.from(values.buffer)));
  const paths: string[] = [];
  for (let at = 0; at < bytes.length; at += 1_234_567) {
    paths.push(`shard${paths.length}.bin`);
    writeFileSync(path.join(folder, paths.at(-1) as string), bytes.subarray(at, at + 1_234_567));
  }
  const weights = Object.keys(DISTRIBUTIONS).map((name) => ({ name, shape: [N], dtype: 'float32' }));
  writeFileSync(path.join(folder, 'odd-weights_manifest.json'), JSON.stringify([{ paths, weights }]));
}

function assertWithin(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not within ${tolerance} of ${expected}`);
}

function assertHistogram({ edges, counts }: Statistics['histogram'], sorted: Float64Array): void {
  assert.equal(edges[0], sorted[0]);
  assert.equal(edges.at(-1), sorted.at(-1));
  if (counts.length === 1) return assert.equal(counts[0], sorted.length);
  let at = 0;
  counts.forEach((count, bin) => {
    const first = at;
    const right = edges[bin + 1] as number;
    while (at < sorted.length && ((sorted[at] as number) < right || bin === counts.length - 1)) at++;
    assert.equal(count, at - first, `bin ${bin}`);
  });
}

function assertMoments(actual: Statistics, finite: Float64Array, magnitude: number): void {
  let mean = 0;
  for (const w of finite) mean += w / finite.length;
  // Divided by the magnitude: fourth powers of the largest floats overflow, those of the smallest vanish.
  let m2 = 0;
  let m3 = 0;
  let m4 = 0;
  for (const w of finite) {
    const d = (w - mean) / magnitude;
    m2 += (d * d) / finite.length;
    m3 += (d * d * d) / finite.length;
    m4 += (d * d * d * d) / finite.length;
  }
  const sigma = Math.sqrt(m2) * magnitude;
  assertWithin(actual.mean, mean, Math.max(1e-6 * sigma, 1e-12 * magnitude), 'mean');
  assertWithin(actual.standardDeviation, sigma, Math.max(1e-6 * sigma, 1e-12 * magnitude), 'σ');
  if (sigma < 1e-9 * magnitude) return;
  const kurtosis = m4 / (m2 * m2) - 3;
  assertWithin(actual.skewness, m3 / m2 ** 1.5, 1e-3, 'skewness');
  assertWithin(actual.excessKurtosis, kurtosis, 1e-3 * Math.max(1, Math.abs(kurtosis)), 'kurtosis');
}

describe('figures of odd distributions, within the report contract', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-odd-'));
  let figures = new Map<string, Statistics>();
  before(() => {
    write(folder);
    figures = analyze(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, values] of Object.entries(DISTRIBUTIONS)) {
    it(name, () => {
      const actual = figures.get(name) as Statistics;
      assert.equal(actual.count, N);
      const finite = Float64Array.from(values).filter(Number.isFinite).map((w) => w + 0).sort();
      assert.equal(actual.nan, values.filter(Number.isNaN).length);
      assert.equal(actual.positiveInfinity, values.filter((w) => w === Infinity).length);
      assert.equal(actual.negativeInfinity, values.filter((w) => w === -Infinity).length);
      assert.equal(actual.zeros, values.filter((w) => w === 0).length);
      if (finite.length === 0) return assert.equal(actual.min, null);
      const magnitude = Math.max(-(finite[0] as number), finite.at(-1) as number);
      assert.equal(actual.min, finite[0]);
      assert.equal(actual.max, finite.at(-1));
      assertMoments(actual, finite, magnitude);
      const within = (ratio: number): number => finite.filter((w) => Math.abs(w) <= ratio * magnitude).length;
      assert.ok(actual.nearZeros >= within(0.0099) && actual.nearZeros <= within(0.0101), `near zeros: ${actual.nearZeros}`);
      for (const [share, quantile] of Object.entries(actual.quantiles)) {
        const rank = Number(share) * (finite.length - 1);
        const low = finite[Math.floor(rank)] as number;
        const exact = low + (rank - Math.floor(rank)) * ((finite[Math.ceil(rank)] as number) - low);
        assertWithin(quantile, exact, Math.max(0.005 * Math.abs(exact), magnitude / 1e6), `quantile ${share}`);
      }
      assertHistogram(actual.histogram, finite);
    });
  }

  it('keeps exact counts at any number of bins', () => {
    for (const bins of ['7', '500']) {
      for (const [name, { histogram }] of analyze(folder, '--bins', bins)) {
        const finite = Float64Array.from(DISTRIBUTIONS[name] as Float32Array).filter(Number.isFinite).map((w) => w + 0).sort();
        if (finite.length > 0) assertHistogram(histogram, finite);
      }
    }
  });
});
