import { el } from './dom';
import type { Figure, FigureToExport, Shape } from './plotly';
import type { PlotlyApi } from './plotlyLoader';
import { previewSvg } from './preview';
import type { Tooltip } from './tooltip';

export interface ChartEvents {
  /** A column or bar was clicked: its position on the axis. */
  onClick?(x: number): void;
  /** A range of the x axis was dragged out; undefined: back to the whole. */
  onZoom?(range: readonly [number, number] | undefined): void;
  onResize(): void;
}

interface PlotlyEvent {
  readonly points?: readonly { readonly customdata?: unknown; readonly x: number; readonly data: { readonly xaxis?: string } }[];
  readonly event?: { readonly clientX: number; readonly clientY: number };
}

interface PlotlyElement extends HTMLElement {
  on?(name: string, listener: (event: PlotlyEvent & Record<string, unknown>) => void): void;
}

/** A pointer that moved this far was dragging. */
const DRAG_FROM_PX = 4;

const CONFIG = { displayModeBar: false, responsive: false, doubleClick: false, scrollZoom: false, showTips: false } as const;

/** One chart: an SVG of the same figure until Plotly is there, then Plotly, updated and never rebuilt. */
export class Chart {
  readonly element: HTMLElement;
  readonly #plot: PlotlyElement = el('div', { class: 'plot', attributes: { 'aria-hidden': 'true' } });
  readonly #events: ChartEvents;
  readonly #tooltip: Tooltip;
  #plotly: PlotlyApi | undefined;
  #figure: Figure | undefined;
  #size = { width: 0, height: 0 };
  #listening = false;
  #marks: readonly Shape[] = [];
  #marking = false;
  #drawing = false;

  constructor(className: string, tooltip: Tooltip, events: ChartEvents) {
    this.#tooltip = tooltip;
    this.#events = events;
    this.element = el('div', { class: `chart ${className}`, attributes: { role: 'img', tabindex: 0 } }, this.#plot);
    if (events.onClick) this.#plot.addEventListener('pointerdown', (event) => this.#awaitClick(event));
    new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      const next = { width: Math.floor(width), height: Math.floor(height) };
      if (next.width === this.#size.width && next.height === this.#size.height) return;
      this.#size = next;
      if (next.width > 0 && next.height > 0) events.onResize();
    }).observe(this.element);
  }

  /** Pixels; 0 while the chart is not laid out. */
  get size(): { readonly width: number; readonly height: number } {
    return this.#size;
  }

  get figure(): FigureToExport | undefined {
    return this.#figure;
  }

  use(plotly: PlotlyApi): void {
    this.#plotly = plotly;
    if (this.#figure) void this.#react(plotly, this.#figure);
  }

  draw(figure: Figure): void {
    this.#figure = figure;
    this.element.setAttribute('aria-label', figure.label);
    if (!this.#plotly) {
      this.#plot.replaceChildren(previewSvg(figure));
      return;
    }
    // A held arrow key asks for more figures than there are frames: only the last one is drawn.
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      if (this.#plotly && this.#figure) void this.#react(this.#plotly, this.#figure);
    });
  }

  /** Changes the marks alone, which is far cheaper than a whole figure. */
  mark(shapes: readonly Shape[]): void {
    if (!this.#figure) return;
    const figure = { ...this.#figure, layout: { ...this.#figure.layout, shapes } };
    if (!this.#plotly || !this.#listening) {
      this.draw(figure);
      return;
    }
    this.#figure = figure;
    this.#marks = shapes;
    if (this.#marking) return;
    this.#marking = true;
    requestAnimationFrame(() => {
      this.#marking = false;
      if (this.#listening) void this.#plotly?.relayout(this.#plot, { shapes: this.#marks });
    });
  }

  clear(): void {
    this.#figure = undefined;
    this.element.setAttribute('aria-label', 'No chart');
    if (this.#plotly && this.#listening) this.#plotly.purge(this.#plot);
    this.#listening = false;
    this.#plot.replaceChildren();
  }

  async #react(plotly: PlotlyApi, figure: Figure): Promise<void> {
    if (!this.#listening) this.#plot.replaceChildren();
    await plotly.react(this.#plot, figure.data, figure.layout, CONFIG);
    if (!this.#listening) this.#listen();
  }

  /**
   * Plotly's own click tells of the point that was hovered last, which after a quick move is another one.
   * It also lays a cover over the page while a button is down, so the end is heard at the window.
   */
  #awaitClick(down: PointerEvent): void {
    if (down.button !== 0) return;
    window.addEventListener('pointerup', (up) => {
      const x = this.#positionAt(up.clientX);
      const moved = Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY);
      if (x !== undefined && moved < DRAG_FROM_PX) this.#events.onClick?.(x);
    }, { once: true });
  }

  /** On the x axis; undefined outside of it. */
  #positionAt(clientX: number): number | undefined {
    if (!this.#figure) return undefined;
    const { width, margin, xaxis } = this.#figure.layout;
    const inside = (clientX - this.#plot.getBoundingClientRect().left - margin.l) / (width - margin.l - margin.r);
    const share = (inside - xaxis.domain[0]) / (xaxis.domain[1] - xaxis.domain[0]);
    return share < 0 || share > 1 ? undefined : xaxis.range[0] + share * (xaxis.range[1] - xaxis.range[0]);
  }

  #listen(): void {
    this.#listening = true;
    this.#plot.on?.('plotly_hover', ({ points, event }) => {
      const texts = [...new Set((points ?? []).flatMap(({ customdata }) => (typeof customdata === 'string' ? [customdata] : [])))];
      if (texts.length > 0 && event) this.#tooltip.showAt(texts.join('\n\n'), event.clientX, event.clientY);
    });
    this.#plot.on?.('plotly_unhover', () => this.#tooltip.hide());
    this.#plot.on?.('plotly_relayout', (change) => {
      const [low, high] = [change['xaxis.range[0]'], change['xaxis.range[1]']];
      if (typeof low !== 'number' || typeof high !== 'number') return;
      // It told of a bar that is gone.
      this.#tooltip.hide();
      this.#events.onZoom?.([low, high]);
    });
    this.#plot.on?.('plotly_doubleclick', () => this.#events.onZoom?.(undefined));
  }
}
