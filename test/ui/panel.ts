import type { FrameLocator, Locator, Page } from 'playwright-core';

/** What Plotly holds of a chart: the data that is drawn, not what was meant to be. */
export interface DrawnChart {
  readonly traces: readonly { readonly type: string; readonly name: string; readonly x: readonly number[]; readonly y: readonly number[]; readonly colours: readonly string[]; readonly texts: readonly string[] }[];
  readonly range: readonly [number, number];
  readonly label: string;
}

interface PlotElement extends HTMLElement {
  readonly data?: readonly { readonly type: string; readonly name?: string; readonly x: ArrayLike<number>; readonly y: ArrayLike<number>; readonly marker?: { readonly color?: string | readonly string[] }; readonly customdata?: readonly string[] }[];
  readonly layout?: { readonly xaxis: { readonly range: readonly [number, number] } };
}

/** The panel of one model: a page in a frame in a frame. */
export class Panel {
  constructor(private readonly page: Page) {}

  get frame(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').last().frameLocator('iframe#active-frame');
  }

  get layerName(): Locator {
    return this.frame.locator('h2.layer-name');
  }

  get table(): Locator {
    return this.frame.getByRole('grid', { name: 'Layers' });
  }

  get findings(): Locator {
    return this.frame.getByRole('tree', { name: 'Suspicious layers' });
  }

  /** Waits until every weight has its figures. */
  async finished(): Promise<void> {
    await this.frame.locator('.progress-text').getByText(/^(Analyzed in|From the cache)/).waitFor();
  }

  /** Waits until a layer is shown. */
  async shows(layer: string): Promise<void> {
    await this.layerName.getByText(layer, { exact: true }).waitFor();
  }

  /** A long name is cut in the middle; its hover has it whole, with the class behind it. */
  async selectRow(layer: string): Promise<void> {
    await this.table.locator(`.rows [role=row]:has(.cell.name[data-tip="${layer}"], .cell.name[data-tip^="${layer} · "])`).click();
    await this.shows(layer);
  }

  /** Names of the layers in the table, in the order in which they stand. */
  async tableNames(): Promise<string[]> {
    return this.table.locator('.rows [role=row]').evaluateAll((rows) => rows
      .map((row) => ({ top: row.getBoundingClientRect().top, name: row.querySelector<HTMLElement>('.cell.name')?.dataset['tip']?.split(' · ')[0] ?? '' }))
      .sort((a, b) => a.top - b.top)
      .map(({ name }) => name));
  }

  /** The chart as Plotly has drawn it; waits for the library and the first drawing. */
  async chart(kind: 'overview' | 'histogram' | 'spectrum'): Promise<DrawnChart> {
    const plot = this.frame.locator(`.${kind}-chart .plot.js-plotly-plot`);
    await plot.locator('svg.main-svg').first().waitFor();
    return plot.evaluate((element) => {
      const { data = [], layout } = element as PlotElement;
      return {
        traces: data.map((trace) => ({
          type: trace.type,
          name: trace.name ?? '',
          x: Array.from(trace.x),
          y: Array.from(trace.y),
          colours: [trace.marker?.color ?? []].flat(),
          texts: [...(trace.customdata ?? [])],
        })),
        range: [...(layout?.xaxis.range ?? [0, 0])] as [number, number],
        label: element.parentElement?.getAttribute('aria-label') ?? '',
      };
    });
  }

  /** Drags a rectangle over the middle of a chart, as one zooms. */
  async zoomMiddle(kind: 'overview' | 'histogram'): Promise<void> {
    const area = this.frame.locator(`.${kind}-chart .plot .nsewdrag`).first();
    await area.scrollIntoViewIfNeeded();
    const box = await area.boundingBox();
    if (!box) throw new Error(`The ${kind} chart has no area to drag in.`);
    await this.page.mouse.move(box.x + box.width * 0.45, box.y + box.height / 2);
    await this.page.mouse.down();
    await this.page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 4 });
    await this.page.mouse.move(box.x + box.width * 0.55, box.y + box.height / 2, { steps: 4 });
    await this.page.mouse.up();
  }
}
