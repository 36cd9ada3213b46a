import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PlainDtype } from '../../../../src/core/dtype';
import { createCounter } from '../../../../src/core/statistics/count';
import { finish, FINE_BINS, needsFineHistogram, withFineHistogram } from '../../../../src/core/statistics/finish';
import { evenEdges, reportHistogram } from '../../../../src/core/statistics/histogram';
import { chunkElements } from '../../../../src/core/statistics/scan';
import { TypeScriptKernel } from '../../../../src/core/statistics/twin';
import { QUANTILES } from '../../../../src/core/statistics/tensorStatistics';
import { bell, uniform } from '../../../support/numpyValues';
import { scanBytes, tensorOf } from '../../../support/sampleData';

interface Figures {
  readonly dtype: PlainDtype;
  readonly nearZeros: readonly [number, number];
  readonly quantiles: readonly number[];
  readonly [figure: string]: unknown;
}

const expected = JSON.parse(readFileSync(path.join(__dirname, '../../../fixtures/numpy/figures.json'), 'utf8')) as Record<string, Figures>;

const float32 = (make: (x: number, u: number) => number) => (count: number): Uint8Array =>
  new Uint8Array(Float32Array.from({ length: count }, (_, i) => make(bell(i), uniform(i, 99))).buffer);

const KINDS: Readonly<Record<string, (count: number) => Uint8Array>> = {
  bell: float32((x) => 0.05 * x),
  heavy: float32((x) => x * x * x * x * x),
  narrow: float32((x) => 1 + 0.0001 * x),
  comb: float32((x) => Math.floor(x * 2) / 2 + 0.4999),
  sparse: float32((x, u) => (u < 0.9 ? 0 : x)),
  'one side': float32((x) => x * x),
  damaged: float32((x, u) => (u < 0.001 ? NaN : u < 0.002 ? Infinity : u < 0.003 ? -Infinity : x)),
  half: (count) => new Uint8Array(Uint16Array.from({ length: count }, (_, i) => float16Bits(0.05 * bell(i))).buffer),
  quantized: (count) => Uint8Array.from({ length: count }, (_, i) => Math.floor(256 * uniform(i, 99))),
  double: (count) => new Uint8Array(Float64Array.from({ length: count }, (_, i) => 1e-3 + 1e-9 * bell(i)).buffer),
  integer: (count) => new Uint8Array(Int32Array.from({ length: count }, (_, i) => Math.floor(1000 * bell(i))).buffer),
};

/** Nearest, ties to even, as IEEE 754 and numpy have it; for |x| < 65504. */
function float16Bits(x: number): number {
  const magnitude = Math.abs(x);
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const scaled = magnitude / 2 ** (exponent - 10);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const mantissa = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  return (x < 0 ? 0x8000 : 0) + (mantissa < 1024 ? mantissa : ((exponent + 14) << 10) + mantissa);
}

describe('figures of made data', function () {
  this.timeout(60_000);
  for (const [name, figures] of Object.entries(expected)) {
    it(`are numpy's within the report's contract: ${name}`, () => {
      const count = Number(/\d+$/.exec(name)![0]);
      const bytes = KINDS[name.slice(0, -String(count).length - 1)]!(count);
      const quantization = { scheme: 'affine', scale: 0.0123, min: -1.5, originalDtype: 'float32' } as const;
      const tensor = tensorOf(figures.dtype, count, figures.dtype === 'uint8' ? { quantization } : {});
      const kernel = new TypeScriptKernel();
      let statistics = finish(scanBytes(kernel, tensor, bytes, [Math.floor(count / 3)]), tensor);
      if (needsFineHistogram(statistics)) {
        const edges = Float64Array.from(evenEdges(statistics.min!, statistics.max!, FINE_BINS));
        statistics = withFineHistogram(statistics, { edges: [...edges], counts: [...countAll(kernel, tensor, bytes, edges)] });
      }
      for (const figure of ['count', 'zeros', 'nan', 'positiveInfinity', 'negativeInfinity', 'min', 'max'] as const) assert.equal(statistics[figure], figures[figure], figure);
      assert.ok(statistics.nearZeros >= figures.nearZeros[0] && statistics.nearZeros <= figures.nearZeros[1], `nearZeros ${statistics.nearZeros}`);
      const sigma = figures['standardDeviation'] as number;
      const within = (figure: 'mean' | 'standardDeviation' | 'skewness' | 'excessKurtosis' | 'l1Norm' | 'l2Norm', tolerance: number): void => {
        const difference = Math.abs(statistics[figure]! - (figures[figure] as number));
        assert.ok(difference <= tolerance, `${figure} ${statistics[figure]}, numpy has ${figures[figure] as number}`);
      };
      within('mean', 1e-6 * sigma);
      within('standardDeviation', 1e-6 * sigma);
      within('skewness', 1e-3);
      within('excessKurtosis', 1e-3 * Math.max(1, Math.abs(figures['excessKurtosis'] as number)));
      within('l1Norm', 1e-6 * (figures['l1Norm'] as number));
      within('l2Norm', 1e-6 * (figures['l2Norm'] as number));
      const largest = Math.max(Math.abs(statistics.min!), Math.abs(statistics.max!));
      QUANTILES.forEach((share, i) => {
        const exact = figures.quantiles[i]!;
        const tolerance = Math.max(0.005 * Math.abs(exact), largest / 1e6);
        assert.ok(Math.abs(statistics.quantiles[i]! - exact) <= tolerance, `quantile ${share}: ${statistics.quantiles[i]}, numpy has ${exact}`);
      });
      const histogram = reportHistogram(statistics, 64);
      const counted = countAll(kernel, tensor, bytes, Float64Array.from(histogram.edges));
      assert.deepEqual(histogram.counts, [...counted], 'histogram');
      assert.ok(histogram.counts.length > 25, `${histogram.counts.length} bins`);
    });
  }
});

/** Counts read anew from the bytes. */
function countAll(kernel: TypeScriptKernel, tensor: ReturnType<typeof tensorOf>, bytes: Uint8Array, edges: Float64Array): Float64Array {
  const size = bytes.length / tensor.elements;
  const counter = createCounter(kernel, tensor, edges);
  for (let at = 0; at < tensor.elements; at += chunkElements(figuresDtype(tensor))) {
    const count = Math.min(chunkElements(figuresDtype(tensor)), tensor.elements - at);
    kernel.input.set(bytes.subarray(at * size, (at + count) * size));
    counter.take(count);
  }
  return counter.result().counts;
}

function figuresDtype(tensor: ReturnType<typeof tensorOf>): PlainDtype {
  return tensor.dtype as PlainDtype;
}
