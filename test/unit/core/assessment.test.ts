import assert from 'node:assert/strict';
import { assess } from '../../../src/core/assessment';
import type { Layer } from '../../../src/core/model';
import { analysisOf, normals } from '../../support/handMade';
import type { HandMadeTensor } from '../../support/handMade';

const plain = (text: string): string => text.replaceAll('\u2009', ' ');

/** A kernel of which `share` is tiny. */
function kernel(name: string, share: number): HandMadeTensor {
  const values = normals(4608, 0.05).map((value, i) => ((i * 7919) % 4608 < share * 4608 ? value * 1e-3 : value));
  return { name: `${name}/kernel`, shape: [4608], values };
}

function assessment(tensors: readonly HandMadeTensor[], layers: Record<string, Partial<Layer>> = {}): string {
  return plain(assess(analysisOf({ tensors, layers })));
}

describe('assessment', () => {
  it('is calm about a healthy model', () => {
    assert.match(assessment([kernel('a', 0)]), /^\d(\.\d)? % of the 4\.61 k weights sit near zero, about as many as in a bell curve\. No rule found anything suspicious\.$/);
  });

  it('says whether the share near zero is usual', () => {
    assert.match(assessment([kernel('a', 0.3)]), /^3\d % .* as is usual for trained networks/);
    assert.match(assessment([kernel('a', 0.7)]), /more than most trained networks have/);
    assert.match(assessment([kernel('a', 0.95)]), /far more than trained networks usually have/);
  });

  it('gives the reason that the file declares', () => {
    const l2 = { regularizers: { kernel: { name: 'L2', config: { l2: 0.01 } } } };
    assert.match(assessment([kernel('a', 0.3), kernel('b', 0.3)], { a: l2, b: {} }), /the file declares L2 \(l2 0\.01\) on 1 of 2 layers with kernels/);
    assert.match(assessment([kernel('a', 0.3)], { a: { initializers: {} } }), /no regularizer is declared/);
    assert.doesNotMatch(assessment([kernel('a', 0.3)]), /regularizer/, 'a file that says nothing of its layers');
  });

  it('names the layers with the worst findings, the gravest first', () => {
    const zero = (name: string): HandMadeTensor => ({ name: `${name}/kernel`, shape: [64], values: new Float32Array(64) });
    const constant: HandMadeTensor = { name: 'flat/kernel', shape: [64], values: new Float32Array(64).fill(1) };
    const nan: HandMadeTensor = { name: 'late/kernel', shape: [3], values: [1, NaN, 2] };
    const text = assessment([constant, zero('dead'), nan, kernel('a', 0)]);
    assert.match(text, /2 errors and 1 warning: look first at dead \(all-zero tensor\), late \(non-finite values\) and flat \(constant tensor\)\.$/);
    assert.match(assessment(['a', 'b', 'c', 'd', 'e'].map(zero)), /a \(.*\), b \(.*\), c \(.*\) and 2 more layers\.$/);
  });

  it('says what was not read', () => {
    const analysis = analysisOf({ tensors: [kernel('a', 0), { name: 'b/kernel', shape: [4608], unreadable: 'b.bin is missing.' }] });
    assert.match(plain(assess(analysis)), /of the 4\.61 k weights read \(of 9\.22 k\)/);
    assert.match(assessment([{ name: 'b/kernel', unreadable: 'b.bin is missing.' }]), /^None of the weights could be read\. 2 errors: look first at the file \(unreadable tensor\) and b/);
  });

  it('does not call an unfinished analysis healthy', () => {
    const analysis = { ...analysisOf({ tensors: [kernel('a', 0), { name: 'b/kernel', shape: [4608] }] }), complete: false };
    assert.match(plain(assess(analysis)), /weights read so far \(of 9\.22 k\) sit near zero, [^.]*\.$/);
    assert.equal(assess({ ...analysis, statistics: new Map() }), 'No weights have been read yet.');
  });

  it('has words for models without weights', () => {
    assert.equal(assessment([]), 'This file holds no weights. No rule found anything suspicious.');
    assert.match(assessment([{ name: 'shape', role: 'constant', values: [1, 2] }]), /^This file holds constants only, no weights\./);
  });
});
