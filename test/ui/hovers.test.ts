import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import type { UiWindow } from '../support/uiWindow';
import { inspectOnDesk } from './desk';
import type { Workbench } from './workbench';

describe('hovers in an editor', () => {
  let window: UiWindow;
  let workbench: Workbench;

  before(async () => {
    ({ window, workbench } = await inspectOnDesk('planted/model.json'));
  });

  /** A hover that came before a model was opened lacks the figures: rest the mouse anew until they are there. */
  async function hoverOver(text: string): Promise<Locator> {
    const word = window.page.locator('.editor-instance .view-line span span').filter({ hasText: text }).first();
    await word.waitFor();
    const hover = await workbench.hover(word, 'Exact zeros');
    return hover;
  }

  for (const { file, text } of [
    { file: 'src/load.py', text: '"edge_filters/kernel"' },
    { file: 'src/load.js', text: 'edge_filters/kernel' },
  ]) {
    it(`shows a weight's distribution over its name in ${file}`, async () => {
      await workbench.openFile(file);
      const hover = await hoverOver(text);
      assert.match(await hover.innerText(), /edge_filters/);
      assert.match(await hover.innerText(), /planted/, 'the model is named');
      assert.ok(await hover.locator('img').first().evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 100));
      await window.screenshot(`hover-${file.split('.').at(-1)}`);
    });
  }

  it("shows a layer's distribution over its name in the model's JSON", async () => {
    await workbench.openFile('planted/model.json');
    const hover = await hoverOver('"edge_filters"');
    assert.match(await hover.innerText(), /edge_filters/);
    await window.screenshot('hover-json');
  });
});
