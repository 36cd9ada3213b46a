// The engine as the command line has it, for ours.mjs: bundled before the measurement.
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Engine } from '../src/protocol/engine';
import { createEngine } from '../src/protocol/pooledEngine';
import type { WorkerInit } from '../src/protocol/workerContract';

export function makeEngine(folder: string, workers: number): Engine {
  const workerData: WorkerInit = { kernelPath: path.join(folder, 'kernel.wasm') };
  return createEngine({
    workers,
    cacheEnabled: false,
    spawn: () => {
      const worker = new Worker(path.join(folder, 'worker.js'), { workerData });
      return {
        wire: {
          post: (message, transfer) => worker.postMessage(message, transfer ? [...transfer] : undefined),
          listen: (onMessage) => worker.on('message', onMessage),
        },
        onExit: (listener) => {
          worker.on('error', (error) => console.error(error));
          worker.on('exit', (code) => listener(`exit code ${code}`));
        },
        terminate: () => void worker.terminate(),
      };
    },
  });
}
