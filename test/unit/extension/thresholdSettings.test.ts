import assert from 'node:assert/strict';
import { RULES } from '../../../src/core/rules/index';
import { readThresholds } from '../../../src/extension/thresholdSettings';

const spike = RULES.find(({ id }) => id === 'extreme-spike')!;
const [name, threshold] = Object.entries(spike.thresholds!)[0]!;
const id = `weightgram.rules.extreme-spike.${name}`;

describe('thresholds in the settings', () => {
  it("are only those that differ from the rules' own", () => {
    assert.deepEqual(readThresholds(() => undefined), { thresholds: {}, problems: [] });
    assert.deepEqual(readThresholds((setting) => (setting === id ? threshold.default : undefined)).thresholds, {});
    const set = (threshold.minimum + threshold.default) / 2;
    assert.deepEqual(readThresholds((setting) => (setting === id ? set : undefined)), { thresholds: { 'extreme-spike': { [name]: set } }, problems: [] });
  });

  it('that contradict each other are not used', () => {
    const { thresholds, problems } = readThresholds((setting) => (setting === 'weightgram.rules.extreme-spike.errorFrom' ? 5 : undefined));
    assert.deepEqual(thresholds, {});
    assert.match(problems[0]?.message ?? '', /^In the settings weightgram\.rules\.extreme-spike, warningFrom \(20\) lies above errorFrom \(5\), which would hide what is graver\. The rule's own are used\.$/);
  });

  it("that cannot be used give way to the rule's own, with a sentence that says so", () => {
    for (const value of ['10', NaN, null, {}, threshold.maximum * 2, threshold.minimum - 1]) {
      const { thresholds, problems } = readThresholds((setting) => (setting === id ? value : undefined));
      assert.deepEqual(thresholds, {}, JSON.stringify(value));
      if (value === null) continue;
      assert.equal(problems[0]?.setting, id, JSON.stringify(value));
      assert.match(problems[0]?.message ?? '', new RegExp(`^The setting ${id.replaceAll('.', '\\.')} must .*\\. The rule's own .* is used\\.$`));
    }
  });
});
