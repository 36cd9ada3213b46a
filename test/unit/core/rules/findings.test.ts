import assert from 'node:assert/strict';
import { findingsOf, RULES } from '../../../../src/core/rules/index';
import { SEVERITIES } from '../../../../src/core/rules/rule';
import { analysisOf, findingsOfTensors, normals } from '../../../support/handMade';

const constant = (name: string) => ({ name, shape: [8, 8], values: new Float32Array(64).fill(1) });
const zero = (name: string) => ({ name, shape: [8, 8], values: new Float32Array(64) });

describe('findings', () => {
  it('come by severity and then in model order', () => {
    const findings = findingsOfTensors([constant('first/kernel'), zero('second/kernel'), zero('third/bias'), constant('fourth/kernel'), zero('fifth/kernel')]);
    assert.deepEqual(findings.map(({ severity, subject }) => `${severity} ${subject.name}`), [
      'error second/kernel', 'error fifth/kernel', 'warning first/kernel', 'warning fourth/kernel', 'info third/bias',
    ]);
  });

  it('name every tensor that could not be read, by the header or by the engine', () => {
    const { findings } = analysisOf({
      tensors: [{ name: 'a/kernel', shape: [2, 2], unreadable: 'a.bin is missing. Put it beside model.json.' }, { name: 'b/kernel', shape: [2, 2] }, { name: 'c/kernel', shape: [2, 2], values: [1, 2, 3, 4] }],
      failures: new Map([[1, 'b.bin ends early.']]),
    });
    assert.deepEqual(findings.map(({ rule, subject, message }) => [rule, subject.name, message]), [
      ['unreadable-tensor', 'a/kernel', 'a.bin is missing. Put it beside model.json.'],
      ['unreadable-tensor', 'b/kernel', 'b.bin ends early.'],
    ]);
  });

  it('say first when nothing at all could be read', () => {
    const { findings } = analysisOf({ tensors: [{ name: 'a/kernel', unreadable: 'x' }, { name: 'b/bias', unreadable: 'x' }, { name: 'shape', role: 'constant', values: [1] }] });
    assert.deepEqual(findings.map(({ subject }) => subject.kind), ['model', 'tensor', 'tensor']);
    assert.match(findings[0]!.message, /None of the 2 weight tensors/);
  });

  it('say nothing of tensors that have not been read yet', () => {
    const { model } = analysisOf({ tensors: [{ name: 'a/kernel', shape: [2, 2] }] });
    assert.deepEqual(findingsOf(model, new Map(), new Map()), []);
  });

  it('carry what the format found inconsistent, but not twice', () => {
    const { findings } = analysisOf({
      tensors: [{ name: 'a/kernel', unreadable: 'a.bin is missing' }, { name: 'b/kernel', values: normals(4) }],
      problems: [
        { message: 'a.bin is missing', remedy: 'Fetch it.', tensor: 0 },
        { message: 'model.bin has 12 bytes more than the manifest describes.', remedy: 'Convert the model again.' },
        { message: 'b/kernel stands there twice.', remedy: 'Rename one.', tensor: 1 },
      ],
    });
    assert.deepEqual(findings.filter(({ rule }) => rule === 'inconsistent-data').map(({ subject, advice }) => [subject.kind, subject.name, advice]), [
      ['model', 'model.json', 'Convert the model again.'],
      ['tensor', 'b/kernel', 'Rename one.'],
    ]);
  });

  it('use the near-zero ratio that the statistics were made with', () => {
    const { model, statistics } = analysisOf({ tensors: [{ name: 'a/kernel', shape: [32, 32], values: normals(1024) }] });
    const wide = new Map([...statistics].map(([index, figures]) => [index, { ...figures, nearZeros: 800 }]));
    const [finding] = findingsOf(model, wide, new Map(), { nearZeroRatio: 0.25 });
    assert.match(finding?.message ?? '', /\(25\u2009% of the largest\)/);
  });

  it('never fall silent all together: no rule yields to one that yields to it in the end', () => {
    const yieldsTo = new Map(RULES.map((rule) => [rule.id, rule.yieldsTo ?? []]));
    const reached = (id: string, from: readonly string[], seen: Set<string>): boolean =>
      from.some((next) => next === id || (!seen.has(next) && reached(id, yieldsTo.get(next) ?? [], seen.add(next))));
    for (const [id, others] of yieldsTo) assert.equal(reached(id, others, new Set()), false, id);
  });

  it('say a fault once: the rule that says more of it speaks about the same subject, the other about all else', () => {
    const spiky = normals(4608, 0.05);
    spiky[7] = 1e9;
    const rules = (name: string): string[] => findingsOfTensors([
      { name: 'a/kernel', shape: [3, 3, 16, 32], values: spiky },
      { name: 'b/kernel', shape: [3, 3, 16, 32], values: spiky.map((value, i) => (i === 7 ? 4 : value)) },
    ]).filter(({ subject }) => subject.name === name).map(({ rule }) => rule).filter((id) => ['absurd-magnitude', 'extreme-spike'].includes(id));
    assert.deepEqual(rules('a/kernel'), ['absurd-magnitude']);
    assert.deepEqual(rules('b/kernel'), ['extreme-spike']);
  });

  it('come only from rules with unique kebab-case ids and a known severity', () => {
    const ids = RULES.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id, severity, why, whenNormal } of RULES) {
      assert.match(id, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      assert.ok(SEVERITIES.includes(severity));
      for (const sentence of [why, whenNormal]) assert.match(sentence, /^[A-Z].{20,}\.$/);
    }
  });
});
