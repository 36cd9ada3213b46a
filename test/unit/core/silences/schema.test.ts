import assert from 'node:assert/strict';
import Ajv from 'ajv';
import { silenceSchema } from '../../../../scripts/ruleSettings';
import { readSilenceFile } from '../../../../src/core/silences/readSilenceFile';
import { withBaseline, withSilence } from '../../../../src/core/silences/writeSilences';

const validate = new Ajv({ strict: false }).compile(silenceSchema());

describe('the schema of .weightgram.json', () => {
  it('accepts what we write', () => {
    const text = withBaseline(withSilence(withSilence(undefined, '/x', { rule: 'heavy-tails', model: 'm.json' }), '/x', { rule: 'extreme-spike', subject: 's', reason: 'r' }), '/x', 'b.json');
    assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
    const inline = withBaseline(undefined, '/x', [{ rule: 'heavy-tails', model: 'm.json', subject: 's', severity: 'info' }]);
    assert.ok(validate(JSON.parse(inline)), JSON.stringify(validate.errors));
  });

  it('and the reader find the same mistakes', () => {
    const cases: [unknown, boolean][] = [
      [{}, true],
      [{ silences: [{ rule: 'heavy-tails' }], thresholds: { 'extreme-spike': { warningFrom: 10 } } }, true],
      [{ silences: [{ rule: '*' }] }, false],
      [{ silences: [{ rule: 'no-such-rule' }] }, false],
      [{ silences: [{ rule: 'heavy-tails', subjct: 'x' }] }, false],
      [{ silences: [{ subject: 'x' }] }, false],
      [{ silences: {} }, false],
      [{ silence: [] }, false],
      [{ baseline: 3 }, false],
      [{ baseline: [{ rule: 'heavy-tails' }] }, false],
      [{ thresholds: { 'extreme-spike': { warningFrom: -1e9 } } }, false],
      [{ thresholds: { 'extreme-spike': { warningFrom: '10' } } }, false],
      [{ thresholds: { 'extreme-spike': { wrong: 10 } } }, false],
      [{ thresholds: { 'no-such-rule': {} } }, false],
      [[], false],
    ];
    for (const [content, isGood] of cases) {
      assert.equal(validate(content), isGood, `schema: ${JSON.stringify(content)}`);
      assert.equal(readSilenceFile(JSON.stringify(content), '/x').complaints.length === 0, isGood, `reader: ${JSON.stringify(content)}`);
    }
  });
});
