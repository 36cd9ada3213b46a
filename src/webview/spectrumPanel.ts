import { CancelledError, messageOf } from '../core/errors';
import { isNumeric } from '../core/dtype';
import { matrixLayout } from '../core/linearAlgebra/matrixLayout';
import { isWeight } from '../core/model';
import type { Tensor } from '../core/model';
import { formatShare } from '../core/numberText';
import { eigenvalueBins } from '../core/statistics/eigenvalueBins';
import type { SpectrumSummary } from '../core/statistics/spectrumSummary';
import { Chart } from './chart';
import type { ChartPart, Context } from './context';
import { el, replaceChildren, segmented, setText, svg } from './dom';
import { saveChart } from './exportChart';
import { figuresTable } from './figuresTable';
import { spectrumFigure } from './spectrumChart';
import type { SpectrumChart } from './spectrumChart';
import { spectrumGroups, spectrumSentence } from './spectrumFigures';

type Asked =
  | { readonly kind: 'running'; readonly share: number; readonly cancel: AbortController }
  | { readonly kind: 'done'; readonly spectrum: SpectrumSummary }
  | { readonly kind: 'failed'; readonly reason: string };

export interface SpectrumPanel extends ChartPart {
  readonly element: HTMLElement;
  show(index: number | undefined, tensor: Tensor | undefined): void;
  showProgress(index: number, share: number): void;
  /** The file changed: nothing that was computed before holds. */
  forget(): void;
}

/** Whether a spectrum can be asked for. */
export function hasSpectrum(tensor: Tensor): boolean {
  return isWeight(tensor) && isNumeric(tensor.dtype) && tensor.unreadable === undefined && matrixLayout(tensor) !== undefined;
}

/** The singular values of one weight: a button, then progress, then the chart. What was computed stays for the other weights, too. */
export function createSpectrumPanel(context: Context): SpectrumPanel {
  const { store, host, tooltip } = context;
  const asked = new Map<number, Asked>();
  let shown: { readonly index: number; readonly tensor: Tensor } | undefined;

  const chart = new Chart('spectrum-chart', tooltip, { onResize: () => draw() });
  const compute = el('button', { class: 'primary', attributes: { type: 'button' }, tip: 'Singular values of this weight as a matrix, its rank, and how it differs from a random one', on: { click: () => ask() } }, 'Compute spectrum');
  const cancel = el('button', { class: 'link', attributes: { type: 'button' }, on: { click: () => stop() } }, 'Cancel');
  const progressText = el('span', { class: 'spectrum-progress-text' });
  const bar = el('progress', { class: 'spectrum-progress', attributes: { max: 1, value: 0, 'aria-label': 'Spectrum' } });
  const progress = el('span', { class: 'spectrum-running', attributes: { role: 'status', hidden: true } }, bar, progressText, cancel);
  const reason = el('p', { class: 'spectrum-failed', attributes: { role: 'alert', hidden: true } });
  const charts = segmented<SpectrumChart>('chart', [
    { value: 'density', label: 'eigenvalues', tip: 'How many eigenvalues σ² lie where, beside those of a random matrix' },
    { value: 'values', label: 'singular values', tip: 'Every singular value by its rank, largest first' },
  ], (spectrumChart) => store.setView({ spectrumChart }));
  const save = (format: 'png' | 'svg'): HTMLElement => el('button', {
    class: 'quiet', tip: `Save the chart as ${format.toUpperCase()}`, attributes: { type: 'button' },
    on: { click: () => void saveChart(context, chart, `${shown?.tensor.name ?? 'weights'} spectrum`, format).catch(context.report) },
  }, format.toUpperCase());
  const controls = el('div', { class: 'controls' }, charts.element, el('span', { class: 'spacer' }), el('span', { class: 'buttons' }, save('png'), save('svg')));
  const legend = el('ul', { class: 'overlay-legend', attributes: { 'aria-label': 'Lines' } });
  const sentence = el('p', { class: 'outside' });
  const figures = el('div', {});
  const result = el('div', { class: 'spectrum-result', attributes: { hidden: true } }, controls, el('div', { class: 'chart-frame' }, chart.element), legend, sentence, figures);
  const element = el('section', { class: 'spectrum', attributes: { hidden: true, 'aria-label': 'Spectrum' } },
    el('div', { class: 'controls figures-head' }, el('h3', {}, 'Spectrum'), el('span', { class: 'spacer' }), progress, compute), reason, result);

  function ask(): void {
    if (!shown) return;
    const { index } = shown;
    const controller = new AbortController();
    asked.set(index, { kind: 'running', share: 0, cancel: controller });
    update();
    cancel.focus();
    host.request('spectrum', { tensor: index }, controller.signal).then(
      (spectrum) => settle(index, controller, { kind: 'done', spectrum }),
      (error: unknown) => settle(index, controller, error instanceof CancelledError ? undefined : { kind: 'failed', reason: messageOf(error) }));
  }

  function stop(): void {
    const current = shown && asked.get(shown.index);
    if (current?.kind !== 'running') return;
    asked.delete(shown!.index);
    current.cancel.abort();
    update();
    compute.focus();
  }

  /** Unless it was cancelled, or the file changed, in the meantime. */
  function settle(index: number, controller: AbortController, outcome: Asked | undefined): void {
    const current = asked.get(index);
    if (current?.kind !== 'running' || current.cancel !== controller) return;
    if (outcome) asked.set(index, outcome);
    else asked.delete(index);
    if (shown?.index === index) update();
  }

  function update(): void {
    const current = shown && asked.get(shown.index);
    element.hidden = shown === undefined || !hasSpectrum(shown.tensor);
    compute.hidden = current !== undefined && current.kind !== 'failed';
    progress.hidden = current?.kind !== 'running';
    reason.hidden = current?.kind !== 'failed';
    result.hidden = current?.kind !== 'done';
    if (current?.kind === 'running') showShare(current.share);
    if (current?.kind === 'failed') setText(reason, current.reason);
    if (current?.kind !== 'done') return;
    replaceChildren(figures, figuresTable(spectrumGroups(current.spectrum)));
    setText(sentence, spectrumSentence(current.spectrum, eigenvalueBins(current.spectrum).below));
    draw();
  }

  function showShare(share: number): void {
    bar.value = share;
    setText(progressText, formatShare(share));
  }

  function draw(): void {
    const current = shown && asked.get(shown.index);
    if (!shown || current?.kind !== 'done') return;
    const { spectrum } = current;
    const theme = context.theme();
    replaceChildren(legend,
      spectrum.marchenkoPastur && legendItem(theme.green, 'independent weights'),
      !('notApplicable' in spectrum.powerLaw) && legendItem(theme.red, 'fitted power law'),
      spectrum.marchenkoPastur && spectrum.marchenkoPastur.beyond > 0 && legendItem(theme.orange, 'beyond the random edge'));
    const { width, height } = chart.size;
    if (width === 0 || height === 0) return;
    chart.draw(spectrumFigure({ tensorName: shown.tensor.name, spectrum, chart: store.state.view.spectrumChart, width, height, theme }));
  }

  store.subscribe(({ view }, previous) => {
    charts.set(view.spectrumChart);
    if (view.spectrumChart !== previous.view.spectrumChart) draw();
  });
  return {
    element,
    show: (index, tensor) => {
      const isSame = shown?.index === index && shown?.tensor === tensor;
      if (isSame) return;
      shown = index === undefined || !tensor ? undefined : { index, tensor };
      chart.clear();
      update();
    },
    showProgress: (index, share) => {
      const current = asked.get(index);
      if (current?.kind !== 'running') return;
      asked.set(index, { ...current, share });
      if (shown?.index === index) showShare(share);
    },
    forget: () => {
      for (const one of asked.values()) if (one.kind === 'running') one.cancel.abort();
      asked.clear();
      update();
    },
    use: (plotly) => chart.use(plotly),
    redraw: draw,
  };
}

function legendItem(color: string, words: string): HTMLElement {
  const sample = svg('svg', { viewBox: '0 0 24 10', width: 24, height: 10, class: 'line-sample', 'aria-hidden': 'true' }, svg('line', { x1: 0, x2: 24, y1: 5, y2: 5, stroke: color, 'stroke-width': 3 }));
  return el('li', {}, sample, words);
}
