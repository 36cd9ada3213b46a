import { formatCount, formatInteger, formatNumber, formatShare, plural } from '../core/numberText';
import type { Context } from './context';
import { el, setText } from './dom';
import { EXPLANATIONS } from './explanations';
import { severityIcon, sparkline } from './icons';
import { filterRows, layerRows, nextSort, sortRows } from './selectors';
import type { LayerRow } from './selectors';
import type { PageData, SortKey } from './state';
import { VirtualList } from './virtualList';

/** Pixels; webview.css has the same height for a row. */
const ROW_HEIGHT = 26;
const SPARKLINE = { width: 60, height: 16 };

interface TableColumn {
  readonly key: SortKey | 'sparkline';
  readonly title: string;
  readonly tip: string;
  /** Largest first is what one looks for. */
  readonly descendingFirst: boolean;
}

const COLUMNS: readonly TableColumn[] = [
  { key: 'order', title: '#', tip: 'Place in the model', descendingFirst: false },
  { key: 'sparkline', title: '', tip: '', descendingFirst: false },
  { key: 'name', title: 'Layer', tip: 'Name of the layer', descendingFirst: false },
  { key: 'parameters', title: 'Weights', tip: 'Number of weights of the layer', descendingFirst: true },
  { key: 'zeros', title: 'Zeros', tip: EXPLANATIONS.zeros, descendingFirst: true },
  { key: 'nearZero', title: 'Near 0', tip: EXPLANATIONS.nearZeros, descendingFirst: true },
  { key: 'deviation', title: 'σ', tip: EXPLANATIONS.standardDeviation, descendingFirst: true },
  { key: 'kurtosis', title: 'Kurt.', tip: EXPLANATIONS.excessKurtosis, descendingFirst: true },
  { key: 'severity', title: '⚑', tip: 'Worst finding of the layer', descendingFirst: true },
];

export interface LayerTable {
  readonly element: HTMLElement;
  focusFilter(): void;
  focusRows(): void;
}

export function createLayerTable(context: Context, openDetail: () => void): LayerTable {
  const { store } = context;
  let rows: readonly LayerRow[] = [];
  let visible: readonly LayerRow[] = [];
  let restored = false;

  const heads = COLUMNS.map((column) => headCell(column, () => {
    if (column.key === 'sparkline') return;
    const { sort } = store.state.view;
    store.setView({ sort: nextSort(sort, column.key, column.descendingFirst) });
  }));
  const head = el('div', { class: 'row head', attributes: { role: 'row', 'aria-rowindex': 1 } }, ...heads);
  const list = new VirtualList<LayerRow>({
    id: 'layer', role: 'grid', label: 'Layers', rowHeight: ROW_HEIGHT, head, renderRow,
    onMove: (row) => context.select(row.layer.name),
    onClick: (row) => context.select(row.layer.name),
    onOpen: (row) => {
      context.select(row.layer.name);
      openDetail();
    },
    onScroll: (top) => store.setView({ tableScroll: top }),
  });
  const filter = el('input', {
    attributes: { type: 'search', placeholder: 'Filter layers ( / )', 'aria-label': 'Filter layers by name or class', spellcheck: 'false' },
    on: {
      input: () => store.setView({ filter: filter.value }),
      keydown: (event) => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          if (filter.value === '') list.element.focus();
          filter.value = '';
          store.setView({ filter: '' });
        } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
          event.preventDefault();
          list.element.focus();
          if (list.activeIndex < 0) list.move(0);
        }
      },
    },
  });
  const summary = el('span', { class: 'summary' });
  const empty = el('p', { class: 'empty', attributes: { hidden: true } });

  store.subscribe(({ data, view }, previous) => {
    if (!data) return;
    const dataChanged = data !== previous.data;
    const listChanged = view.sort !== previous.view.sort || view.filter !== previous.view.filter;
    const selectionChanged = view.selectedLayer !== previous.view.selectedLayer;
    if (!dataChanged && !listChanged && !selectionChanged) return;
    if (dataChanged) rows = layerRows(data, data.model === previous.data?.model ? rows : []);
    if (dataChanged) element.style.setProperty('--order-digits', String(formatInteger(data.model.layers.length).length));
    if (dataChanged || listChanged) visible = sortRows(filterRows(rows, view.filter), view.sort);
    const active = visible.findIndex((row) => row.layer.name === view.selectedLayer);
    list.setItems(visible, active);
    if (filter.value !== view.filter) filter.value = view.filter;
    setText(summary, visible.length === rows.length ? formatInteger(rows.length) : `${formatInteger(visible.length)} of ${formatInteger(rows.length)}`);
    empty.hidden = visible.length > 0;
    setText(empty, emptyWords(data, rows.length));
    COLUMNS.forEach((column, i) => markSorted(heads[i]!, column, view.sort.key === column.key ? view.sort.descending : undefined));
    if (!restored) {
      restored = true;
      list.element.scrollTop = view.tableScroll;
      if (view.tableScroll === 0) list.reveal(active);
    } else if (selectionChanged || view.sort !== previous.view.sort) list.reveal(active);
  });

  const element = el('section', { class: 'layers', attributes: { 'aria-label': 'Layers' } },
    el('div', { class: 'section-head' }, el('h2', {}, 'Layers'), summary, el('span', { class: 'spacer' }), filter),
    list.element, empty);
  return {
    element,
    focusFilter: () => {
      filter.focus();
      filter.select();
    },
    focusRows: () => list.element.focus(),
  };
}

function headCell({ key, title, tip }: TableColumn, sort: () => void): HTMLElement {
  const cell = el('div', { class: `cell ${key}`, attributes: { role: 'columnheader' } });
  if (key === 'sparkline') {
    cell.append(el('span', { class: 'visually-hidden' }, 'Histogram'));
    return cell;
  }
  cell.append(el('button', { tip, attributes: { type: 'button', tabindex: -1, 'aria-label': `Sort by ${key === 'severity' ? 'severity' : key === 'order' ? 'order' : title}` }, on: { click: sort } }, title, el('span', { class: 'arrow', attributes: { 'aria-hidden': 'true' } })));
  return cell;
}

function markSorted(cell: HTMLElement, { key }: TableColumn, descending: boolean | undefined): void {
  if (key === 'sparkline') return;
  cell.setAttribute('aria-sort', descending === undefined ? 'none' : descending ? 'descending' : 'ascending');
  const arrow = cell.querySelector('.arrow');
  if (arrow) setText(arrow, descending === undefined || (key === 'order' && !descending) ? '' : descending ? '↓' : '↑');
}

function renderRow(row: LayerRow): HTMLElement {
  const { layer, view, main, failure } = row;
  const cell = (key: string, text: string, tip?: string): HTMLElement => el('div', { class: `cell ${key}`, ...(tip && { tip }), attributes: { role: 'gridcell' } }, text);
  const figures = main?.figures;
  const pending = figures === undefined && failure === undefined;
  const spark = el('div', { class: `cell sparkline${pending ? ' pending' : ''}`, attributes: { role: 'gridcell' }, tip: failure ?? 'Main weight over p0.1 to p99.9; heights are square roots of the counts' });
  if (main) spark.append(sparkline(main.sparkline, SPARKLINE.width, SPARKLINE.height));
  else if (failure) spark.append(el('span', { class: 'unreadable' }, 'unreadable'));
  const severity = el('div', { class: 'cell severity', attributes: { role: 'gridcell' } });
  if (view.severity) severity.append(severityIcon(view.severity));
  return el('div', { class: 'row', attributes: { role: 'row' } },
    cell('order', formatInteger(row.index + 1)),
    spark,
    el('div', { class: 'cell name', tip: [layer.name, layer.className].filter(Boolean).join(' · '), attributes: { role: 'gridcell' } }, ...nameParts(layer.name), layer.className && el('span', { class: 'class-name' }, layer.className)),
    cell('parameters', formatCount(view.parameters), plural(view.parameters, 'weight')),
    cell('zeros', view.sparsity === null ? '' : formatShare(view.sparsity)),
    cell('nearZero', view.nearZero === null ? '' : formatShare(view.nearZero)),
    cell('deviation', figures ? formatNumber(figures.standardDeviation) : ''),
    cell('kurtosis', figures ? formatNumber(figures.excessKurtosis) : ''),
    severity);
}

/** Characters of a name's end that always stay: there lies what tells it from its neighbours. */
const KEPT_END = 6;

function nameParts(name: string): HTMLElement[] {
  const cut = name.length > 2 * KEPT_END ? name.length - KEPT_END : name.length;
  return [el('span', { class: 'name-start' }, name.slice(0, cut)), el('span', { class: 'name-end' }, name.slice(cut))];
}

function emptyWords({ model }: PageData, rows: number): string {
  if (rows > 0) return 'No layer matches the filter. Escape clears it.';
  return `${model.name} has no weights to show.`;
}
