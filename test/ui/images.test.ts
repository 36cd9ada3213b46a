import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createExampleWorkspace } from '../../scripts/exampleWorkspace';
import { ROOT } from '../support/paths';
import { openWindow, type UiWindow } from '../support/uiWindow';
import { Panel } from './panel';
import { Workbench } from './workbench';

const IMAGES = path.join(ROOT, 'docs/images');

// Only where the README's pictures are to be made anew: npm test -- ui --update-images
if (process.env['WEIGHTGRAM_UPDATE_IMAGES']) {
  describe('the pictures of the README', () => {
    let window: UiWindow;
    let workbench: Workbench;
    let panel: Panel;

    before(async () => {
      mkdirSync(IMAGES, { recursive: true });
      window = await openWindow((folder) => void createExampleWorkspace(folder));
      await window.page.setViewportSize({ width: 1500, height: 1080 });
      workbench = new Workbench(window);
      panel = new Panel(window.page);
    });

    after(() => window.close());

    async function keep(name: string): Promise<void> {
      cpSync(await window.screenshot(`readme-${name}`), path.join(IMAGES, `${name}.png`));
    }

    async function inspect(file: string, layer: string): Promise<void> {
      await workbench.inspect(await workbench.file(file));
      await panel.finished();
      await workbench.openSidebar();
      await panel.selectRow(layer);
      await panel.chart('histogram');
    }

    it('the menu', async () => {
      await workbench.openSidebar();
      await workbench.row('Models', 'planted/model.json').waitFor();
      await (await workbench.file('planted/model.json')).click({ button: 'right' });
      await workbench.page.locator('.monaco-menu').getByRole('menuitem').first().waitFor();
      await keep('menu');
      await workbench.page.keyboard.press('Escape');
    });

    it('the panel', async () => {
      await inspect('planted/model.json', 'features');
      await workbench.expand('Models', 'planted/model.json');
      await panel.chart('overview');
      await keep('panel');
    });

    it('a hover in the sidebar', async () => {
      await workbench.hover(workbench.row('Models', 'edge_filters').locator('.label-name'), 'Exact zeros');
      await keep('sidebar-hover');
    });

    it('a hover in source code', async () => {
      await workbench.openFile('src/load.py');
      await workbench.hover(workbench.page.locator('.editor-instance .view-line span span').filter({ hasText: '"edge_filters/kernel"' }).first(), 'Exact zeros');
      await keep('source-hover');
    });

    it('the Problems panel', async () => {
      await workbench.openFile('planted/model.json');
      await workbench.run('Problems: Focus on Problems View');
      const row = workbench.page.locator('.markers-panel .monaco-list-row').filter({ hasText: 'digits/kernel' }).first();
      await row.click();
      await row.locator('[class*=codicon-light-bulb], [class*=codicon-lightbulb]').first().click();
      await workbench.page.locator('.monaco-menu').getByRole('menuitem', { name: /^Silence/ }).first().waitFor();
      await keep('problems');
      await workbench.page.keyboard.press('Escape');
      await workbench.run('View: Hide Panel');
    });

    it('a spectrum', async () => {
      await workbench.reset();
      await inspect('esrgan-slim/model.json', 'F_0');
      await panel.frame.getByRole('button', { name: 'Compute spectrum' }).click();
      await panel.chart('spectrum');
      await panel.frame.locator('.spectrum').evaluate((element) => element.scrollIntoView());
      await keep('spectrum');
    });

    it('a weight file in its editor, and the values of a weight', async () => {
      await workbench.reset();
      await (await workbench.file('blazeface/face_detection_front_128x128_barracuda.onnx')).dblclick();
      await panel.finished();
      // The table draws only the rows in sight.
      await panel.frame.getByPlaceholder(/Filter layers/).fill('conv2d_16');
      await panel.selectRow('functional_1/conv2d_16');
      await panel.frame.getByPlaceholder(/Filter layers/).fill('');
      await panel.chart('histogram');
      await keep('editor');
      await panel.frame.locator('.values > summary').click();
      await panel.frame.locator('.values-canvas[data-drawn]').waitFor();
      await panel.frame.locator('.values').scrollIntoViewIfNeeded();
      await keep('values');
    });

    it('a real model, in light colours', async () => {
      await workbench.reset();
      await window.wear('light');
      await workbench.inspect(await workbench.file('basic-pitch/model.json'));
      await panel.finished();
      await panel.chart('overview');
      await panel.chart('histogram');
      await keep('panel-light');
    });
  });
}
