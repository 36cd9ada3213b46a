import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import type { Engine } from '../../src/protocol/engine';
import { createEngine } from '../../src/protocol/pooledEngine';
import type { WorkerHandle } from '../../src/protocol/pool';
import type { WorkerInit } from '../../src/protocol/workerContract';
import { Worker } from 'node:worker_threads';

const root = path.resolve(__dirname, '../..');
let folder: string | undefined;

/** Kernels and worker as they are built from the sources now, whatever lies in dist/. Built once a process. */
export function builtEngineFolder(): string {
  if (folder !== undefined) return folder;
  const made = mkdtempSync(path.join(os.tmpdir(), 'weightgram-test-'));
  folder = made;
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  const asc = require.resolve('assemblyscript/bin/asc.js');
  for (const [entry, config] of [['kernel', 'asconfig.json'], ['linear', 'linear.asconfig.json']] as const) {
    const options = ['--target', 'release', '--config', path.join(root, 'src/kernel', config), '--outFile', path.join(folder, `${entry}.wasm`)];
    execFileSync(process.execPath, [asc, path.join(root, `src/kernel/${entry}.ts`), ...options], { cwd: root, stdio: 'pipe' });
  }
  buildSync({
    absWorkingDir: root,
    entryPoints: { worker: 'src/worker/worker.ts' },
    bundle: true, platform: 'node', target: 'node20', format: 'cjs', mainFields: ['module', 'main'], outdir: folder, logLevel: 'error',
  });
  return folder;
}

export function kernelPath(): string {
  return path.join(builtEngineFolder(), 'kernel.wasm');
}

/** A real worker thread. */
export function spawnWorker(init: Partial<WorkerInit> = {}): WorkerHandle & { readonly worker: Worker } {
  const workerData: WorkerInit = { kernelPath: kernelPath(), ...init };
  const worker = new Worker(path.join(builtEngineFolder(), 'worker.js'), { workerData });
  let reason = '';
  worker.on('error', (error) => (reason = error.message));
  return {
    worker,
    wire: {
      post: (message, transfer) => worker.postMessage(message, transfer ? [...transfer] : undefined),
      listen: (onMessage) => void worker.on('message', onMessage),
    },
    onExit: (listener) => void worker.on('exit', (code) => listener(reason || `exit code ${code}`)),
    terminate: () => void worker.terminate(),
  };
}

export function realEngine({ workers = 2, ...init }: { workers?: number } & Partial<WorkerInit> = {}): Engine {
  return createEngine({ workers, cacheEnabled: init.cacheFolder !== undefined, spawn: () => spawnWorker(init) });
}
