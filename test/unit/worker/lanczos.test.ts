import assert from 'node:assert/strict';
import path from 'node:path';
import type { MatrixLayout } from '../../../src/core/linearAlgebra/matrixLayout';
import { lanczosBytes, topSingularValues } from '../../../src/worker/lanczos';
import { gramBytes, singularValues } from '../../../src/worker/gram';
import { LinearMemory } from '../../../src/worker/linearModule';
import { linesOf } from '../../../src/core/linearAlgebra/matrixLayout';
import { builtEngineFolder } from '../../support/kernelBuild';
import { normals } from '../../support/handMade';

const breathe = (): Promise<void> => Promise.resolve();

interface Both {
  readonly top: Float64Array;
  readonly all: Float64Array;
}

/** The same matrix by both ways, which share no arithmetic but the last step. */
async function both(values: Float32Array, layout: MatrixLayout, top: number, mostSteps = 400): Promise<Both> {
  const memory = new LinearMemory(path.join(builtEngineFolder(), 'linear.wasm'), values.byteLength + 64 + lanczosBytes(layout, mostSteps) + gramBytes(linesOf(layout).count));
  const matrix = memory.allocate(values.byteLength);
  memory.floats(matrix, values.length).set(values);
  return {
    top: await topSingularValues({ memory, matrix, layout, top, mostSteps, breathe }),
    all: await singularValues({ memory, matrix, lines: linesOf(layout), breathe, onProgress: () => undefined }),
  };
}

describe('the largest singular values', function () {
  this.timeout(60_000);
  before(() => void builtEngineFolder());

  const layouts: Readonly<Record<string, MatrixLayout>> = {
    'of more rows than columns': { outer: 300, units: 170, inner: 1 },
    'of more columns than rows': { outer: 171, units: 303, inner: 1 },
    'of units that come first': { outer: 1, units: 300, inner: 173 },
    'of units that come first and are few': { outer: 1, units: 129, inner: 301 },
    'of units in the middle': { outer: 9, units: 150, inner: 37 },
  };
  for (const [name, layout] of Object.entries(layouts)) {
    it(`${name} are those of all of them`, async () => {
      const { top, all } = await both(normals(layout.outer * layout.units * layout.inner, 0.1), layout, 20);
      assert.equal(top.length, 20);
      top.forEach((value, i) => assert.ok(Math.abs(value / all[i]! - 1) < 1e-6, `${i}: ${value} is not ${all[i]}`));
    });
  }

  it('are found as often as they occur', async () => {
    const order = 200;
    const values = new Float32Array(order * order);
    for (let i = 0; i < order; i++) values[i * order + ((i * 7) % order)] = i < 30 ? 100 - Math.floor(i / 3) : 1 / (i + 1);
    const { top, all } = await both(values, { outer: order, units: order, inner: 1 }, 24);
    const expected = Array.from({ length: 24 }, (_, i) => 100 - Math.floor(i / 3));
    assert.deepEqual([...top].map((value) => Math.round(value * 1e8) / 1e8), expected);
    assert.deepEqual([...all.slice(0, 24)].map((value) => Math.round(value * 1e8) / 1e8), expected);
  });

  it('of one direction, and of zeros', async () => {
    const layout: MatrixLayout = { outer: 80, units: 70, inner: 1 };
    const one = await both(new Float32Array(5600).fill(0.5), layout, 3);
    assert.ok(Math.abs(one.top[0]! - 0.5 * Math.sqrt(5600)) < 1e-9);
    assert.ok(one.top[1]! < 1e-6 && one.all[1]! < 1e-6);
    const zeros = await both(new Float32Array(5600), layout, 3);
    assert.deepEqual([...zeros.top], [0, 0, 0]);
    assert.deepEqual([...zeros.all], new Array(70).fill(0));
  });
});
