import { el, setAttributes } from './dom';
import { boxOf, cellAt, neighbour } from './valuesLayout';
import type { CellLayout } from './valuesLayout';

export interface CanvasEvents {
  /** What the hover and a screen reader say of a cell. */
  describe(cell: number): string;
  /** A rectangle was dragged from one cell to another. */
  onDrag?(from: number, to: number): void;
  onReset?(): void;
  showTip(text: string, x: number, y: number): void;
  hideTip(): void;
}

interface Drawn {
  readonly layout: CellLayout;
  /** One a cell, packed. */
  readonly colours: Uint32Array;
  /** Of the frame around the cell that is pointed at. */
  readonly mark: string;
}

/** A pointer that moved this far is dragging. */
const DRAG_FROM_PX = 4;

/** Coloured cells that can be pointed at, walked through by arrow keys and dragged over. Drawn cell by cell into a picture of as many pixels, which the canvas enlarges. */
export class ValuesCanvas {
  readonly element: HTMLElement;
  readonly #canvas = el('canvas', { class: 'values-pixels', attributes: { 'aria-hidden': 'true' } });
  readonly #spoken = el('span', { class: 'visually-hidden', attributes: { role: 'status' } });
  readonly #events: CanvasEvents;
  #drawn: Drawn | undefined;
  #cell: number | undefined;
  #drag: { readonly cell: number; readonly x: number; readonly y: number; to: number | undefined } | undefined;

  constructor(events: CanvasEvents) {
    this.#events = events;
    const frame = el('div', { class: 'values-canvas', attributes: { tabindex: 0, role: 'group', 'aria-roledescription': 'heat map' } }, this.#canvas, this.#spoken);
    frame.addEventListener('pointermove', (event) => this.#onMove(event));
    frame.addEventListener('pointerleave', () => this.#leave());
    frame.addEventListener('pointerdown', (event) => this.#onDown(event));
    frame.addEventListener('pointerup', (event) => this.#onUp(event));
    frame.addEventListener('dblclick', () => events.onReset?.());
    frame.addEventListener('keydown', (event) => this.#onKey(event));
    frame.addEventListener('blur', () => this.#leave());
    this.element = frame;
  }

  draw(drawn: Drawn, label: string): void {
    this.#drawn = drawn;
    this.#cell = undefined;
    setAttributes(this.element, { 'aria-label': label, 'data-drawn': true });
    this.#paint();
  }

  clear(): void {
    this.#drawn = undefined;
    setAttributes(this.element, { 'aria-label': 'No values', 'data-drawn': false });
    this.#canvas.width = 0;
    this.#canvas.height = 0;
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  #paint(): void {
    if (!this.#drawn) return;
    const { layout, colours, mark } = this.#drawn;
    const scale = globalThis.devicePixelRatio || 1;
    this.#canvas.width = Math.round(layout.width * scale);
    this.#canvas.height = Math.round(layout.height * scale);
    this.#canvas.style.width = `${layout.width}px`;
    this.#canvas.style.height = `${layout.height}px`;
    const context = this.#canvas.getContext('2d')!;
    context.scale(scale, scale);
    context.imageSmoothingEnabled = false;
    const cells = layout.rows * layout.columns;
    for (let tile = 0; tile < layout.tiles; tile++) {
      const picture = pictureOf(colours.subarray(tile * cells, (tile + 1) * cells), layout.rows, layout.columns);
      const { x, y } = boxOf(layout, tile * cells);
      context.drawImage(picture, x, y, layout.columns * layout.cellWidth, layout.rows * layout.cellHeight);
    }
    context.strokeStyle = mark;
    context.lineWidth = 1.5;
    const box = this.#markedBox();
    if (box) context.strokeRect(box.x + 0.5, box.y + 0.5, Math.max(2, box.width - 1), Math.max(2, box.height - 1));
  }

  #markedBox(): { x: number; y: number; width: number; height: number } | undefined {
    const { layout } = this.#drawn!;
    if (this.#drag?.to !== undefined) {
      const [a, b] = [boxOf(layout, this.#drag.cell), boxOf(layout, this.#drag.to)];
      const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
      return { x, y, width: Math.max(a.x, b.x) + a.width - x, height: Math.max(a.y, b.y) + a.height - y };
    }
    return this.#cell === undefined ? undefined : boxOf(layout, this.#cell);
  }

  #at(event: PointerEvent): number | undefined {
    if (!this.#drawn) return undefined;
    const box = this.#canvas.getBoundingClientRect();
    return cellAt(this.#drawn.layout, event.clientX - box.left, event.clientY - box.top);
  }

  #onMove(event: PointerEvent): void {
    const cell = this.#at(event);
    const drag = this.#drag;
    if (drag && this.#events.onDrag && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) >= DRAG_FROM_PX) {
      if (cell !== undefined) drag.to = cell;
      this.#events.hideTip();
      this.#paint();
      return;
    }
    this.#point(cell);
    if (cell === undefined) this.#events.hideTip();
    else this.#events.showTip(this.#events.describe(cell), event.clientX, event.clientY);
  }

  #onDown(event: PointerEvent): void {
    const cell = this.#at(event);
    if (event.button !== 0 || cell === undefined) return;
    this.element.setPointerCapture(event.pointerId);
    this.#drag = { cell, x: event.clientX, y: event.clientY, to: undefined };
  }

  #onUp(event: PointerEvent): void {
    const drag = this.#drag;
    this.#drag = undefined;
    if (!drag) return;
    this.element.releasePointerCapture(event.pointerId);
    if (drag.to !== undefined && drag.to !== drag.cell) this.#events.onDrag?.(drag.cell, drag.to);
    else this.#paint();
  }

  #onKey(event: KeyboardEvent): void {
    if (!this.#drawn) return;
    const next = this.#cell === undefined && event.key.startsWith('Arrow') ? 0 : neighbour(this.#drawn.layout, this.#cell ?? 0, event.key);
    if (next === undefined) return;
    event.preventDefault();
    this.#point(next);
    const text = this.#events.describe(next);
    this.#spoken.textContent = text;
    const canvas = this.#canvas.getBoundingClientRect();
    const box = boxOf(this.#drawn.layout, next);
    this.#events.showTip(text, canvas.left + box.x + box.width, canvas.top + box.y + box.height);
  }

  #point(cell: number | undefined): void {
    if (cell === this.#cell) return;
    this.#cell = cell;
    this.#paint();
  }

  #leave(): void {
    this.#events.hideTip();
    if (!this.#drag) this.#point(undefined);
  }
}

/** One pixel a cell. */
function pictureOf(colours: Uint32Array, rows: number, columns: number): HTMLCanvasElement {
  const picture = el('canvas', { attributes: { width: columns, height: rows } });
  const pixels = new ImageData(columns, rows);
  new Uint32Array(pixels.data.buffer).set(colours);
  picture.getContext('2d')!.putImageData(pixels, 0, 0);
  return picture;
}
