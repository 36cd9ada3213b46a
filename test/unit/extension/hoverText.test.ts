import assert from 'node:assert/strict';
import type { Analysis } from '../../../src/core/analysis';
import { PALETTES } from '../../../src/core/svg';
import { findingHover, layerHover, modelHover, tensorHover } from '../../../src/extension/hoverText';
import type { HoverSubject } from '../../../src/extension/hoverText';
import { mainTensorOf } from '../../../src/core/layerFigures';
import { analysisOf } from '../../support/handMade';

const THIN = '\u2009';
const HOSTILE = '[x](command:evil)<img src=x onerror=alert(1)>|`code`\n# heading';

function subject(analysis: Analysis, options: Partial<HoverSubject> = {}): HoverSubject {
  const { model, statistics, failures, findings } = analysis;
  return { model, statistics, failures, findings, nearZeroRatio: 0.01, palette: PALETTES.dark, ...options };
}

const dense = analysisOf({
  tensors: [
    { name: 'dense/kernel', role: 'kernel', shape: [3, 2], values: [0, 0, 1, -1, 0.005, NaN] },
    { name: 'dense/bias', role: 'bias', shape: [2], values: [0.5, 0.25] },
  ],
  layers: { dense: { className: 'Dense', activation: 'relu' } },
});

describe('the hover of a layer', () => {
  const text = layerHover(subject(dense), 0);

  it('has a picture, and the figures of its weights', () => {
    assert.match(text, /^\*\*dense\*\* · Dense · relu\n/);
    assert.match(text, /!\[Histogram of the weights[^\]]*\]\(data:image\/svg\+xml;base64,[A-Za-z0-9+/=]+\)/);
    assert.ok(text.includes('**8** parameters: kernel 3×2, float32 · bias 2, float32'), text);
    assert.ok(text.includes(`Exact zeros **25${THIN}%** · near zero **38${THIN}%**`), text);
    assert.ok(text.includes('Not finite: **1** NaN'), text);
    assert.ok(text.includes('Range **−1** to **1**'), text);
  });

  it('has the sentence on the layer with its mark', () => {
    assert.match(text, /\*\*▲ Suspicious:\*\* see below\\\. 6 values\\, too few to show a shape/);
    const calm = analysisOf({ tensors: [{ name: 'bn/gamma', values: [0.5, 1, 1.5] }] });
    assert.match(layerHover(subject({ ...calm, findings: [] }), 0), /\*\*✓ Expected:\*\* 3 scales/);
    assert.doesNotMatch(layerHover(subject({ ...calm, statistics: new Map() }), 0), /Expected|Not known/);
  });

  it('names its findings', () => {
    assert.match(text, /\*\*● Error\*\* .*NaN/);
  });

  it('says what it waits for, and shows no figure that it does not have', () => {
    const waiting = layerHover(subject({ ...dense, statistics: new Map(), findings: [] }, { waiting: 'Being computed.' }), 0);
    assert.match(waiting, /\*Being computed\\\.\*/);
    assert.doesNotMatch(waiting, /near zero|Range|data:image/);
  });

  it('gives the reason where a weight cannot be read', () => {
    const failed = layerHover(subject({ ...dense, statistics: new Map(), failures: new Map([[0, 'w.bin is too short.']]) }), 0);
    assert.match(failed, /\*\*Not readable:\*\* w\\\.bin is too short\\\./);
  });
});

describe('the hover of a weight', () => {
  it('speaks of that tensor alone, and of its model where that is elsewhere', () => {
    const text = tensorHover(subject(dense, { modelLabel: 'x2/model.json' }), 1);
    assert.match(text, /^\*\*dense\\\/bias\*\* · bias · Dense · in x2\\\/model\\\.json/);
    assert.ok(text.includes('**2** parameters: 2, float32'), text);
    assert.doesNotMatch(text, /NaN/);
  });
});

describe('the hover of a model', () => {
  it('has the assessment as text', () => {
    const text = modelHover(subject(dense), { sentences: [{ text: 'Nothing *suspicious*.' }] });
    assert.ok(text.includes('Nothing \\*suspicious\\*\\.'));
    assert.ok(text.includes('Parameters: **8**'));
  });
});

describe('a hostile file', () => {
  const hostile = analysisOf({
    tensors: [{ name: `${HOSTILE}/kernel`, layer: HOSTILE, role: 'kernel', shape: [2], values: [0, 0] }],
    layers: { [HOSTILE]: { className: HOSTILE, activation: HOSTILE } },
  });

  it('gets no link, picture, tag, cell or line of its own into any hover', () => {
    const about = subject(hostile, { modelLabel: HOSTILE, waiting: HOSTILE });
    const finding = { rule: HOSTILE, severity: 'error' as const, subject: { kind: 'layer' as const, name: HOSTILE }, message: HOSTILE, advice: HOSTILE };
    const texts = [
      layerHover(about, 0), tensorHover(about, 0), modelHover({ ...about, model: { ...hostile.model, name: HOSTILE, formatTitle: HOSTILE, producer: HOSTILE, path: HOSTILE } }, { sentences: [{ text: HOSTILE, layers: [HOSTILE] }] }),
      findingHover(finding, undefined), layerHover({ ...about, statistics: new Map(), failures: new Map([[0, HOSTILE]]) }, 0),
    ];
    for (const text of texts) {
      const ours = text.replace(/!\[Histogram[^\]]*\]\(data:[^)]*\)/g, '');
      assert.doesNotMatch(ours, /(?<!\\)\[|(?<!\\)\]|(?<!\\)<|(?<!\\)`|\n#/, ours);
      assert.ok(ours.includes('\\[x\\]\\(command\\:evil\\)'), ours);
    }
  });
});

describe('the tensor that stands for its layer', () => {
  it('is the largest weight', () => {
    assert.equal(mainTensorOf(dense.model, dense.model.layers[0]!), 0);
  });

  it('is none where there are only constants', () => {
    const { model } = analysisOf({ tensors: [{ name: 'a/shape', role: 'constant', shape: [2], values: [1, 2] }] });
    assert.equal(mainTensorOf(model, model.layers[0]!), undefined);
  });
});
