import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CACHE } from './paths';
import { capture, run } from './processes';

/**
 * VS Code's server and web workbench, as the npm package `code-server` carries them. Only the npm registry is
 * used, no install script runs and nothing is compiled.
 */
export interface VscodeRelease {
  /** Version of VS Code itself. */
  readonly vscode: string;
  readonly codeServer: PinnedPackage;
  /** The Node.js the server needs; absent where ours will do. */
  readonly node?: { readonly version: string; readonly integrity: Readonly<Record<string, string>> };
  /** What server, extension host and workbench load; the other dependencies serve features that no test touches. Absent: all. */
  readonly dependencies?: readonly string[];
}

interface PinnedPackage {
  readonly version: string;
  readonly integrity: string;
}

export interface VscodeServerFiles {
  readonly node: string;
  readonly serverMain: string;
}

export const NEWEST: VscodeRelease = {
  vscode: '1.139.1',
  codeServer: {
    version: '4.139.1',
    integrity: 'sha512-fUYvJVdz4ZoVJfakGiGWXFMpF8K1ObsrpGvX17ZxNpKOzdNHs7lANT670JTr4ZhA8DnWqyvvmFG/d3HV9Yy6ew==',
  },
  node: {
    version: '24.21.0',
    integrity: {
      'linux-x64': 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
      'linux-arm64': 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
  },
  dependencies: [
    '@microsoft/1ds-core-js', '@parcel/watcher', '@vscode/iconv-lite-umd', '@vscode/proxy-agent', '@vscode/ripgrep-universal',
    '@xterm/addon-clipboard', '@xterm/addon-image', '@xterm/addon-ligatures', '@xterm/addon-progress', '@xterm/addon-search',
    '@xterm/addon-serialize', '@xterm/addon-unicode11', '@xterm/addon-webgl', '@xterm/headless', '@xterm/xterm', 'cookie',
    'http-proxy-agent', 'https-proxy-agent', 'jschardet', 'minimist', 'node-pty', 'vscode-oniguruma', 'vscode-regexpp',
    'vscode-textmate', 'ws', 'yauzl', 'yazl',
  ],
};

/** The oldest release that `engines.vscode` promises. It runs on Node.js 20. */
export const OLDEST: VscodeRelease = {
  vscode: '1.100.3',
  codeServer: {
    version: '4.100.3',
    integrity: 'sha512-q/Fh2DOxCRNhC/WiG/6sAhSKnj7ZACTVBaeeZ+rWjol//0FCbl/qg1ln5ecZ99jYcfqMxZZAyWcN+YBIo0DgpA==',
  },
};

/** Counts up when the steps below change, so that an installation made by older steps is made again. */
const RECIPE = 3;

/**
 * AI, debuggers, tunnels and task runners: they cost start-up time and call home. What can also run in the window
 * itself (emmet, npm, sign-in to GitHub) has to stay: the workbench has a list of those, and complains of each that is gone.
 */
const UNWANTED_EXTENSIONS = [
  'copilot', 'github', 'grunt', 'gulp', 'jake', 'microsoft-authentication', 'ms-vscode.js-debug', 'ms-vscode.js-debug-companion',
  'ms-vscode.vscode-js-profile-table', 'php-language-features', 'terminal-suggest', 'tunnel-forwarding',
];

/** Native modules that would have to be compiled. Their work is small enough to be done in JavaScript. */
const STAND_INS = ['@vscode/fs-copyfile', '@vscode/native-watchdog', '@vscode/spdlog', 'native-watchdog'];

/** Makes sure that a release is installed below `.cache/vscode`; where it stands there already this takes no time. */
export async function installVscodeServer(release: VscodeRelease = NEWEST): Promise<VscodeServerFiles> {
  const target = path.join(CACHE, 'vscode', release.vscode);
  const stamp = JSON.stringify({ recipe: RECIPE, release });
  if (readStamp(target) !== stamp) await installInto(target, release, stamp);
  const ownNode = path.join(target, 'node');
  return { node: existsSync(ownNode) ? ownNode : process.execPath, serverMain: path.join(target, 'vscode/out/server-main.js') };
}

function readStamp(target: string): string | undefined {
  const file = path.join(target, 'stamp.json');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

async function installInto(target: string, release: VscodeRelease, stamp: string): Promise<void> {
  console.log(`Installing VS Code ${release.vscode} (server build, from the npm package code-server ${release.codeServer.version}) …`);
  const started = Date.now();
  mkdirSync(path.dirname(target), { recursive: true });
  // Made beside its place and renamed: a run that is interrupted leaves no half installation that looks whole.
  const draft = mkdtempSync(`${target}-`);
  try {
    await unpackPackage(draft, 'code-server', release.codeServer, ['package/lib/vscode'], 2);
    await installNode(draft, release);
    const vscode = path.join(draft, 'vscode');
    await installDependencies(vscode, release);
    for (const name of STAND_INS) writeStandIn(vscode, name);
    for (const name of UNWANTED_EXTENSIONS) rmSync(path.join(vscode, 'extensions', name), { recursive: true, force: true });
    placeRipgrep(vscode);
    dropOtherPlatforms(vscode);
    writeFileSync(path.join(draft, 'stamp.json'), stamp);
    rmSync(target, { recursive: true, force: true });
    renameSync(draft, target);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  console.log(`VS Code ${release.vscode} installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

/** Downloads one package, checks it against its pinned integrity, and unpacks some of its members. */
async function unpackPackage(folder: string, name: string, pinned: PinnedPackage, members: readonly string[], strip: number): Promise<void> {
  const answer = await capture('npm', ['pack', `${name}@${pinned.version}`, '--json', '--loglevel=error'], { cwd: folder });
  const [packed] = JSON.parse(answer) as { filename: string; integrity: string }[];
  if (!packed) throw new Error(`npm pack ${name}@${pinned.version} returned nothing.`);
  const archive = path.join(folder, packed.filename);
  if (packed.integrity !== pinned.integrity) {
    throw new Error(`${name}@${pinned.version} from the registry is not the file that was pinned: ${packed.integrity}. Compare the registry with test/support/vscodeInstall.ts.`);
  }
  await run('tar', ['-xzf', archive, '-C', folder, `--strip-components=${strip}`, ...members]);
  rmSync(archive);
}

async function installNode(draft: string, release: VscodeRelease): Promise<void> {
  if (!release.node || process.versions.node.split('.')[0] === release.node.version.split('.')[0]) return;
  const platform = `${process.platform}-${process.arch}`;
  const integrity = release.node.integrity[platform];
  if (!integrity) throw new Error(`VS Code ${release.vscode} needs Node.js ${release.node.version}, and this script has none for ${platform}. Run it with Node.js ${release.node.version}.`);
  await unpackPackage(draft, `node-${platform}`, { version: release.node.version, integrity }, ['package/bin/node'], 2);
}

/** npm takes the versions and integrities from the npm-shrinkwrap.json that code-server ships. */
async function installDependencies(vscode: string, release: VscodeRelease): Promise<void> {
  const manifest = path.join(vscode, 'package.json');
  const original = readFileSync(manifest, 'utf8');
  const { name, version, type, dependencies } = JSON.parse(original) as { name: string; version: string; type?: string; dependencies: Record<string, string> };
  const wanted = release.dependencies ?? Object.keys(dependencies);
  const chosen = Object.fromEntries(wanted.map((dependency) => [dependency, dependencies[dependency]]));
  writeFileSync(manifest, JSON.stringify({ name, version, private: true, type, dependencies: chosen }));
  await run('npm', ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: vscode, stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(manifest, original);
}

function writeStandIn(vscode: string, name: string): void {
  const folder = path.join(vscode, 'node_modules', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, version: '0.0.0', main: 'index.js', type: 'commonjs' }));
  cpSync(path.join(__dirname, 'standIns', `${path.basename(name)}.cjs`), path.join(folder, 'index.js'));
}

/** Older releases look for the `rg` that an install script would have downloaded; npm has the same program as a package. */
function placeRipgrep(vscode: string): void {
  const bin = path.join(vscode, 'node_modules/@vscode/ripgrep/bin');
  if (!existsSync(path.dirname(bin)) || existsSync(path.join(bin, 'rg'))) return;
  const newest = path.join(CACHE, 'vscode', NEWEST.vscode, `vscode/node_modules/@vscode/ripgrep-universal/bin/${process.platform}-${process.arch}/rg`);
  if (existsSync(newest)) cpSync(newest, path.join(bin, 'rg'));
}

function dropOtherPlatforms(vscode: string): void {
  const mine = `${process.platform}-${process.arch}`;
  for (const folder of ['@vscode/ripgrep-universal/bin', 'node-pty/prebuilds']) {
    const full = path.join(vscode, 'node_modules', folder);
    const others = existsSync(full) ? readdirSync(full).filter((entry) => entry !== mine) : [];
    for (const entry of others) rmSync(path.join(full, entry), { recursive: true });
  }
}
