import assert from 'node:assert/strict';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { UiWindow } from '../support/uiWindow';
import { inspectOnDesk } from './desk';
import type { DrawnChart, Panel } from './panel';
import type { Workbench } from './workbench';

/** Everything a histogram shows: bins, the bar at zero, and the bars at the edges. */
function total({ traces }: DrawnChart): number {
  return traces.filter(({ type }) => type === 'bar').flatMap(({ y }) => y).reduce((sum, count) => sum + count, 0);
}

describe('the panel', () => {
  let window: UiWindow;
  let workbench: Workbench;
  let panel: Panel;

  before(async () => {
    ({ window, workbench, panel } = await inspectOnDesk('planted/model.json'));
  });

  it('answers at a glance whether the model is healthy', async () => {
    assert.match(await panel.frame.locator('.counts').innerText(), /error/);
    assert.match(await panel.frame.locator('.assessment').innerText(), /digits/);
    await panel.chart('overview');
    await window.screenshot('panel');
  });

  it('leads from the answer to the layers that it names, each with its own sentence', async () => {
    await panel.frame.locator('.assessment .link', { hasText: /^digits$/ }).first().click();
    await panel.shows('digits');
    const verdict = panel.frame.locator('.verdict');
    await verdict.getByText('Suspicious:').waitFor();
    assert.equal(await verdict.locator('svg').first().getAttribute('aria-label'), 'Suspicious');
    await panel.selectRow('edge_normalization');
    await verdict.getByText('Expected:').waitFor();
  });

  it('draws the distribution that fits best over the histogram, and says how far it lies', async () => {
    await panel.selectRow('features');
    const legend = panel.frame.locator('.histogram .overlay-legend li');
    await legend.first().waitFor();
    assert.match(await legend.first().innerText(), /the histogram differs from .* by at most .* of the (non-zero )?weights/);
    await panel.frame.getByRole('checkbox', { name: 'Laplace' }).press('Space');
    await legend.getByText(/^Laplace$/).waitFor();
    // Plotly draws in the next frame.
    for (let tries = 0; !(await panel.chart('histogram')).traces.some(({ name }) => name === 'overlay laplace'); tries++) {
      assert.ok(tries < 50, 'the curve is drawn');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await panel.frame.getByRole('checkbox', { name: 'Laplace' }).press('Space');
  });

  it('draws the whole network as one picture', async () => {
    const { traces, label } = await panel.chart('overview');
    assert.ok(traces.length > 3, 'bands, medians and markers');
    assert.match(label, /layer|column|weights/i);
  });

  it('draws every weight of a layer in its histogram', async () => {
    await panel.selectRow('features');
    assert.equal(Math.round(total(await panel.chart('histogram'))), 1568 * 64);
    await panel.selectRow('digits');
    const { traces } = await panel.chart('histogram');
    assert.equal(Math.round(total({ traces, range: [0, 0], label: '' })), 640, 'NaN and infinity have bars of their own');
  });

  it('is not flattened by an outlier', async () => {
    await panel.selectRow('texture_filters');
    const { traces } = await panel.chart('histogram');
    const bins = traces.find(({ name }) => name === 'weights')?.y.filter((count) => count > 0) ?? [];
    assert.ok(bins.length > 20, `${bins.length} bins hold weights`);
  });

  it('counts anew when one zooms in', async () => {
    await panel.selectRow('features');
    const before = await panel.chart('histogram');
    await panel.zoomMiddle('histogram');
    await panel.frame.locator('.histogram .link', { hasText: 'show all' }).waitFor();
    await assert.doesNotReject(async () => {
      for (let tries = 0; tries < 50; tries++) {
        const after = await panel.chart('histogram');
        const bins = after.traces.find(({ name }) => name === 'weights');
        const isNarrower = after.range[1] - after.range[0] < (before.range[1] - before.range[0]) / 5;
        if (isNarrower && (bins?.x.length ?? 0) > 50 && bins?.texts.every((text) => !text.includes('about'))) {
          assert.equal(Math.round(total(after)), 1568 * 64, 'what is outside the window is in the bars at the edges');
          return;
        }
        await window.page.waitForTimeout(100);
      }
      throw new Error('No exact counts of the visible range came.');
    });
    await panel.frame.locator('.histogram .link', { hasText: 'show all' }).click();
  });

  it('computes the spectrum of a weight when asked to', async () => {
    await panel.selectRow('features');
    await panel.frame.getByRole('button', { name: 'Compute spectrum' }).click();
    const { traces } = await panel.chart('spectrum');
    assert.equal(Math.round(total({ traces, range: [0, 0], label: '' })), 48, 'an eigenvalue for each of 64 units but the 16 dead ones');
    assert.match(await panel.frame.locator('.spectrum-result').innerText(), /stable rank/);
    await window.screenshot('spectrum');
  });

  it('selects a layer by a click in the list of findings', async () => {
    await panel.findings.getByRole('treeitem').filter({ hasText: 'unused' }).first().click();
    await panel.shows('unused');
  });

  it('sorts and filters the table', async () => {
    await panel.frame.getByRole('button', { name: 'Sort by Weights' }).click();
    assert.equal((await panel.tableNames())[0], 'features');
    await panel.frame.getByLabel('Filter layers by name or class').fill('Conv2D');
    assert.deepEqual((await panel.tableNames()).sort(), ['edge_filters', 'texture_filters']);
    await panel.frame.getByLabel('Filter layers by name or class').fill('');
    const byWeights = panel.frame.getByRole('button', { name: 'Sort by Weights' });
    await byWeights.click();
    assert.equal((await panel.tableNames()).at(-1), 'features');
    await byWeights.click();
    assert.equal((await panel.tableNames())[0], 'edge_filters');
  });

  it('walks through the layers by keyboard', async () => {
    await panel.selectRow('edge_filters');
    await window.page.keyboard.press('ArrowDown');
    await panel.shows('edge_normalization');
    await window.page.keyboard.press('End');
    await panel.shows('digits');
    await window.page.keyboard.press('/');
    assert.equal(await panel.frame.locator('input:focus').count(), 1);
    await window.page.keyboard.press('Escape');
  });

  it('takes its colours from the theme', async () => {
    const colours = new Set<string>();
    for (const [theme, kind] of [['light', 'vscode-light'], ['highContrast', 'vscode-high-contrast'], ['dark', 'vscode-dark']] as const) {
      await window.wear(theme);
      await panel.frame.locator(`body.${kind}`).waitFor();
      await window.page.waitForTimeout(500);
      const { traces } = await panel.chart('histogram');
      colours.add(traces.find(({ name }) => name === 'weights')?.colours[0] ?? '');
      await window.screenshot(`panel-${kind}`);
    }
    assert.ok(colours.size >= 2, `bars were drawn in ${[...colours].join(', ')}`);
  });

  it('survives a reload of the window', async () => {
    await panel.selectRow('features');
    await window.page.waitForTimeout(500);
    await workbench.reloadWindow();
    await panel.finished();
    await panel.shows('features');
    assert.match(await panel.frame.locator('.progress-text').innerText(), /From the cache/);
    await window.wear('light');
    await window.wear('dark');
  });

  it('shows results as they come, and stops when told to', async () => {
    const folder = path.join(window.folder, 'slow');
    writeSlowModel(folder);
    await workbench.inspect(await workbench.file('slow/model.json'));
    const cancel = panel.frame.getByRole('button', { name: 'Cancel' });
    await cancel.waitFor();
    assert.match(await panel.frame.locator('.progress-text').innerText(), /\d+ of 32/);
    await cancel.click();
    await panel.frame.locator('.progress-text').getByText('Cancelled').waitFor();
    await panel.frame.getByRole('button', { name: 'Restart' }).waitFor();
    rmSync(folder, { recursive: true });
  });
});

/** 16 GiB of zeros that take no room on the disk: long enough to be cancelled. */
function writeSlowModel(folder: string): void {
  const tensors = 32;
  const bytes = 2 ** 29;
  mkdirSync(folder, { recursive: true });
  const weights = Array.from({ length: tensors }, (_, index) => ({ name: `layer_${index}/kernel`, shape: [bytes / 4], dtype: 'float32' }));
  writeFileSync(path.join(folder, 'weights.bin'), '');
  truncateSync(path.join(folder, 'weights.bin'), tensors * bytes);
  writeFileSync(path.join(folder, 'model.json'), JSON.stringify({ format: 'layers-model', weightsManifest: [{ paths: ['weights.bin'], weights }] }));
}
