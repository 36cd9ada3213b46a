// The inside of a worker thread: everything that touches model files, off the editor's thread.
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { HEAD_BYTES } from '../core/formats/format';
import { identify, openModel } from '../core/formats/index';
import { Peer } from '../protocol/rpc';
import type { Wire } from '../protocol/rpc';
import type { PoolSide, WorkerInit, WorkerSide } from '../protocol/workerContract';
import { Cache } from './cache';
import { NodeByteSource } from './nodeByteSource';
import { countParts, scanParts } from './partJobs';
import { saveValues } from './saveJob';
import { computeSpectrum } from './spectrumJob';
import { Turns } from './turns';
import { computeGrid } from './valuesJob';
import { createKernel } from './wasmKernel';

const port = parentPort;
if (!port) throw new Error('worker.js runs as a worker thread only');

const { kernelPath, linearPath = path.join(path.dirname(kernelPath), 'linear.wasm'), cacheFolder } = workerData as WorkerInit;
const { kernel } = createKernel(kernelPath);
const cache = cacheFolder === undefined ? undefined : new Cache(cacheFolder);
/** The kernel counts one thing at a time, and a job pauses to hear of a cancel. */
const turns = new Turns();
/** A spectrum takes memory, not the kernel: scans go on between its breaths, and the next spectrum waits. */
const spectrumTurns = new Turns();

const wire: Wire = {
  post: (message, transfer) => port.postMessage(message, transfer ? [...transfer] : undefined),
  listen: (onMessage) => port.on('message', onMessage),
};

const peer = new Peer<WorkerSide, PoolSide>(
  wire,
  {
    identify: async (params, signal) => withSource(params.path, async (source) => identify(await source.read(0, Math.min(HEAD_BYTES, source.size), signal), path.basename(params.path))),
    open: async (params, signal) => withSource(params.path, (source) => openModel(source, signal)),
    scan: async (job, signal) => {
      await turns.take(signal, () => scanParts(kernel, job, (results) => peer.tell('scanned', { jobId: job.jobId, results }), signal));
      return null;
    },
    count: (job, signal) => turns.take(signal, () => countParts(kernel, job, signal)),
    spectrum: ({ jobId, ...job }, signal) => spectrumTurns.take(signal, () => computeSpectrum(linearPath, job, (share) => peer.tell('spectrumProgress', { jobId, share }), signal)),
    // Decoded without the kernel: counting goes on meanwhile.
    grid: (job, signal) => computeGrid(job, signal),
    saveValues: (job, signal) => saveValues(job, signal),
    loadCache: async ({ model }) => (await cache?.load(model)) ?? null,
    saveCache: async ({ model, analysis }) => {
      await cache?.save(model, analysis);
      return null;
    },
  },
  {},
);

async function withSource<T>(name: string, use: (source: NodeByteSource) => Promise<T>): Promise<T> {
  const source = await NodeByteSource.open(name);
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}
