import assert from 'node:assert/strict';
import { linesOf, matrixLayout, spatialAxes } from '../../../../src/core/linearAlgebra/matrixLayout';
import type { Role, UnitAxes } from '../../../../src/core/model';

function layout(shape: readonly number[], axes?: UnitAxes, role: Role = 'kernel') {
  return matrixLayout({ shape, role, elements: shape.reduce((product, size) => product * size, 1), ...(axes && { axes }) });
}

/** Every element of every line, as the lines say where they lie. */
function elementsOf(shape: readonly number[], axes: UnitAxes): number[][] {
  const { count, start, runs, runStride, length, stride } = linesOf(layout(shape, axes)!);
  return Array.from({ length: count }, (_, line) =>
    Array.from({ length: runs * length }, (__, step) => start(line) + Math.floor(step / length) * runStride + (step % length) * stride));
}

describe('a weight as a matrix', () => {
  it('has output units on one side, wherever their axis lies', () => {
    assert.deepEqual(layout([20, 30], { input: 0, output: 1 }), { outer: 20, units: 30, inner: 1 });
    assert.deepEqual(layout([3, 3, 16, 32], { input: 2, output: 3 }), { outer: 144, units: 32, inner: 1 });
    assert.deepEqual(layout([3, 3, 16, 32], { input: 3, output: 2 }), { outer: 9, units: 16, inner: 32 });
    assert.deepEqual(layout([64, 3, 5, 5], { output: 0, input: 1 }), { outer: 1, units: 64, inner: 75 });
    assert.deepEqual(layout([1000, 16], undefined, 'embedding'), { outer: 1, units: 1000, inner: 16 });
  });

  it('is none where there is no second side', () => {
    for (const shape of [[], [7], [1, 7], [7, 1], [0, 4]]) assert.equal(layout(shape), undefined, shape.join());
    assert.equal(layout([5, 1, 1], { output: 0 }), undefined);
  });

  it('is walked along the lines of its shorter side, each element once', () => {
    const shapes: [readonly number[], UnitAxes][] = [
      [[5, 3], { output: 1 }], [[3, 5], { output: 1 }], [[3, 5], { output: 0 }], [[2, 4, 3], { output: 1 }], [[2, 9, 3], { output: 1 }],
    ];
    for (const [shape, axes] of shapes) {
      const lines = elementsOf(shape, axes);
      const elements = shape.reduce((product, size) => product * size, 1);
      assert.ok(lines.length * lines.length <= elements, shape.join());
      assert.deepEqual(lines.flat().sort((a, b) => a - b), Array.from({ length: elements }, (_, i) => i), shape.join());
    }
  });

  it('keeps the unit of an element: a line of units is a unit, and a step of the other lines is one', () => {
    const inner = 3;
    const units = 4;
    const unitOf = (element: number): number => Math.floor(element / inner) % units;
    for (const line of elementsOf([2, units, inner], { output: 1 })) assert.equal(new Set(line.map(unitOf)).size, 1);
    for (const line of elementsOf([1, 9, 2], { output: 1 })) assert.deepEqual(line.map((element) => Math.floor(element / 2)), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('has spatial axes where it is a convolution', () => {
    assert.deepEqual(spatialAxes({ role: 'kernel', shape: [3, 3, 8, 9], axes: { input: 2, output: 3 } }), [0, 1]);
    assert.deepEqual(spatialAxes({ role: 'kernel', shape: [3, 3, 8, 1], axes: { input: 2 } }), [0, 1]);
    assert.deepEqual(spatialAxes({ role: 'kernel', shape: [9, 8, 3, 3], axes: { output: 0, input: 1 } }), [2, 3]);
    assert.equal(spatialAxes({ role: 'kernel', shape: [3, 8, 9], axes: { input: 1, output: 2 } }), undefined);
    assert.equal(spatialAxes({ role: 'embedding', shape: [3, 3, 8, 9], axes: { output: 0 } }), undefined);
  });
});
