import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { launchBrowser } from '../test/support/browser';
import { CACHE, ROOT } from '../test/support/paths';
import { run } from '../test/support/processes';
import { installVscodeServer } from '../test/support/vscodeInstall';
import { installVsix, PortInUseError, startVscodeServer, type RunningServer } from '../test/support/vscodeServer';
import { createExampleWorkspace } from './exampleWorkspace';
import { packageExtension } from './vsix';

const WORKSPACE = path.join(CACHE, 'example');
/** Settings, state and extensions of the VS Code that `npm start` opens; yours are not touched. */
const DATA = path.join(CACHE, 'start');
/** Where we look for a free port first, so that the address stays the same from one start to the next. */
const FIRST_PORT = 3939;
const PORTS_TO_TRY = 20;

export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { port: { type: 'string' }, browser: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
  });
  mkdirSync(CACHE, { recursive: true });
  createExampleWorkspace(WORKSPACE);
  if (!values.browser && !values.check && hasDesktop()) return openDesktop();
  const server = await startOnFreePort(values.port === undefined ? undefined : portNumber(values.port));
  const url = server.url(WORKSPACE);
  console.log(`\nVS Code with Weightgram stands at\n\n    ${url}\n\nOpen it in a browser on this machine, and right-click planted/model.json. Ctrl+C ends it.`);
  if (values.check) {
    await checkWorkbench(url);
    await server.stop();
    process.exit(0);
  }
  await new Promise(() => undefined);
}

function hasDesktop(): boolean {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return false;
  const isWindows = process.platform === 'win32';
  return spawnSync('code', ['--version'], { stdio: 'ignore', shell: isWindows }).status === 0;
}

async function openDesktop(): Promise<void> {
  console.log(`Opening VS Code on ${WORKSPACE}. Right-click planted/model.json there.`);
  await run('code', ['--new-window', `--extensionDevelopmentPath=${ROOT}`, WORKSPACE]);
}

/** The extension is installed from its package: an ordinary VS Code server loads none from a folder of sources. */
async function prepareServer(): Promise<(port: number) => Promise<RunningServer>> {
  const files = await installVscodeServer();
  const vsix = packageExtension(path.join(CACHE, 'weightgram.vsix'));
  const extensionsFolder = path.join(DATA, 'extensions');
  await installVsix(files, vsix.file, extensionsFolder);
  // The README of the workspace says where to click.
  const settings = { 'workbench.startupEditor': 'readme' };
  const keepSettings = existsSync(path.join(DATA, 'user/User/settings.json'));
  return (port) => startVscodeServer({ files, port, dataFolder: DATA, extensionsFolder, settings, keepSettings });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  console.error(`--port ${text}: a port is a whole number from 1 to 65535.`);
  process.exit(2);
}

/** A port that nobody listens on may be taken by somebody else before our server has it: then the next one is tried. */
async function startOnFreePort(wanted: number | undefined): Promise<RunningServer> {
  const ports = wanted === undefined ? Array.from({ length: PORTS_TO_TRY }, (_, index) => FIRST_PORT + index) : [wanted];
  const start = await prepareServer();
  for (const port of ports) {
    try {
      if (await isFree(port)) return await start(port);
    } catch (error) {
      if (!(error instanceof PortInUseError)) throw error;
    }
  }
  console.error(`${wanted === undefined ? `The ports ${FIRST_PORT} to ${FIRST_PORT + PORTS_TO_TRY - 1} are all` : `Port ${wanted} is`} in use; name another with --port.`);
  process.exit(1);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Opens the printed address as a person would, and looks for a model in the Explorer and for our view container. */
async function checkWorkbench(url: string): Promise<void> {
  const { browser, page } = await launchBrowser();
  try {
    await page.goto(url);
    const explorer = page.locator('.explorer-folders-view');
    await explorer.getByRole('treeitem', { name: 'planted' }).click();
    await explorer.getByRole('treeitem', { name: 'model.json' }).waitFor();
    await page.getByRole('tab', { name: 'Weightgram' }).waitFor();
  } finally {
    await browser.close();
  }
  console.log('The workbench shows the example workspace and Weightgram.');
}
