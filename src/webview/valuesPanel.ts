import { CancelledError, messageOf } from '../core/errors';
import type { Tensor } from '../core/model';
import { formatInteger } from '../core/numberText';
import type { AxisWindow, Grid, GridRequest, Reduction } from '../core/values/grid';
import { hasValues } from '../core/values/npy';
import type { ValuesFormat } from '../core/values/saved';
import type { TensorView } from '../protocol/pageContract';
import { gridOf } from '../protocol/gridView';
import type { Context } from './context';
import { el, replaceChildren, segmented, setText } from './dom';
import { galleryOf, planeOf, stillAxes } from './valuesAxes';
import { ValuesCanvas } from './valuesCanvas';
import { colourOf, limitOf, paletteOf, shareColour } from './valuesColours';
import type { ValueRange } from './valuesColours';
import { axisSelect, axisSliders } from './valuesControls';
import { mostCells, planeLayout, tilesLayout, tilesThatFit } from './valuesLayout';
import type { CellLayout } from './valuesLayout';
import { shareLegend, valueLegend } from './valuesLegend';
import { cellPlace, cellWords, gridSentence, nextAbove, rangeSentence, sizeOf } from './valuesWords';
import type { Range } from './valuesWords';

/** A slider that is dragged asks for the slice where it rests. */
const ASK_AFTER_MS = 60;

/** The frame's height in CSS pixels; the width is what there is. */
const FRAME_HEIGHT = 340;

interface Shown {
  readonly index: number;
  readonly tensor: Tensor;
  readonly view: TensorView | undefined;
  /** "filter" or "unit". */
  readonly unit: string;
}

/** What the person chose of one tensor. */
interface Choice {
  rows: number | undefined;
  columns: number | undefined;
  at: number[];
  /** Dragged out; the whole axes where absent. */
  window: { readonly rows: AxisWindow | undefined; readonly columns: AxisWindow } | undefined;
  mode: 'plane' | 'filters';
  page: number;
  range: Range | undefined;
}

export interface ValuesPanel {
  readonly element: HTMLElement;
  show(shown: Shown | undefined): void;
  /** Shows where the weights of this range are. */
  locate(range: Range): void;
  forget(): void;
  redraw(): void;
}

/** The values of one tensor, read when somebody looks: a heat map of two axes with a slider for each other one, or the filters of a convolution side by side. */
export function createValuesPanel(context: Context): ValuesPanel {
  const { store, host, tooltip } = context;
  const choices = new Map<number, Choice>();
  let shown: Shown | undefined;
  let asking: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let answer: { readonly key: string; readonly request: GridRequest; readonly grid: Grid; readonly units: readonly number[] | undefined; readonly tileCell: number } | undefined;
  let layout: CellLayout | undefined;
  let totalInRange: number | undefined;

  const canvas = new ValuesCanvas({
    describe: (cell) => describe(cell),
    onDrag: (from, to) => zoomTo(from, to),
    onReset: () => change({ window: undefined }),
    showTip: (text, x, y) => tooltip.showAt(text, x, y),
    hideTip: () => tooltip.hide(),
  });
  const mode = segmented<Choice['mode']>('show', [
    { value: 'plane', label: 'heat map', tip: 'Two axes of the tensor' },
    { value: 'filters', label: 'filters', tip: 'Each filter as a picture of its own' },
  ], (value) => change({ mode: value, page: 0 }));
  const range = segmented<ValueRange>('colours', [
    { value: 'robust', label: '99 %', tip: 'Full colour at the magnitude that 99 % of the cells stay below' },
    { value: 'full', label: 'full', tip: 'Full colour at the largest magnitude' },
  ], (valueRange) => store.setView({ valueRange }));
  const reduction = segmented<Reduction>('a cell shows', [
    { value: 'maxMagnitude', label: 'largest', tip: 'Of the weights that share a cell the one with the largest magnitude' },
    { value: 'mean', label: 'mean', tip: 'The mean of the weights that share a cell' },
  ], (cellReduction) => store.setView({ cellReduction }));
  const sort = segmented<'index' | 'norm'>('sorted by', [{ value: 'index', label: 'index' }, { value: 'norm', label: 'norm', tip: 'The largest norm first' }], (filterOrder) => {
    change({ page: 0 });
    store.setView({ filterOrder });
  });
  const rowSelect = axisSelect('rows', (axis) => choose({ rows: axis }));
  const columnSelect = axisSelect('columns', (axis) => choose({ columns: axis }));
  const previous = el('button', { class: 'quiet', attributes: { type: 'button', 'aria-label': 'Filters before' }, on: { click: () => turn(-1) } }, '‹');
  const next = el('button', { class: 'quiet', attributes: { type: 'button', 'aria-label': 'Filters after' }, on: { click: () => turn(1) } }, '›');
  const pageText = el('span', { class: 'values-page' });
  const pager = el('span', { class: 'values-pager' }, previous, pageText, next);
  const unzoom = el('button', { class: 'link', attributes: { type: 'button' }, on: { click: () => change({ window: undefined }) } }, 'show all');
  const saved = el('span', { class: 'copied', attributes: { role: 'status' } });
  const save = (format: ValuesFormat, label: string, tip: string): HTMLElement => el('button', { class: 'quiet', tip, attributes: { type: 'button' }, on: { click: () => saveAs(format) } }, label);
  const planeControls = el('span', { class: 'controls-group' }, rowSelect.element, columnSelect.element);
  const controls = el('div', { class: 'controls' }, mode.element, planeControls, sort.element, pager, range.element, reduction.element, el('span', { class: 'spacer' }), unzoom, saved,
    el('span', { class: 'buttons' }, save('npy', 'Save .npy', 'Save all values for numpy.load, every bit of them'), save('csv', 'Save CSV', 'Save the values as a table; a large tensor\'s first rows')));
  const sliders = axisSliders((axis, index) => {
    if (!shown) return;
    const at = [...choiceOf(shown).at];
    at[axis] = index;
    change({ at });
  });
  const legend = el('div', { class: 'values-legend', attributes: { 'aria-hidden': 'true' } });
  const rangeText = el('span', {});
  const clearRange = el('button', { class: 'link', attributes: { type: 'button' }, on: { click: () => change({ range: undefined }) } }, 'show values again');
  const rangeLine = el('p', { class: 'values-range', attributes: { role: 'status', hidden: true } }, rangeText, ' ', clearRange);
  const sentence = el('p', { class: 'outside' });
  const failure = el('p', { class: 'spectrum-failed', attributes: { role: 'alert', hidden: true } });
  const body = el('div', { class: 'values-body' }, controls, sliders.element, rangeLine, canvas.element, legend, sentence, failure);
  const element = el('details', { class: 'values', attributes: { hidden: true } }, el('summary', {}, 'Values'), body);
  element.addEventListener('toggle', () => {
    store.setView({ showValues: element.open });
    update();
  });
  new ResizeObserver(() => update()).observe(canvas.element);

  function choiceOf({ index, tensor }: Shown): Choice {
    const known = choices.get(index);
    if (known) return known;
    const fresh: Choice = { ...planeOf(tensor), at: tensor.shape.map(() => 0), window: undefined, mode: 'plane', page: 0, range: undefined };
    choices.set(index, fresh);
    return fresh;
  }

  function change(part: Partial<Choice>): void {
    if (!shown) return;
    choices.set(shown.index, { ...choiceOf(shown), ...part });
    if ('range' in part) totalInRange = undefined;
    update();
  }

  /** An axis that takes the other's place gives it its own. */
  function choose(part: { readonly rows?: number; readonly columns?: number }): void {
    if (!shown) return;
    const { rows, columns } = choiceOf(shown);
    const swap = part.rows === columns || part.columns === rows;
    change({ ...(swap ? { rows: columns, columns: rows } : part), window: undefined });
  }

  function turn(step: number): void {
    if (shown) change({ page: choiceOf(shown).page + step });
  }

  function zoomTo(from: number, to: number): void {
    if (!shown || !answer || !layout || choiceOf(shown).mode !== 'plane') return;
    const { request, grid } = answer;
    const [a, b] = [cellPlace(from, grid), cellPlace(to, grid)];
    const within = (window: AxisWindow, cells: number, one: number, other: number): AxisWindow => {
      const size = window.to - window.from;
      return { axis: window.axis, from: window.from + Math.floor((Math.min(one, other) * size) / cells), to: window.from + Math.ceil(((Math.max(one, other) + 1) * size) / cells) };
    };
    change({ window: { rows: request.rows && within(request.rows, grid.rows, a.row, b.row), columns: within(request.columns!, grid.columns, a.column, b.column) } });
  }

  function saveAs(format: ValuesFormat): void {
    if (!shown) return;
    host.request('saveValues', { tensor: shown.index, format }).then((words) => {
      if (words === null) return;
      setText(saved, words);
      setTimeout(() => setText(saved, ''), 6000);
    }, context.report);
  }

  /** Brings the controls in line with what was chosen, and asks for what is not there yet. */
  function update(): void {
    element.hidden = !shown || !hasValues(shown.tensor);
    if (element.hidden || !element.open || !shown) return;
    const choice = choiceOf(shown);
    const { tensor } = shown;
    const gallery = galleryOf(tensor);
    const isGallery = choice.mode === 'filters' && gallery !== undefined;
    mode.element.hidden = gallery === undefined;
    mode.set(isGallery ? 'filters' : 'plane');
    planeControls.hidden = isGallery || tensor.shape.length < 2;
    rowSelect.show(tensor, choice.rows);
    columnSelect.show(tensor, choice.columns);
    sort.element.hidden = !isGallery;
    pager.hidden = !isGallery;
    unzoom.hidden = isGallery || choice.window === undefined;
    sliders.show(tensor, stillAxes(tensor, isGallery ? [gallery.unit, gallery.rows, gallery.columns] : [choice.rows, choice.columns]), choice.at);
    const width = canvas.element.clientWidth;
    if (width === 0) return;
    const { request, units, tileCell } = isGallery ? galleryRequest(shown, choice, width) : planeRequest(choice, width);
    const key = `${shown.index} ${JSON.stringify(request)}`;
    if (answer?.key === key) draw();
    else askSoon({ key, index: shown.index, request, units, tileCell });
  }

  function planeRequest(choice: Choice, width: number): { request: GridRequest; units: undefined; tileCell: number } {
    const { shape } = shown!.tensor;
    const whole = (axis: number): AxisWindow => ({ axis, from: 0, to: shape[axis]! });
    const rows = choice.window ? choice.window.rows : choice.rows === undefined ? undefined : whole(choice.rows);
    const columns = choice.window ? choice.window.columns : choice.columns === undefined ? undefined : whole(choice.columns);
    return {
      request: { ...(rows && { rows }), ...(columns && { columns }), ...common(choice), mostRows: mostCells(sizeOf(rows), FRAME_HEIGHT), mostColumns: mostCells(sizeOf(columns), width) },
      units: undefined,
      tileCell: 0,
    };
  }

  function galleryRequest(of: Shown, choice: Choice, width: number): { request: GridRequest; units: readonly number[]; tileCell: number } {
    const { shape } = of.tensor;
    const { unit, rows, columns } = galleryOf(of.tensor)!;
    const { count, cell } = tilesThatFit(shape[rows]!, shape[columns]!, width, FRAME_HEIGHT);
    const order = Array.from({ length: shape[unit]! }, (_, i) => i);
    const norms = of.view?.outputChannels?.l2Norm;
    if (store.state.view.filterOrder === 'norm' && norms) order.sort((a, b) => (norms[b] ?? 0) - (norms[a] ?? 0) || a - b);
    const pages = Math.max(1, Math.ceil(order.length / count));
    const page = Math.max(0, Math.min(choice.page, pages - 1));
    const units = order.slice(page * count, (page + 1) * count);
    previous.disabled = page === 0;
    next.disabled = page === pages - 1;
    setText(pageText, pages === 1 ? `all ${formatInteger(order.length)} ${of.unit}s` : `${formatInteger(page * count + 1)} to ${formatInteger(page * count + units.length)} of ${formatInteger(order.length)}`);
    return {
      request: {
        rows: { axis: rows, from: 0, to: shape[rows]! }, columns: { axis: columns, from: 0, to: shape[columns]! }, tiles: { axis: unit, indices: units },
        ...common(choice), mostRows: shape[rows]!, mostColumns: shape[columns]!,
      },
      units,
      tileCell: cell,
    };
  }

  function common(choice: Choice): Pick<GridRequest, 'at' | 'reduction' | 'range'> {
    return { at: choice.at, reduction: store.state.view.cellReduction, ...(choice.range && { range: choice.range }) };
  }

  function askSoon({ key, index, request, units, tileCell }: { key: string; index: number; request: GridRequest; units: readonly number[] | undefined; tileCell: number }): void {
    stopAsking();
    const controller = new AbortController();
    asking = controller;
    canvas.element.classList.add('waiting');
    timer = setTimeout(() => {
      const counted = request.range && totalInRange === undefined ? countInRange(index, request.range, controller.signal) : undefined;
      Promise.all([host.request('grid', { tensor: index, request }, controller.signal), counted]).then(
        ([view, total]) => {
          if (asking !== controller) return;
          stopAsking();
          if (total !== undefined) totalInRange = total;
          answer = { key, request, grid: gridOf(view), units, tileCell };
          failure.hidden = true;
          draw();
        },
        (error: unknown) => {
          if (asking !== controller || error instanceof CancelledError) return;
          stopAsking();
          setText(failure, messageOf(error));
          failure.hidden = false;
        });
    }, answer ? ASK_AFTER_MS : 0);
  }

  /** In the whole tensor. The last edge belongs to no bin: the next float64 makes it belong to this one. */
  async function countInRange(index: number, { low, high }: Range, signal: AbortSignal): Promise<number> {
    const { counts } = await host.request('histogram', { tensor: index, edges: [low, nextAbove(high)] }, signal);
    return counts[0] ?? 0;
  }

  function stopAsking(): void {
    clearTimeout(timer);
    asking?.abort();
    asking = undefined;
    canvas.element.classList.remove('waiting');
  }

  function draw(): void {
    if (!shown || !answer) return;
    const { grid, units, tileCell } = answer;
    const choice = choiceOf(shown);
    const { view } = store.state;
    const palette = paletteOf(context.theme());
    const limit = limitOf(grid.values, view.valueRange);
    const width = canvas.element.clientWidth;
    layout = units ? tilesLayout(grid.tiles, grid.rows, grid.columns, width, tileCell) : planeLayout(grid.rows, grid.columns, width, FRAME_HEIGHT);
    const { counts } = grid;
    const perCell = grid.elements / grid.values.length;
    const colours = new Uint32Array(grid.values.length);
    for (let cell = 0; cell < colours.length; cell++) colours[cell] = counts ? shareColour(counts[cell]! / perCell, palette) : colourOf(grid.values[cell]!, limit, palette);
    const isCoarse = perCell > 1;
    reduction.element.hidden = !isCoarse || counts !== undefined;
    range.element.hidden = counts !== undefined;
    rangeLine.hidden = counts === undefined;
    if (counts && choice.range) setText(rangeText, rangeSentence(choice.range, counts.reduce((sum, count) => sum + count, 0), totalInRange, shown.tensor.elements));
    const words = gridSentence(shown, answer.request, grid, view.cellReduction);
    setText(sentence, words);
    canvas.element.classList.toggle('plane', units === undefined);
    canvas.draw({ layout, colours, mark: context.theme().foreground }, `${shown.tensor.name}: ${words}`);
    replaceChildren(legend, ...(counts ? shareLegend(palette) : valueLegend(palette, limit, grid)));
  }

  function describe(cell: number): string {
    if (!shown || !answer) return '';
    const { grid, request, units } = answer;
    return cellWords(cell, { grid, request, units, at: choiceOf(shown).at, unit: shown.unit, norms: shown.view?.outputChannels?.l2Norm });
  }

  store.subscribe(({ view }, before) => {
    range.set(view.valueRange);
    reduction.set(view.cellReduction);
    sort.set(view.filterOrder);
    if (element.open !== view.showValues) element.open = view.showValues;
    if ((['valueRange', 'cellReduction', 'filterOrder'] as const).some((key) => view[key] !== before.view[key])) update();
  });

  return {
    element,
    show: (of) => {
      const isSame = of?.index === shown?.index && of?.tensor === shown?.tensor;
      if (isSame && of?.view === shown?.view) return;
      shown = of;
      if (!isSame) {
        stopAsking();
        answer = undefined;
        totalInRange = undefined;
        canvas.clear();
      }
      update();
    },
    locate: (where) => {
      if (!shown) return;
      store.setView({ showValues: true });
      element.open = true;
      change({ range: where });
      element.scrollIntoView({ block: 'nearest' });
    },
    forget: () => {
      stopAsking();
      answer = undefined;
      choices.clear();
      update();
    },
    redraw: draw,
  };
}
