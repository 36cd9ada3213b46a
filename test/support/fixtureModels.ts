import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { axisOrder } from '../../src/core/delivered';
import { bytesPerElement, isNumeric } from '../../src/core/dtype';
import { openModel } from '../../src/core/formats/index';
import type { Model, Tensor } from '../../src/core/model';
import { decodeValues } from '../../src/core/statistics/decode';
import type { Kernel } from '../../src/core/statistics/kernel';
import { QUANTILES } from '../../src/core/statistics/tensorStatistics';
import type { TensorStatistics } from '../../src/core/statistics/tensorStatistics';
import { TypeScriptKernel } from '../../src/core/statistics/twin';
import { partsOf } from '../../src/protocol/parts';
import { elementReader } from '../../src/worker/elementReader';
import { OpenFiles } from '../../src/worker/jobFiles';
import { NodeByteSource } from '../../src/worker/nodeByteSource';
import { scanParts } from '../../src/worker/partJobs';
import { kernelPath } from './kernelBuild';
import { checkInvariants } from './modelChecks';
import { WasmKernel } from '../../src/worker/wasmKernel';

export const FIXTURE_MODELS = path.resolve(__dirname, '../fixtures/models');

/** What numpy says of one tensor: test/fixtures/models/figures.py. */
interface Expected {
  readonly shape: readonly number[];
  readonly sha256: string;
  readonly quantiles?: readonly number[];
  readonly [figure: string]: unknown;
}

export async function openFile(file: string): Promise<Model> {
  const source = await NodeByteSource.open(file);
  try {
    return await openModel(source);
  } finally {
    await source.close();
  }
}

/** A test for each file of a folder's expected.json: every tensor's values bit by bit, and its figures within the report's contract. */
export function describeFixtures(folder: string): void {
  const expected = JSON.parse(readFileSync(path.join(FIXTURE_MODELS, folder, 'expected.json'), 'utf8')) as Record<string, Record<string, Expected>>;
  for (const [file, tensors] of Object.entries(expected)) {
    describe(`test/fixtures/models/${folder}/${file}`, function () {
      this.timeout(60_000);
      const name = path.join(FIXTURE_MODELS, folder, file);

      it('holds what numpy reads', async () => {
        assert.ok(existsSync(name));
        const model = await openFile(name);
        checkInvariants(model);
        const numeric = model.tensors.filter((tensor) => isNumeric(tensor.dtype));
        assert.deepEqual(numeric.map((tensor) => tensor.name).sort(), Object.keys(tensors).sort());
        for (const tensor of numeric) {
          const wanted = tensors[tensor.name]!;
          assert.equal(tensor.unreadable, undefined, tensor.name);
          assert.deepEqual([...tensor.shape], [...wanted.shape], `${tensor.name}: shape`);
          assert.equal(await sha256Of(model, tensor), wanted.sha256, `${tensor.name}: values`);
        }
      });

      for (const [title, kernel] of [['the SIMD kernel', () => new WasmKernel(new Uint8Array(readFileSync(kernelPath())))], ['its twin', () => new TypeScriptKernel()]] as const) {
        it(`has numpy's figures from ${title}`, async () => {
          const model = await openFile(name);
          const found = await statisticsOf(model, kernel());
          model.tensors.forEach((tensor, index) => {
            if (isNumeric(tensor.dtype) && tensor.elements > 0) checkFigures(tensor.name, found.get(index)!, tensors[tensor.name]!);
          });
        });
      }
    });
  }
}

/** As a worker computes them. */
export async function statisticsOf(model: Model, kernel: Kernel = new TypeScriptKernel()): Promise<Map<number, TensorStatistics>> {
  const found = new Map<number, TensorStatistics>();
  const parts = model.tensors.flatMap((tensor, index) => (isNumeric(tensor.dtype) && tensor.unreadable === undefined ? partsOf(tensor, index) : []));
  await scanParts(
    kernel,
    { files: model.files, parts, nearZeroRatio: 0.01 },
    (results) => {
      for (const result of results) {
        assert.ok('statistics' in result, 'failure' in result ? result.failure : 'a fixture is small enough for one part');
        found.set(result.index, result.statistics);
      }
    },
    new AbortController().signal,
  );
  return found;
}

/** Real values in row-major order of the tensor's own axes. */
export async function valuesOf(model: Model, tensor: Tensor): Promise<Float64Array> {
  const files = new OpenFiles(model.files);
  const reader = elementReader({ files, tensor, kernel: new TypeScriptKernel() });
  try {
    const bytes = new Uint8Array(tensor.elements * bytesPerElement(reader.delivered.dtype));
    if (tensor.elements > 0) await reader.read(0, tensor.elements, bytes);
    const stored = Float64Array.from(decodeValues(bytes, tensor.elements, reader.delivered));
    const order = axisOrder(tensor.encoding);
    return order ? inOwnOrder(stored, tensor.shape, order) : stored;
  } finally {
    reader.close();
    files.close();
  }
}

function inOwnOrder(stored: Float64Array, shape: readonly number[], order: readonly number[]): Float64Array {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return stored.map((_, flat) => {
    let at = 0;
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return stored[at]!;
  });
}

async function sha256Of(model: Model, tensor: Tensor): Promise<string> {
  const values = (await valuesOf(model, tensor)).map((value) => (Number.isNaN(value) ? NaN : value + 0));
  return createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex');
}

/** The report's contract. */
export function checkFigures(name: string, statistics: TensorStatistics, expected: Expected): void {
  for (const figure of ['count', 'zeros', 'nan', 'positiveInfinity', 'negativeInfinity'] as const) assert.equal(statistics[figure], expected[figure], `${name}: ${figure}`);
  if (expected.quantiles === undefined) return;
  for (const figure of ['min', 'max'] as const) assert.equal(statistics[figure], expected[figure], `${name}: ${figure}`);
  const sigma = expected['standardDeviation'] as number;
  const within = (figure: 'mean' | 'standardDeviation' | 'skewness' | 'excessKurtosis' | 'l1Norm' | 'l2Norm', tolerance: number): void => {
    const wanted = expected[figure] as number;
    assert.ok(Math.abs(statistics[figure]! - wanted) <= tolerance, `${name}: ${figure} ${statistics[figure]}, numpy has ${wanted}`);
  };
  // Of a constant float64 rounding alone is left.
  const rounding = 1e-12 * Math.max(Math.abs(statistics.min!), Math.abs(statistics.max!));
  within('mean', 1e-6 * sigma + rounding);
  within('standardDeviation', 1e-6 * sigma + rounding);
  within('l1Norm', 1e-6 * (expected['l1Norm'] as number));
  within('l2Norm', 1e-6 * (expected['l2Norm'] as number));
  if (sigma > rounding) {
    within('skewness', 1e-3);
    within('excessKurtosis', 1e-3 * Math.max(1, Math.abs(expected['excessKurtosis'] as number)));
  }
  const largest = Math.max(Math.abs(statistics.min!), Math.abs(statistics.max!));
  QUANTILES.forEach((share, i) => {
    const exact = expected.quantiles![i]!;
    const tolerance = Math.max(0.005 * Math.abs(exact), largest / 1e6);
    assert.ok(Math.abs(statistics.quantiles[i]! - exact) <= tolerance, `${name}: quantile ${share}: ${statistics.quantiles[i]}, numpy has ${exact}`);
  });
}
