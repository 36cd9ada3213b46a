import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Engine } from '../protocol/engine';
import type { WorkerHandle } from '../protocol/pool';
import { createEngine } from '../protocol/pooledEngine';
import type { WorkerInit } from '../protocol/workerContract';
import { cacheFolder } from './cacheFolder';

/** All cores but the one that runs this process; a machine with one core has one worker. */
function workerCount(): number {
  return Math.max(1, os.availableParallelism() - 1);
}

/** The engine on worker.js and kernel.wasm, which lie beside the bundle that this becomes part of. */
export function makeEngine({ cache }: { readonly cache: boolean }): Engine {
  const init: WorkerInit = { kernelPath: path.join(__dirname, 'kernel.wasm'), ...(cache && { cacheFolder: cacheFolder() }) };
  return createEngine({ spawn: () => spawnWorker(init), workers: workerCount(), cacheEnabled: cache });
}

function spawnWorker(init: WorkerInit): WorkerHandle {
  const worker = new Worker(path.join(__dirname, 'worker.js'), { workerData: init });
  return {
    wire: {
      post: (message, transfer) => worker.postMessage(message, transfer ? [...transfer] : undefined),
      listen: (onMessage) => void worker.on('message', onMessage),
    },
    onExit: (listener) => {
      let reason = '';
      worker.on('error', (error) => {
        reason = error.message;
      });
      worker.on('exit', (code) => listener(reason || `exit code ${code}`));
    },
    terminate: () => void worker.terminate(),
  };
}
