// What both commands need before anything else can be loaded: only Node.js's own modules may be used here.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const OLDEST_NODE = 20;

/** Ends with a sentence, not with a syntax error, on a Node.js that is too old. */
export function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= OLDEST_NODE) return;
  console.error(`Weightgram needs Node.js ${OLDEST_NODE} or newer; this is ${process.versions.node}. Install a newer one from https://nodejs.org.`);
  process.exit(1);
}

/** Installs the packages of package-lock.json where they are missing or differ from it. */
export function ensureNodeModules() {
  if (nodeModulesMatchLock()) return;
  console.log('Installing npm packages …');
  runOrExit('npm', ['ci', '--loglevel=error']);
}

/** npm notes in node_modules what it installed. Optional packages of other platforms are in the lock, and rightly not there. */
function nodeModulesMatchLock() {
  const installedFile = path.join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = packagesOf(path.join(ROOT, 'package-lock.json'));
  const installed = packagesOf(installedFile);
  return Object.entries(wanted).every(([folder, { version, optional, link }]) => {
    if (folder === '' || link) return true;
    return installed[folder] ? installed[folder].version === version : optional === true;
  });
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages ?? {};
}

/** Makes dist/. */
export function build({ minify = false } = {}) {
  console.log('Building …');
  runOrExit(process.execPath, ['esbuild.mjs', ...(minify ? ['--minify'] : [])]);
}

/** Loads a TypeScript module of this repository into this process. */
export function loadTypeScript(file) {
  const require = createRequire(import.meta.url);
  require('tsx/cjs');
  return require(path.join(ROOT, file));
}

function runOrExit(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (error) console.error(`${command} cannot be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
