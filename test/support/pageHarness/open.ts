import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as esbuild from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { HumanError } from '../../../src/core/errors';
import type { HostSide, PageSide, PageState } from '../../../src/protocol/pageContract';
import { Peer } from '../../../src/protocol/rpc';
import type { Handlers } from '../../../src/protocol/rpc';
import { panelPage } from '../../../src/extension/panelPage';
import themes from './themes.json';

export type ThemeName = keyof typeof themes;

export interface HarnessOptions {
  readonly theme: ThemeName;
  readonly viewport: { readonly width: number; readonly height: number };
  state(): PageState | Promise<PageState>;
  histogram: Handlers<HostSide>['histogram'];
  verdict?: Handlers<HostSide>['verdict'];
  overlays?: Handlers<HostSide>['overlays'];
  spectrum?: Handlers<HostSide>['spectrum'];
  grid?: Handlers<HostSide>['grid'];
  /** What `setState` kept of an earlier page. */
  readonly kept?: unknown;
  /** Milliseconds that Plotly's script is held back. */
  readonly plotlyDelayMs?: number;
}

export interface Harness {
  readonly page: Page;
  readonly host: Peer<HostSide, PageSide>;
  /** Every request and event of the page, in order. */
  readonly calls: { readonly name: string; readonly params: unknown }[];
  /** Violations of the content security policy and errors of the page. */
  readonly complaints: string[];
  kept(): Promise<unknown>;
  setTheme(theme: ThemeName): Promise<void>;
}

/** What inPage.js and the browser give, as far as the harness calls it. */
interface InPage {
  readonly kept: unknown;
  applyTheme(theme: (typeof themes)[ThemeName]): void;
  postMessage(message: unknown, origin: string): void;
}

const ORIGIN = 'http://weightgram.test';
const NONCE = 'harness';
const root = path.resolve(__dirname, '../../..');
const require_ = createRequire(__filename);

/** Opens the page as VS Code would: the panel's own HTML and policy, a theme's variables, a host at the other end of the port. */
export async function openPage(browser: Browser, options: HarnessOptions): Promise<Harness> {
  const context = await browser.newContext({ viewport: options.viewport, reducedMotion: 'no-preference' });
  const page = await context.newPage();
  const calls: Harness['calls'] = [];
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
  await serve(page, options);
  const host = await connect(page, options, calls);
  await page.goto(`${ORIGIN}/`);
  return {
    page, host, calls, complaints,
    kept: () => page.evaluate(() => (globalThis as unknown as InPage).kept),
    setTheme: async (name) => {
      await page.evaluate((theme) => (globalThis as unknown as InPage).applyTheme(theme), themes[name]);
    },
  };
}

let built: Promise<{ script: string; style: string }> | undefined;

/** From the sources as they are now, whatever lies in dist/. */
function builtPage(): Promise<{ script: string; style: string }> {
  built ??= esbuild.build({
    entryPoints: { webview: path.join(root, 'src/webview/webview.ts') }, bundle: true, write: false, outdir: 'page', platform: 'browser', target: 'es2022', format: 'iife', loader: { '.css': 'css' }, logLevel: 'error',
  }).then(({ outputFiles }) => {
    const text = (ending: string): string => outputFiles.find((file) => file.path.endsWith(ending))!.text;
    return { script: text('.js'), style: text('.css') };
  });
  return built;
}

async function serve(page: Page, { theme, kept, plotlyDelayMs }: HarnessOptions): Promise<void> {
  const files = await builtPage();
  const html = panelPage({
    cspSource: ORIGIN, nonce: NONCE, scriptUri: `${ORIGIN}/webview.js`, styleUri: `${ORIGIN}/webview.css`, plotlyUri: `${ORIGIN}/plotly.min.js`, modelPath: '/model.json', title: 'Weightgram',
  });
  await page.addInitScript({ content: `globalThis.harness = ${JSON.stringify({ kept, theme: themes[theme] })};` });
  await page.addInitScript({ path: path.join(__dirname, 'inPage.js') });
  await page.route(`${ORIGIN}/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (name === '') return route.fulfill({ contentType: 'text/html', body: html });
    if (name === 'webview.js') return route.fulfill({ contentType: 'text/javascript', body: files.script });
    if (name === 'webview.css') return route.fulfill({ contentType: 'text/css', body: files.style });
    if (name === 'plotly.min.js') {
      if (plotlyDelayMs) await new Promise((resolve) => setTimeout(resolve, plotlyDelayMs));
      return route.fulfill({ contentType: 'text/javascript', body: readFileSync(require_.resolve('plotly.js-dist-min')) });
    }
    return route.fulfill({ status: 404, body: '' });
  });
}

async function connect(page: Page, options: HarnessOptions, calls: Harness['calls']): Promise<Peer<HostSide, PageSide>> {
  let receive: ((message: unknown) => void) | undefined;
  const noted = <P, R>(name: string, answer: (params: P, signal: AbortSignal) => Promise<R>) => async (params: P, signal: AbortSignal): Promise<R> => {
    calls.push({ name, params });
    return answer(params, signal);
  };
  const nothing = (name: string) => noted(name, () => Promise.resolve(null));
  const host = new Peer<HostSide, PageSide>(
    {
      // As text, which Playwright passes a hundred times as fast as objects; VS Code sends JSON too.
      post: (message) => void page.evaluate((text) => (globalThis as unknown as InPage).postMessage(JSON.parse(text), '*'), JSON.stringify(message)).catch(() => undefined),
      listen: (onMessage) => {
        receive = onMessage;
      },
    },
    {
      ready: noted('ready', async () => options.state()),
      histogram: noted('histogram', async (params, signal) => options.histogram(params, signal)),
      verdict: async (params, signal) => options.verdict?.(params, signal) ?? null,
      units: () => Promise.resolve(null),
      overlays: async (params, signal) => options.overlays?.(params, signal) ?? [],
      spectrum: noted('spectrum', async (params, signal) => (options.spectrum ? options.spectrum(params, signal) : refuse('This host computes no spectra.'))),
      grid: noted('grid', async (params, signal) => (options.grid ? options.grid(params, signal) : refuse('This host reads no values.'))),
      saveValues: noted('saveValues', () => Promise.resolve('All 6 values were saved to w.npy.')),
      cancel: nothing('cancel'), readFully: nothing('readFully'), restart: nothing('restart'), openRule: nothing('openRule'), openFile: nothing('openFile'), showLog: nothing('showLog'),
      save: noted('save', () => Promise.resolve(true)), copy: nothing('copy'),
    },
    { selected: (payload) => calls.push({ name: 'selected', params: payload }), failed: (payload) => calls.push({ name: 'failed', params: payload }) });
  await page.exposeFunction('toHost', (message: unknown) => receive?.(message));
  return host;
}

/** For a host that cannot answer. */
export function refuse(message: string): never {
  throw new HumanError('io', message);
}
