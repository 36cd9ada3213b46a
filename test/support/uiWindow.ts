import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { createExampleWorkspace } from '../../scripts/exampleWorkspace';
import { launchBrowser } from './browser';
import { ROOT, SCREENSHOTS } from './paths';
import { temporaryFolder } from './processes';
import { installVscodeServer } from './vscodeInstall';
import { installVsix, startVscodeServer } from './vscodeServer';

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
  /** Changes the colour theme and waits until the window wears it. */
  wear(theme: Theme): Promise<void>;
  /** Keeps a picture below test-results/screenshots; its path. */
  screenshot(name: string): Promise<string>;
  close(): Promise<void>;
}

export type Theme = keyof typeof THEMES;

/** VS Code's names, and the classes that the workbench wears with them. */
const THEMES = {
  light: { name: 'Light 2026', workbench: 'vs' },
  dark: { name: 'Dark 2026', workbench: 'vs-dark' },
  highContrast: { name: 'Default High Contrast', workbench: 'hc-black' },
} as const;

/** A window that has just opened may not watch the settings yet: they are written again. */
const THEME_TRIES = 6;
const THEME_LIMIT_MS = 3_000;

/** A hover takes this long to fade in, whatever is said of motion. */
const FADE_MS = 300;

let held: Promise<UiWindow> | undefined;

/** The window that all UI tests share; the first test that asks opens it. */
export function sharedWindow(): Promise<UiWindow> {
  held ??= openWindow((folder) => {
    createExampleWorkspace(folder);
    addStrangers(folder);
  });
  return held;
}

/** The shared window where one stands already. */
export async function openedWindow(): Promise<UiWindow | undefined> {
  return held?.catch(() => undefined);
}

export async function closeSharedWindow(): Promise<void> {
  const current = await held?.catch(() => undefined);
  held = undefined;
  await current?.close();
}

/** Opens a window on a folder that `fill` makes. */
export async function openWindow(fill: (folder: string) => void): Promise<UiWindow> {
  const vsix = process.env['WEIGHTGRAM_VSIX'];
  const data = temporaryFolder('window');
  const folder = path.join(data, 'models');
  fill(folder);
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
  const wear = async (theme: Theme): Promise<void> => {
    const { name, workbench } = THEMES[theme];
    const worn = page.locator(`.monaco-workbench.${workbench}`);
    for (let tries = 1; tries < THEME_TRIES; tries++) {
      configure({ 'workbench.colorTheme': name });
      if (await worn.waitFor({ timeout: THEME_LIMIT_MS }).then(() => true, () => false)) return;
    }
    await worn.waitFor();
  };
  // A theme that stands in the settings from the start is not taken up before it changes.
  await wear('dark');
  return {
    page, folder, faults, configure, wear,
    screenshot: async (name) => {
      const file = path.join(SCREENSHOTS, vsix ? 'installed' : 'development', `${name}.png`);
      await page.waitForTimeout(FADE_MS);
      await page.screenshot({ path: file });
      return file;
    },
    close: async () => {
      await browser.close();
      await server.stop();
    },
  };
}

const UI_SETTINGS = {
  'workbench.reduceMotion': 'on',
  'window.autoDetectColorScheme': false,
  // A hover that waits makes every test wait.
  'workbench.hover.delay': 100,
  // A row that sticks to the top is a second one of its name.
  'workbench.tree.enableStickyScroll': false,
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
