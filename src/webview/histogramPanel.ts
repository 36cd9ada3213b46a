import type { Tensor } from '../core/model';
import { messageOf } from '../core/errors';
import { sampledLong } from '../core/statistics/sampledWords';
import type { WindowHistogram } from '../core/statistics/tensorStatistics';
import type { Overlay } from '../core/verdict/overlay';
import type { TensorView } from '../protocol/pageContract';
import { EMPTY_PLAN, latticeOf, planBins, rebin } from './binPlan';
import type { BinPlan, ValueAxis, Window } from './binPlan';
import { Chart } from './chart';
import type { ChartPart, Context } from './context';
import { el, segmented, setText, toggle } from './dom';
import { saveChart } from './exportChart';
import { histogramFigure, outsideSentence } from './histogramChart';
import type { CountScale } from './histogramChart';
import { createOverlayControls } from './overlayControls';
import { chosenOverlays } from './overlayCurves';

/** A person who drags or walks through the list should not set off a read of the file at every step. */
const ASK_AFTER_MS = 90;
/** Answers that are kept: going back and forth asks nothing anew. */
const KEPT_ANSWERS = 64;

interface Shown {
  readonly index: number;
  readonly tensor: Tensor;
  readonly view: TensorView | undefined;
  readonly failure: string | undefined;
}

export interface HistogramPanel extends ChartPart {
  readonly element: HTMLElement;
  show(shown: Shown | undefined): void;
  /** The file changed: nothing that was counted before holds. */
  forget(): void;
}

/**
 * The histogram of one tensor with its controls.
 * @param locate shows where the weights of a range are.
 */
export function createHistogramPanel(context: Context, locate: (range: { readonly low: number; readonly high: number }) => void): HistogramPanel {
  const { store, host, tooltip } = context;
  let shown: Shown | undefined;
  let zoom: Window | undefined;
  let asking: AbortController | undefined;
  let askingOverlays: AbortController | undefined;
  let fitted: readonly Overlay[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const answers = new Map<string, WindowHistogram>();

  const chart = new Chart('histogram-chart', tooltip, {
    onZoom: (range) => {
      const plan = shown?.view && currentPlan(shown.view);
      const [low, high] = range ?? [0, 0];
      zoom = range && plan && high > low ? { low: plan.scale.from(low), high: plan.scale.from(high) } : undefined;
      draw();
    },
    onResize: () => draw(),
  });
  const sentence = el('p', { class: 'outside' });
  const waiting = el('p', { class: 'chart-note', attributes: { hidden: true } });
  const unzoom = el('button', { class: 'link', attributes: { type: 'button', hidden: true }, on: { click: () => {
    zoom = undefined;
    draw();
  } } }, 'show all');
  const where = el('button', { class: 'link', tip: 'Shows which weights of the tensor lie in this range', attributes: { type: 'button', hidden: true }, on: { click: () => zoom && locate(zoom) } }, 'Where are they?');
  const counts = segmented<CountScale>('counts', [{ value: 'linear', label: 'linear' }, { value: 'log', label: 'log' }], (value) => store.setView({ countScale: value }));
  const axis = segmented<ValueAxis>('axis', [
    { value: 'auto', label: 'auto', tip: 'p0.1 to p99.9, widened to round numbers; the bars at the edges count the rest' },
    { value: 'full', label: 'full', tip: 'From the smallest to the largest weight' },
    { value: 'symlog', label: 'symlog', tip: 'From the smallest to the largest weight, linear near zero and logarithmic outwards' },
  ], (value) => store.setView({ valueAxis: value }));
  const moments = toggle('mean ±σ', 'Mark the mean and one standard deviation to either side', (showMoments) => store.setView({ showMoments }));
  const quantiles = toggle('quantiles', 'Mark p0.1, p1, p5, p25, median, p75, p95, p99 and p99.9', (showQuantiles) => store.setView({ showQuantiles }));
  const overlays = createOverlayControls(context);
  const save = (format: 'png' | 'svg'): HTMLElement => el('button', {
    class: 'quiet', tip: `Save the chart as ${format.toUpperCase()}`, attributes: { type: 'button' },
    on: { click: () => void saveChart(context, chart, shown?.tensor.name ?? 'weights', format).catch(context.report) },
  }, format.toUpperCase());

  function currentPlan(view: TensorView): BinPlan | undefined {
    const { data, view: choice } = store.state;
    if (!data || !shown) return undefined;
    return planBins({ figures: view.figures, lattice: latticeOf(shown.tensor), axis: choice.valueAxis, bins: data.histogramBins, zoom });
  }

  function draw(): void {
    const { width, height } = chart.size;
    const view = shown?.view;
    const plan = view && currentPlan(view);
    showNote();
    unzoom.hidden = zoom === undefined;
    where.hidden = zoom === undefined;
    if (!shown || !view || !plan || width === 0 || height === 0) {
      stopAsking();
      if (!view || !plan) {
        chart.clear();
        setText(sentence, '');
      }
      return;
    }
    const key = `${shown.index} ${view.figures.sampled?.elements ?? 'all'} ${plan.edges.length} ${plan.edges[0]} ${plan.edges.at(-1)} ${plan.scale.kind}`;
    const answer = plan === EMPTY_PLAN ? { edges: plan.edges, counts: [0], below: 0, above: 0 } : answers.get(key);
    show(view, plan, answer ?? rebin(view.histogram, view.figures.zeros, plan.edges), answer !== undefined);
    if (answer) stopAsking();
    else askSoon(shown.index, key, plan);
  }

  function show(view: TensorView, plan: BinPlan, window: WindowHistogram, exact: boolean): void {
    const { countScale, showMoments, showQuantiles, overlays: choices } = store.state.view;
    const { width, height } = chart.size;
    chart.draw(histogramFigure({
      tensorName: shown!.tensor.name, figures: view.figures, plan, window, exact, countScale, showMoments, showQuantiles, overlays: chosenOverlays(fitted, choices), width, height, theme: context.theme(),
    }));
    const sampled = view.figures.sampled ? ` ${sampledLong(view.figures.sampled)}` : '';
    setText(sentence, outsideSentence({ window, figures: view.figures, exact }) + sampled);
  }

  function stopAsking(): void {
    clearTimeout(timer);
    asking?.abort();
    asking = undefined;
  }

  function askSoon(index: number, key: string, plan: BinPlan): void {
    stopAsking();
    const controller = new AbortController();
    asking = controller;
    timer = setTimeout(() => {
      host.request('histogram', { tensor: index, edges: plan.edges }, controller.signal).then(
        (answer) => {
          keep(key, answer);
          if (asking === controller) draw();
        },
        (error: unknown) => {
          if (asking !== controller || controller.signal.aborted) return;
          setText(sentence, `The exact counts could not be read, so these are approximate. ${messageOf(error)}`);
        });
    }, ASK_AFTER_MS);
  }

  /** What was fitted to another weight must not be drawn over this one. */
  function askOverlays(isSameTensor: boolean): void {
    askingOverlays?.abort();
    askingOverlays = undefined;
    if (!isSameTensor || !shown?.view) {
      fitted = [];
      overlays.show(fitted);
    }
    if (!shown?.view) return;
    const controller = new AbortController();
    askingOverlays = controller;
    host.request('overlays', { tensor: shown.index }, controller.signal).then(
      (answer) => {
        if (askingOverlays !== controller) return;
        fitted = answer;
        overlays.show(fitted);
        draw();
      },
      (error: unknown) => {
        if (askingOverlays === controller && !controller.signal.aborted) context.report(error);
      });
  }

  function keep(key: string, answer: WindowHistogram): void {
    answers.set(key, answer);
    const oldest = answers.keys().next().value;
    if (answers.size > KEPT_ANSWERS && oldest !== undefined) answers.delete(oldest);
  }

  function showNote(): void {
    const words = noteWords(shown);
    waiting.hidden = words === undefined;
    waiting.classList.toggle('unreadable', shown?.failure !== undefined);
    setText(waiting, words ?? '');
  }

  store.subscribe(({ view }, previous) => {
    counts.set(view.countScale);
    axis.set(view.valueAxis);
    moments.set(view.showMoments);
    quantiles.set(view.showQuantiles);
    if (view === previous.view) return;
    if (view.valueAxis !== previous.view.valueAxis) zoom = undefined;
    const relevant = (['countScale', 'valueAxis', 'showMoments', 'showQuantiles', 'overlays'] as const).some((key) => view[key] !== previous.view[key]);
    if (relevant) draw();
  });

  const element = el('div', { class: 'histogram' },
    el('div', { class: 'controls' },
      counts.element, axis.element,
      el('span', { class: 'controls-group' }, moments.element, quantiles.element),
      overlays.boxes,
      el('span', { class: 'spacer' }), where, unzoom, el('span', { class: 'buttons' }, save('png'), save('svg'))),
    el('div', { class: 'chart-frame' }, chart.element, waiting),
    overlays.legend,
    sentence);
  return {
    element,
    show: (next) => {
      const same = next?.index === shown?.index && next?.tensor === shown?.tensor;
      if (same && next?.view === shown?.view && next?.failure === shown?.failure) return;
      if (!same) zoom = undefined;
      const isNew = next?.view !== shown?.view || !same;
      shown = next;
      if (isNew) askOverlays(same);
      draw();
    },
    forget: () => answers.clear(),
    use: (plotly) => chart.use(plotly),
    redraw: () => {
      overlays.redraw();
      draw();
    },
  };
}

/** What stands in the chart's place. */
function noteWords(shown: Shown | undefined): string | undefined {
  if (!shown) return undefined;
  if (shown.failure !== undefined) return shown.failure;
  if (shown.tensor.dtype === 'string') return 'This tensor holds text, not numbers.';
  if (shown.tensor.elements === 0) return 'This tensor is empty.';
  return shown.view ? undefined : 'Waiting for this weight …';
}
