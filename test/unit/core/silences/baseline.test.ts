import assert from 'node:assert/strict';
import type { Finding, Severity } from '../../../../src/core/rules/rule';
import { acceptFindings } from '../../../../src/core/silences/acceptFindings';
import type { WritablePolicyFiles } from '../../../../src/core/silences/acceptFindings';
import { findPolicy } from '../../../../src/core/silences/findPolicy';
import { judge } from '../../../../src/core/silences/policy';
import { readBaseline } from '../../../../src/core/silences/readBaseline';
import { readSilenceFile } from '../../../../src/core/silences/readSilenceFile';
import { withSilence } from '../../../../src/core/silences/writeSilences';

const MODEL = '/team/repo/nets/a/model.json';
const OTHER = '/team/repo/nets/b/model.json';

function finding(rule: string, name: string, severity: Severity): Finding {
  return { rule, severity, subject: { kind: 'tensor', name }, message: `${Math.random()}`, advice: 'a' };
}

/** A file system in memory whose repository is /team/repo. */
function memory(contents: Record<string, string> = {}, baseline?: string): WritablePolicyFiles & { readonly all: Map<string, string> } {
  const all = new Map(Object.entries(contents));
  return {
    all,
    readText: (path) => Promise.resolve(all.get(path)),
    writeText: async (path, text) => void all.set(path, text),
    isTop: (folder) => folder === '/team/repo',
    ...(baseline !== undefined && { baseline }),
  };
}

async function judged(path: string, findings: readonly Finding[], files: WritablePolicyFiles) {
  const policy = await findPolicy(path, files);
  return { path, policy, judgement: judge(findings, path, policy) };
}

describe('.weightgram.json', () => {
  it('is the nearest one, up to the top folder and no further', async () => {
    const near = JSON.stringify({ silences: [{ rule: 'heavy-tails' }] });
    const files = memory({ '/team/repo/nets/.weightgram.json': near, '/team/repo/.weightgram.json': '{}', '/team/.weightgram.json': near });
    assert.equal((await findPolicy(MODEL, files)).file?.path, '/team/repo/nets/.weightgram.json');
    files.all.delete('/team/repo/nets/.weightgram.json');
    assert.equal((await findPolicy(MODEL, files)).file?.path, '/team/repo/.weightgram.json');
    files.all.delete('/team/repo/.weightgram.json');
    assert.deepEqual(await findPolicy(MODEL, files), { complaints: [] });
  });

  it('is found on Windows too', async () => {
    const files = memory({ 'C:\\repo\\.weightgram.json': JSON.stringify({ silences: [{ rule: 'heavy-tails', model: 'nets/model.json' }] }) });
    const { judgement } = await judged('C:\\repo\\nets\\model.json', [finding('heavy-tails', 'k', 'info')], files);
    assert.equal(judgement.silenced.length, 1);
  });

  it('that cannot be read is complained about, and hides nothing', async () => {
    const files = { ...memory(), readText: () => Promise.reject(new Error('no permission.')) };
    const { complaints, file } = await findPolicy(MODEL, files);
    assert.equal(file, undefined);
    assert.match(complaints[0]!.message, /\/team\/repo\/nets\/a\/\.weightgram\.json .* cannot be read, so all findings show: no permission\.$/);
  });

  it('keeps comments and all else when an entry is added', () => {
    const add = (text: string | undefined): string => withSilence(text, '/x/.weightgram.json', { rule: 'extreme-spike', subject: 'a "b"' });
    const entry = '{ "rule": "extreme-spike", "subject": "a \\"b\\"" }';
    const cases: [string | undefined, string][] = [
      ['{\n\t// ours\n\t"thresholds": { "x": {} },\n\t"silences": [\n\t\t{ "rule": "heavy-tails" } // old\n\t]\n}\n', `{\n\t// ours\n\t"thresholds": { "x": {} },\n\t"silences": [\n\t\t{ "rule": "heavy-tails" }, // old\n\t\t${entry}\n\t]\n}\n`],
      ['{ "silences": [{"rule":"heavy-tails"}] }', `{ "silences": [{"rule":"heavy-tails"}, ${entry}] }`],
      ['{\r\n  "silences": [\r\n    {"rule":"heavy-tails"},\r\n  ]\r\n}', `{\r\n  "silences": [\r\n    {"rule":"heavy-tails"},\r\n    ${entry},\r\n  ]\r\n}`],
      ['{\n  "silences": []\n}\n', `{\n  "silences": [\n    ${entry}\n  ]\n}\n`],
      ['{\n  "thresholds": { "extreme-spike": { "warningFrom": 10 } } /* ours */\n}\n', `{\n  "thresholds": { "extreme-spike": { "warningFrom": 10 } }, /* ours */\n  "silences": [\n    ${entry}\n  ]\n}\n`],
      ['{}', `{\n  "silences": [\n    ${entry}\n  ]\n}`],
      [undefined, `{\n  "silences": [\n    ${entry}\n  ]\n}\n`],
      ['  \n', `{\n  "silences": [\n    ${entry}\n  ]\n}\n`],
    ];
    for (const [text, expected] of cases) {
      assert.equal(add(text), expected);
      assert.equal(add(expected), expected, 'an entry is added once');
      assert.deepEqual(readSilenceFile(expected, '/x').silences.at(-1)?.subject, 'a "b"');
    }
    assert.throws(() => withSilence('{ "silences": [', '/x/.weightgram.json', { rule: 'heavy-tails' }), /line 1.*Nothing was written into it\./);
  });
});

describe('a baseline', () => {
  const before = [finding('non-finite-values', 'out/kernel', 'error'), finding('extreme-spike', 'in/kernel', 'warning')];

  it('accepts what is there now, and shows what is new or graver', async () => {
    const files = memory();
    const [written] = await acceptFindings([await judged(MODEL, before, files)], files);
    assert.deepEqual([written?.path, written?.accepted.length, written?.models], ['/team/repo/.weightgram-baseline.json', 2, 1]);
    assert.equal(files.all.get('/team/repo/.weightgram.json'), '{\n  "baseline": ".weightgram-baseline.json"\n}\n');
    const later = [
      finding('non-finite-values', 'out/kernel', 'error'),
      finding('extreme-spike', 'in/kernel', 'error'),
      finding('extreme-spike', 'new/kernel', 'warning'),
    ];
    const { judgement } = await judged(MODEL, later, files);
    assert.deepEqual(judgement.findings, later.slice(1));
    assert.deepEqual(judgement.silenced.map(({ by }) => by.kind), ['baseline']);
    assert.equal((await judged(MODEL, [finding('extreme-spike', 'in/kernel', 'info')], files)).judgement.findings.length, 0, 'what became milder stays accepted');
    assert.equal((await judged(OTHER, before, files)).judgement.findings.length, 2, 'another model was not accepted');
  });

  it('holds no figures, a line a finding, in an order that does not depend on the run', async () => {
    const texts = await Promise.all([before, [...before].reverse()].map(async (findings) => {
      const files = memory();
      await acceptFindings([await judged(MODEL, findings, files)], files);
      return files.all.get('/team/repo/.weightgram-baseline.json')!;
    }));
    assert.equal(texts[0], texts[1]);
    assert.equal(texts[0], [
      '{', '  "accepted": [',
      '    { "rule": "non-finite-values", "model": "nets/a/model.json", "subject": "out/kernel", "severity": "error" },',
      '    { "rule": "extreme-spike", "model": "nets/a/model.json", "subject": "in/kernel", "severity": "warning" }',
      '  ]', '}', '',
    ].join('\n'));
  });

  it('keeps what was accepted of other models, and forgets what is mended', async () => {
    const files = memory();
    await acceptFindings([await judged(MODEL, before, files), await judged(OTHER, before, files)], files);
    await acceptFindings([await judged(MODEL, before.slice(0, 1), files)], files);
    const { baseline } = readBaseline(files.all.get('/team/repo/.weightgram-baseline.json')!, '/b');
    assert.deepEqual(baseline.accepted.map(({ model, rule }) => `${model} ${rule}`), [
      'nets/a/model.json non-finite-values', 'nets/b/model.json non-finite-values', 'nets/b/model.json extreme-spike',
    ]);
  });

  it('may stand in .weightgram.json itself', async () => {
    const files = memory({ '/team/repo/.weightgram.json': '{\n  // ours\n  "baseline": []\n}\n' });
    await acceptFindings([await judged(MODEL, before, files)], files);
    const text = files.all.get('/team/repo/.weightgram.json')!;
    assert.match(text, /\/\/ ours/);
    assert.equal((await judged(MODEL, before, files)).judgement.findings.length, 0);
    assert.deepEqual([...files.all.keys()], ['/team/repo/.weightgram.json']);
  });

  it('of another place has its models relative to that place', async () => {
    const files = memory({}, '/team/ci/accepted.json');
    await acceptFindings([await judged(MODEL, before, files)], files);
    assert.deepEqual([...files.all.keys()], ['/team/ci/accepted.json']);
    assert.match(files.all.get('/team/ci/accepted.json')!, /"model": "\.\.\/repo\/nets\/a\/model\.json"/);
    assert.equal((await judged(MODEL, before, files)).judgement.findings.length, 0);
  });

  it('never overwrites a file that is none', async () => {
    for (const text of ['{ "name": "mine" }', '{ broken', '[1]']) {
      const files = memory({ '/team/repo/.weightgram.json': '{ "baseline": "package.json" }', '/team/repo/package.json': text });
      const model = await judged(MODEL, before, files);
      assert.equal(model.judgement.findings.length, 2);
      await assert.rejects(acceptFindings([model], files), /package\.json.*It was not overwritten/);
      assert.equal(files.all.get('/team/repo/package.json'), text);
    }
  });

  it('writes nothing at all where .weightgram.json is broken', async () => {
    const files = memory({ '/team/repo/.weightgram.json': '{ "silences": [' });
    await assert.rejects(async () => acceptFindings([await judged(MODEL, before, files)], files), /Nothing was written into it/);
    assert.equal(files.all.size, 1);
  });

  it('that leaves the folder is refused, and one that is missing accepts nothing', async () => {
    for (const path of ['../../etc/passwd', '/etc/passwd', 'C:\\x', '..\\x', '']) {
      const { complaints, baseline } = await findPolicy(MODEL, memory({ '/team/repo/.weightgram.json': JSON.stringify({ baseline: path }) }));
      assert.match(complaints[0]?.message ?? '', /must be a path below the folder/, path);
      assert.equal(baseline, undefined);
    }
    const missing = await findPolicy(MODEL, memory({ '/team/repo/.weightgram.json': '{ "baseline": "gone.json" }' }));
    assert.match(missing.complaints[0]!.message, /\.weightgram\.json \(line 1, column 15\) names the baseline \/team\/repo\/gone\.json, which is not there: nothing is accepted/);
  });

  it('tells of entries that are wrong and takes the others', () => {
    const entry = { rule: 'heavy-tails', model: 'm.json', subject: 's', severity: 'info' };
    const { baseline, complaints } = readBaseline(JSON.stringify({ accepted: [entry, { ...entry, rule: 'no' }, { ...entry, severity: 'bad' }, { rule: 'heavy-tails' }, 7] }), '/b.json');
    assert.equal(baseline.accepted.length, 1);
    assert.deepEqual(complaints.map(({ message }) => /accepted\[(\d)\]/.exec(message)?.[1]), ['1', '2', '3', '4']);
  });
});
