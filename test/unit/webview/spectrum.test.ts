import assert from 'node:assert/strict';
import { eigenvalueBins } from '../../../src/core/statistics/eigenvalueBins';
import { summaryOf } from '../../../src/core/statistics/spectrumSummary';
import type { SpectrumSummary } from '../../../src/core/statistics/spectrumSummary';
import { logTicks, SPECTRUM_CHARTS, spectrumFigure } from '../../../src/webview/spectrumChart';
import { marchenkoPasturCurve, powerLawCurve, powerLawRanks } from '../../../src/webview/spectrumCurves';
import { spectrumGroups, spectrumSentence } from '../../../src/webview/spectrumFigures';
import { handMadeSpectrum, NUMPY_SPECTRA } from '../../support/spectrumData';
import { THEME } from './support';

function numpySummary(name: string): SpectrumSummary {
  const { shape, singularValues, variance, frobeniusNorm } = NUMPY_SPECTRA.cases[name]!;
  return summaryOf(handMadeSpectrum(singularValues, { rows: shape[0]!, columns: shape[1]!, variance, frobeniusNorm }));
}

/** The area below a curve of values per bin. */
function total({ x, y }: { readonly x: readonly number[]; readonly y: readonly number[] }, width: number): number {
  return y.reduce((sum, value, i) => sum + (i === 0 ? 0 : ((value + y[i - 1]!) / 2) * ((x[i]! - x[i - 1]!) / width)), 0);
}

const text = (spectrum: SpectrumSummary, key: string): string => spectrumGroups(spectrum).flatMap(({ rows }) => rows).find((row) => row.key === key)!.text;

describe('the chart of a spectrum', () => {
  it('counts every eigenvalue once', () => {
    for (const name of Object.keys(NUMPY_SPECTRA.cases)) {
      const spectrum = numpySummary(name);
      const { edges, counts, below } = eigenvalueBins(spectrum);
      assert.equal(edges.length, counts.length + 1);
      assert.equal(counts.reduce((sum, count) => sum + count, below), spectrum.singularValues.length, name);
    }
  });

  it('shows equal values as one bar, leaves out what is rounding, and has nothing of zeros', () => {
    const equal = eigenvalueBins({ singularValues: new Array<number>(60).fill(2) });
    assert.deepEqual(equal.counts.filter((count) => count > 0), [60]);
    assert.equal(eigenvalueBins({ singularValues: [1, 0.5, 1e-9, 0] }).below, 2);
    assert.deepEqual(eigenvalueBins({ singularValues: [0, 0] }), { edges: [], counts: [], below: 2 });
  });

  it('draws as many eigenvalues for independent weights as there are, and ends at the edge', () => {
    const spectrum = numpySummary('tall');
    const curve = marchenkoPasturCurve(spectrum, 0.05)!;
    assert.ok(Math.abs(total(curve, 0.05) - 120) < 1, `${total(curve, 0.05)}`);
    assert.ok(Math.abs(10 ** curve.x.at(-1)! / spectrum.marchenkoPastur!.edge - 1) < 1e-9);
  });

  it('draws the fitted tail with as many eigenvalues as it has, in both charts', () => {
    const spectrum = numpySummary('spiked');
    assert.ok(!('notApplicable' in spectrum.powerLaw));
    const { tail, xMin, alpha } = spectrum.powerLaw;
    const area = total(powerLawCurve(spectrum, 0.05)!, 0.05);
    const expected = tail * (1 - (spectrum.spectralNorm ** 2 / xMin) ** (1 - alpha));
    assert.ok(Math.abs(area - expected) < 0.05, `${area} is not ${expected}`);
    assert.ok(Math.abs(powerLawRanks(spectrum)!.y[1]! - Math.log10(xMin) / 2) < 1e-9);
    assert.equal(powerLawCurve(numpySummary('tall'), 0.05), undefined);
  });

  it('is a figure of finite numbers for every spectrum, wide or narrow', () => {
    const odd = [new Array<number>(30).fill(0), [5], [1, 0], new Array<number>(70).fill(3)].map((values) => summaryOf(handMadeSpectrum(values)));
    for (const spectrum of [...Object.keys(NUMPY_SPECTRA.cases).map(numpySummary), ...odd]) {
      for (const chart of SPECTRUM_CHARTS) {
        for (const width of [240, 900]) {
          const { data, layout, label } = spectrumFigure({ tensorName: 'a/kernel', spectrum, chart, width, height: 200, theme: THEME });
          for (const trace of data) assert.ok([...trace.x, ...trace.y].every((value) => Number.isFinite(value)), trace.name);
          for (const axis of [layout.xaxis, layout.yaxis]) assert.ok(axis.range.every(Number.isFinite) && axis.range[1] > axis.range[0]);
          assert.match(label, /singular value/);
        }
      }
    }
  });

  it('marks what lies beyond the edge', () => {
    const { data } = spectrumFigure({ tensorName: 'a/kernel', spectrum: numpySummary('spiked'), chart: 'values', width: 600, height: 200, theme: THEME });
    const markers = data.find(({ name }) => name === 'singular values')!;
    assert.deepEqual(markers.customdata!.map((words) => /beyond/.test(words)).slice(0, 3), [true, false, false]);
  });

  it('has ticks at round numbers, however narrow the range', () => {
    assert.deepEqual(logTicks([-2.1, 2.1], 9).map(({ label }) => label), ['0.01', '0.1', '1', '10', '100']);
    assert.ok(logTicks([1.6, 1.9], 6).length >= 2);
    assert.ok(logTicks([0, 12], 4).length <= 5);
  });

  it('says in words what does not apply', () => {
    assert.equal(text(numpySummary('tall'), 'alpha'), 'not applicable');
    assert.match(spectrumSentence(numpySummary('tall'), 0), /No direction stands out.*no power law/);
    const partial = summaryOf(handMadeSpectrum(new Float64Array(64).fill(2), { rows: 5000, columns: 6000, isPartial: true, frobeniusNorm: 100 }));
    assert.equal(text(partial, 'effectiveRank'), 'needs all singular values');
    assert.match(spectrumSentence(partial, 0), /Only the 64 largest of 5\s?000/);
    assert.equal(text(summaryOf(handMadeSpectrum([2, 1, 0])), 'condition'), '∞');
  });
});
