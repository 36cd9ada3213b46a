import assert from 'node:assert/strict';
import type { Layer } from '../../../../src/core/model';
import { findingsOf } from '../../../../src/core/rules/index';
import type { Finding } from '../../../../src/core/rules/rule';
import type { Spectrum } from '../../../../src/core/statistics/spectrum';
import { analysisOf, normals } from '../../../support/handMade';
import type { HandMadeTensor } from '../../../support/handMade';
import { handMadeSpectrum, NUMPY_SPECTRA } from '../../../support/spectrumData';

const SPECTRAL = [
  'spectral-alpha', 'low-stable-rank', 'low-effective-rank', 'rank-loss', 'random-spectrum', 'correlation-trap', 'spectral-norm-outlier',
  'orthogonal-at-initialization', 'low-filter-diversity',
];

interface Case {
  readonly spectrum: Spectrum;
  readonly tensor?: Partial<HandMadeTensor>;
  readonly layer?: Partial<Layer>;
}

/** Findings of the spectral rules about dense kernels with these spectra; what their weights are does not matter to them. */
function findings(cases: readonly Case[]): readonly Finding[] {
  const tensors = cases.map(({ tensor }, i): HandMadeTensor => ({ name: `dense_${i}/kernel`, shape: [60, 70], values: normals(4200, 0.1, i + 1), ...tensor }));
  const layers = Object.fromEntries(cases.map(({ layer }, i) => [`dense_${i}`, layer ?? {}]));
  const { model, statistics, failures } = analysisOf({ tensors, layers });
  const spectra = new Map(cases.map(({ spectrum }, i) => [i, spectrum]));
  return findingsOf(model, statistics, failures, { spectra }).filter(({ rule }) => SPECTRAL.includes(rule));
}

function said(spectrum: Spectrum, more: Omit<Case, 'spectrum'> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(findings([{ spectrum, ...more }]).map(({ rule, severity }) => [rule, severity]));
}

/** What a trained layer has: a power law of exponent 3 for the eigenvalues, above a body. */
function trained(order = 200, scale = 1): Spectrum {
  return handMadeSpectrum(Array.from({ length: order }, (_, i) => scale * ((i + 0.5) / order) ** -0.25), { shuffled: new Float64Array(8).fill(scale * 0.1) });
}

const numpyCase = (name: string, more: Partial<Spectrum> = {}): Spectrum => {
  const { shape, singularValues, variance, frobeniusNorm } = NUMPY_SPECTRA.cases[name]!;
  return handMadeSpectrum(singularValues, { rows: shape[0]!, columns: shape[1]!, variance, frobeniusNorm, ...more });
};

describe('rules about spectra', () => {
  it('are silent about a trained layer', () => {
    assert.deepEqual(said(trained()), {});
  });

  it('are silent where nobody asked for a spectrum, and about what is no matrix', () => {
    const { model, statistics, failures } = analysisOf({ tensors: [{ name: 'd/kernel', shape: [60, 70], values: normals(4200) }] });
    assert.deepEqual(findingsOf(model, statistics, failures).filter(({ rule }) => SPECTRAL.includes(rule)), []);
    assert.deepEqual(said(handMadeSpectrum([1, ...new Float64Array(99)]), { tensor: { role: 'bias' } }), {});
    assert.deepEqual(said(handMadeSpectrum(new Float64Array(60))), {});
  });

  it('give figures, an advice and evidence', () => {
    const all = [...findings([{ spectrum: handMadeSpectrum([50, ...new Float64Array(99).fill(0.01)]) }]), ...findings([{ spectrum: numpyCase('tall') }])];
    assert.ok(all.length >= 2);
    for (const { message, advice, evidence } of all) {
      assert.match(message, /\d.*\.$/);
      assert.ok(advice.length > 40 && advice.endsWith('.'));
      assert.ok(evidence && Object.keys(evidence).length > 0);
    }
  });

  describe('spectral-alpha', () => {
    /** Quantiles of a power law of the eigenvalues. */
    const law = (alpha: number, count = 300): Spectrum => handMadeSpectrum(Array.from({ length: count }, (_, i) => ((i + 0.5) / count) ** (-0.5 / (alpha - 1))));

    it('notes a tail that is too heavy or too light, and lets 2 to 6 be', () => {
      assert.equal(said(law(1.6))['spectral-alpha'], 'info');
      assert.equal(said(law(7))['spectral-alpha'], 'info');
      for (const alpha of [2.2, 3, 4.5, 5.8]) assert.equal(said(law(alpha))['spectral-alpha'], undefined, `${alpha}`);
    });

    it('says nothing where the fit does not apply', () => {
      assert.equal(said(law(1.6, 49))['spectral-alpha'], undefined);
      assert.equal(said(law(12))['spectral-alpha'], undefined);
      assert.equal(said(numpyCase('heavy'))['spectral-alpha'], undefined);
      assert.equal(said({ ...law(1.6), isPartial: true, rows: 5000, columns: 5000 })['spectral-alpha'], undefined);
    });
  });

  describe('low-stable-rank', () => {
    it('notes one strong direction, and warns of a single one', () => {
      assert.equal(said(handMadeSpectrum([8, ...new Float64Array(59).fill(0.6)]))['low-stable-rank'], 'info');
      assert.equal(said(handMadeSpectrum([8, ...new Float64Array(59).fill(0.1)]))['low-stable-rank'], 'warning');
      assert.equal(said(handMadeSpectrum([8, ...new Float64Array(59).fill(2)]))['low-stable-rank'], undefined);
      assert.equal(said(handMadeSpectrum([8, ...new Float64Array(9).fill(0.6)]))['low-stable-rank'], undefined);
    });
  });

  describe('low-effective-rank', () => {
    it('warns where few dimensions are used, once for the same fault', () => {
      const collapsed = handMadeSpectrum([9, 8, 7, ...new Float64Array(197).fill(1e-3)]);
      assert.equal(said(collapsed)['low-effective-rank'], 'warning');
      assert.equal(said(handMadeSpectrum(Array.from({ length: 200 }, (_, i) => 0.97 ** i)))['low-effective-rank'], undefined);
    });
  });

  describe('rank-loss', () => {
    it('notes lost dimensions and warns of a collapse', () => {
      const withZeros = (zeros: number): Spectrum => handMadeSpectrum([...Array.from({ length: 60 - zeros }, (_, i) => 1 + i / 50), ...new Float64Array(zeros)], { rows: 70, columns: 60 });
      assert.equal(said(withZeros(12))['rank-loss'], 'info');
      assert.equal(said(withZeros(50))['rank-loss'], 'warning');
      assert.equal(said(withZeros(0))['rank-loss'], undefined);
    });

    it('leaves out what dead units explain', () => {
      const values = normals(4200, 0.1);
      for (let i = 0; i < values.length; i++) if (i % 70 < 30) values[i] = 0;
      const spectrum = handMadeSpectrum([...Array.from({ length: 40 }, (_, i) => 1 + i / 50), ...new Float64Array(20)], { rows: 70, columns: 60 });
      assert.equal(said(spectrum, { tensor: { values } })['rank-loss'], undefined);
      assert.equal(said(spectrum)['rank-loss'], 'info');
    });
  });

  describe('random-spectrum', () => {
    it('notes independent weights, and not those with a planted direction', () => {
      assert.equal(said(numpyCase('tall'))['random-spectrum'], 'info');
      assert.equal(said(numpyCase('wide'))['random-spectrum'], 'info');
      assert.equal(said(numpyCase('spiked'))['random-spectrum'], undefined);
      assert.equal(said(trained())['random-spectrum'], undefined);
    });

    it('does not take an orthogonal matrix for a random one', () => {
      assert.equal(said(handMadeSpectrum(new Float64Array(80).fill(1)))['random-spectrum'], undefined);
    });
  });

  describe('correlation-trap', () => {
    it('notes spikes that shuffling leaves, and warns of large ones', () => {
      const { singularValues } = NUMPY_SPECTRA.cases['tall']!;
      const edge = singularValues[0]!;
      const shuffledTo = (factor: number): Spectrum => numpyCase('tall', { shuffled: Float64Array.of(edge * factor, edge * 0.98, edge * 0.97) });
      assert.equal(said(shuffledTo(1.3))['correlation-trap'], 'info');
      assert.equal(said(shuffledTo(2))['correlation-trap'], 'warning');
      assert.equal(said(shuffledTo(1))['correlation-trap'], undefined);
      assert.equal(said(numpyCase('tall'))['correlation-trap'], undefined);
    });
  });

  describe('spectral-norm-outlier', () => {
    it('warns of a layer far above three or more of its kind', () => {
      const found = findings([1, 1.3, 0.8, 1.1, 30].map((scale) => ({ spectrum: trained(200, scale) }))).filter(({ rule }) => rule === 'spectral-norm-outlier');
      assert.deepEqual(found.map(({ subject, severity }) => [subject.name, severity]), [['dense_4/kernel', 'warning']]);
      assert.deepEqual(findings([1, 1.3, 0.8, 1.1, 30, 40].map((scale) => ({ spectrum: trained(200, scale) }))), [], 'a mixture');
      assert.deepEqual(findings([1, 1.3, 30].map((scale) => ({ spectrum: trained(200, scale) }))), []);
      assert.deepEqual(findings([1, 1.3, 0.8, 1.1, 6].map((scale) => ({ spectrum: trained(200, scale) }))), []);
    });
  });

  describe('orthogonal-at-initialization', () => {
    const recurrent = { name: 'dense_0/recurrent_kernel', layer: 'dense_0', role: 'kernel' as const };
    const declared = { className: 'LSTM', initializers: { recurrent: { name: 'Orthogonal', config: { gain: 1 } }, kernel: { name: 'GlorotUniform', config: {} } } };

    it('notes equal singular values, and warns where the file declares them', () => {
      const equal = handMadeSpectrum(Array.from({ length: 60 }, (_, i) => 1 + 1e-6 * Math.sin(i)));
      assert.equal(said(equal)['orthogonal-at-initialization'], 'info');
      assert.equal(said(equal, { tensor: recurrent, layer: declared })['orthogonal-at-initialization'], 'warning');
      assert.equal(said(equal, { layer: declared })['orthogonal-at-initialization'], 'info');
    });

    it('lets a trained recurrent kernel be', () => {
      const moved = handMadeSpectrum(Array.from({ length: 60 }, (_, i) => 1 + 0.01 * Math.sin(i)));
      assert.equal(said(moved, { tensor: recurrent, layer: declared })['orthogonal-at-initialization'], undefined);
    });
  });

  describe('low-filter-diversity', () => {
    const withShares = (varianceShares: readonly number[], count = 512, size: readonly [number, number] = [3, 3]): Spectrum => ({ ...trained(), filters: { size, count, varianceShares } });
    const convolution = { shape: [3, 3, 16, 32], values: normals(4608, 0.1) };

    it('notes filters of few patterns and warns of one', () => {
      assert.equal(said(withShares([0.8, 0.1, 0.05, 0.05, 0, 0, 0, 0, 0]), { tensor: convolution })['low-filter-diversity'], 'info');
      assert.equal(said(withShares([0.99, 0.01, 0, 0, 0, 0, 0, 0, 0]), { tensor: convolution })['low-filter-diversity'], 'warning');
      assert.equal(said(withShares(new Array<number>(9).fill(1 / 9)), { tensor: convolution })['low-filter-diversity'], undefined);
    });

    it('judges 3 × 3 only, and not a handful of filters', () => {
      const one = [1, ...new Array<number>(8).fill(0)];
      assert.equal(said(withShares(one, 60), { tensor: convolution })['low-filter-diversity'], undefined);
      assert.equal(said(withShares(one, 512, [1, 9]), { tensor: convolution })['low-filter-diversity'], undefined);
    });
  });
});
