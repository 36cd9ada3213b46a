// Draws the page with real and with synthetic models: npx tsx test/support/pageHarness/screenshots.ts FOLDER [scene…]
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { layerVerdict } from '../../../src/core/verdict/layerVerdict';
import { overlaysOf } from '../../../src/core/verdict/overlays';
import { findingsOf } from '../../../src/core/rules/index';
import { summaryOf } from '../../../src/core/statistics/spectrumSummary';
import type { Engine } from '../../../src/protocol/engine';
import { gridView } from '../../../src/protocol/gridView';
import { launchBrowser } from '../browser';
import { realEngine } from '../kernelBuild';
import { analyzeFile, exactHistogram, stateAfter } from './analyze';
import type { Analyzed } from './analyze';
import { openPage } from './open';
import type { Harness, ThemeName } from './open';
import { writeSyntheticModel } from './syntheticModel';

const modules = path.resolve(__dirname, '../../../node_modules');
const synthetic = path.join(os.tmpdir(), 'weightgram-page-models');

const MODELS: Readonly<Record<string, () => string>> = {
  esrgan: () => path.join(modules, '@upscalerjs/esrgan-slim/models/x2/model.json'),
  language: () => path.join(modules, '@vscode/vscode-languagedetection/model/model.json'),
  face: () => path.join(modules, '@vladmandic/face-api/model/tiny_face_detector_model-weights_manifest.json'),
  expression: () => path.join(modules, '@vladmandic/face-api/model/face_recognition_model-weights_manifest.json'),
  pitch: () => path.join(modules, '@spotify/basic-pitch/model/model.json'),
  faulty: () => writeSyntheticModel(path.join(synthetic, 'faulty'), { blocks: 24, channels: 32, seed: 1, faulty: true }),
  many: () => writeSyntheticModel(path.join(synthetic, 'many'), { blocks: 238, channels: 12, seed: 2 }),
  huge: () => writeSyntheticModel(path.join(synthetic, 'huge'), { blocks: 2500, channels: 6, seed: 3 }),
};

const SIZES = { wide: { width: 1400, height: 900 }, middle: { width: 900, height: 700 }, narrow: { width: 700, height: 900 } } as const;

interface Scene {
  readonly model: string;
  readonly theme: ThemeName;
  readonly size: keyof typeof SIZES;
  readonly layer?: string;
  readonly view?: Readonly<Record<string, unknown>>;
  /** Share of the tensors that are done. */
  readonly done?: number;
  readonly plotlyDelayMs?: number;
  readonly fullPage?: boolean;
  /** How far a spectrum is that never ends. */
  readonly spectrumShare?: number;
  act?(harness: Harness): Promise<void>;
}

const SCENES: Readonly<Record<string, Scene>> = {
  'faulty-dark': { model: 'faulty', theme: 'dark', size: 'wide' },
  'faulty-light': { model: 'faulty', theme: 'light', size: 'wide', layer: 'conv2d_10' },
  'faulty-hc': { model: 'faulty', theme: 'hcDark', size: 'wide', layer: 'conv2d_7', view: { showUnits: true } },
  'faulty-hc-light': { model: 'faulty', theme: 'hcLight', size: 'middle', layer: 'conv2d_14' },
  'faulty-middle': { model: 'faulty', theme: 'dark', size: 'middle', layer: 'conv2d_7' },
  'faulty-narrow': { model: 'faulty', theme: 'dark', size: 'narrow', layer: 'conv2d_7', view: { showUnits: true, overlays: ['best', 'normal'] }, fullPage: true },
  'faulty-running': { model: 'faulty', theme: 'dark', size: 'wide', done: 0.4, layer: 'conv2d_2' },
  'faulty-preview': { model: 'faulty', theme: 'dark', size: 'wide', plotlyDelayMs: 60_000, layer: 'conv2d_10' },
  'faulty-nan': { model: 'faulty', theme: 'dark', size: 'wide', layer: 'conv2d_16' },
  'faulty-zero': { model: 'faulty', theme: 'light', size: 'wide', layer: 'conv2d_14', view: { showQuantiles: true, overlays: ['best', 'normal'] } },
  'faulty-log': { model: 'faulty', theme: 'dark', size: 'wide', layer: 'conv2d_3', view: { countScale: 'log', valueAxis: 'symlog', overviewColour: 'nearZero' } },
  'esrgan-light': { model: 'esrgan', theme: 'light', size: 'wide' },
  'esrgan-dark': { model: 'esrgan', theme: 'dark', size: 'wide', view: { showQuantiles: true, overlays: ['best', 'normal', 'initializer'] } },
  'language-dark': { model: 'language', theme: 'dark', size: 'wide' },
  'face-light': { model: 'face', theme: 'light', size: 'wide' },
  'recognition-dark': { model: 'expression', theme: 'dark', size: 'wide' },
  'pitch-light': { model: 'pitch', theme: 'light', size: 'middle' },
  'many-dark': { model: 'many', theme: 'dark', size: 'wide' },
  'many-light-all': { model: 'many', theme: 'light', size: 'wide', view: { overviewColumns: 'tensors', overviewColour: 'role' } },
  'spectrum-dark': { model: 'expression', theme: 'dark', size: 'wide', layer: 'conv256_1/conv1/conv', act: computeSpectrum },
  'spectrum-light-values': { model: 'expression', theme: 'light', size: 'wide', layer: 'conv256_1/conv1/conv', view: { spectrumChart: 'values' }, act: computeSpectrum },
  'spectrum-narrow': { model: 'faulty', theme: 'dark', size: 'narrow', layer: 'conv2d_10', fullPage: true, act: computeSpectrum },
  'spectrum-hc': { model: 'language', theme: 'hcDark', size: 'wide', act: computeSpectrum },
  'spectrum-running': { model: 'faulty', theme: 'light', size: 'middle', layer: 'conv2d_7', spectrumShare: 0.42, act: async ({ page }) => {
    await page.locator('.spectrum button.primary').click();
    await page.waitForTimeout(500);
  } },
  'values-dark': { model: 'expression', theme: 'dark', size: 'wide', layer: 'conv256_1/conv1/conv', view: { showValues: true }, act: showValues },
  'values-light': { model: 'language', theme: 'light', size: 'wide', view: { showValues: true }, act: showValues },
  'values-hc': { model: 'faulty', theme: 'hcDark', size: 'wide', layer: 'conv2d_16', view: { showValues: true }, act: showValues },
  'values-hc-light': { model: 'faulty', theme: 'hcLight', size: 'middle', layer: 'conv2d_10', view: { showValues: true }, act: showValues },
  'values-middle': { model: 'esrgan', theme: 'dark', size: 'middle', view: { showValues: true }, act: showFilters },
  'values-narrow': { model: 'faulty', theme: 'light', size: 'narrow', layer: 'conv2d_10', view: { showValues: true }, fullPage: true, act: showFilters },
  'filters-dark': { model: 'expression', theme: 'dark', size: 'wide', layer: 'conv32_down/conv', view: { showValues: true }, act: showFilters },
  'where-dark': { model: 'expression', theme: 'dark', size: 'wide', layer: 'conv256_1/conv1/conv', act: showWhere },
  'where-light': { model: 'language', theme: 'light', size: 'middle', act: showWhere },
  'bias-dark': { model: 'faulty', theme: 'dark', size: 'wide', layer: 'conv2d_10', view: { showValues: true, selectedTensor: 'conv2d_10/bias' }, act: showValues },
  'huge-dark': { model: 'huge', theme: 'dark', size: 'wide', layer: 'conv2d_1700', view: { overviewColumns: 'layers' } },
};

/** The button, what comes of it, and the figures below it. */
async function computeSpectrum({ page }: Harness): Promise<void> {
  await page.locator('.spectrum button.primary').click();
  await page.waitForSelector('.spectrum-chart .main-svg', { timeout: 60_000 });
  await page.locator('.spectrum').evaluate((element) => (element as unknown as { scrollIntoView(where: object): void }).scrollIntoView({ block: 'end' }));
  await page.waitForTimeout(700);
}

async function showValues({ page }: Harness): Promise<void> {
  await page.waitForSelector('.values-canvas[data-drawn]', { timeout: 20_000 });
  await page.locator('.values').evaluate((element) => (element as unknown as { scrollIntoView(where: object): void }).scrollIntoView({ block: 'end' }));
  await page.waitForTimeout(300);
  const box = await page.locator('.values-canvas').boundingBox();
  if (box) await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.4);
  await page.waitForTimeout(300);
}

async function showFilters(harness: Harness): Promise<void> {
  await harness.page.locator('.values [data-value=filters]').click();
  await harness.page.waitForTimeout(700);
  await showValues(harness);
}

/** A range is dragged out of the histogram, and looked for. */
async function showWhere(harness: Harness): Promise<void> {
  const { page } = harness;
  const area = page.locator('.histogram-chart .plot .nsewdrag').first();
  await area.scrollIntoViewIfNeeded();
  const box = (await area.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.62, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 6 });
  await page.mouse.up();
  await page.getByRole('button', { name: 'Where are they?' }).click();
  await page.waitForTimeout(1200);
  await showValues(harness);
}

async function main(): Promise<void> {
  const [folder = 'screenshots', ...wanted] = process.argv.slice(2);
  mkdirSync(folder, { recursive: true });
  const { browser } = await launchBrowser();
  const analyzed = new Map<string, Promise<Analyzed>>();
  let engine: Engine | undefined;
  for (const [name, scene] of Object.entries(SCENES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const pending = analyzed.get(scene.model) ?? analyzeFile(MODELS[scene.model]!());
    analyzed.set(scene.model, pending);
    const model = await pending;
    const { analysis } = model;
    const done = Math.floor(analysis.model.tensors.length * (scene.done ?? 1));
    const started = performance.now();
    const harness: Harness = await openPage(browser, {
      theme: scene.theme, viewport: SIZES[scene.size], kept: scene.view,
      ...(scene.plotlyDelayMs !== undefined && { plotlyDelayMs: scene.plotlyDelayMs }),
      state: () => ({ ...stateAfter(analysis, done), ...(scene.layer && { selectedLayer: scene.layer }) }),
      histogram: async ({ tensor, edges }) => exactHistogram(model, tensor, edges),
      spectrum: async ({ tensor }, signal) => {
        if (scene.spectrumShare !== undefined) {
          harness.host.tell('spectrumProgress', { tensor, share: scene.spectrumShare });
          return new Promise(() => undefined);
        }
        engine ??= realEngine();
        const spectrum = await engine.spectrum(analysis.model, tensor, { signal, onProgress: (share) => harness.host.tell('spectrumProgress', { tensor, share }) });
        harness.host.tell('update', { findings: findingsOf(analysis.model, analysis.statistics, analysis.failures, { spectra: new Map([[tensor, spectrum]]) }) });
        return summaryOf(spectrum);
      },
      grid: async ({ tensor, request }, signal) => {
        engine ??= realEngine();
        return gridView(await engine.grid(analysis.model, tensor, request, signal));
      },
      verdict: async ({ layer }) => layerVerdict(analysis, layer) ?? null,
      overlays: async ({ tensor: index }) => {
        const tensor = analysis.model.tensors[index]!;
        const statistics = analysis.statistics.get(index);
        return statistics ? overlaysOf(analysis.model.layers[tensor.layer]!, tensor, statistics) : [];
      },
    });
    await harness.page.waitForSelector(scene.plotlyDelayMs ? '.preview' : '.overview-chart .main-svg', { timeout: 15_000 }).catch((error: unknown) => console.log(String(error)));
    await harness.page.waitForTimeout(700);
    await scene.act?.(harness);
    await harness.page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: scene.fullPage ?? false });
    console.log(`${name}: ${Math.round(performance.now() - started)} ms ${harness.complaints.join(' | ')}`);
    await harness.page.context().close();
  }
  engine?.dispose();
  await browser.close();
}

void main();
