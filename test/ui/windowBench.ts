// npm run bench:window: a real VS Code window on a workspace of 2,000 model files, and on a model of 100,000 tensors.
// How long until a person sees something, and whether the window answers meanwhile.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packTensors } from '../support/safetensorsBuilder';
import { openWindow } from '../support/uiWindow';
import { Panel } from './panel';
import { Workbench } from './workbench';

const FILES = 2_000;
const LAYERS = 50_000;
const UNITS = 16;
/** A model of this size is read for half a minute on two cores. */
const LIMIT_MS = 180_000;

const measured: [string, number][] = [];

async function timed(what: string, action: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await action();
  measured.push([what, performance.now() - started]);
  console.log(`${what}: ${(performance.now() - started).toFixed(0)} ms`);
}

/** Numbers as a trained network has them, from a formula. */
function weights(count: number, seed: number): Uint8Array {
  return new Uint8Array(Float32Array.from({ length: count }, (_, i) => 0.05 * Math.sin(i * 12.9898 + seed) * Math.sin(i * 78.233 + seed)).buffer);
}

function fill(folder: string): void {
  // The window waits for a folder of this name.
  mkdirSync(path.join(folder, 'planted'), { recursive: true });
  for (let i = 0; i < FILES; i++) {
    const own = path.join(folder, `run-${Math.floor(i / 50)}`);
    mkdirSync(own, { recursive: true });
    writeFileSync(path.join(own, `step-${i}.safetensors`), packTensors([{ name: 'dense.weight', dtype: 'F32', shape: [UNITS, UNITS], bytes: weights(UNITS * UNITS, i) }]));
  }
  const layers = Array.from({ length: LAYERS }, (_, i) => `model.layers.${Math.floor(i / 50)}.mlp.experts.${i % 50}.up_proj`);
  mkdirSync(path.join(folder, 'a-many'));
  // First in the Explorer, which draws only the rows that fit.
  writeFileSync(path.join(folder, 'a-many/many.safetensors'), packTensors(layers.flatMap((name, i) => [
    { name: `${name}.weight`, dtype: 'F32', shape: [UNITS, UNITS], bytes: weights(UNITS * UNITS, i) },
    { name: `${name}.bias`, dtype: 'F32', shape: [UNITS], bytes: weights(UNITS, -i) },
  ])));
}

async function main(): Promise<void> {
  const window = await openWindow(fill);
  try {
    const { page } = window;
    page.setDefaultTimeout(LIMIT_MS);
    const workbench = new Workbench(window);
    const panel = new Panel(page);
    const palette = async (): Promise<void> => {
      await page.keyboard.press('Control+Shift+P');
      await page.locator('.quick-input-widget').waitFor();
      await page.keyboard.press('Escape');
      await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    };
    await timed('2,000 files: the palette, while they are looked for', palette);
    await timed('2,000 files: all in the tree, from opening the sidebar', async () => {
      await workbench.openSidebar();
      await workbench.row('Models', 'many.safetensors').waitFor();
    });
    await timed('2,000 files: the palette afterwards', palette);
    const row = await workbench.file('a-many/many.safetensors');
    await timed('100,000 tensors: the page has its layers', async () => {
      await row.dblclick();
      await panel.frame.locator('.facts').waitFor();
      await panel.table.locator('.rows [role=row]').first().waitFor();
    });
    await timed('100,000 tensors: the palette, while they are read', palette);
    await timed('100,000 tensors: everything is read and judged', () => panel.finished());
    await timed('100,000 tensors: the palette afterwards', palette);
    await timed('100,000 tensors: a layer is found by its name', async () => {
      await panel.frame.getByPlaceholder(/Filter layers/).fill('layers.999.mlp.experts.49.');
      await panel.table.locator('.rows [role=row]').getByText('layers.999').first().waitFor();
    });
    await timed('100,000 tensors: its charts are drawn', async () => {
      await panel.table.locator('.rows [role=row]').first().click();
      await panel.chart('histogram');
    });
    await window.screenshot('bench-many');
  } finally {
    await window.close();
  }
  console.log(`\n| in a window of VS Code | ms |\n| --- | --- |\n${measured.map(([what, ms]) => `| ${what} | ${ms.toFixed(0)} |`).join('\n')}`);
}

main().then(() => process.exit(0), (error: unknown) => {
  console.error(error);
  process.exit(1);
});
