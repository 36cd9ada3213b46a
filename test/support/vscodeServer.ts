import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { capture, startGroup, temporaryFolder } from './processes';
import type { VscodeServerFiles } from './vscodeInstall';

/** A cold start takes 2 s here; this is for a machine that is busy with something else. */
const START_LIMIT_MS = 60_000;

/** No welcome pages, no AI, no look-ups in the network: what a test or a first look does not need. */
const QUIET_SETTINGS = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

export interface ServerOptions {
  readonly files: VscodeServerFiles;
  readonly port?: number;
  /** Where settings, state and logs are kept; a temporary folder where absent. */
  readonly dataFolder?: string;
  readonly extensionsFolder?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Leaves the settings that a person changed in `dataFolder` as they are. */
  readonly keepSettings?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Lets a page load an extension from a folder and run tests: a built VS Code refuses both otherwise. */
  readonly testDriver?: boolean;
}

export interface RunningServer {
  /** host:port */
  readonly address: string;
  /** Everything the server said so far. */
  log(): string;
  stop(): Promise<void>;
  /** Replaces the user's settings on top of the quiet ones; open windows follow at once. */
  writeSettings(settings: Readonly<Record<string, unknown>>): void;
  /** The address that opens a folder in a browser. */
  url(folder: string, payload?: readonly (readonly [string, string])[]): string;
  /** A path of this machine as the page names it. */
  uri(file: string): string;
}

export class PortInUseError extends Error {}

/** Starts VS Code's server on 127.0.0.1 and waits until it listens. Without a port the system chooses one. @throws PortInUseError */
export async function startVscodeServer(options: ServerOptions): Promise<RunningServer> {
  const data = options.dataFolder ?? temporaryFolder('server');
  if (!options.keepSettings) writeSettings(path.join(data, 'user'), options.settings ?? {});
  // Any page of the browser can reach a port of this machine; the token keeps them out.
  const token = randomBytes(16).toString('hex');
  const group = startGroup(options.files.node, serverArguments(options, data, token), {
    env: { ...process.env, EXTENSIONS_GALLERY: '{}', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const listening = new Promise<number>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`VS Code's server did not listen within ${START_LIMIT_MS / 1000} s.\n${log}`)), START_LIMIT_MS);
    const listen = (chunk: Buffer) => {
      log += chunk.toString();
      // The server would stay, deaf.
      if (/EADDRINUSE/.test(log)) reject(new PortInUseError(`Port ${options.port} of 127.0.0.1 is in use.`));
      const match = /agent listening on (\d+)/.exec(log);
      if (!match) return;
      clearTimeout(limit);
      resolve(Number(match[1]));
    };
    group.child.stdout?.on('data', listen);
    group.child.stderr?.on('data', listen);
    group.exited.then((code) => reject(new Error(`VS Code's server ended with exit code ${code}.\n${log}`)), reject).finally(() => clearTimeout(limit));
  });
  const port = await listening.catch(async (error: unknown) => {
    await group.stop();
    throw error;
  });
  const address = `127.0.0.1:${port}`;
  return {
    address,
    log: () => log,
    stop: () => group.stop(),
    writeSettings: (settings) => writeSettings(path.join(data, 'user'), settings),
    uri: (file) => `vscode-remote://${address}${encodeURI(path.resolve(file))}`,
    url: (folder, payload) => {
      const url = new URL(`http://${address}/`);
      url.searchParams.set('tkn', token);
      url.searchParams.set('folder', path.resolve(folder));
      if (payload) url.searchParams.set('payload', JSON.stringify(payload));
      return url.href;
    },
  };
}

function serverArguments(options: ServerOptions, data: string, token: string): string[] {
  return [
    options.files.serverMain,
    '--host', '127.0.0.1', '--port', String(options.port ?? 0), '--connection-token', token,
    '--accept-server-license-terms', '--telemetry-level', 'off', '--disable-update-check',
    '--disable-workspace-trust', '--disable-getting-started-override',
    '--user-data-dir', path.join(data, 'user'), '--server-data-dir', path.join(data, 'server'),
    '--extensions-dir', options.extensionsFolder ?? path.join(data, 'extensions'),
    ...(options.testDriver ? ['--enable-smoke-test-driver'] : []),
  ];
}

function writeSettings(userFolder: string, settings: Readonly<Record<string, unknown>>): void {
  for (const scope of ['User', 'Machine']) {
    mkdirSync(path.join(userFolder, scope), { recursive: true });
    writeFileSync(path.join(userFolder, scope, 'settings.json'), JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2));
  }
}

/** Installs a .vsix into a folder of extensions, as a person would. */
export async function installVsix(files: VscodeServerFiles, vsix: string, extensionsFolder: string): Promise<void> {
  const data = temporaryFolder('install');
  await capture(files.node, [
    files.serverMain, '--install-extension', vsix, '--force', '--extensions-dir', extensionsFolder,
    '--user-data-dir', path.join(data, 'user'), '--server-data-dir', path.join(data, 'server'),
  ], { env: { ...process.env, EXTENSIONS_GALLERY: '{}' } });
}
