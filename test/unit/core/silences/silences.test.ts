import assert from 'node:assert/strict';
import { RULES } from '../../../../src/core/rules/index';
import type { Finding, Severity } from '../../../../src/core/rules/rule';
import { judge, thresholdsOf, unusedSilences } from '../../../../src/core/silences/policy';
import { readSilenceFile } from '../../../../src/core/silences/readSilenceFile';
import { thresholdContradiction } from '../../../../src/core/silences/thresholdOrder';

const FILE = '/work/.weightgram.json';
const MODEL = '/work/nets/a/model.json';

function finding(rule: string, name: string, severity: Severity = 'warning'): Finding {
  return { rule, severity, subject: { kind: 'tensor', name }, message: 'm', advice: 'a' };
}

function read(content: unknown) {
  return readSilenceFile(typeof content === 'string' ? content : JSON.stringify(content, null, 2), FILE);
}

function judged(content: unknown, findings: readonly Finding[], model = MODEL) {
  return judge(findings, model, { file: read(content), complaints: [] });
}

function names(findings: readonly Finding[]): string[] {
  return findings.map(({ rule, subject }) => `${rule} ${subject.name}`);
}

const FOUND = [
  finding('non-finite-values', 'out/kernel', 'error'),
  finding('extreme-spike', 'out/kernel'),
  finding('extreme-spike', 'in/kernel'),
  finding('heavy-tails', 'in/kernel', 'info'),
];

describe('silences', () => {
  it('hide a rule everywhere, in one model, or about one subject, and say by what', () => {
    const everywhere = judged({ silences: [{ rule: 'extreme-spike', reason: 'known' }] }, FOUND);
    assert.deepEqual(names(everywhere.findings), ['non-finite-values out/kernel', 'heavy-tails in/kernel']);
    assert.deepEqual(everywhere.silenced.map(({ by }) => by), [0, 0].map((index) => ({ kind: 'silence', path: FILE, index, reason: 'known' })));
    assert.deepEqual(names(judged({ silences: [{ rule: 'extreme-spike', model: 'nets/a/model.json' }] }, FOUND).findings).length, 2);
    assert.deepEqual(names(judged({ silences: [{ rule: 'extreme-spike', model: './nets\\a/model.json' }] }, FOUND).findings).length, 2);
    assert.equal(judged({ silences: [{ rule: 'extreme-spike', model: 'nets/b/model.json' }] }, FOUND).silenced.length, 0);
    assert.deepEqual(names(judged({ silences: [{ rule: 'extreme-spike', subject: 'in/kernel' }] }, FOUND).silenced.map((one) => one.finding)), ['extreme-spike in/kernel']);
  });

  it('never hide an error that nobody has looked at', () => {
    const wide = judged({ silences: [{ rule: 'non-finite-values' }] }, FOUND);
    assert.equal(wide.findings.length, FOUND.length);
    assert.match(wide.complaints[0]?.message ?? '', /\.weightgram\.json \(line 3, column 5\) silences\[0\] does not silence the errors of non-finite-values in \/work\/nets\/a\/model\.json/);
    assert.equal(judged({ silences: [{ rule: 'non-finite-values', subject: 'out/kernel' }] }, FOUND).silenced.length, 1);
    assert.equal(judged({ silences: [{ rule: 'non-finite-values', model: 'nets/a/model.json' }] }, FOUND).silenced.length, 1);
    assert.equal(judged({ silences: [{ rule: 'non-finite-values' }, { rule: 'non-finite-values', subject: 'out/kernel' }] }, FOUND).complaints.length, 0);
  });

  it('that are wrong show all findings, with a message that names file, place and remedy', () => {
    const cases: [unknown, RegExp][] = [
      ['{ "silences": [{ "rule": "extreme-spike" ]', /\.weightgram\.json \(line 1, column 42\) is not valid JSON: .*all findings show/],
      ['', /is not valid JSON|holds no JSON value/],
      ['[]', /must hold an object/],
      [`${'['.repeat(200_000)}`, /nested too deeply/],
      [{ silences: { rule: 'extreme-spike' } }, /"silences" must be a list/],
      [{ silence: [{ rule: 'extreme-spike' }] }, /no effect with its key "silence": did you mean "silences"\?$/],
      [{ silences: [{ rule: 'extreme-spik' }] }, /silences\[0\]: there is no rule "extreme-spik", so the entry silences nothing: did you mean "extreme-spike"\?$/],
      [{ silences: [{ rule: '*' }] }, /silences\[0\]: the pattern "\*" would hide/],
      [{ silences: [{ rule: 'extreme-spike', subjct: 'in/kernel' }] }, /silences\[0\] has an unknown key "subjct" and silences nothing: did you mean "subject"\?$/],
      [{ silences: [{ rule: 'extreme-spike', subject: '' }] }, /"subject" must be a text/],
      [{ silences: [{ rule: 'extreme-spike', model: 3 }] }, /"model" must be a text/],
      [{ silences: [{ model: 'nets/a/model.json' }] }, /names no "rule"/],
      [{ silences: ['extreme-spike'] }, /must be an object with a "rule"/],
      ['{ "silences": [], "silences": [{ "rule": "extreme-spike" }] }', /has a second "silences"/],
    ];
    for (const [content, message] of cases) {
      const { complaints } = read(content);
      assert.match(complaints[0]?.message ?? '', message);
      assert.ok(complaints[0]!.message.startsWith(`${FILE} (line `), complaints[0]!.message);
      assert.equal(complaints[0]!.severity, 'error');
      assert.equal(judged(content, FOUND).findings.length, FOUND.length, JSON.stringify(content));
    }
  });

  it('may have comments, trailing commas and a byte-order mark', () => {
    const file = read('\ufeff{\n  // why\n  "silences": [{ "rule": "extreme-spike" },],\n}\n');
    assert.deepEqual(file.complaints, []);
    assert.deepEqual(file.silences.map(({ rule, place }) => [rule, place.line]), [['extreme-spike', 3]]);
  });

  it('that contradict each other are told', () => {
    const messages = (content: unknown): string[] => read(content).complaints.map(({ severity, message }) => `${severity}: ${message}`);
    assert.match(messages({ silences: [{ rule: 'heavy-tails' }, { rule: 'heavy-tails' }] }).join(), /warning: .*silences\[1\] says the same as silences\[0\]/);
    const limits = { 'extreme-spike': { warningFrom: 10 } };
    assert.match(messages({ silences: [{ rule: 'extreme-spike' }], thresholds: limits }).join(), /sets thresholds for extreme-spike, and silences\[0\] silences that rule everywhere/);
    const accepted = [{ rule: 'extreme-spike', model: 'nets/a/model.json', subject: 'in/kernel', severity: 'warning' }];
    assert.match(messages({ baseline: accepted, thresholds: limits }).join(), /the baseline accepts 1 finding of that rule, which stays hidden/);
  });

  it('that match nothing are told once the models they are about were looked at', () => {
    const content = { silences: [{ rule: 'extreme-spike' }, { rule: 'extreme-spike', subject: 'gone' }, { rule: 'heavy-tails', model: 'nets/b/model.json' }] };
    const file = read(content);
    const unused = unusedSilences(file, new Map([[MODEL, judged(content, FOUND)]]));
    assert.equal(unused.length, 1);
    assert.match(unused[0]!.message, /line 6.*silences\[1\] matches nothing: there is no finding of extreme-spike about "gone"/);
    assert.deepEqual(unusedSilences(file, new Map()), []);
    const both = unusedSilences(file, new Map([[MODEL, judged(content, FOUND)], ['/work/nets/b/model.json', judged(content, [], '/work/nets/b/model.json')]]));
    assert.equal(both.length, 2);
  });
});

describe('thresholds of .weightgram.json', () => {
  it('go before those of the settings, name by name', () => {
    const file = read({ thresholds: { 'extreme-spike': { warningFrom: 10 } } });
    assert.deepEqual(file.complaints, []);
    assert.deepEqual(thresholdsOf({ file, complaints: [] }, { 'extreme-spike': { warningFrom: 30, errorFrom: 200 }, 'heavy-tails': { x: 1 } }), {
      'extreme-spike': { warningFrom: 10, errorFrom: 200 }, 'heavy-tails': { x: 1 },
    });
  });

  it('that contradict those of the settings stand alone, and the settings where the file says nothing of the rule', () => {
    const file = read({ thresholds: { 'extreme-spike': { warningFrom: 90 } } });
    assert.deepEqual(thresholdsOf({ file, complaints: [] }, { 'extreme-spike': { errorFrom: 50 } }), { 'extreme-spike': { warningFrom: 90 } });
    assert.deepEqual(thresholdsOf({ file, complaints: [] }, { 'extreme-spike': { errorFrom: 95 } }), { 'extreme-spike': { warningFrom: 90, errorFrom: 95 } });
  });

  it('of no rule contradict each other as they are', () => {
    for (const { id } of RULES) assert.equal(thresholdContradiction(id, {}), undefined, id);
  });

  it('that are wrong have no effect and say so', () => {
    const cases: [unknown, RegExp][] = [
      [{ 'extreme-spike': { warningFrom: -1e9 } }, /thresholds\.extreme-spike\.warningFrom must lie between .* and .* \(.+\), and −1e9 does not: it is ignored/],
      [{ 'extreme-spike': { warningFrom: 1e12 } }, /must lie between/],
      [{ 'extreme-spike': { warningFrom: '10' } }, /must be a number/],
      [{ 'extreme-spike': { warningFrm: 10 } }, /has no "warningFrm", so nothing is set: did you mean "warningFrom"\?$/],
      [{ 'extreme-spike': { toString: 10 } }, /has no "toString"/],
      [{ 'extreme-spike': 10 }, /must be an object of names and numbers/],
      [{ 'extreme-spice': { warningFrom: 10 } }, /there is no rule "extreme-spice", so nothing is set: did you mean "extreme-spike"\?$/],
      [[], /"thresholds" must be an object/],
      [{ 'extreme-spike': { warningFrom: 300 } }, /thresholds\.extreme-spike: warningFrom \(300\) lies above errorFrom \(200\), which would hide what is graver\. None of them is set\.$/],
    ];
    for (const [thresholds, message] of cases) {
      const file = read({ thresholds });
      assert.match(file.complaints[0]?.message ?? '', message);
      assert.deepEqual(thresholdsOf({ file, complaints: [] }), {}, JSON.stringify(thresholds));
    }
  });
});
