import assert from 'node:assert/strict';
import { copyFileSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../support/paths';
import { packTensors } from '../support/safetensorsBuilder';
import type { UiWindow } from '../support/uiWindow';
import { clearDesk } from './desk';
import type { DrawnChart, Panel } from './panel';
import type { Workbench } from './workbench';

/** One network in every format, as the formats' own libraries wrote it: 5,384 weights in two kernels and two biases. */
const SAME = path.join(ROOT, 'test/fixtures/models/same');
/** First in the Explorer, whatever else is unfolded there. */
const FOLDER = 'a-formats';
const KERNEL_WEIGHTS = 5120;

interface Case {
  readonly file: string;
  readonly title: RegExp;
  /** Names that other things have too open by the context menu. */
  readonly by: 'double click' | 'menu';
}

const CASES: readonly Case[] = [
  { file: 'small.safetensors', title: /safetensors/i, by: 'double click' },
  { file: 'small.gguf', title: /GGUF/, by: 'double click' },
  { file: 'small.onnx', title: /ONNX/, by: 'double click' },
  { file: 'small.keras', title: /Keras/, by: 'double click' },
  { file: 'small.pt', title: /PyTorch/, by: 'double click' },
  { file: 'small.tflite', title: /TensorFlow Lite/, by: 'double click' },
  { file: 'kernel.npy', title: /NumPy/, by: 'double click' },
  { file: 'small.npz', title: /NumPy/, by: 'menu' },
  { file: 'small.h5', title: /Keras|HDF5/, by: 'menu' },
  { file: 'checkpoint/small.index', title: /TensorFlow checkpoint/i, by: 'menu' },
  { file: 'saved_model/saved_model.pb', title: /SavedModel/i, by: 'menu' },
  { file: 'tfjs.json', title: /TensorFlow\.js/, by: 'menu' },
];

function total({ traces }: DrawnChart): number {
  return traces.filter(({ type }) => type === 'bar').flatMap(({ y }) => y).reduce((sum, count) => sum + count, 0);
}

describe('weight files', () => {
  let window: UiWindow;
  let workbench: Workbench;
  let panel: Panel;

  before(async () => {
    ({ window, workbench, panel } = await clearDesk());
    const folder = path.join(window.folder, FOLDER);
    cpSync(SAME, folder, { recursive: true });
    copyFileSync(path.join(ROOT, 'test/fixtures/models/numpy/version1.npy'), path.join(folder, 'kernel.npy'));
    await workbench.file(FOLDER);
  });
  beforeEach(() => workbench.reset());
  after(async () => {
    await workbench.reset();
    rmSync(path.join(window.folder, FOLDER), { recursive: true, force: true });
  });

  // Before the Explorer is so long that it scrolls.
  it('say which others of the folder hold the same weights', async () => {
    await (await workbench.file(`${FOLDER}/small.onnx`)).dblclick();
    await panel.finished();
    const same = panel.frame.locator('.same-weights');
    await same.getByText(/Holds the same weights as .*small\..* in this folder/).waitFor();
    await window.screenshot('same-weights');
  });

  it('that are none say so, with ways out', async () => {
    copyFileSync(path.join(window.folder, 'README.md'), path.join(window.folder, FOLDER, 'words.safetensors'));
    await (await workbench.file(`${FOLDER}/words.safetensors`)).dblclick();
    await panel.frame.getByText('This model cannot be shown').waitFor();
    await panel.frame.getByRole('button', { name: 'Open in the text editor' }).waitFor();
    await window.screenshot('no-model');
    await panel.frame.getByRole('button', { name: 'Open in the text editor' }).click();
    await workbench.page.locator('.editor-group-container .monaco-editor .view-line').first().waitFor();
  });

  it('with many units have them where somebody looks', async () => {
    const values = Float32Array.from({ length: 1500 * 8 }, (_, i) => Math.sin(i) * 0.1);
    writeFileSync(path.join(window.folder, FOLDER, 'wide.safetensors'), packTensors([{ name: 'wide.weight', dtype: 'F32', shape: [1500, 8], bytes: new Uint8Array(values.buffer) }]));
    await (await workbench.file(`${FOLDER}/wide.safetensors`)).dblclick();
    await panel.finished();
    await panel.selectRow('wide');
    await panel.frame.locator('.units > summary').getByText(/1.?500 units/).waitFor();
  });

  for (const { file, title, by } of CASES) {
    it(`${file} opens by ${by}, and its charts are drawn`, async () => {
      const row = await workbench.file(`${FOLDER}/${file}`);
      if (by === 'double click') await row.dblclick();
      else await workbench.inspect(row);
      await panel.finished();
      assert.match(await panel.frame.locator('.facts').innerText(), title);
      const { traces } = await panel.chart('overview');
      assert.ok(traces.length > 0, 'the overview shows something');
      const counted = total(await panel.chart('histogram'));
      assert.ok(counted > 0, 'the histogram has bars');
      if (file.startsWith('kernel')) return;
      const names = await panel.tableNames();
      const dense = names.find((name) => /dense|small\/2|sequential\/2/i.test(name)) ?? names.at(-1)!;
      await panel.selectRow(dense);
      await panel.frame.locator('.figures').getByText(/5.?120/).first().waitFor();
      for (let tries = 0; total(await panel.chart('histogram')) !== KERNEL_WEIGHTS; tries++) {
        assert.ok(tries < 50, `the histogram of ${dense} counts ${KERNEL_WEIGHTS} weights`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await window.screenshot(`format-${path.basename(file)}`);
    });
  }
});

describe('the values of a weight', () => {
  let window: UiWindow;
  let workbench: Workbench;
  let panel: Panel;

  before(async () => {
    ({ window, workbench, panel } = await clearDesk());
    cpSync(SAME, path.join(window.folder, FOLDER), { recursive: true });
    await (await workbench.file(`${FOLDER}/small.safetensors`)).dblclick();
    await panel.finished();
    await panel.selectRow('conv');
    await panel.frame.locator('.values > summary').click();
    await panel.frame.locator('.values-canvas[data-drawn]').waitFor();
  });
  after(async () => {
    await workbench.reset();
    rmSync(path.join(window.folder, FOLDER), { recursive: true, force: true });
  });

  const hover = async (): Promise<string> => {
    const pixels = panel.frame.locator('.values-pixels');
    await pixels.scrollIntoViewIfNeeded();
    const box = (await pixels.boundingBox())!;
    await window.page.mouse.move(box.x + 3, box.y + 3);
    await window.page.mouse.move(box.x + 5, box.y + 5);
    const tip = panel.frame.locator('.tooltip');
    await tip.waitFor();
    return tip.innerText();
  };

  it('are shown cell by cell, with place and exact value', async () => {
    assert.match(await hover(), /^\[0, 0, 0, 0\] = -?0\.\d{3,}/);
    await window.screenshot('values');
  });

  it('change with the slice', async () => {
    await panel.frame.locator('.values-slider input[type=range]').first().focus();
    await window.page.keyboard.press('ArrowRight');
    await panel.frame.locator('.values-canvas:not(.waiting)').waitFor();
    await window.page.waitForTimeout(300);
    assert.match(await hover(), /^\[[^\]]*1[^\]]*\] = /);
  });

  it('are walked through by arrow keys', async () => {
    await panel.frame.locator('.values-canvas').focus();
    await window.page.keyboard.press('ArrowRight');
    await window.page.keyboard.press('ArrowRight');
    await panel.frame.locator('.values-canvas [role=status]').getByText(/^\[.*\] = /).waitFor({ state: 'attached' });
  });

  it('of a convolution stand side by side as filters', async () => {
    await panel.frame.locator('.values [data-value=filters]').click();
    await panel.frame.locator('.values .outside').getByText('One picture for each filter').waitFor();
    assert.match(await hover(), /^filter 0 · norm 0\.\d+\n\[0, /);
    await panel.frame.locator('.values [data-value=norm]').click();
    await window.page.waitForTimeout(500);
    await window.screenshot('values-filters');
  });

  it('of a range of the histogram are found', async () => {
    await panel.frame.locator('.values [data-value=plane]').click();
    await panel.chart('histogram');
    await panel.zoomMiddle('histogram');
    await panel.frame.getByRole('button', { name: 'Where are they?' }).click();
    await panel.frame.locator('.values-range').getByText(/^\d+ of the 216 weights .* lie from .* to .*, \d+ of them on this picture\./).waitFor();
    await window.screenshot('values-where');
    await panel.frame.getByRole('button', { name: 'show values again' }).click();
    await panel.frame.locator('.values-range').waitFor({ state: 'hidden' });
  });
});
