import type { Layer, Model, Tensor } from '../core/model';
import { storageWords } from '../core/storageWords';
import { mainTensorOf } from '../core/layerFigures';
import { isWeight } from '../core/model';
import { formatBytes, formatInteger, formatNumber, formatShape } from '../core/numberText';
import type { ChartPart, Context } from './context';
import { el, replaceChildren, setText } from './dom';
import { figureGroups, figuresCsv, figuresJson } from './figures';
import type { FiguresOf } from './figures';
import { figuresTable } from './figuresTable';
import { createHistogramPanel } from './histogramPanel';
import { findingsOf, layerFindings } from './layerFindings';
import { failureOf, successorsOf, tensorLabels } from './selectors';
import { createSpectrumPanel } from './spectrumPanel';
import type { PageData, State } from './state';
import { createUnitsPanel, unitName } from './unitsPanel';
import { createValuesPanel } from './valuesPanel';
import { createVerdictLine } from './verdictLine';

export interface Detail extends ChartPart {
  readonly element: HTMLElement;
  focus(): void;
  forget(): void;
  showSpectrumProgress(tensor: number, share: number): void;
}

/** Everything about the selected layer. */
export function createDetail(context: Context): Detail {
  const { store, host, report } = context;
  const values = createValuesPanel(context);
  const histogram = createHistogramPanel(context, (range) => values.locate(range));
  const units = createUnitsPanel(context);
  const spectrum = createSpectrumPanel(context);
  const name = el('h2', { class: 'layer-name', attributes: { tabindex: -1 } });
  const facts = el('div', { class: 'layer-facts' });
  const tabs = el('div', { class: 'tabs', attributes: { role: 'tablist', 'aria-label': 'Weights of this layer' } });
  const moreTensors = el('span', { class: 'more-frame' });
  const tensorLine = el('p', { class: 'tensor-line' });
  const verdict = createVerdictLine(context);
  const findings = el('div', { class: 'findings-of-layer' });
  const figures = el('div', { class: 'figures-frame' });
  const copied = el('span', { class: 'copied', attributes: { role: 'status' } });
  let current: FiguresOf | undefined;
  const copy = (label: string, text: (of: FiguresOf) => string): HTMLElement => el('button', {
    class: 'quiet', tip: `Copy the figures as ${label}, all digits`, attributes: { type: 'button' },
    on: { click: () => {
      if (!current) return;
      host.request('copy', { text: text(current) }).then(() => {
        setText(copied, 'copied');
        setTimeout(() => setText(copied, ''), 1500);
      }, context.report);
    } },
  }, `Copy ${label}`);
  const readLayer = el('button', { class: 'link', tip: 'Reads every value of this layer instead of a sample', attributes: { type: 'button', hidden: true }, on: { click: () => {
    const { data, view } = store.state;
    const layer = view.selectedLayer === undefined ? undefined : data?.layerIndex.get(view.selectedLayer);
    if (layer !== undefined) void host.request('readFully', { layer }).catch(report);
  } } }, 'Read the whole layer');
  const figuresHead = el('div', { class: 'controls figures-head' }, el('h3', {}, 'Figures'), readLayer, el('span', { class: 'spacer' }), copied, copy('CSV', figuresCsv), copy('JSON', figuresJson));
  const panel = el('div', { class: 'tab-panel', attributes: { role: 'tabpanel', id: 'tab-panel' } }, histogram.element, figuresHead, figures, units.element, values.element, spectrum.element);
  const nothing = el('p', { class: 'empty' }, 'Select a layer.');
  const body = el('div', { class: 'detail-body', attributes: { hidden: true } }, el('div', { class: 'layer-head' }, name, facts), verdict.element, findings, el('div', { class: 'tab-row' }, tabs, moreTensors), tensorLine, panel);

  tabs.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const all = [...tabs.querySelectorAll<HTMLElement>('[role=tab]')];
    const at = all.findIndex((tab) => tab.getAttribute('aria-selected') === 'true');
    if (step === 0 || all.length === 0) return;
    event.preventDefault();
    all[(at + step + all.length) % all.length]!.click();
    tabs.querySelector<HTMLElement>('[aria-selected=true]')?.focus();
  });

  const render = (state: State, previous: State): void => {
    const { data, view } = state;
    if (!data) return;
    const layer = view.selectedLayer === undefined ? undefined : data.model.layers[data.layerIndex.get(view.selectedLayer) ?? -1];
    body.hidden = layer === undefined;
    nothing.hidden = layer !== undefined;
    if (!layer) {
      histogram.show(undefined);
      return;
    }
    const moved = data.model !== previous.data?.model || view.selectedLayer !== previous.view.selectedLayer;
    const index = chosenTensor(data, layer, view.selectedTensor);
    if (moved) {
      setText(name, layer.name);
      replaceChildren(facts, ...layerFacts(data, layer));
      element.scrollTop = 0;
    }
    if (moved || view.selectedTensor !== previous.view.selectedTensor) renderTabs(data, layer, index);
    if (moved || data.findings !== previous.data.findings) {
      const list = findingsOf(data, layer.name);
      replaceChildren(findings, list.length > 0 && layerFindings(context, list, data.rules));
    }
    verdict.show(data, data.layerIndex.get(layer.name)!);
    renderTensor(data, layer, index);
  };

  function renderTabs(data: PageData, layer: Layer, chosen: number | undefined): void {
    const labels = new Map(tensorLabels(layer.tensors.map((index) => data.model.tensors[index]!)).map((label, i) => [layer.tensors[i]!, label]));
    const { direct, listed } = tabbed(data.model, layer, chosen);
    const more = listed.length === 0 ? undefined : el('select', {
      class: 'more-tensors', attributes: { 'aria-label': 'More tensors of this layer' },
      on: { change: () => store.setView({ selectedTensor: data.model.tensors[Number(more!.value)]!.name }) },
    }, el('option', { attributes: { value: '' } }, `${formatInteger(listed.length)} more`), ...listed.map((index) => el('option', { attributes: { value: index } }, data.model.tensors[index]!.name)));
    replaceChildren(moreTensors, more);
    replaceChildren(tabs, ...direct.map((index) => {
      const tensor = data.model.tensors[index]!;
      const selected = index === chosen;
      return el('button', {
        class: `tab${isWeight(tensor) ? '' : ' constant'}`, tip: tensorHover(tensor),
        attributes: { type: 'button', role: 'tab', 'aria-selected': String(selected), 'aria-controls': 'tab-panel', tabindex: selected ? 0 : -1 },
        on: { click: () => store.setView({ selectedTensor: tensor.name }) },
      }, labels.get(index));
    }));
    const tensor = chosen === undefined ? undefined : data.model.tensors[chosen];
    setText(tensorLine, tensor ? tensorWords(tensor) : 'This layer has no weights.');
  }

  let figuresShown: unknown;
  function renderTensor(data: PageData, layer: Layer, index: number | undefined): void {
    const tensor = index === undefined ? undefined : data.model.tensors[index];
    panel.hidden = tensor === undefined;
    if (index === undefined || !tensor) {
      histogram.show(undefined);
      units.show(undefined, undefined);
      values.show(undefined);
      spectrum.show(undefined, undefined);
      return;
    }
    const view = data.tensors.get(index);
    histogram.show({ index, tensor, view, failure: failureOf(data, index) });
    units.show(view, layer.className);
    values.show({ index, tensor, view, unit: tensor.shape.length > 2 ? 'filter' : unitName(layer.className) });
    spectrum.show(index, tensor);
    current = view && { layer: layer.name, tensor: tensor.name, groups: figureGroups(view.figures, data.nearZeroRatio) };
    figuresHead.hidden = current === undefined;
    readLayer.hidden = view?.figures.sampled === undefined || data.progress.kind === 'running';
    if (figuresShown === view && view !== undefined) return;
    figuresShown = view;
    replaceChildren(figures, current && figuresTable(current.groups));
  }

  store.subscribe(render);
  const element = el('section', { class: 'detail', attributes: { 'aria-label': 'Layer' } }, nothing, body);
  return {
    element,
    focus: () => {
      name.focus({ preventScroll: true });
      element.scrollIntoView({ block: 'nearest' });
    },
    forget: () => {
      histogram.forget();
      values.forget();
      spectrum.forget();
    },
    showSpectrumProgress: (tensor, share) => spectrum.showProgress(tensor, share),
    use: (plotly) => {
      histogram.use(plotly);
      units.use(plotly);
      spectrum.use(plotly);
    },
    redraw: () => {
      histogram.redraw();
      units.redraw();
      values.redraw();
      spectrum.redraw();
    },
  };
}

/** More tabs than this are harder to read than a list. */
const MOST_TABS = 10;

/** Weights get tabs; shape and index constants, of which graph models have dozens a layer, are listed. */
export function tabbed(model: Model, layer: Layer, chosen: number | undefined): { direct: readonly number[]; listed: readonly number[] } {
  const weights = layer.tensors.filter((index) => isWeight(model.tensors[index]!));
  const shown = new Set([...weights.slice(0, MOST_TABS), ...(weights.length === 0 ? layer.tensors.slice(0, 1) : []), ...(chosen === undefined ? [] : [chosen])]);
  return { direct: layer.tensors.filter((index) => shown.has(index)), listed: layer.tensors.filter((index) => !shown.has(index)) };
}

/** The tab that was chosen, else the weight that says most. */
function chosenTensor(data: PageData, layer: Layer, chosen: string | undefined): number | undefined {
  return layer.tensors.find((index) => data.model.tensors[index]!.name === chosen) ?? mainTensorOf(data.model, layer) ?? layer.tensors[0];
}

function layerFacts(data: PageData, layer: Layer): HTMLElement[] {
  const main = mainTensorOf(data.model, layer);
  const tensor = main === undefined ? undefined : data.model.tensors[main];
  const fact = (text: string, tip?: string): HTMLElement => el('span', { class: 'fact', ...(tip && { tip }) }, text);
  const facts = [
    layer.className && fact(layer.className, configHover(layer)),
    tensor && fact(formatShape(tensor), `Shape of ${tensor.name} as stored: ${tensor.shape.join('×') || 'scalar'}`),
    layer.activation && layer.activation !== 'linear' && fact(activationWords(layer.activation), 'Activation'),
    fact(regularizerWords(layer), declaredHover(layer)),
    layer.trainable === false && fact('frozen', 'trainable: false'),
  ].filter((item): item is HTMLElement => item instanceof HTMLElement);
  const next = successorsOf(data.model, layer.name);
  if (next.length === 0) return facts;
  const words = next.slice(0, 3).map((one) => one.className ?? one.name).join(', ') + (next.length > 3 ? ', …' : '');
  return [...facts, fact(`then ${words}`, next.slice(0, 20).map((one) => `${one.name}${one.className ? ` · ${one.className}` : ''}`).join('\n'))];
}

function activationWords(activation: string): string {
  return activation.replace(/_/g, ' ').replace(/\brelu\b/gi, 'ReLU');
}

function regularizerWords({ regularizers, initializers }: Layer): string {
  const names = Object.entries(regularizers ?? {}).map(([weight, { name, config: settings }]) => {
    const rates = Object.entries(settings).filter(([, value]) => typeof value === 'number' && value !== 0).map(([key, value]) => `${key.toUpperCase()} ${formatNumber(value as number)}`);
    return `${rates.join(', ') || name} on ${weight}`;
  });
  if (names.length > 0) return names.join(' · ');
  // A file that says how the weights began would say how they were held: graph models and bare weights say neither.
  return initializers === undefined ? 'regularizers unknown' : 'no regularizer';
}

function declaredHover({ regularizers, initializers, constraints }: Layer): string {
  const lines = ([['Regularizers', regularizers], ['Initializers', initializers], ['Constraints', constraints]] as const).flatMap(([title, declared]) => {
    const entries = Object.entries(declared ?? {});
    return entries.length === 0 ? [] : [title, ...entries.map(([weight, { name, config }]) => `  ${weight}: ${name} ${JSON.stringify(config)}`)];
  });
  return lines.length > 0 ? lines.join('\n') : 'The file declares no regularizer, initializer or constraint for this layer.';
}

function configHover({ config, outputShape, dtype, name }: Layer): string {
  const lines = [name];
  if (outputShape) lines.push(`output shape: ${outputShape.map((size) => size ?? '?').join('×')}`);
  if (dtype) lines.push(`dtype: ${dtype}`);
  for (const [key, value] of Object.entries(config ?? {}).slice(0, 20)) lines.push(`${key}: ${JSON.stringify(value)}`);
  return lines.join('\n');
}

function tensorHover(tensor: Tensor): string {
  return `${tensor.name}\n${tensorWords(tensor)}`;
}

function tensorWords(tensor: Tensor): string {
  const { name, shape, elements, bytes } = tensor;
  return `${name} · ${shape.join('×') || 'scalar'} · ${formatInteger(elements)} weights · ${storageWords(tensor)} · ${formatBytes(bytes)}`;
}
