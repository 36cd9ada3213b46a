import type { Assessment } from '../core/assessment';
import { mainTensorOf } from '../core/layerFigures';
import { isWeight } from '../core/model';
import type { Model } from '../core/model';
import { REDUCTIONS } from '../core/values/grid';
import type { Reduction } from '../core/values/grid';
import type { HostSide, LayerView, PageState, TensorView } from '../protocol/pageContract';
import type { ValueAxis } from './binPlan';
import type { CountScale } from './histogramChart';
import { OVERLAY_CHOICES } from './overlayCurves';
import type { OverlayChoice } from './overlayCurves';
import { SPECTRUM_CHARTS } from './spectrumChart';
import type { SpectrumChart } from './spectrumChart';
import type { ValueRange } from './valuesColours';

export const SORT_KEYS = ['order', 'name', 'parameters', 'zeros', 'nearZero', 'deviation', 'kurtosis', 'severity'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

export type OverviewAxis = 'symlog' | 'linear';
export type OverviewColour = 'severity' | 'nearZero' | 'role';
export type OverviewColumns = 'kernels' | 'layers' | 'tensors';

/** What the person chose; kept by VS Code while the panel is hidden and when the window reloads. */
export interface ViewState {
  readonly selectedLayer: string | undefined;
  /** Name of the tensor whose tab is open, by the layer it was chosen in. */
  readonly selectedTensor: string | undefined;
  readonly countScale: CountScale;
  readonly valueAxis: ValueAxis;
  readonly showMoments: boolean;
  readonly showQuantiles: boolean;
  /** Which distributions are drawn over the histogram, where they can be. */
  readonly overlays: readonly OverlayChoice[];
  readonly overviewAxis: OverviewAxis;
  readonly overviewColour: OverviewColour;
  readonly overviewColumns: OverviewColumns;
  readonly sort: Sort;
  readonly filter: string;
  readonly tableScroll: number;
  /** Keys of tree nodes that are closed. */
  readonly closed: readonly string[];
  readonly showUnits: boolean;
  readonly spectrumChart: SpectrumChart;
  readonly sortUnits: boolean;
  readonly showValues: boolean;
  readonly valueRange: ValueRange;
  readonly cellReduction: Reduction;
  readonly filterOrder: 'index' | 'norm';
}

export const INITIAL_VIEW: ViewState = {
  selectedLayer: undefined,
  selectedTensor: undefined,
  countScale: 'linear',
  valueAxis: 'auto',
  showMoments: true,
  showQuantiles: false,
  overlays: ['best'],
  overviewAxis: 'symlog',
  overviewColour: 'severity',
  overviewColumns: 'kernels',
  sort: { key: 'order', descending: false },
  filter: '',
  tableScroll: 0,
  closed: [],
  showUnits: false,
  spectrumChart: 'density',
  sortUnits: false,
  showValues: false,
  valueRange: 'robust',
  cellReduction: 'maxMagnitude',
  filterOrder: 'index',
};

/** Everything the host has told, indexed. */
export interface PageData {
  readonly model: Model;
  readonly rules: PageState['rules'];
  readonly nearZeroRatio: number;
  readonly histogramBins: number;
  readonly tensors: ReadonlyMap<number, TensorView>;
  /** By index into Model.layers. */
  readonly layers: readonly LayerView[];
  readonly failures: ReadonlyMap<number, string>;
  readonly findings: PageState['findings'];
  readonly silenced: number;
  readonly assessment: Assessment;
  readonly progress: PageState['progress'];
  readonly sameWeightsAs: readonly string[];
  readonly sampled: NonNullable<PageState['sampled']> | null;
  readonly layersWithWeights: readonly { readonly index: number; readonly mainTensor: number | undefined }[];
  /** Layer name by tensor name. */
  readonly layerOfTensor: ReadonlyMap<string, string>;
  readonly layerIndex: ReadonlyMap<string, number>;
}

export function pageData(state: PageState): PageData {
  const { model } = state;
  const layers: LayerView[] = [];
  for (const layer of state.layers) layers[layer.index] = layer;
  return {
    model,
    rules: state.rules,
    nearZeroRatio: state.nearZeroRatio,
    histogramBins: state.histogramBins,
    tensors: new Map(state.tensors.map((tensor) => [tensor.index, tensor])),
    layers,
    failures: new Map(state.failures.map(({ index, reason }) => [index, reason])),
    findings: state.findings,
    silenced: state.silenced,
    assessment: state.assessment,
    progress: state.progress,
    sameWeightsAs: state.sameWeightsAs ?? [],
    sampled: state.sampled ?? null,
    layersWithWeights: model.layers.flatMap((layer, index) =>
      layer.tensors.some((tensor) => isWeight(model.tensors[tensor]!)) ? [{ index, mainTensor: mainTensorOf(model, layer) }] : []),
    layerOfTensor: new Map(model.tensors.map((tensor) => [tensor.name, model.layers[tensor.layer]?.name ?? ''])),
    layerIndex: new Map(model.layers.map((layer, index) => [layer.name, index])),
  };
}

/** Items of the same index are replaced, everything else that is given too. */
export function mergeUpdate(data: PageData, update: HostSide['events']['update']): PageData {
  const { tensors, layers, failures, ...rest } = update;
  return {
    ...data,
    ...pick(rest, ['nearZeroRatio', 'histogramBins', 'findings', 'silenced', 'assessment', 'progress', 'sameWeightsAs', 'sampled']),
    ...(tensors && { tensors: merged(data.tensors, tensors.map((tensor) => [tensor.index, tensor])) }),
    ...(layers && { layers: mergedLayers(data.layers, layers) }),
    ...(failures && { failures: merged(data.failures, failures.map(({ index, reason }) => [index, reason])) }),
  };
}

function merged<T>(known: ReadonlyMap<number, T>, more: readonly (readonly [number, T])[]): ReadonlyMap<number, T> {
  const all = new Map(known);
  for (const [index, item] of more) all.set(index, item);
  return all;
}

function mergedLayers(known: readonly LayerView[], more: readonly LayerView[]): LayerView[] {
  const all = [...known];
  for (const layer of more) all[layer.index] = layer;
  return all;
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as Partial<Pick<T, K>>;
}

/** What was kept may come from an older version of the page: unknown values fall back to the first ones. */
export function restoreView(kept: unknown): ViewState {
  if (typeof kept !== 'object' || kept === null) return INITIAL_VIEW;
  const source = kept as Record<string, unknown>;
  const sameKind = Object.entries(INITIAL_VIEW).flatMap(([key, initial]) => {
    const value = source[key];
    if (value === undefined || value === null) return [];
    if (initial === undefined) return typeof value === 'string' ? [[key, value]] : [];
    return typeof value === typeof initial && Array.isArray(value) === Array.isArray(initial) ? [[key, value]] : [];
  });
  const view = { ...INITIAL_VIEW, ...Object.fromEntries(sameKind) } as ViewState;
  return {
    ...view,
    countScale: oneOf(view.countScale, ['linear', 'log'], INITIAL_VIEW.countScale),
    spectrumChart: oneOf(view.spectrumChart, SPECTRUM_CHARTS, INITIAL_VIEW.spectrumChart),
    valueRange: oneOf(view.valueRange, ['robust', 'full'], INITIAL_VIEW.valueRange),
    cellReduction: oneOf(view.cellReduction, REDUCTIONS, INITIAL_VIEW.cellReduction),
    filterOrder: oneOf(view.filterOrder, ['index', 'norm'], INITIAL_VIEW.filterOrder),
    valueAxis: oneOf(view.valueAxis, ['auto', 'full', 'symlog'], INITIAL_VIEW.valueAxis),
    overviewAxis: oneOf(view.overviewAxis, ['symlog', 'linear'], INITIAL_VIEW.overviewAxis),
    overviewColour: oneOf(view.overviewColour, ['severity', 'nearZero', 'role'], INITIAL_VIEW.overviewColour),
    overviewColumns: oneOf(view.overviewColumns, ['kernels', 'layers', 'tensors'], INITIAL_VIEW.overviewColumns),
    sort: { key: oneOf(view.sort.key, SORT_KEYS, 'order'), descending: view.sort.descending === true },
    closed: view.closed.filter((key) => typeof key === 'string'),
    overlays: OVERLAY_CHOICES.filter((choice) => view.overlays.includes(choice)),
  };
}

function oneOf<T>(value: T, allowed: readonly T[], otherwise: T): T {
  return allowed.includes(value) ? value : otherwise;
}

export interface State {
  readonly data: PageData | undefined;
  readonly view: ViewState;
}

/** State in one place; parts subscribe and compare what they show with what they showed. */
export class Store {
  #state: State;
  readonly #listeners: ((state: State, previous: State) => void)[] = [];

  constructor(view: ViewState) {
    this.#state = { data: undefined, view };
  }

  get state(): State {
    return this.#state;
  }

  subscribe(listener: (state: State, previous: State) => void): void {
    this.#listeners.push(listener);
  }

  setData(data: PageData): void {
    this.#change({ ...this.#state, data });
  }

  setView(change: Partial<ViewState>): void {
    const changed = Object.entries(change).some(([key, value]) => this.#state.view[key as keyof ViewState] !== value);
    if (changed) this.#change({ ...this.#state, view: { ...this.#state.view, ...change } });
  }

  #change(next: State): void {
    const previous = this.#state;
    this.#state = next;
    for (const listener of this.#listeners) listener(next, previous);
  }
}
