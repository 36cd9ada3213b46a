/** Pixels a cell takes at most: a matrix of ten numbers is no reason for a wall of colour. */
const LARGEST_CELL = 24;
/** Below this a cell cannot be pointed at. */
const SMALLEST_CELL = 2;
const LARGEST_TILE_CELL = 12;
const SMALLEST_TILE_CELL = 3;
const TILE_GAP = 6;

/** Where cells lie on the canvas, in CSS pixels. */
export interface CellLayout {
  readonly tiles: number;
  readonly tilesAcross: number;
  readonly rows: number;
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly gap: number;
  readonly width: number;
  readonly height: number;
}

/** Cells to ask for along an axis: one an element where there is a pixel for each, else cells that can be pointed at. */
export function mostCells(elements: number, pixels: number): number {
  return elements <= pixels ? Math.max(1, elements) : Math.max(1, Math.floor(pixels / SMALLEST_CELL));
}

/** Squares where there is room; a long matrix fills the frame. */
export function planeLayout(rows: number, columns: number, width: number, height: number): CellLayout {
  const [across, down] = [Math.min(LARGEST_CELL, width / columns), Math.min(LARGEST_CELL, height / rows)];
  const side = Math.min(across, down);
  const isSquare = side >= SMALLEST_CELL + 1;
  const [cellWidth, cellHeight] = isSquare ? [side, side] : [across, down];
  return { tiles: 1, tilesAcross: 1, rows, columns, cellWidth, cellHeight, gap: 0, width: Math.round(cellWidth * columns), height: Math.max(1, Math.round(cellHeight * rows)) };
}

/** As many tiles as there is room for, all alike. */
export function tilesThatFit(rows: number, columns: number, width: number, height: number): { readonly count: number; readonly cell: number } {
  const cell = Math.max(SMALLEST_TILE_CELL, Math.min(LARGEST_TILE_CELL, Math.floor(36 / Math.max(rows, columns))));
  const across = Math.max(1, Math.floor((width + TILE_GAP) / (columns * cell + TILE_GAP)));
  const down = Math.max(1, Math.floor((height + TILE_GAP) / (rows * cell + TILE_GAP)));
  return { count: across * down, cell };
}

export function tilesLayout(tiles: number, rows: number, columns: number, width: number, cell: number): CellLayout {
  const across = Math.max(1, Math.floor((width + TILE_GAP) / (columns * cell + TILE_GAP)));
  const tilesAcross = Math.min(across, tiles);
  const down = Math.ceil(tiles / tilesAcross);
  return {
    tiles, tilesAcross, rows, columns, cellWidth: cell, cellHeight: cell, gap: TILE_GAP,
    width: tilesAcross * (columns * cell + TILE_GAP) - TILE_GAP, height: down * (rows * cell + TILE_GAP) - TILE_GAP,
  };
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Number of a cell, in order of tiles, rows and columns. */
export function boxOf({ tilesAcross, rows, columns, cellWidth, cellHeight, gap }: CellLayout, cell: number): Box {
  const tile = Math.floor(cell / (rows * columns));
  const row = Math.floor(cell / columns) % rows;
  const left = (tile % tilesAcross) * (columns * cellWidth + gap);
  const top = Math.floor(tile / tilesAcross) * (rows * cellHeight + gap);
  return { x: left + (cell % columns) * cellWidth, y: top + row * cellHeight, width: cellWidth, height: cellHeight };
}

/** The cell at a point; undefined between tiles and outside. */
export function cellAt({ tiles, tilesAcross, rows, columns, cellWidth, cellHeight, gap }: CellLayout, x: number, y: number): number | undefined {
  const [tileWidth, tileHeight] = [columns * cellWidth + gap, rows * cellHeight + gap];
  const [across, down] = [Math.floor(x / tileWidth), Math.floor(y / tileHeight)];
  const tile = down * tilesAcross + across;
  const column = Math.floor((x - across * tileWidth) / cellWidth);
  const row = Math.floor((y - down * tileHeight) / cellHeight);
  if (x < 0 || y < 0 || across >= tilesAcross || tile >= tiles || column >= columns || row >= rows) return undefined;
  return (tile * rows + row) * columns + column;
}

/** One step of an arrow key; undefined where there is no cell. */
export function neighbour(layout: CellLayout, cell: number, key: string): number | undefined {
  const { x, y, width, height } = boxOf(layout, cell);
  const reach = layout.gap + 0.5;
  switch (key) {
    case 'ArrowLeft':
      return cellAt(layout, x - 0.5, y + height / 2) ?? cellAt(layout, x - reach, y + height / 2);
    case 'ArrowRight':
      return cellAt(layout, x + width + 0.5, y + height / 2) ?? cellAt(layout, x + width + reach, y + height / 2);
    case 'ArrowUp':
      return cellAt(layout, x + width / 2, y - 0.5) ?? cellAt(layout, x + width / 2, y - reach);
    case 'ArrowDown':
      return cellAt(layout, x + width / 2, y + height + 0.5) ?? cellAt(layout, x + width / 2, y + height + reach);
    default:
      return undefined;
  }
}
