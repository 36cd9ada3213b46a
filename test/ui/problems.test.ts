import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { sharedWindow, type UiWindow } from '../support/uiWindow';
import { Panel } from './panel';
import { Workbench } from './workbench';

describe('the Problems panel', () => {
  let window: UiWindow;
  let workbench: Workbench;
  let silences: string;

  before(async () => {
    window = await sharedWindow();
    workbench = new Workbench(window);
    silences = path.join(window.folder, '.weightgram.json');
    await workbench.reset();
    await workbench.inspect(await workbench.file('planted/model.json'));
    await new Panel(window.page).finished();
    await workbench.run('Problems: Focus on Problems View');
  });

  after(async () => {
    rmSync(silences, { force: true });
    await workbench.run('View: Close All Editors');
    await workbench.run('View: Hide Panel');
  });

  function problem(text: string): Locator {
    return window.page.locator('.markers-panel .monaco-list-row').filter({ hasText: text }).first();
  }

  it('lists a finding at its place in model.json, with the id of its rule', async () => {
    const row = problem('digits/kernel');
    await row.waitFor();
    const text = await row.innerText();
    assert.match(text, /digits\/kernel: 4 of 640/);
    assert.match(text, /Weightgram/);
    assert.match(text, /non-finite-values/);
    const line = Number(/\[Ln (\d+), Col \d+\]/.exec(text)?.[1]);
    const lines = readFileSync(path.join(window.folder, 'planted/model.json'), 'utf8').split('\n');
    assert.match(lines[line - 1] ?? '', /"digits\/kernel"/);
    await window.screenshot('problems');
  });

  it('opens the page of the rule from its id', async () => {
    await problem('digits/kernel').locator('a').filter({ hasText: 'non-finite-values' }).click();
    await window.page.getByRole('tab', { name: /Preview non-finite-values\.md/ }).waitFor();
    // VS Code's preview stumbles over being closed before it has loaded: it stays open, below what the next test opens.
    const page = window.page.frameLocator('iframe.webview.ready').last().frameLocator('iframe#active-frame');
    await page.getByRole('heading', { name: 'How to silence it' }).waitFor();
    const picture = page.getByRole('img', { name: 'Healthy and suspicious' });
    await picture.scrollIntoViewIfNeeded();
    await window.screenshot('problem-rule-page');
    assert.ok(await picture.evaluate((image) => (image as HTMLImageElement).naturalWidth > 0), 'the picture of the rule is there');
  });

  it('silences it by a quick fix; the sidebar says so', async () => {
    const row = problem('digits/kernel');
    await row.click();
    // The light bulb comes once the fixes have been asked for.
    await row.locator('[class*=codicon-light-bulb], [class*=codicon-lightbulb]').first().click();
    const fix = window.page.locator('.monaco-menu').getByRole('menuitem', { name: 'Silence non-finite-values here (digits/kernel)' });
    await fix.waitFor();
    await window.screenshot('quick-fixes');
    await workbench.choose(fix);
    await problem('digits/kernel: 4 of 640').waitFor({ state: 'detached' });
    assert.ok(existsSync(silences));
    assert.deepEqual(JSON.parse(readFileSync(silences, 'utf8')), { silences: [{ rule: 'non-finite-values', model: 'planted/model.json', subject: 'digits/kernel' }] });
    await workbench.openSidebar();
    await workbench.row('Suspicious Layers', '1 silenced').click();
    // It is the last row: what is below it may be out of sight until it is gone to.
    await window.page.keyboard.press('ArrowDown');
    await workbench.row('Suspicious Layers', 'digits/kernel').waitFor();
    await window.screenshot('silenced');
  });

  it('shows it again when the entry is taken away', async () => {
    rmSync(silences);
    await problem('digits/kernel: 4 of 640').waitFor();
  });
});
