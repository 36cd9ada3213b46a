import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { createExampleWorkspace } from '../../scripts/exampleWorkspace';
import { launchBrowser } from './browser';
import { ROOT, SCREENSHOTS } from './paths';
import { temporaryFolder } from './processes';
import { installVscodeServer } from './vscodeInstall';
import { installVsix, startVscodeServer, type RunningServer } from './vscodeServer';

/** Generous: a test that waits longer than this waits for something that does not come. */
const STEP_LIMIT_MS = 20_000;
const VIOLATION_PREFIX = '[weightgram-test] content security policy: ';

/** One VS Code window on a copy of the example workspace. */
export interface UiWindow {
  readonly page: Page;
  /** The workspace folder; a test may write there. */
  readonly folder: string;
  /** Exceptions and violations of a content security policy, in the workbench and in our page. */
  readonly faults: readonly string[];
  /** Replaces user settings, as if a person had edited them: VS Code follows at once. */
  configure(settings: Readonly<Record<string, unknown>>): void;
  /** Keeps a picture below test-results/screenshots. */
  screenshot(name: string): Promise<void>;
}

interface Held extends UiWindow {
  readonly browser: Browser;
  readonly server: RunningServer;
}

let held: Promise<Held> | undefined;

/** The window that all UI tests share; the first test that asks opens it. */
export function sharedWindow(): Promise<UiWindow> {
  held ??= openWindow();
  return held;
}

/** The shared window where one stands already. */
export async function openedWindow(): Promise<UiWindow | undefined> {
  return held?.catch(() => undefined);
}

export async function closeSharedWindow(): Promise<void> {
  const current = await held?.catch(() => undefined);
  held = undefined;
  await current?.browser.close();
  await current?.server.stop();
}

async function openWindow(): Promise<Held> {
  const vsix = process.env['WEIGHTGRAM_VSIX'];
  const data = temporaryFolder('window');
  const folder = createExampleWorkspace(path.join(data, 'workspace'));
  addStrangers(folder);
  const files = await installVscodeServer();
  const extensionsFolder = path.join(data, 'extensions');
  if (vsix) await installVsix(files, vsix, extensionsFolder);
  const server = await startVscodeServer({ files, dataFolder: data, extensionsFolder, testDriver: !vsix, settings: UI_SETTINGS });
  const { browser, context, page } = await launchBrowser();
  page.setDefaultTimeout(STEP_LIMIT_MS);
  const faults: string[] = [];
  await context.addInitScript(REPORT_VIOLATIONS);
  page.on('console', (message) => {
    if (message.text().startsWith(VIOLATION_PREFIX)) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.stack ?? error.message}`));
  await page.goto(server.url(folder, vsix ? undefined : [['extensionDevelopmentPath', server.uri(ROOT)], ['skipWelcome', 'true']]));
  await page.locator('.explorer-folders-view').getByRole('treeitem', { name: 'planted' }).waitFor({ timeout: 60_000 });
  const configure = (settings: Readonly<Record<string, unknown>>): void => server.writeSettings({ ...UI_SETTINGS, ...settings });
  // A colour theme that stands in the settings from the start is not taken up before it changes.
  configure({ 'workbench.colorTheme': 'Dark 2026' });
  await page.locator('.monaco-workbench.vs-dark').waitFor();
  return {
    browser, server, page, folder, faults, configure,
    screenshot: async (name) => {
      const file = path.join(SCREENSHOTS, vsix ? 'installed' : 'development', `${name}.png`);
      await page.screenshot({ path: file });
      if (process.env['WEIGHTGRAM_UPDATE_IMAGES'] && README_IMAGES.has(name)) cpSync(file, path.join(ROOT, 'docs/images', `${name}.png`));
    },
  };
}

/** Screenshots that the README shows: renewed by `npm test -- ui --update-images`. */
const README_IMAGES = new Set(['panel', 'sidebar', 'tree-hover', 'hover-py', 'hover-json', 'panel-vscode-light', 'menu']);

const UI_SETTINGS = {
  'workbench.reduceMotion': 'on',
  'window.autoDetectColorScheme': false,
  // A hover that waits makes every test wait.
  'workbench.hover.delay': 100,
  'editor.hover.delay': 100,
};

/** Runs in every frame before its own scripts. */
const REPORT_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) => {
  console.error('${VIOLATION_PREFIX}' + event.violatedDirective + ' blocked ' + event.blockedURI + ' in ' + location.href + ', ' + event.sourceFile + ':' + event.lineNumber);
});`;

/** Files that look like models by their names, and are not. */
function addStrangers(folder: string): void {
  const strangers = path.join(folder, 'strangers');
  mkdirSync(strangers, { recursive: true });
  writeFileSync(path.join(strangers, 'model.json'), JSON.stringify({ openapi: '3.0.0', info: { title: 'Pets' }, paths: {} }, null, 2));
  writeFileSync(path.join(strangers, 'tsconfig.json'), JSON.stringify({ compilerOptions: { strict: true } }, null, 2));
}
