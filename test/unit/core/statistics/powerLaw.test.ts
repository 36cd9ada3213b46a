import assert from 'node:assert/strict';
import { fitPowerLaw } from '../../../../src/core/statistics/powerLaw';
import { uniform } from '../../../support/handMade';
import { NUMPY_SPECTRA } from '../../../support/spectrumData';

describe('the power law of a tail', () => {
  for (const [name, { singularValues, powerlaw, fit }] of Object.entries(NUMPY_SPECTRA.cases)) {
    it(`of ${name} is that of the Python package powerlaw`, () => {
      const found = fitPowerLaw(Float64Array.from(singularValues, (value) => value * value).sort())!;
      assert.ok(Math.abs(found.alpha - powerlaw.alpha) < 1e-6 * powerlaw.alpha, `${found.alpha} ${powerlaw.alpha}`);
      assert.ok(Math.abs(found.distance - powerlaw.distance) < 1e-6);
      assert.ok(Math.abs(found.xMin / powerlaw.xMin - 1) < 1e-9);
      assert.equal(found.tail, fit.tail);
      assert.ok(Math.abs(found.alpha - fit.alpha) < 1e-6 * fit.alpha);
    });
  }

  it('finds the exponent and the begin of a made one', () => {
    const random = uniform(11);
    const tail = Array.from({ length: 3000 }, () => 5 * (1 - random()) ** (-1 / 2));
    const body = Array.from({ length: 2000 }, () => 5 * random());
    const found = fitPowerLaw(Float64Array.from([...tail, ...body]).sort())!;
    assert.ok(Math.abs(found.alpha - 3) < 0.1, `${found.alpha}`);
    assert.ok(found.xMin > 4 && found.xMin < 6.5, `${found.xMin}`);
    assert.ok(found.distance < 0.03);
  });

  it('is none of equal values', () => {
    assert.equal(fitPowerLaw(new Float64Array(60).fill(2)), undefined);
    assert.equal(fitPowerLaw(new Float64Array(0)), undefined);
  });
});
