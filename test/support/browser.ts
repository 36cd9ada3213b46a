import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { run } from './processes';

/** Where Debian, Ubuntu and Chrome's own package put the program. */
const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'];
/** Chromium comes without fonts; without these the workbench shows boxes instead of letters. */
const DEBIAN_PACKAGES = ['chromium', 'fonts-dejavu-core', 'fonts-liberation'];

/** The path of a Chromium. Installs Debian's where there is none and we may; else says what to install. */
export async function ensureChromium(): Promise<string> {
  const found = findChromium();
  if (found) return found;
  const command = `apt-get install --yes --no-install-recommends ${DEBIAN_PACKAGES.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) {
    throw new Error(`No Chromium found. Install one (Debian: "sudo ${command}"), or name one in the environment variable CHROMIUM.`);
  }
  console.log('Installing Chromium and fonts from Debian …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '--quiet', '--quiet'], { env });
  await run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', 'install', '--yes', '--quiet', '--quiet', '--no-install-recommends', ...DEBIAN_PACKAGES], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const installed = findChromium();
  if (!installed) throw new Error(`Debian's chromium was installed, and is at none of ${CANDIDATES.join(', ')}. Name it in the environment variable CHROMIUM.`);
  return installed;
}

function findChromium(): string | undefined {
  return [process.env['CHROMIUM'], ...CANDIDATES].find((candidate) => candidate && existsSync(candidate));
}

const ARGUMENTS = [
  // Chromium's sandbox refuses to run as root, as in most containers. Only our own pages are opened.
  '--no-sandbox',
  '--disable-gpu',
  // Containers give 64 MB of /dev/shm, which a workbench outgrows.
  '--disable-dev-shm-usage',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
];

export interface OpenBrowser {
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
}

/** A headless Chromium with one empty page. */
export async function launchBrowser(): Promise<OpenBrowser> {
  const browser = await chromium.launch({ executablePath: await ensureChromium(), args: ARGUMENTS });
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    // Else screenshots catch menus that are half faded in.
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  // code-server's own worker, which the plain VS Code server does not have: answered, or each page logs an error.
  await context.route('**/_static/out/browser/serviceWorker.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', headers: { 'Service-Worker-Allowed': '/' }, body: '' }),
  );
  return { browser, context, page: await context.newPage() };
}
