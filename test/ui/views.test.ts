import assert from 'node:assert/strict';
import type { UiWindow } from '../support/uiWindow';
import { inspectOnDesk } from './desk';
import type { Panel } from './panel';
import type { Workbench } from './workbench';

describe('the sidebar', () => {
  let window: UiWindow;
  let workbench: Workbench;
  let panel: Panel;

  before(async () => {
    ({ window, workbench, panel } = await inspectOnDesk('planted/model.json'));
    await workbench.openSidebar();
    await workbench.expand('Models', 'planted/model.json');
    await workbench.row('Models', 'edge_filters').waitFor();
  });

  async function layerRows(): Promise<string[]> {
    return (await workbench.rows('Models')).filter(({ level }) => level === 2).map(({ label }) => label);
  }

  /** Waits until the first layers are these. */
  async function topRows(expected: readonly string[]): Promise<void> {
    let rows: string[] = [];
    for (let tries = 0; tries < 50; tries++) {
      rows = (await layerRows()).slice(0, expected.length);
      if (rows.join() === expected.join()) return;
      await workbench.page.waitForTimeout(100);
    }
    assert.deepEqual(rows, expected);
  }

  it('lists every model of the workspace', async () => {
    const rows = (await workbench.rows('Models')).filter(({ level }) => level === 1);
    const text = rows.map(({ label, description }) => `${label} ${description}`).join('\n');
    for (const folder of ['basic-pitch', 'esrgan-slim', 'face-api', 'language-detection', 'planted', 'small-detector']) assert.match(text, new RegExp(folder));
    assert.doesNotMatch(text, /strangers/);
  });

  it('shows the layers in model order, each with its share near zero and a small histogram', async () => {
    const rows = (await workbench.rows('Models')).filter(({ level }) => level === 2);
    assert.deepEqual(rows.map(({ label }) => label).slice(0, 4), ['edge_filters', 'edge_normalization', 'texture_filters', 'texture_normalization']);
    const features = rows.find(({ label }) => label === 'features');
    assert.match(features?.description ?? '', /97(\.\d+)?\s?% near zero/);
    assert.match(features?.icon ?? '', /data:image\/svg\+xml/);
  });

  it('opens a layer to its weights', async () => {
    await workbench.expand('Models', 'edge_filters');
    // The row says that it is expanded before its children are there.
    await workbench.row('Models', 'bias').waitFor();
    const rows = (await workbench.rows('Models')).filter(({ level }) => level === 3);
    assert.deepEqual(rows.map(({ label }) => label), ['kernel', 'bias']);
    assert.match(rows[0]?.description ?? '', /3×3×1→16/);
    await window.screenshot('sidebar');
  });

  it('shows a picture and the figures when the mouse rests on a layer', async () => {
    const hover = await workbench.hover(workbench.row('Models', 'features').locator('.label-name'), 'Exact zeros');
    const text = await hover.innerText();
    assert.match(text, /100[,\s\u202f\u2009]?352|100[,\s\u202f\u2009]?416/);
    assert.match(text, /97(\.\d+)?\s?%/);
    const width = await hover.locator('img').first().evaluate((image: HTMLImageElement) => (image.complete ? image.naturalWidth : 0));
    assert.ok(width > 100, `the picture is drawn, ${width} pixels wide`);
    await window.screenshot('tree-hover');
  });

  it('sorts by share near zero and back', async () => {
    await workbench.run('Weightgram: Sort Layers by Share near Zero');
    await topRows(['texture_filters', 'unused', 'features']);
    await workbench.run('Weightgram: Sort Layers by Size');
    await topRows(['features', 'texture_filters', 'unused']);
    await workbench.run('Weightgram: Sort Layers in Model Order');
    await topRows(['edge_filters', 'edge_normalization', 'texture_filters']);
  });

  it('follows the panel, and the panel follows it', async () => {
    await panel.selectRow('features');
    await workbench.tree('Models').locator('[role=treeitem][aria-selected=true]').filter({ hasText: 'features' }).waitFor();
    await workbench.row('Models', 'digits').locator('.label-name').click();
    await panel.shows('digits');
  });

  it('finds a layer by part of its name', async () => {
    await workbench.page.keyboard.press('F1');
    await workbench.page.locator('.quick-input-widget input[type=text]').fill('>Weightgram: Search Layers by Name');
    await workbench.page.keyboard.press('Enter');
    const entry = workbench.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'unused' });
    await entry.waitFor();
    await workbench.page.locator('.quick-input-widget input[type=text]').fill('unus');
    await entry.click();
    await panel.shows('unused');
  });

  it('lists what is suspicious by severity, rule and layer', async () => {
    const tree = workbench.tree('Suspicious Layers');
    await tree.getByRole('treeitem').first().waitFor();
    const severities = (await workbench.rows('Suspicious Layers')).filter(({ level }) => level === 1).map(({ label }) => label);
    assert.match(severities[0] ?? '', /3 errors/);
    await workbench.expand('Suspicious Layers', severities[0] ?? '');
    await workbench.expand('Suspicious Layers', 'Non-finite values');
    const rows = await workbench.rows('Suspicious Layers');
    const rule = rows.findIndex(({ label }) => label === 'Non-finite values');
    assert.equal(rows[rule]?.level, 2);
    assert.equal(rows[rule + 1]?.level, 3);
    assert.match(rows[rule + 1]?.label ?? '', /^digits/);
    assert.match(rows[rule + 1]?.description ?? '', /3 NaN/);
  });

  it('counts errors and warnings on its icon', async () => {
    const badge = workbench.page.locator('.activitybar .badge[aria-label^="Weightgram"] .badge-content');
    assert.ok(Number(await badge.innerText()) >= 4);
  });
});
