// What the benches share: the engine built from the sources, processes that print JSON, tables.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

export const GIB = 1024 ** 3;
export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.dirname(here);

/** A copy of its own, built from the sources: what lies in dist/ may be older. `more` are further entries of Node code. */
export function buildEngine(folder, more = {}) {
  const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
  const kernel = ['--target', 'release', '--config', path.join(root, 'src/kernel/asconfig.json'), '--outFile', path.join(folder, 'kernel.wasm')];
  execFileSync(process.execPath, [asc, path.join(root, 'src/kernel/kernel.ts'), ...kernel], { cwd: root, stdio: 'inherit' });
  esbuild.buildSync({
    entryPoints: { engine: path.join(here, 'engine.ts'), worker: path.join(root, 'src/worker/worker.ts'), ...more },
    bundle: true, platform: 'node', target: 'node20', format: 'cjs', mainFields: ['module', 'main'], outdir: folder, logLevel: 'error',
  });
}

/** Analyses a model `times` times in a process of its own. */
export function ours(folder, workers, model, times) {
  return runJson(process.execPath, [path.join(here, 'ours.mjs'), folder, String(workers), String(times), model]);
}

export function runJson(command, args) {
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 }));
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function percent(share, digits = 0) {
  return `${(share * 100).toFixed(digits)} %`;
}

export function table(titles, rows) {
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The command as it was given, the day and the machine. */
export function circumstances(script) {
  return `\`npm run ${script}${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(' ')}` : ''}\`, ${new Date().toISOString().slice(0, 10)}, ${os.cpus().length} × ${os.cpus()[0].model}, ${(os.totalmem() / GIB).toFixed(0)} GiB, Node ${process.versions.node}.`;
}
