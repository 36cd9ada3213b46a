import assert from 'node:assert/strict';
import { LINEAR, niceStep, stepLabel, symlog, ticks } from '../../../src/webview/scale';

describe('symlog', () => {
  const scale = symlog(0.01);

  it('is its own inverse, keeps signs and grows', () => {
    let last = -Infinity;
    for (const value of [-1e6, -3, -0.01, -1e-9, 0, 1e-9, 0.02, 7, 1e8]) {
      const position = scale.to(value);
      assert.ok(position > last);
      assert.ok(Math.abs(scale.from(position) - value) <= Math.abs(value) * 1e-6 + 1e-15, `${value}`);
      last = position;
    }
    assert.equal(scale.to(0), 0);
    assert.equal(scale.to(-5), -scale.to(5));
  });

  it('is nearly linear within its threshold and logarithmic far out', () => {
    assert.ok(Math.abs(scale.to(0.002) / scale.to(0.001) - 2) < 0.1);
    assert.ok(Math.abs(scale.to(1e6) - scale.to(1e5) - 1) < 1e-6);
  });
});

describe('niceStep', () => {
  it('is 1, 2, 2.5 or 5 times a power of ten, and not smaller than asked', () => {
    for (const [step, nice] of [[0.011, 0.02], [0.02, 0.02], [0.021, 0.025], [3, 5], [70, 100], [1e-9, 1e-9]] as const) assert.equal(niceStep(step), nice);
  });
});

describe('ticks', () => {
  it('are round numbers in the range', () => {
    assert.deepEqual(ticks(LINEAR, -0.43, 0.61, 6).map(({ label }) => label), ['−0.4', '−0.2', '0', '0.2', '0.4', '0.6']);
  });

  it('of a symlog axis are powers of ten around zero that keep their distance', () => {
    const scale = symlog(0.01);
    const found = ticks(scale, -50, 1000, 8);
    assert.ok(found.some(({ label }) => label === '0'));
    for (let i = 1; i < found.length; i++) assert.ok(found[i]!.position - found[i - 1]!.position >= (scale.to(1000) - scale.to(-50)) / 8 - 1e-9);
    assert.ok(found.every(({ position }) => position >= scale.to(-50) && position <= scale.to(1000)));
  });

  it('of a short stretch of a symlog axis are even steps', () => {
    const found = ticks(symlog(0.01), 3.1, 3.9, 5);
    assert.ok(found.length >= 2);
    assert.ok(found.every(({ label }) => /^3\./.test(label)));
  });

  it('of a single value is that value', () => {
    assert.equal(ticks(LINEAR, 2, 2, 5).length, 1);
  });
});

describe('stepLabel', () => {
  it('has the digits that tell neighbours apart', () => {
    assert.equal(stepLabel(1.2341, 0.0001), '1.2341');
    assert.equal(stepLabel(-0.025, 0.025), '−0.025');
    assert.equal(stepLabel(3e-9, 1e-9), '3e−9');
    assert.equal(stepLabel(2.5e7, 5e6), '2.5e7');
    assert.equal(stepLabel(0, 1), '0');
  });
});
