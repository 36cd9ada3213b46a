import assert from 'node:assert/strict';
import { buildReport } from '../../../src/core/report';
import { reportText } from '../../../src/cli/reportText';
import { tensorText } from '../../../src/cli/tensorText';
import { cells, painter } from '../../../src/cli/terminal';
import { analysisOf, normals } from '../../support/handMade';

const analysis = analysisOf({
  tensors: [
    { name: 'a_very_long_block_name/with_more/and_more/conv2d_17/kernel', shape: [3, 3, 8, 16], values: normals(1152, 0.1) },
    { name: 'evil\u001b[2J\n<b>/kernel', shape: [64], values: new Float32Array(64) },
    { name: '层/bias', values: normals(16) },
    { name: 'gone/kernel', shape: [4, 4], unreadable: 'gone.bin is missing.' },
    { name: 'shape/x', role: 'constant', values: [1, 2] },
  ],
});

const style = (width: number, colour = false) => ({ width, paint: painter(colour) });

/** The table: everything between the two first blank lines. */
function table(text: string): string[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.includes('histogram'));
  return lines.slice(start, lines.indexOf('', start));
}

describe('report as text', () => {
  const text = reportText(analysis, style(Infinity));

  it('begins with what the file is and the short answer', () => {
    const [first, second, third] = text.split('\n');
    assert.match(first!, /^model\.json · TensorFlow\.js layers model · 1\.25 k weights · 1 000 B · 4 layers$/);
    assert.match(second!, /^2 errors: look first at/);
    assert.match(third!, /^\d.* near zero/);
  });

  it('gives every layer with weights a line in model order, the unreadable one too', () => {
    const rows = table(text);
    assert.match(rows[1]!, /[▁▂▃▄▅▆▇█]{8,}.*conv2d_17 +3×3×8→16 +1\.15 k +0 % /);
    assert.match(rows[2]!, /^● .*evil/);
    assert.match(rows[4]!, /unreadable +gone +4×4 +16 +– +– /);
    assert.match(rows[5]!, /^1 layer without weights is not shown\.$/);
  });

  it('keeps control characters out of the terminal', () => {
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f]/);
    assert.match(text, /evil\\u001b\[2J\\n<b>/);
  });

  it('aligns columns whatever the script of a name, and cuts names to the width', () => {
    for (const width of [60, 80, 100]) {
      const rows = table(reportText(analysis, style(width))).slice(0, 5);
      assert.ok(rows.every((row) => cells(row) <= width), `lines of at most ${width}`);
      assert.match(rows[1]!, /a_.*….*_17/);
      // The last column is right-aligned: its lines are equally long.
      assert.equal(new Set(rows.map((row) => cells(row))).size, 1, `ends at ${width}`);
    }
  });

  it('lists what was found by severity, each with its advice', () => {
    const errors = text.slice(text.indexOf('● 2 errors'));
    assert.match(errors, /evil.* all-zero-tensor\n +All 64 values are exactly zero\.\n +\S/);
    assert.match(errors, /gone\/kernel unreadable-tensor\n +gone\.bin is missing\./);
  });

  it('shows some notes of many, and says how to see the rest', () => {
    const notes = analysisOf({ tensors: Array.from({ length: 15 }, (_, i) => ({ name: `n${i}/bias`, values: [0, 0] })) });
    const shown = reportText(notes, style(80));
    assert.equal(shown.match(/all-zero-tensor/g)?.length, 10);
    assert.match(shown, /· 15 notes[^]*… and 5 more: --json lists them all\./);
  });

  it('gives an advice once where several findings share it', () => {
    const many = analysisOf({ tensors: Array.from({ length: 40 }, (_, i) => ({ name: `z${i}/kernel`, shape: [64], values: new Float32Array(64) })) });
    const shown = reportText(many, style(80));
    assert.equal(shown.match(/z\d+\/kernel all-zero-tensor/g)?.length, 20);
    assert.equal(shown.match(/A conversion that lost the data/g)?.length, 1);
    assert.match(shown, /● 40 errors[^]*… and 20 more: --json lists them all\./);
  });

  it('uses colour only when told to', () => {
    assert.ok(reportText(analysis, style(100, true)).includes('\u001b[31m●\u001b[39m'));
    assert.ok(!text.includes('\u001b['));
  });
});

describe('one tensor as text', () => {
  const name = analysis.model.tensors[0]!.name;
  const text = tensorText(analysis, buildReport(analysis, { bins: 40, tensor: name }), style(90));

  it('has all its figures', () => {
    for (const figure of ['count  1 152', 'exact zeros  0  0 %', 'p0.1  −0.', 'median  ', 'p99.9  0.', 'excess kurtosis  ', 'L2 norm  ']) assert.ok(text.includes(figure), figure);
    assert.match(text, /kernel · 3×3×8→16 · float32 · 1 152 elements · 4\.5 KiB/);
  });

  it('has a histogram of eight rows within the width, its axis below', () => {
    const bars = text.split('\n').filter((line) => /[▁▂▃▄▅▆▇█]/.test(line));
    assert.equal(bars.length, 8);
    assert.ok(bars.every((line) => cells(line) <= 90));
    assert.match(text, /\n−0\.\d+ +0\.\d+\n/);
  });

  it('says why there are no figures', () => {
    const gone = tensorText(analysis, buildReport(analysis, { bins: 40, tensor: 'gone/kernel' }), style(90));
    assert.match(gone, /\ngone\.bin is missing\.\n/);
  });
});
