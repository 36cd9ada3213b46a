import { formatInteger, plural } from '../core/numberText';
import type { SimilarUnits } from '../core/statistics/tensorStatistics';
import type { TensorView, UnitsView } from '../protocol/pageContract';
import { Chart } from './chart';
import type { ChartPart, Context } from './context';
import { el, setText, toggle } from './dom';
import type { PlotlyApi } from './plotlyLoader';
import { twinsOf, unitsFigure } from './unitsChart';

export interface UnitsPanel extends ChartPart {
  readonly element: HTMLElement;
  show(view: TensorView | undefined, className: string | undefined): void;
}

/** Norms per output unit and per input channel, closed until somebody looks. */
export function createUnitsPanel(context: Context): UnitsPanel {
  const { store, host } = context;
  const outputs = createBars(context);
  const inputs = createBars(context);
  const sorted = toggle('sorted', 'Largest norm first, instead of the order in the file', (sortUnits) => store.setView({ sortUnits }));
  const summary = el('summary', {});
  const element = el('details', { class: 'units', attributes: { hidden: true } }, summary, el('div', { class: 'controls' }, sorted.element), outputs.element, inputs.element);
  element.addEventListener('toggle', () => {
    store.setView({ showUnits: element.open });
    draw();
  });

  let current: TensorView | undefined;
  let unit = 'filter';

  function draw(): void {
    element.hidden = !current?.outputChannels && !current?.inputChannels;
    if (element.hidden) return;
    setText(summary, unitsSummary(current!, unit));
    outputs.show(element.open ? current?.outputChannels : undefined, unit, current?.similarUnits);
    inputs.show(element.open ? current?.inputChannels : undefined, 'input channel');
  }

  store.subscribe(({ view }, previous) => {
    sorted.set(view.sortUnits);
    if (element.open !== view.showUnits) element.open = view.showUnits;
    if (view.sortUnits !== previous.view.sortUnits) draw();
  });
  return {
    element,
    show: (view, className) => {
      const next = unitName(className);
      if (view === current && next === unit) return;
      current = view;
      unit = next;
      // They come as an update of this tensor.
      if (view?.omitsUnits) host.request('units', { tensor: view.index }).catch(context.report);
      draw();
    },
    use: (plotly) => {
      outputs.use(plotly);
      inputs.use(plotly);
    },
    redraw: draw,
  };
}

export function unitName(className: string | undefined): string {
  return /conv/i.test(className ?? '') ? 'filter' : 'unit';
}

export function unitsSummary({ outputChannels, inputChannels, similarUnits }: TensorView, unit: string): string {
  const part = (channels: UnitsView | undefined, one: string, alike: number): string[] => {
    if (!channels) return [];
    const { dead, notFinite, l2Norm } = channels;
    const marks = [[dead.length, 'dead'], [notFinite.length, 'not finite'], [alike, 'nearly the same as another']] as const;
    return [[plural(l2Norm.length, one), ...marks.filter(([count]) => count > 0).map(([count, words]) => `${formatInteger(count)} ${words}`)].join(', ')];
  };
  return `Norms: ${[...part(outputChannels, unit, twinsOf(similarUnits).size), ...part(inputChannels, 'input channel', 0)].join(' · ')}`;
}

interface Bars {
  readonly element: HTMLElement;
  show(channels: UnitsView | undefined, unit: string, similarUnits?: readonly SimilarUnits[]): void;
  use(plotly: PlotlyApi): void;
}

function createBars(context: Context): Bars {
  let shown: { channels: UnitsView; unit: string; similarUnits: readonly SimilarUnits[] | undefined } | undefined;
  const chart = new Chart('units-chart', context.tooltip, { onResize: () => draw() });
  const element = el('div', { class: 'units-bars', attributes: { hidden: true } }, chart.element);
  function draw(): void {
    const { width, height } = chart.size;
    if (!shown || width === 0) return;
    chart.draw(unitsFigure({ unit: shown.unit, ...shown.channels, ...(shown.similarUnits && { similarUnits: shown.similarUnits }), sorted: context.store.state.view.sortUnits, width, height, theme: context.theme() }));
  }
  return {
    element,
    show: (channels, unit, similarUnits) => {
      shown = channels && { channels, unit, similarUnits };
      element.hidden = shown === undefined;
      draw();
    },
    use: (plotly) => chart.use(plotly),
  };
}
