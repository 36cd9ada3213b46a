import './webview.css';
import { messageOf } from '../core/errors';
import type { HostSide, PageSide } from '../protocol/pageContract';
import { Peer } from '../protocol/rpc';
import type { Context } from './context';
import { createDetail } from './detail';
import { el, setText } from './dom';
import { createFindingsTree } from './findingsTree';
import { createHeader } from './header';
import { createLayerTable } from './layerTable';
import { createOverview } from './overview';
import { loadPlotly } from './plotlyLoader';
import { mergeUpdate, pageData, restoreView, Store } from './state';
import type { PageData, ViewState } from './state';
import { onThemeChange, readTheme } from './readTheme';
import { Tooltip } from './tooltip';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** Results are merged as they come, and shown this often: faster only flickers. */
const SHOW_EVERY_MS = 250;
const SAVE_AFTER_MS = 200;

const api = acquireVsCodeApi();
const store = new Store(restoreView(api.getState()));

/** The path is for the editor: after a reload of the window it is all that says which model the panel is about. */
function keep(view: ViewState): void {
  api.setState({ ...view, modelPath: document.body.dataset['modelPath'] });
}
keep(store.state.view);

let theme = readTheme();

const host: Context['host'] = new Peer<PageSide, HostSide>(
  { post: (message) => api.postMessage(message), listen: (onMessage) => window.addEventListener('message', ({ data }) => onMessage(data)) },
  {},
  { update: receiveUpdate, reset: () => void start(), select: ({ layer }) => store.setView({ selectedLayer: layer }), spectrumProgress: ({ tensor, share }) => detail.showSpectrumProgress(tensor, share) });

const bar = el('div', { class: 'error-bar', attributes: { role: 'alert', hidden: true } });
const barText = el('span', {});
bar.append(barText, el('button', { class: 'link', attributes: { type: 'button' }, on: { click: () => void (bar.hidden = true) } }, 'Dismiss'));

function report(error: unknown): void {
  setText(barText, messageOf(error));
  bar.hidden = false;
  host.tell('failed', { message: messageOf(error), stack: error instanceof Error ? error.stack : undefined });
}

window.addEventListener('error', ({ error, message }) => report(error ?? new Error(message)));
window.addEventListener('unhandledrejection', ({ reason }) => report(reason));

const context: Context = {
  store, host, report,
  tooltip: new Tooltip(),
  theme: () => theme,
  select: (layer) => {
    if (store.state.view.selectedLayer === layer) return;
    store.setView({ selectedLayer: layer });
    host.tell('selected', { layer });
  },
};

function ask(name: 'openFile' | 'showLog'): void {
  host.request(name, null).catch(report);
}

const header = createHeader(context);
const overview = createOverview(context);
const detail = createDetail(context);
const table = createLayerTable(context, () => detail.focus());
const tree = createFindingsTree(context, () => detail.focus());
const app = el('main', { class: 'app' }, header, overview.element, el('div', { class: 'columns' }, el('div', { class: 'left' }, table.element, tree.element), detail.element), bar);
const failureText = el('p', { class: 'failure-text' });
const failure = el('main', { class: 'failure', attributes: { role: 'alert', hidden: true } },
  el('h1', {}, 'This model cannot be shown'), failureText,
  el('p', { class: 'failure-ways' },
    el('button', { class: 'primary', attributes: { type: 'button' }, on: { click: () => void start() } }, 'Try again'),
    el('button', { class: 'link', attributes: { type: 'button' }, on: { click: () => ask('openFile') } }, 'Open in the text editor'),
    el('button', { class: 'link', attributes: { type: 'button' }, on: { click: () => ask('showLog') } }, 'Show the log')));
document.body.append(app, failure);

document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement && event.target.type !== 'checkbox';
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    table.focusFilter();
  } else if (event.key === 'Escape' && !typing) table.focusRows();
});

let pending: PageData | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let lastShown = 0;

function receiveUpdate(update: HostSide['events']['update']): void {
  const known = pending ?? store.state.data;
  if (!known) return;
  pending = mergeUpdate(known, update);
  if (update.selectedLayer !== undefined) store.setView({ selectedLayer: update.selectedLayer });
  timer ??= setTimeout(showPending, Math.max(0, lastShown + SHOW_EVERY_MS - performance.now()));
}

function showPending(): void {
  timer = undefined;
  lastShown = performance.now();
  const data = pending;
  pending = undefined;
  if (data) store.setData(data);
}

/** Asks for everything; what is selected stays where the model still has it. */
async function start(): Promise<void> {
  try {
    const state = await host.request('ready', null);
    pending = undefined;
    const data = pageData(state);
    const { selectedLayer } = store.state.view;
    const kept = selectedLayer !== undefined && data.layerIndex.has(selectedLayer) ? selectedLayer : undefined;
    detail.forget();
    store.setData(data);
    store.setView({ selectedLayer: state.selectedLayer ?? kept ?? firstLayer(data) });
    app.hidden = false;
    failure.hidden = true;
  } catch (error) {
    showFailure(error);
  }
}

/** Nothing can be shown: the reason takes the page's place, until the file can be read. */
function showFailure(error: unknown): void {
  app.hidden = true;
  failure.hidden = false;
  setText(failureText, messageOf(error));
  host.tell('failed', { message: messageOf(error), stack: error instanceof Error ? error.stack : undefined });
}

/** The worst layer, else the first one. */
function firstLayer({ layersWithWeights, layers, model }: PageData): string | undefined {
  const worst = (['error', 'warning'] as const).map((severity) => layersWithWeights.find(({ index }) => layers[index]?.severity === severity)).find(Boolean);
  const chosen = worst ?? layersWithWeights[0];
  return chosen && model.layers[chosen.index]?.name;
}

let saving: ReturnType<typeof setTimeout> | undefined;
store.subscribe(({ view }, previous) => {
  if (view === previous.view) return;
  clearTimeout(saving);
  saving = setTimeout(() => keep(view), SAVE_AFTER_MS);
});

onThemeChange(() => {
  theme = readTheme();
  overview.redraw();
  detail.redraw();
});

void start().then(() => {
  // After the first paint: the frame, the list and the SVG pictures do not wait for four megabytes of script.
  requestAnimationFrame(() => setTimeout(() => {
    loadPlotly().then((plotly) => {
      overview.use(plotly);
      detail.use(plotly);
    }, report);
  }));
});
