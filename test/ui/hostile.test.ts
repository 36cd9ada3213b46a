import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspectOnDesk } from './desk';
import type { Panel } from './panel';
import type { Workbench } from './workbench';

const HTML_NAME = '<img src=x onerror="document.body.dataset.attacked=1">';
const MARKDOWN_NAME = '[click](command:workbench.action.closeWindow) **bold** $(error)';

describe('names that try to be more than text', () => {
  let workbench: Workbench;
  let panel: Panel;

  before(async () => {
    ({ workbench, panel } = await inspectOnDesk('hostile/model.json', (folder) => writeHostileModel(path.join(folder, 'hostile'))));
  });

  it('are shown as they are in the panel', async () => {
    await panel.frame.getByText(HTML_NAME, { exact: false }).first().waitFor();
    await panel.frame.getByText('**bold**', { exact: false }).first().waitFor();
    assert.equal(await panel.frame.locator('img[src=x]').count(), 0);
    assert.equal(await panel.frame.locator('body[data-attacked]').count(), 0);
  });

  it('are shown as they are in the tree and its hover', async () => {
    await workbench.openSidebar();
    await workbench.expand('Models', 'hostile/model.json');
    const row = workbench.tree('Models').getByRole('treeitem').filter({ hasText: '**bold**' }).first();
    await row.waitFor();
    assert.match(await row.innerText(), /\[click\]\(command:/);
    const hover = await workbench.hover(row.locator('.label-name'), '**bold**');
    assert.equal(await hover.locator('a[data-href^="command:"], strong:has-text("bold")').filter({ hasNotText: '**' }).count(), 0);
  });
});

function writeHostileModel(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const weights = [HTML_NAME, MARKDOWN_NAME].map((name) => ({ name: `${name}/kernel`, shape: [8, 8], dtype: 'float32' }));
  const values = Float32Array.from({ length: 128 }, (_, index) => Math.sin(index));
  writeFileSync(path.join(folder, 'weights.bin'), Buffer.from(values.buffer));
  writeFileSync(path.join(folder, 'model.json'), JSON.stringify({ format: 'layers-model', weightsManifest: [{ paths: ['weights.bin'], weights }] }));
}
