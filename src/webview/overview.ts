import { isWeight } from '../core/model';
import type { Model } from '../core/model';
import { formatCount, formatShape } from '../core/numberText';
import { SEVERITIES } from '../core/rules/rule';
import type { Severity } from '../core/rules/rule';
import { Chart } from './chart';
import type { ChartPart, Context } from './context';
import { el, replaceChildren, selector, setText } from './dom';
import { columnPixels, overviewFigure, selectionShapes } from './overviewChart';
import { colourKey, legendOf } from './overviewColours';
import { joinedColumns } from './overviewMarks';
import type { Column } from './overviewMarks';
import type { OverviewColumns, PageData } from './state';
import { failureOf } from './selectors';

/** A column and the layer it belongs to. */
interface PlacedColumn extends Column {
  readonly layer: string;
}

/** A picture that took this many times as long as it is apart from the next leaves the page free in between. */
const REST = 3;

export function createOverview(context: Context): { element: HTMLElement } & ChartPart {
  const { store, tooltip } = context;
  let columns: readonly PlacedColumn[] = [];
  let zoom: readonly [number, number] | undefined;
  let hiddenWords = '';
  let busyUntil = 0;
  let scheduled = false;

  const chart = new Chart('overview-chart', tooltip, {
    onClick: (x) => selectColumn(x),
    onZoom: (range) => {
      zoom = range;
      draw();
    },
    onResize: () => draw(),
  });
  const axis = selector('y:', [{ value: 'symlog', label: 'symlog' }, { value: 'linear', label: 'linear' }], (value) => store.setView({ overviewAxis: value }));
  const colour = selector('colour:', [{ value: 'severity', label: 'severity' }, { value: 'nearZero', label: 'near zero' }, { value: 'role', label: 'role' }], (value) => store.setView({ overviewColour: value }));
  const which = selector('columns:', [{ value: 'kernels', label: 'kernels' }, { value: 'layers', label: 'all layers' }, { value: 'tensors', label: 'all weights' }], (value) => store.setView({ overviewColumns: value }));
  const legend = el('div', { class: 'legend' });
  const note = el('span', { class: 'overview-note' });
  const reset = el('button', { class: 'link', attributes: { type: 'button', hidden: true }, on: { click: () => {
    zoom = undefined;
    draw();
  } } }, 'show all');

  function selectColumn(x: number): void {
    const column = columns[Math.round(x)];
    if (column) context.select(column.layer);
  }

  function selectedColumn(): number | undefined {
    const { selectedLayer } = store.state.view;
    const found = columns.findIndex((column) => column.layer === selectedLayer);
    return found < 0 ? undefined : found;
  }

  function draw(): void {
    const { data, view } = store.state;
    const { width, height } = chart.size;
    if (!data || width === 0 || height === 0) return;
    const started = performance.now();
    const theme = context.theme();
    chart.draw(overviewFigure({ columns, axis: view.overviewAxis, colour: view.overviewColour, selected: selectedColumn(), zoom, width, height, theme }));
    const joined = joinedColumns(columnPixels({ columns, zoom, width }));
    setText(note, [hiddenWords, joined > 1 && `each mark joins ${joined} columns: drag to zoom in`].filter(Boolean).join(' · '));
    const keys = new Set(columns.filter((column) => column.quantiles).map((column) => colourKey(column, view.overviewColour)));
    replaceChildren(legend, ...legendOf(view.overviewColour, theme, keys).map((entry) => {
      const swatch = el('span', { class: 'swatch' });
      swatch.style.background = entry.colour;
      return el('span', { class: 'legend-entry' }, swatch, entry.label);
    }));
    reset.hidden = zoom === undefined;
    busyUntil = performance.now() + REST * (performance.now() - started);
  }

  /** While results stream in, the picture never takes more than its share of the time. */
  function drawSoon(): void {
    if (scheduled) return;
    scheduled = true;
    setTimeout(() => {
      scheduled = false;
      draw();
    }, Math.max(0, busyUntil - performance.now()));
  }

  chart.element.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0 || columns.length === 0) return;
    event.preventDefault();
    const current = columns.findIndex((column) => column.layer === store.state.view.selectedLayer);
    selectColumn(Math.max(0, Math.min(columns.length - 1, current < 0 ? 0 : current + step)));
  });

  store.subscribe(({ data, view }, previous) => {
    if (!data) return;
    axis.set(view.overviewAxis);
    colour.set(view.overviewColour);
    which.set(view.overviewColumns);
    const old = previous.data;
    const restructured = data.model !== old?.model || view.overviewColumns !== previous.view.overviewColumns;
    if (restructured) zoom = undefined;
    const grown = data.tensors !== old?.tensors || data.findings !== old.findings || data.failures !== old.failures;
    if (restructured || grown) {
      const built = overviewColumns(data, view.overviewColumns);
      columns = built.columns;
      hiddenWords = hiddenNote(built.hidden);
    }
    if (restructured || view.overviewAxis !== previous.view.overviewAxis || view.overviewColour !== previous.view.overviewColour) draw();
    else if (grown) drawSoon();
    else if (view.selectedLayer !== previous.view.selectedLayer) chart.mark(selectionShapes(selectedColumn(), context.theme()));
  });

  const hint = 'One column for each layer’s main weight, in model order.\nThin line: p0.1 to p99.9. Dashes: smallest and largest weight. Light band: p5 to p95. Solid band: p25 to p75. Dot: median.\nStrip below: share of weights near zero. Marks above: the worst finding.\nClick selects the layer. Drag to zoom, shift-drag to pan, double-click to see all.';
  const element = el('section', { class: 'overview', attributes: { 'aria-label': 'The network at a glance' } },
    el('div', { class: 'section-head' },
      el('h2', { tip: hint, attributes: { tabindex: 0 } }, 'The network at a glance'), note, reset, el('span', { class: 'spacer' }), legend, axis.element, colour.element, which.element),
    chart.element);
  return { element, use: (plotly) => chart.use(plotly), redraw: draw };
}

const KERNEL_ROLES = new Set(['kernel', 'embedding', 'head', 'adapter']);
/** Fewer kernels than this make no picture of a network: every layer has its column then. */
const MIN_KERNELS = 2;

export function overviewColumns(data: PageData, which: OverviewColumns): { columns: PlacedColumn[]; hidden: readonly PlacedColumn[] } {
  const severities = severityOfTensors(data);
  const layers = data.layersWithWeights.flatMap(({ index, mainTensor }) => mainTensor === undefined ? [] : [
    columnOf(data, mainTensor, data.model.layers[index]!.name, data.layers[index]?.severity ?? null),
  ]);
  switch (which) {
    case 'layers':
      return { columns: layers, hidden: [] };
    case 'tensors':
      return { columns: weightsInOrder(data.model).map((tensor) => columnOf(data, tensor, nameOfLayer(data, tensor), severities.get(data.model.tensors[tensor]!.name) ?? null, true)), hidden: [] };
    case 'kernels': {
      const isKernel = (column: PlacedColumn): boolean => column.role !== undefined && KERNEL_ROLES.has(column.role);
      const kernels = layers.filter(isKernel);
      return kernels.length < MIN_KERNELS ? { columns: layers, hidden: [] } : { columns: kernels, hidden: layers.filter((column) => !isKernel(column)) };
    }
  }
}

function hiddenNote(hidden: readonly PlacedColumn[]): string {
  const found = hidden.filter(({ severity }) => severity === 'error' || severity === 'warning').length;
  if (found === 0) return '';
  return found === 1 ? '1 layer without a kernel has findings: choose all layers' : `${found} layers without a kernel have findings: choose all layers`;
}

function weightsInOrder(model: Model): number[] {
  return model.layers.flatMap((layer) => layer.tensors.filter((tensor) => isWeight(model.tensors[tensor]!)));
}

function nameOfLayer(data: PageData, tensor: number): string {
  return data.model.layers[data.model.tensors[tensor]!.layer]?.name ?? '';
}

function columnOf(data: PageData, index: number, layer: string, severity: Severity | null, byTensor = false): PlacedColumn {
  const tensor = data.model.tensors[index]!;
  const view = data.tensors.get(index);
  const className = data.model.layers[tensor.layer]?.className;
  const failure = failureOf(data, index);
  const facts = [className, formatShape(tensor), `${formatCount(tensor.elements)} weights`].filter(Boolean).join(' · ');
  return {
    layer,
    name: byTensor ? tensor.name : layer,
    role: tensor.role,
    severity,
    nearZero: view && view.figures.count > 0 ? view.figures.nearZeros / view.figures.count : null,
    quantiles: view?.figures.quantiles,
    extremes: [view?.figures.min ?? null, view?.figures.max ?? null],
    words: view ? facts : `${facts}\n${failure ?? 'waiting for its figures'}`,
  };
}

function severityOfTensors({ findings }: PageData): ReadonlyMap<string, Severity> {
  const worst = new Map<string, Severity>();
  for (const { subject, severity } of findings) {
    if (subject.kind !== 'tensor') continue;
    const known = worst.get(subject.name);
    if (!known || SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(known)) worst.set(subject.name, severity);
  }
  return worst;
}
