// The engine as the command line has it, for ours.mjs: bundled before the measurement.
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Analysis } from '../src/core/analysis';
import { findingsOf } from '../src/core/rules/index';
import type { Finding } from '../src/core/rules/rule';
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

/** All rules once more, over figures that are there: what they cost by themselves. New maps, so that nothing is remembered. */
export function judge({ model, statistics, failures }: Analysis): readonly Finding[] {
  return findingsOf({ ...model }, new Map(statistics), failures);
}
