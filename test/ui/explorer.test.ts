import assert from 'node:assert/strict';
import type { UiWindow } from '../support/uiWindow';
import { clearDesk } from './desk';
import type { Panel } from './panel';
import { INSPECT } from './workbench';
import type { Workbench } from './workbench';

describe('the Explorer', () => {
  let window: UiWindow;
  let workbench: Workbench;
  let panel: Panel;

  before(async () => {
    ({ window, workbench, panel } = await clearDesk());
    // The menus follow what the search of the workspace has found.
    await workbench.openSidebar();
    await workbench.row('Models', 'planted/model.json').waitFor();
  });

  for (const path of ['planted/model.json', 'esrgan-slim/model.json', 'language-detection/model.json', 'basic-pitch/model.json', 'small-detector/detector.json', 'face-api/tiny_face_detector_model-weights_manifest.json']) {
    it(`offers to inspect ${path}`, async () => {
      assert.ok((await workbench.menuOf(await workbench.file(path))).includes(INSPECT));
    });
  }

  for (const path of ['package.json', 'README.md', 'strangers/model.json', 'strangers/tsconfig.json', 'planted/group1-shard1of1.bin', 'src/load.py']) {
    it(`offers nothing on ${path}`, async () => {
      const menu = await workbench.menuOf(await workbench.file(path));
      assert.ok(menu.length > 3, 'the menu was read');
      assert.deepEqual(menu.filter((entry) => entry.includes('Inspect')), []);
    });
  }

  it('stands among the first entries', async () => {
    const row = await workbench.file('planted/model.json');
    await row.click({ button: 'right' });
    await workbench.page.locator('.monaco-menu').getByRole('menuitem', { name: INSPECT }).waitFor();
    await window.screenshot('menu');
    await workbench.page.keyboard.press('Escape');
    assert.ok((await workbench.menuOf(row)).indexOf(INSPECT) < 4);
  });

  it('opens the panel of the file that was right-clicked', async () => {
    await workbench.inspect(await workbench.file('small-detector/detector.json'));
    await panel.finished();
    assert.match(await panel.frame.locator('.model-name').innerText(), /detector/);
    assert.match(await panel.frame.locator('.facts').innerText(), /TensorFlow\.js layers model/);
  });

  it('inspects the file in the editor from the palette', async () => {
    await workbench.reset();
    await workbench.openFile('planted/model.json');
    await workbench.run(INSPECT);
    await panel.finished();
    await panel.frame.getByText('edge_filters').first().waitFor();
  });

  it('says what a model.json is that holds no model', async () => {
    await workbench.reset();
    await workbench.openFile('strangers/model.json');
    await workbench.run(INSPECT);
    assert.match(await workbench.message(/model\.json/), /not a model/);
  });
});
