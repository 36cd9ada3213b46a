import { formatInteger, plural } from '../core/numberText';
import type { TensorView } from '../protocol/pageContract';
import { Chart } from './chart';
import type { ChartPart, Context } from './context';
import { el, setText, toggle } from './dom';
import type { PlotlyApi } from './plotlyLoader';
import { deadUnits, unitsFigure } from './unitsChart';

type Channels = NonNullable<TensorView['outputChannels']>;

export interface UnitsPanel extends ChartPart {
  readonly element: HTMLElement;
  show(view: TensorView | undefined, className: string | undefined): void;
}

/** Norms per output unit and per input channel, closed until somebody looks. */
export function createUnitsPanel(context: Context): UnitsPanel {
  const { store } = context;
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
    outputs.show(element.open ? current?.outputChannels : undefined, unit);
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

export function unitsSummary({ outputChannels, inputChannels }: TensorView, unit: string): string {
  const part = (channels: Channels | undefined, one: string): string[] => {
    if (!channels) return [];
    const dead = deadUnits(channels.maxAbs).length;
    return [`${plural(channels.l2Norm.length, one)}${dead > 0 ? `, ${formatInteger(dead)} dead` : ''}`];
  };
  return `Norms: ${[...part(outputChannels, unit), ...part(inputChannels, 'input channel')].join(' · ')}`;
}

function createBars(context: Context): { element: HTMLElement; show(channels: Channels | undefined, unit: string): void; use(plotly: PlotlyApi): void } {
  let shown: { channels: Channels; unit: string } | undefined;
  const chart = new Chart('units-chart', context.tooltip, { onResize: () => draw() });
  const element = el('div', { class: 'units-bars', attributes: { hidden: true } }, chart.element);
  function draw(): void {
    const { width, height } = chart.size;
    if (!shown || width === 0) return;
    chart.draw(unitsFigure({ unit: shown.unit, ...shown.channels, sorted: context.store.state.view.sortUnits, width, height, theme: context.theme() }));
  }
  return {
    element,
    show: (channels, unit) => {
      shown = channels && { channels, unit };
      element.hidden = shown === undefined;
      draw();
    },
    use: (plotly) => chart.use(plotly),
  };
}
