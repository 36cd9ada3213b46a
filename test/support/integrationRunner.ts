import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build, stop } from 'esbuild';
import { launchBrowser } from './browser';
import { createExampleWorkspace } from '../../scripts/exampleWorkspace';
import { CACHE, RESULTS, ROOT } from './paths';
import { temporaryFolder } from './processes';
import { readResult, type MochaResult } from './results';
import { testFiles } from './testFiles';
import { installVscodeServer, type VscodeRelease } from './vscodeInstall';
import { startVscodeServer } from './vscodeServer';

/** The whole suite takes under a minute; a blocked extension host never answers. */
const LIMIT_MS = 300_000;
const BUNDLES = path.join(CACHE, 'integration');
const UPDATE_SERVER = 'https://update.code.visualstudio.com/api/releases/stable';
/** A closed network is known at once; this is for one that swallows packets. */
const REACH_LIMIT_MS = 4_000;

/** Workbench lines that say nothing about the tests: what it connects to and what it leaves out. */
const NOISE = /^(Resolv(ing|ed) connection token|Creating a socket|Ignoring fetching additional builtin|Updating additional builtin|Canceled|Creation of workbench contribution|Aborted onWillSave|\[(reconnection-grace-time|AgentHost|AccountPolicyGate|LifecycleModel|Service Worker|remote-connection|DefaultAccount))/;

export interface Bundles {
  readonly entry: string;
  readonly files: readonly string[];
}

/** Bundles the suite to CommonJS: an extension host has no TypeScript. Packages stay outside, and are found in node_modules. */
export async function bundleIntegrationTests(): Promise<Bundles> {
  rmSync(BUNDLES, { recursive: true, force: true });
  mkdirSync(BUNDLES, { recursive: true });
  await build({
    entryPoints: [path.join(ROOT, 'test/support/integrationEntry.ts'), ...testFiles('integration')],
    outdir: BUNDLES,
    outbase: path.join(ROOT, 'test'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'inline',
    packages: 'external',
    logLevel: 'warning',
  });
  await stop();
  const files = readdirSync(path.join(BUNDLES, 'integration'), { recursive: true, encoding: 'utf8' });
  return {
    entry: path.join(BUNDLES, 'support/integrationEntry.js'),
    files: files.filter((file) => file.endsWith('.test.js')).sort().map((file) => path.join(BUNDLES, 'integration', file)),
  };
}

export interface IntegrationRun {
  readonly bundles: Bundles;
  readonly grep?: string | undefined;
}

/** Why the desktop VS Code cannot be used; undefined where it can. */
export async function whyNoDesktop(): Promise<string | undefined> {
  if (process.platform === 'linux' && !process.env['DISPLAY']) return 'there is no display';
  if (process.env['VSCODE_EXECUTABLE']) return undefined;
  try {
    const answer = await fetch(UPDATE_SERVER, { signal: AbortSignal.timeout(REACH_LIMIT_MS) });
    return answer.ok ? undefined : `update.code.visualstudio.com answers ${answer.status}`;
  } catch {
    return 'update.code.visualstudio.com cannot be reached, and VSCODE_EXECUTABLE names no VS Code';
  }
}

/** Runs the suite in the desktop VS Code that @vscode/test-electron downloads, or that VSCODE_EXECUTABLE names. */
export async function runInDesktop({ bundles, grep }: IntegrationRun): Promise<MochaResult | undefined> {
  const { runTests } = await import('@vscode/test-electron');
  const data = temporaryFolder('desktop');
  const resultFile = path.join(data, 'result.json');
  const executable = process.env['VSCODE_EXECUTABLE'];
  try {
    await runTests({
      ...(executable ? { vscodeExecutablePath: executable } : {}),
      extensionDevelopmentPath: ROOT,
      extensionTestsPath: bundles.entry,
      extensionTestsEnv: testEnvironment(bundles, resultFile, grep),
      launchArgs: [
        createExampleWorkspace(path.join(data, 'workspace')),
        '--disable-extensions', '--disable-workspace-trust', '--no-sandbox', '--user-data-dir', path.join(data, 'user'),
      ],
    });
  } catch (error) {
    console.error(String(error));
  }
  return readResult(resultFile);
}

/** Runs the suite in the extension host of VS Code's server, with Chromium as its window. */
export async function runInServer(release: VscodeRelease, { bundles, grep }: IntegrationRun): Promise<MochaResult | undefined> {
  const data = temporaryFolder('integration');
  const resultFile = path.join(data, 'result.json');
  const server = await startVscodeServer({
    files: await installVscodeServer(release),
    dataFolder: data,
    testDriver: true,
    env: testEnvironment(bundles, resultFile, grep),
  });
  const { browser, page } = await launchBrowser();
  try {
    const ended = new Promise<string>((resolve) => {
      void page.exposeFunction('codeAutomationExit', (code: number) => resolve(`exit code ${code}`));
      page.on('crash', () => resolve('the page crashed'));
      setTimeout(() => resolve(`no answer within ${LIMIT_MS / 1000} s`), LIMIT_MS).unref();
    });
    await page.exposeFunction('codeAutomationLog', (_kind: string, parts: unknown[]) => {
      if (!NOISE.test(String(parts[0]))) console.log(...parts);
    });
    await page.goto(server.url(createExampleWorkspace(path.join(data, 'workspace')), [
      ['extensionDevelopmentPath', server.uri(ROOT)],
      ['extensionTestsPath', server.uri(bundles.entry)],
      ['skipWelcome', 'true'],
    ]));
    const how = await ended;
    const result = readResult(resultFile);
    if (!result?.done) {
      console.error(`The extension host ended without a result: ${how}.`);
      await page.screenshot({ path: path.join(RESULTS, 'integration-failure.png') }).catch(() => undefined);
    }
    return result;
  } finally {
    await browser.close();
    await server.stop();
  }
}

function testEnvironment(bundles: Bundles, resultFile: string, grep: string | undefined): Record<string, string> {
  return {
    WEIGHTGRAM_RESULT: resultFile,
    WEIGHTGRAM_TEST_FILES: JSON.stringify(bundles.files),
    ...(grep ? { WEIGHTGRAM_GREP: grep } : {}),
  };
}
