import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Engine } from '../protocol/engine';
import { createEngine } from '../protocol/pooledEngine';
import type { WorkerHandle } from '../protocol/pool';
import type { WorkerInit } from '../protocol/workerContract';
import type { Log } from './log';

/** The header of a 200 MB model.json must fit; a worker that needs more ends with a clear error and takes nothing else with it. */
const WORKER_HEAP_MB = 2048;

export interface EngineSetup {
  /** Where the built worker and kernel lie. */
  readonly distPath: string;
  readonly cacheFolder: string;
  /** 0: as many as there are cores, less the one that the editor needs. */
  readonly workers: number;
  readonly log: Log;
}

export function makeEngine({ distPath, cacheFolder, workers, log }: EngineSetup): Engine {
  const init: WorkerInit = { kernelPath: path.join(distPath, 'kernel.wasm'), cacheFolder };
  return createEngine({
    spawn: () => spawn(path.join(distPath, 'worker.js'), init, log),
    workers: workers > 0 ? workers : Math.max(1, os.availableParallelism() - 1),
    cacheEnabled: true,
  });
}

function spawn(file: string, init: WorkerInit, log: Log): WorkerHandle {
  const worker = new Worker(file, { workerData: init, name: 'weightgram', resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB } });
  let reason = '';
  worker.on('error', (error) => {
    reason = error.message;
    log.error('a worker', error);
  });
  return {
    wire: {
      post: (message, transfer) => worker.postMessage(message, transfer ? [...transfer] : undefined),
      listen: (onMessage) => void worker.on('message', onMessage),
    },
    onExit: (listener) => void worker.on('exit', (code) => listener(reason || `exit code ${code}`)),
    terminate: () => void worker.terminate(),
  };
}
