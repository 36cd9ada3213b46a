import assert from 'node:assert/strict';
import { spectrumFigures } from '../../../../src/core/statistics/spectrumFigures';
import { handMadeSpectrum, NUMPY_SPECTRA } from '../../../support/spectrumData';

function reasonOf(values: ArrayLike<number>, more: Parameters<typeof handMadeSpectrum>[1] = {}): string {
  const { powerLaw } = spectrumFigures(handMadeSpectrum(values, more));
  return 'notApplicable' in powerLaw ? powerLaw.notApplicable : `fits: ${powerLaw.alpha}`;
}

describe('figures of a spectrum', () => {
  it('of equal values: every rank is full', () => {
    const figures = spectrumFigures(handMadeSpectrum(new Float64Array(64).fill(2)));
    assert.equal(figures.spectralNorm, 2);
    assert.ok(Math.abs(figures.stableRank! - 64) < 1e-9);
    assert.ok(Math.abs(figures.effectiveRank! - 64) < 1e-9);
    assert.equal(figures.numericalRank, 64);
    assert.equal(figures.condition, 1);
  });

  it('of one direction: every rank is one, and the condition has no number', () => {
    const figures = spectrumFigures(handMadeSpectrum([3, ...new Float64Array(63)]));
    assert.equal(figures.stableRank, 1);
    assert.equal(figures.effectiveRank, 1);
    assert.equal(figures.numericalRank, 1);
    assert.deepEqual([figures.smallest, figures.condition], [0, null]);
  });

  it('of nothing but zeros have no ranks', () => {
    const figures = spectrumFigures(handMadeSpectrum(new Float64Array(10)));
    assert.deepEqual([figures.spectralNorm, figures.stableRank, figures.effectiveRank, figures.numericalRank], [0, null, null, 0]);
  });

  it('are those of numpy', () => {
    for (const [name, { shape, singularValues, effectiveRank, frobeniusNorm, variance }] of Object.entries(NUMPY_SPECTRA.cases)) {
      const columns = shape.at(-1)!;
      const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
      const figures = spectrumFigures(handMadeSpectrum(singularValues, { rows, columns, variance, frobeniusNorm }));
      assert.ok(Math.abs(figures.effectiveRank! / effectiveRank - 1) < 1e-6, name);
      assert.ok(Math.abs(figures.stableRank! - (frobeniusNorm / singularValues[0]!) ** 2) < 1e-9);
      assert.ok(Math.abs(figures.marchenkoPastur!.edge - variance * (Math.sqrt(rows) + Math.sqrt(columns)) ** 2) < 1e-6);
    }
  });

  it('of independent weights have nothing beyond the edge, and a planted direction is seen', () => {
    const beyond = (name: string): number => {
      const { shape, singularValues, variance } = NUMPY_SPECTRA.cases[name]!;
      return spectrumFigures(handMadeSpectrum(singularValues, { rows: shape[0]!, columns: shape[1]!, variance })).marchenkoPastur!.beyond;
    };
    assert.deepEqual([beyond('tall'), beyond('wide'), beyond('spiked')], [0, 0, 1]);
  });

  it('of the top alone leave out what needs all values', () => {
    const figures = spectrumFigures(handMadeSpectrum(new Float64Array(64).fill(1), { rows: 5000, columns: 6000, isPartial: true, frobeniusNorm: 70 }));
    assert.deepEqual([figures.effectiveRank, figures.numericalRank, figures.smallest, figures.condition], [null, null, null, null]);
    assert.equal(figures.stableRank, 4900);
    assert.match(String(Object.values(figures.powerLaw)[0]), /only the 64 largest of 5000/);
  });

  it('say why no power law is fitted', () => {
    assert.match(reasonOf(Array.from({ length: 49 }, (_, i) => i + 1)), /^49 eigenvalues above zero, and a tail needs 50/);
    assert.match(reasonOf([...Array.from({ length: 40 }, (_, i) => i + 1), ...new Float64Array(60)]), /^40 eigenvalues above zero/);
    assert.match(reasonOf(new Float64Array(80).fill(1)), /all eigenvalues are equal/);
    assert.match(reasonOf(NUMPY_SPECTRA.cases['tall']!.singularValues), /no power law.* 0\.13 away/);
    assert.match(reasonOf(NUMPY_SPECTRA.cases['spiked']!.singularValues), /^fits: 4\.44/);
  });
});
