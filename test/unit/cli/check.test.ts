import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Ajv from 'ajv';
import type { ValidateFunction } from 'ajv';
import { writePlantedModel, writeSmallDetector } from '../../../scripts/tinyModels';
import type { CheckReport } from '../../../src/cli/checkJson';
import { USAGE } from '../../../src/cli/options';
import type { Report } from '../../../src/core/report';
import { RULES } from '../../../src/core/rules/index';
import { runCli } from '../../support/cliProcess';
import { ROOT } from '../../support/paths';

interface SarifLog {
  readonly runs: readonly [{
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string; readonly helpUri: string }[] } };
    readonly invocations: readonly [{ readonly executionSuccessful: boolean; readonly toolExecutionNotifications: readonly { readonly message: { readonly text: string } }[]; readonly toolConfigurationNotifications: readonly unknown[] }];
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly partialFingerprints: Readonly<Record<string, string>>;
      readonly locations: readonly [{
        readonly physicalLocation: { readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string }; readonly region: { readonly startLine: number; readonly startColumn: number; readonly endLine: number; readonly endColumn: number } };
        readonly logicalLocations: readonly [{ readonly name: string; readonly fullyQualifiedName: string; readonly kind: string }];
      }];
    }[];
    readonly properties: { readonly silenced: number };
  }];
}

/** The schema of the standard, as Microsoft publishes it. It is draft 4, and uses nothing that later drafts read otherwise but `id`. */
function sarifValidator(): ValidateFunction {
  const file = path.join(ROOT, 'node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
  const { $schema, id, ...schema } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  assert.match(`${String($schema)} ${String(id)}`, /draft-04.* .*sarif-2\.1\.0/);
  const isUri = (text: string): boolean => URL.canParse(text);
  const formats = { uri: isUri, 'uri-reference': (text: string) => URL.canParse(text, 'file:///base/') && !/[\s\\]/.test(text), 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) };
  // One of its patterns is none with the flag u.
  return new Ajv({ strict: false, allErrors: true, unicodeRegExp: false, formats }).compile(schema);
}

describe('weightgram check', () => {
  const validate = sarifValidator();
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-check-'));
    mkdirSync(path.join(folder, '.git'));
    writePlantedModel(path.join(folder, 'planted'));
    writeSmallDetector(path.join(folder, 'a b'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const check = (...args: string[]) => runCli(['check', ...args, '--no-cache'], { cwd: folder });

  async function report(...args: string[]): Promise<CheckReport & { readonly code: number | null }> {
    const { code, stdout } = await check('--format', 'json', ...args);
    return { ...(JSON.parse(stdout) as CheckReport), code };
  }

  async function sarif(...args: string[]): Promise<SarifLog> {
    const { stdout } = await check('--format', 'sarif', ...args);
    const log = JSON.parse(stdout) as SarifLog;
    assert.ok(validate(log), JSON.stringify(validate.errors, null, 2));
    return log;
  }

  function silences(content: unknown): void {
    writeFileSync(path.join(folder, '.weightgram.json'), typeof content === 'string' ? content : JSON.stringify(content));
  }

  it('has all its options in the documentation', () => {
    const page = readFileSync(path.join(ROOT, 'docs/command-line.md'), 'utf8');
    const options = [...USAGE.matchAll(/^ {2}(--[\w-]+)/gm)].map((match) => match[1]!);
    assert.ok(options.length >= 9);
    assert.deepEqual(options.filter((option) => !page.includes(option)), []);
  });

  it('exits with 3 where something is at or over the level, with 0 otherwise', async () => {
    assert.equal((await check('planted/model.json')).code, 3);
    const good = await check('a b/detector.json');
    assert.deepEqual([good.code, good.stdout, good.stderr], [0, 'a b/detector.json: nothing found\n', '']);
    const { models } = await report('planted/model.json');
    silences({ silences: models[0]!.findings.filter(({ severity }) => severity === 'error').map(({ rule, subject }) => ({ rule, subject: subject.name })) });
    assert.equal((await check('planted/model.json')).code, 0);
    assert.equal((await check('planted/model.json', '--fail-on', 'warning')).code, 3);
  });

  it('exits with 1 where a file cannot be read, and checks the others all the same', async () => {
    const { code, stdout, stderr } = await check('planted/gone.json', 'planted/model.json');
    assert.equal(code, 1);
    assert.match(stdout, /planted\/model\.json: \d+ errors/);
    assert.match(stderr, /^weightgram: planted\/gone\.json: there is no such file[^\n]*\n$/);
    const json = await report('planted/gone.json', 'planted/model.json');
    assert.deepEqual([json.code, json.unreadable.map(({ file }) => file), json.failed], [1, ['planted/gone.json'], true]);
    const log = await sarif('planted/gone.json');
    assert.equal(log.runs[0].invocations[0].executionSuccessful, false);
    assert.match(log.runs[0].invocations[0].toolExecutionNotifications[0]!.message.text, /no such file/);
  });

  it('says in JSON what it says in text, with the place of each subject', async () => {
    const json = await report('planted/model.json', 'a b/detector.json');
    const lines = readFileSync(path.join(folder, 'planted/model.json'), 'utf8').split('\n');
    const [planted] = json.models;
    for (const { subject, line, column } of planted!.findings.filter((finding) => finding.subject.kind !== 'model')) {
      assert.ok(lines[line - 1]!.slice(column - 1).startsWith(`"${subject.name}"`), `${subject.name} at ${line}:${column}`);
    }
    const { stdout } = await check('planted/model.json', 'a b/detector.json');
    for (const { message } of planted!.findings) assert.ok(stdout.replace(/\s+/g, ' ').includes(message.replace(/\s+/g, ' ')), message);
    const { errors, warnings } = json.summary;
    assert.match(stdout, new RegExp(`2 models: ${errors} errors, ${warnings} warnings`));
  });

  it('honours .weightgram.json, as analyze does', async () => {
    silences({ silences: [{ rule: 'dead-output-units', reason: 'pruned' }], thresholds: { 'extreme-spike': { errorFrom: 1000 } } });
    const json = await report('planted/model.json');
    assert.deepEqual(json.complaints, []);
    assert.ok(json.models[0]!.silenced.length > 0);
    assert.ok(json.models[0]!.silenced.every(({ rule, silencedBy }) => rule === 'dead-output-units' && silencedBy.kind === 'silence' && silencedBy.reason === 'pruned'));
    assert.equal(json.models[0]!.findings.find(({ rule }) => rule === 'extreme-spike')?.severity, 'warning', 'the threshold is in force');
    const analyzed = await runCli(['analyze', 'planted/model.json', '--json', '--no-cache'], { cwd: folder });
    const { findings, silenced } = JSON.parse(analyzed.stdout) as Report;
    const placed = findings.map((finding, index) => ({ ...finding, line: json.models[0]!.findings[index]?.line, column: json.models[0]!.findings[index]?.column }));
    assert.deepEqual(placed, json.models[0]!.findings);
    assert.equal(silenced?.length, json.models[0]!.silenced.length);
    const text = await runCli(['analyze', 'planted/model.json', '--no-cache'], { cwd: folder });
    assert.match(text.stdout, new RegExp(`${silenced?.length} findings? silenced by .*\\.weightgram\\.json`));
    assert.match((await check('planted/model.json')).stdout, new RegExp(`; ${silenced?.length} silenced\n`));
  });

  it('shows all findings where .weightgram.json is broken, and says where', async () => {
    const { models } = await report('planted/model.json');
    silences('{ "silences": [{ "rule": "dead-output-units" } ');
    const { code, stdout, stderr } = await check('planted/model.json', '--format', 'json');
    assert.equal(code, 3);
    assert.deepEqual((JSON.parse(stdout) as CheckReport).models[0]!.findings, models[0]!.findings);
    assert.match(stderr, /^weightgram: [^\n]*\.weightgram\.json \(line 1, column \d+\) is not valid JSON[^\n]*all findings show\.\n$/);
    assert.equal((await sarif('planted/model.json')).runs[0].invocations[0].toolConfigurationNotifications.length, 1);
  });

  it('accepts all present findings, then tells only what is new', async () => {
    const written = await check('planted/model.json', 'a b/detector.json', '--write-baseline');
    assert.deepEqual([written.code, written.stderr], [0, '']);
    assert.match(written.stdout, /findings of 2 models are accepted now: .*\.weightgram-baseline\.json\n$/);
    assert.equal((await check('planted/model.json', '--fail-on', 'warning')).code, 0);
    const file = path.join(folder, '.weightgram-baseline.json');
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { accepted: { rule: string }[] };
    writeFileSync(file, JSON.stringify({ accepted: kept.accepted.filter(({ rule }) => rule !== 'non-finite-values') }));
    const json = await report('planted/model.json');
    assert.deepEqual([json.code, json.models[0]!.findings.map(({ rule }) => rule)], [3, ['non-finite-values']]);
  });

  it('takes a baseline from elsewhere, and refuses one that is not there or is none', async () => {
    mkdirSync(path.join(folder, 'ci'));
    assert.equal((await check('planted/model.json', '--write-baseline', '--baseline', 'ci/accepted.json')).code, 0);
    assert.throws(() => readFileSync(path.join(folder, '.weightgram.json')), /ENOENT/);
    assert.equal((await check('planted/model.json', '--baseline', 'ci/accepted.json')).code, 0);
    assert.equal((await check('planted/model.json')).code, 3);
    const missing = await check('planted/model.json', '--baseline', 'ci/acepted.json');
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /there is no such baseline/);
    const wrong = await check('planted/model.json', '--baseline', 'planted/model.json');
    assert.match(wrong.stderr, /is no baseline/);
    const overwrite = await check('planted/model.json', '--write-baseline', '--baseline', 'planted/model.json');
    assert.equal(overwrite.code, 1);
    assert.match(overwrite.stderr, /It was not overwritten/);
  });

  it('writes SARIF that validates, with rules, regions and logical locations', async () => {
    const log = await sarif('planted/model.json', 'a b/detector.json');
    const [{ results, tool, properties }] = log.runs;
    const json = await report('planted/model.json');
    assert.deepEqual(tool.driver.rules.map(({ id }) => id), RULES.map(({ id }) => id));
    assert.deepEqual(results.map(({ ruleId }) => ruleId), json.models[0]!.findings.map(({ rule }) => rule));
    assert.equal(properties.silenced, 0);
    for (const [index, { ruleId, ruleIndex, level, locations, partialFingerprints }] of results.entries()) {
      const finding = json.models[0]!.findings[index]!;
      const [{ physicalLocation, logicalLocations }] = locations;
      assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
      assert.equal(level, finding.severity === 'info' ? 'note' : finding.severity);
      assert.deepEqual(physicalLocation.artifactLocation, { uri: 'planted/model.json', uriBaseId: '%SRCROOT%' });
      assert.deepEqual([physicalLocation.region.startLine, physicalLocation.region.startColumn], [finding.line, finding.column]);
      assert.equal(logicalLocations[0].name, finding.subject.name);
      assert.match(partialFingerprints['weightgram/v1']!, /^[0-9a-f]{64}$/);
    }
    assert.equal(new Set(results.map(({ partialFingerprints }) => partialFingerprints['weightgram/v1'])).size, results.length);
  });

  it('leaves silenced findings out of SARIF, and names files outside the folder by their full URI', async () => {
    silences({ silences: [{ rule: 'dead-output-units' }] });
    const { stdout } = await runCli(['check', path.join(folder, 'planted/model.json'), '--format', 'sarif', '--no-cache'], { cwd: path.join(folder, 'a b') });
    const log = JSON.parse(stdout) as SarifLog;
    assert.ok(validate(log), JSON.stringify(validate.errors, null, 2));
    const [{ results, properties }] = log.runs;
    assert.ok(results.every(({ ruleId }) => ruleId !== 'dead-output-units'));
    assert.ok(properties.silenced > 0);
    assert.match(results[0]!.locations[0].physicalLocation.artifactLocation.uri, /^file:\/\/\/.*planted\/model\.json$/);
  });
});
