import assert from 'node:assert/strict';
import { assess, assessmentText } from '../../../src/core/assessment';
import type { Assessment } from '../../../src/core/assessment';
import type { Layer } from '../../../src/core/model';
import { analysisOf, normals } from '../../support/handMade';
import type { HandMadeTensor } from '../../support/handMade';
import { draw, studentT, uniform } from '../../support/samplers';

const plain = (text: string): string => text.replaceAll('\u2009', ' ');

/** A kernel of which `share` is tiny. */
function kernel(name: string, share: number, seed = 1): HandMadeTensor {
  const values = normals(4608, 0.05, seed).map((value, i) => ((i * 7919) % 4608 < share * 4608 ? value * 1e-3 : value));
  return { name: `${name}/kernel`, shape: [4608], values };
}

function assessmentOf(tensors: readonly HandMadeTensor[], layers: Record<string, Partial<Layer>> = {}): Assessment {
  return assess(analysisOf({ tensors, layers }));
}

function text(tensors: readonly HandMadeTensor[], layers: Record<string, Partial<Layer>> = {}): string {
  return plain(assessmentText(assessmentOf(tensors, layers)));
}

describe('assessment', () => {
  it('is calm about a healthy model', () => {
    assert.match(text([kernel('a', 0)]), /^\d(\.\d)? % of the 4\.61 k weights sit near zero, about as in bell curves.*No rule found anything suspicious\..*nothing needs mending/);
  });

  it('says whether the share near zero is usual', () => {
    assert.match(text([kernel('a', 0.1)]), /^1\d % .* somewhat more than in bell curves/);
    assert.match(text([kernel('a', 0.3)]), /^3\d % .* as is usual for trained networks/);
    assert.match(text([kernel('a', 0.7)]), /more than most trained networks have/);
    assert.match(text([kernel('a', 0.95)]), /far more than trained networks usually have/);
  });

  it('says whether a few large weights carry the layers', () => {
    assert.match(text([kernel('a', 0)]), /it does not hang on a few large weights \(the largest 1 % of a kernel's weights hold 8\.\d % of its squared norm, 8\.5 % in a bell\)/);
    assert.match(text([{ name: 'a/kernel', values: draw(studentT(3), 4608, 5) }]), /a few large weights carry much of it \(the largest 1 % of a kernel's weights hold [2-6]\d % /);
  });

  it('says how many kernels look as training leaves them, and links to those that do not', () => {
    const flat: HandMadeTensor = { name: 'fresh/kernel', values: draw(uniform, 4608, 3) };
    const { sentences } = assessmentOf([kernel('a', 0), flat]);
    const look = sentences.find(({ text: words }) => /one hump/.test(words));
    assert.match(look!.text, /^1 of 2 kernels has one hump.*1 is flat, as initializers draw weights.*\(fresh\)/);
    assert.deepEqual(look!.layers, ['fresh']);
  });

  it('says what the file declares, and that it declares nothing', () => {
    const l2 = { regularizers: { kernel: { name: 'L2', config: { l2: 0.01 } } }, initializers: {} };
    assert.match(text([kernel('a', 0.3), kernel('b', 0.3, 2)], { a: l2, b: { initializers: {} } }), /The file declares L2 \(l2 0\.01\) on 1 of 2 kernels, which pulls weights to zero; no dropout\./);
    assert.match(text([kernel('a', 0.3)], { a: { initializers: {} } }), /The file declares neither a regularizer nor dropout\./);
    assert.match(text([kernel('a', 0.3)]), /keeps no training configuration/);
  });

  it('says where batch normalization makes the scale meaningless', () => {
    const layers = { a: { className: 'Conv2D', activation: 'linear', initializers: {}, inputs: ['x'] }, x: { inputs: [] }, bn: { className: 'BatchNormalization', inputs: ['a'] } };
    assert.match(text([kernel('a', 0)], layers), /batch normalization after the one kernel, so that its scale means little/);
  });

  it('proposes the experiment where it is worth its time, and links to where to begin', () => {
    const { sentences } = assessmentOf([kernel('a', 0), kernel('b', 0.6, 2)]);
    const next = sentences.find(({ text: words }) => words.startsWith('Try next'));
    assert.match(next!.text, /set the weights near zero to 0 and measure, b first/);
    assert.deepEqual(next!.layers, ['b']);
    assert.match(sentences[0]!.text, /most in b, /);
    assert.deepEqual(sentences[0]!.layers, ['b']);
  });

  it('names the layers with the worst findings, the gravest first, and links to them', () => {
    const zero = (name: string): HandMadeTensor => ({ name: `${name}/kernel`, shape: [64], values: new Float32Array(64) });
    const constant: HandMadeTensor = { name: 'flat/kernel', shape: [64], values: new Float32Array(64).fill(1) };
    const nan: HandMadeTensor = { name: 'late/kernel', shape: [3], values: [1, NaN, 2] };
    const found = assessmentOf([constant, zero('dead'), nan, kernel('a', 0)]).sentences.find(({ text: words }) => /look first/.test(words))!;
    assert.match(found.text, /2 errors and 1 warning: look first at dead \(all-zero tensor\), late \(non-finite values\) and flat \(constant tensor\)\.$/);
    assert.deepEqual(found.layers, ['dead', 'late', 'flat']);
    assert.match(text(['a', 'b', 'c', 'd', 'e'].map(zero)), /a \(.*\), b \(.*\), c \(.*\) and 2 more layers\./);
  });

  it('links only to layers that stand in the sentence', () => {
    const models = [[kernel('a', 0), kernel('b', 0.7, 2)], [{ name: 'z/kernel', shape: [64], values: new Float32Array(64) }], [{ name: 'f/kernel', values: draw(uniform, 700, 1) }]];
    for (const tensors of models) {
      for (const { text: words, layers = [] } of assessmentOf(tensors).sentences) for (const layer of layers) assert.ok(words.includes(layer), `${layer}: ${words}`);
    }
  });

  it('judges the share near zero without the layers that are broken', () => {
    const spiked = kernel('spiked', 0, 3);
    const values = Float32Array.from(spiked.values!);
    values[5] = 1000;
    const words = text([kernel('a', 0), { ...spiked, values }]);
    assert.match(words, /5\d % of the 9\.22 k weights sit near zero \(most in spiked, > 99\.9 %\); in layers without errors \d(\.\d)? %, about as in bell curves/);
  });

  it('says what was not read', () => {
    const tensors = [kernel('a', 0), { name: 'b/kernel', shape: [4608], unreadable: 'b.bin is missing.' }];
    assert.match(text(tensors), /of the 4\.61 k weights read \(of 9\.22 k\)/);
    assert.match(text([{ name: 'b/kernel', unreadable: 'b.bin is missing.' }]), /^None of the weights could be read\. 2 errors: look first at the file \(unreadable tensor\) and b/);
  });

  it('does not call an unfinished analysis healthy', () => {
    const analysis = { ...analysisOf({ tensors: [kernel('a', 0), { name: 'b/kernel', shape: [4608] }] }), complete: false };
    const words = plain(assessmentText(assess(analysis)));
    assert.match(words, /weights read so far \(of 9\.22 k\) sit near zero/);
    assert.doesNotMatch(words, /suspicious|Try next/);
    assert.equal(assessmentText(assess({ ...analysis, statistics: new Map() })), 'No weights have been read yet.');
  });

  it('has words for models without weights', () => {
    assert.equal(text([]), 'This file holds no weights. No rule found anything suspicious.');
    assert.match(text([{ name: 'shape', role: 'constant', values: [1, 2] }]), /^This file holds constants only \(1 tensor, 2 numbers\), no weights\./);
  });
});
