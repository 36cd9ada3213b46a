import assert from 'node:assert/strict';
import type { Grid } from '../../../src/core/values/grid';
import { gridOf, gridView } from '../../../src/protocol/gridView';
import { galleryOf, planeOf, stillAxes } from '../../../src/webview/valuesAxes';
import { colourOf, limitOf, paletteOf, shareColour } from '../../../src/webview/valuesColours';
import { boxOf, cellAt, mostCells, neighbour, planeLayout, tilesLayout, tilesThatFit } from '../../../src/webview/valuesLayout';
import { nextAbove, rangeSentence } from '../../../src/webview/valuesWords';
import { THEME } from './support';

const PALETTE = paletteOf(THEME);

describe('the axes of the values', () => {
  it('are the channels of a convolution, wherever they stand', () => {
    assert.deepEqual(planeOf({ shape: [3, 3, 16, 32], axes: { output: 3, input: 2 } }), { rows: 2, columns: 3 });
    assert.deepEqual(planeOf({ shape: [32, 16, 3, 3], axes: { output: 0, input: 1 } }), { rows: 0, columns: 1 });
    assert.deepEqual(planeOf({ shape: [8, 3, 3, 3], axes: { output: 0, input: 1 } }), { rows: 0, columns: 1 });
    assert.deepEqual(planeOf({ shape: [2, 3, 3] }), { rows: 1, columns: 2 });
    assert.deepEqual(planeOf({ shape: [7] }), { rows: undefined, columns: 0 });
    assert.deepEqual(planeOf({ shape: [] }), { rows: undefined, columns: undefined });
  });

  it('of filters are their height and width; what has no filters has no gallery', () => {
    assert.deepEqual(galleryOf({ shape: [32, 16, 3, 5], axes: { output: 0, input: 1 } }), { unit: 0, rows: 2, columns: 3 });
    assert.deepEqual(galleryOf({ shape: [3, 5, 16, 32], axes: { output: 3, input: 2 } }), { unit: 3, rows: 0, columns: 1 });
    assert.deepEqual(galleryOf({ shape: [5, 16, 32], axes: { output: 2, input: 1 } }), { unit: 2, rows: 0, columns: 1 });
    assert.equal(galleryOf({ shape: [1, 1, 16, 32], axes: { output: 3, input: 2 } }), undefined);
    assert.equal(galleryOf({ shape: [16, 32], axes: { output: 1, input: 0 } }), undefined);
    assert.equal(galleryOf({ shape: [3, 3, 4, 4] }), undefined);
  });

  it('that stand still get a slider where there is something to choose', () => {
    assert.deepEqual(stillAxes({ shape: [3, 1, 5, 6] }, [2, 3]), [0]);
  });
});

describe('the colours of values', () => {
  it('are the background at zero, and full at the limit and beyond', () => {
    const { diverging } = PALETTE;
    assert.equal(colourOf(0, 1, PALETTE), diverging[255]);
    assert.equal(colourOf(1, 1, PALETTE), diverging.at(-1));
    assert.equal(colourOf(9, 1, PALETTE), diverging.at(-1));
    assert.equal(colourOf(-1, 1, PALETTE), diverging[0]);
    assert.equal(colourOf(5, 0, PALETTE), diverging[255]);
    assert.notEqual(diverging[0], diverging.at(-1));
  });

  it('tell NaN and infinities from all numbers', () => {
    assert.equal(colourOf(NaN, 1, PALETTE), PALETTE.nan);
    assert.equal(colourOf(-Infinity, 1, PALETTE), PALETTE.infinite);
    for (const special of [PALETTE.nan, PALETTE.infinite]) assert.ok(!PALETTE.diverging.includes(special));
  });

  it('of a range show one weight among thousands', () => {
    assert.notEqual(shareColour(1e-6, PALETTE), shareColour(0, PALETTE));
    assert.equal(shareColour(0, PALETTE), PALETTE.share[0]);
  });

  it('end where 99 % of the magnitudes do, or at the largest', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => (i === 0 ? -50 : (i % 2 === 0 ? 1 : -1) * i * 0.001));
    assert.equal(limitOf(values, 'full'), 50);
    assert.ok(limitOf(values, 'robust') < 1);
    assert.equal(limitOf(Float64Array.of(0, 0, NaN, Infinity), 'robust'), 0);
    assert.equal(limitOf(Float64Array.from({ length: 1000 }, (_, i) => (i === 3 ? 2 : 0)), 'robust'), 2, 'a sparse weight keeps its colour');
  });
});

describe('the layout of cells', () => {
  it('finds every cell where it is drawn', () => {
    for (const layout of [planeLayout(7, 11, 500, 300), planeLayout(400, 900, 450, 200), tilesLayout(23, 3, 5, 200, 6)]) {
      const cells = layout.tiles * layout.rows * layout.columns;
      for (let cell = 0; cell < cells; cell += Math.max(1, Math.floor(cells / 500))) {
        const { x, y, width, height } = boxOf(layout, cell);
        assert.equal(cellAt(layout, x + width / 2, y + height / 2), cell);
      }
      assert.equal(cellAt(layout, -1, 0), undefined);
      assert.equal(cellAt(layout, layout.width + 1, 0), undefined);
      assert.equal(cellAt(layout, 0, layout.height + 1), undefined);
    }
  });

  it('lets arrow keys walk from tile to tile, and no further than the last', () => {
    const layout = tilesLayout(4, 2, 2, 50, 10);
    let cell = 0;
    for (let steps = 0; steps < 3; steps++) cell = neighbour(layout, cell, 'ArrowRight') ?? cell;
    assert.equal(cell, 5, 'the second column of the second tile');
    assert.equal(neighbour(layout, 0, 'ArrowUp'), undefined);
    assert.equal(neighbour(layout, 0, 'ArrowDown'), 2);
    assert.equal(neighbour(layout, 0, 'Enter'), undefined);
  });

  it('asks for a cell an element where there are pixels, and for fewer where there are not', () => {
    assert.equal(mostCells(300, 340), 300);
    assert.equal(mostCells(341, 340), 170);
    const { count, cell } = tilesThatFit(3, 3, 600, 340);
    const layout = tilesLayout(count, 3, 3, 600, cell);
    assert.ok(layout.width <= 600 && layout.height <= 340);
  });
});

describe('a grid on its way to the page', () => {
  it('keeps every bit, those of NaN and infinities too', () => {
    const grid: Grid = { tiles: 1, rows: 2, columns: 2, rowStep: 1, columnStep: 1, values: Float64Array.of(0.1, NaN, -Infinity, -0), counts: Float64Array.of(0, 1, 2, 3), elements: 4, nan: 1, infinite: 1, min: -0, max: 0.1 };
    assert.deepEqual(gridOf(gridView(grid)), grid);
    const long = { ...grid, values: Float64Array.from({ length: 50_000 }, (_, i) => Math.sin(i)) };
    assert.deepEqual(gridOf(gridView(long)).values, long.values);
  });

  it('says how many weights lie in a range, and how many of them are on the picture', () => {
    assert.match(rangeSentence({ low: -0.5, high: 0.25 }, 12, 120, 1000), /^120 of the 1.?000 weights \(12.%\) lie from −0\.5 to 0\.25, 12 of them on this picture\.$/);
    assert.ok(nextAbove(0.25) > 0.25 && nextAbove(-0.25) > -0.25 && nextAbove(0) > 0);
    assert.equal((nextAbove(0.25) + 0.25) / 2, 0.25, 'no number lies between');
  });
});
