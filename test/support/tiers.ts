import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { packageExtension } from '../../scripts/vsix';
import { ensureChromium } from './browser';
import { bundleIntegrationTests, runInDesktop, runInServer, whyNoDesktop } from './integrationRunner';
import { CACHE, RESULTS, ROOT } from './paths';
import { endSurvivors, markRun, run, startGroup, survivorsOf, temporaryFolder } from './processes';
import { recordsOf, readResult, type TestRecord } from './results';
import { installVscodeServer, NEWEST, OLDEST } from './vscodeInstall';

interface Options {
  readonly grep: string | undefined;
  readonly updateImages: boolean;
}

type Tier = (options: Options) => Promise<TestRecord[]>;

/** A process that was told to end needs a moment for it. */
const END_LIMIT_MS = 3_000;

/** In the order in which they run: the cheap ones first. */
const TIERS: Readonly<Record<string, Tier>> = {
  types: typesTier,
  lint: lintTier,
  unit: (options) => mochaTier('unit', options, {}),
  integration: integrationTier,
  ui: (options) => mochaTier('ui', options, options.updateImages ? { WEIGHTGRAM_UPDATE_IMAGES: '1' } : {}),
  installed: installedTier,
};

/** Limit of a tier that mocha runs in a process of its own, for a process that blocks without end. */
const TIER_LIMIT_MS = 600_000;

/** `src/core` and `src/protocol` are in both first projects: with Node and without the DOM, then with the DOM and without Node. */
const PROJECTS = ['.', 'src/webview', 'test/ui'];

async function typesTier(): Promise<TestRecord[]> {
  const wrong = [];
  for (const project of PROJECTS) {
    if (!(await succeeds(bin('tsc'), ['-p', project]))) wrong.push(project);
  }
  return [verdict('types', wrong.length === 0, `tsc finds errors in ${wrong.join(', ')}`)];
}

async function lintTier(): Promise<TestRecord[]> {
  return [verdict('lint', await succeeds(bin('eslint'), ['.']), 'eslint finds errors')];
}

function bin(program: string): string {
  return path.join(ROOT, 'node_modules/.bin', program);
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return (await startGroup(command, args, { cwd: ROOT, stdio: 'inherit' }).exited) === 0;
}

function verdict(title: string, good: boolean, reason: string): TestRecord {
  return good ? { title, state: 'passed' } : { title, state: 'failed', reason };
}

async function mochaTier(room: 'unit' | 'ui', options: Options, env: Readonly<Record<string, string>>): Promise<TestRecord[]> {
  if (room === 'ui') await prepareWindow();
  const resultFile = path.join(temporaryFolder('result'), 'result.json');
  const main = path.join(ROOT, 'test/support/mochaMain.ts');
  const group = startGroup(process.execPath, ['-r', 'tsx/cjs', main, room, resultFile, options.grep ?? ''], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  const limit = setTimeout(() => void group.stop(), TIER_LIMIT_MS);
  await group.exited;
  clearTimeout(limit);
  return recordsOf(room, readResult(resultFile));
}

/** Both are kept, so this is set-up: done before a tier's own tests, and not within their time limits. */
async function prepareWindow(): Promise<void> {
  await ensureChromium();
  await installVscodeServer();
}

/** The desktop VS Code where it can be had, else VS Code's server; then the oldest release that we promise to run in. */
async function integrationTier({ grep }: Options): Promise<TestRecord[]> {
  await prepareWindow();
  const suite = { bundles: await bundleIntegrationTests(), grep };
  const records: TestRecord[] = [];
  const noDesktop = await whyNoDesktop();
  if (noDesktop) {
    records.push({ title: 'integration in the desktop VS Code', state: 'skipped', reason: `${noDesktop}; VS Code's server runs the same suite` });
    console.log(`In VS Code ${NEWEST.vscode}, server build with Chromium:`);
    records.push(...named(NEWEST.vscode, recordsOf('integration', await runInServer(NEWEST, suite))));
  } else {
    console.log('In the desktop VS Code:');
    records.push(...named('desktop', recordsOf('integration', await runInDesktop(suite))));
  }
  console.log(`In VS Code ${OLDEST.vscode}, the oldest supported:`);
  records.push(...named(OLDEST.vscode, recordsOf('integration', await runInServer(OLDEST, suite))));
  return records;
}

function named(where: string, records: readonly TestRecord[]): TestRecord[] {
  return records.map((record) => ({ ...record, title: `[VS Code ${where}] ${record.title}` }));
}

/** The UI tier once more, with the extension installed from its package as a person would install it. */
async function installedTier(options: Options): Promise<TestRecord[]> {
  // What ships is minified.
  await run(process.execPath, ['esbuild.mjs', '--minify'], { cwd: ROOT });
  const vsix = packageExtension(path.join(CACHE, 'weightgram.vsix'));
  console.log(`The extension as ${path.relative(ROOT, vsix.file)}, ${(vsix.bytes / 2 ** 20).toFixed(1)} MiB, installed:`);
  return mochaTier('ui', options, { WEIGHTGRAM_VSIX: vsix.file });
}

export async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { grep: { type: 'string' }, 'update-images': { type: 'boolean', default: false } },
  });
  const unknown = positionals.filter((name) => !(name in TIERS));
  if (unknown.length > 0) {
    console.error(`There is no tier ${unknown.join(', ')}. Tiers: ${Object.keys(TIERS).join(', ')}.`);
    process.exit(2);
  }
  const names = Object.keys(TIERS).filter((name) => positionals.length === 0 || positionals.includes(name));
  prepareFolders();
  const runId = markRun();
  const all: TestRecord[] = [];
  const summary: string[] = [];
  for (const name of names) {
    console.log(`\n── ${name} ${'─'.repeat(60 - name.length)}`);
    const started = performance.now();
    const records = await runTier(name, { grep: values.grep, updateImages: values['update-images'] });
    records.push(...await leftovers(name, runId));
    all.push(...records);
    const line = `${name.padEnd(12)} ${sum(records)} in ${((performance.now() - started) / 1000).toFixed(1)} s`;
    summary.push(line);
    console.log(line);
  }
  report(summary, all);
  process.exit(all.some((record) => record.state === 'failed') ? 1 : 0);
}

/** All temporary files of the run lie in one folder, so that none can be left behind. */
function prepareFolders(): void {
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  mkdirSync(CACHE, { recursive: true });
  process.env['TMPDIR'] = temporaryFolder('tests');
}

async function runTier(name: string, options: Options): Promise<TestRecord[]> {
  try {
    return (await TIERS[name]?.(options)) ?? [];
  } catch (error) {
    console.error(error);
    return [{ title: name, state: 'failed', reason: error instanceof Error ? error.message : String(error) }];
  }
}

/** A process that outlives its tier is a failure of the tests. It is ended. */
async function leftovers(tier: string, runId: string): Promise<TestRecord[]> {
  const until = performance.now() + END_LIMIT_MS;
  while (survivorsOf(runId).length > 0 && performance.now() < until) await delay(50);
  const left = survivorsOf(runId);
  endSurvivors(runId);
  return left.map(({ pid, command }) => ({
    title: `${tier}: no process is left behind`,
    state: 'failed',
    reason: `process ${pid} was still alive: ${command.slice(0, 200)}`,
  }));
}

function sum(records: readonly TestRecord[]): string {
  const count = (state: TestRecord['state']) => records.filter((record) => record.state === state).length;
  return `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
}

/** The rest, and its colours, stands with the tier's own output. */
function firstLine(reason: string | undefined): string {
  return stripVTControlCharacters(reason ?? '').trim().split('\n')[0] ?? '';
}

function report(summary: readonly string[], records: readonly TestRecord[]): void {
  console.log(`\n${summary.join('\n')}`);
  for (const state of ['skipped', 'failed'] as const) {
    for (const { title, reason } of records.filter((record) => record.state === state)) console.log(`${state}: ${title}: ${firstLine(reason)}`);
  }
  console.log(`\n${sum(records)}`);
}
