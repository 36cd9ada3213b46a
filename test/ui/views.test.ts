import assert from 'node:assert/strict';
import { sharedWindow, type UiWindow } from '../support/uiWindow';
import { Panel } from './panel';
import { Workbench } from './workbench';

describe('the sidebar', () => {
  let window: UiWindow;
  let workbench: Workbench;
  let panel: Panel;

  before(async () => {
    window = await sharedWindow();
    workbench = new Workbench(window);
    panel = new Panel(window.page);
    await workbench.reset();
    await workbench.inspect(await workbench.file('planted/model.json'));
    await panel.finished();
    await workbench.openSidebar();
    await workbench.expand('Models', 'planted/model.json');
    await workbench.row('Models', 'edge_filters').waitFor();
  });

  async function layerRows(): Promise<string[]> {
    return (await workbench.rows('Models')).filter(({ level }) => level === 2).map(({ label }) => label);
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
    await workbench.page.waitForTimeout(500);
    const sorted = await layerRows();
    assert.equal(sorted[0], 'unused');
    assert.equal(sorted[1], 'texture_filters');
    await workbench.run('Weightgram: Sort Layers in Model Order');
    await workbench.page.waitForTimeout(500);
    assert.equal((await layerRows())[0], 'edge_filters');
  });

  it('follows the panel, and the panel follows it', async () => {
    await panel.selectRow('texture_filters');
    await workbench.tree('Models').locator('[role=treeitem][aria-selected=true]').filter({ hasText: 'texture_filters' }).waitFor();
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
    await workbench.expand('Suspicious Layers', (await workbench.rows('Suspicious Layers'))[0]?.label ?? '');
    const rows = await workbench.rows('Suspicious Layers');
    assert.match(rows[0]?.label ?? '', /error/);
    assert.equal(rows[1]?.level, 2);
    await workbench.expand('Suspicious Layers', rows[1]?.label ?? '');
    const layers = (await workbench.rows('Suspicious Layers')).filter(({ level }) => level === 3);
    assert.ok(layers.length > 0);
    assert.match(`${layers[0]?.label} ${layers[0]?.description}`, /digits/);
  });

  it('counts errors and warnings on its icon', async () => {
    const badge = workbench.page.locator('.activitybar .action-item').filter({ has: workbench.page.getByRole('tab', { name: /^Weightgram/ }) }).locator('.badge-content');
    assert.ok(Number(await badge.innerText()) >= 4);
  });
});
