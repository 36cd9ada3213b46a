import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import { ROOT } from '../paths';
import type { Seed } from './corpus';
import type { Failure, FuzzMessage, FuzzWorkerData } from './fuzzWorker';
import type { Outcome } from './target';

export interface FuzzOptions {
  readonly format: string;
  readonly seeds: readonly Seed[];
  readonly seed: number;
  readonly first?: number;
  readonly iterations: number;
}

export interface FuzzResult {
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly failures: readonly Failure[];
  readonly slowestMs: number;
}

/** Longer than an iteration may take: a busy machine is no hang. */
const HANG_MS = 4000;
const LOOK_MS = 200;

/** A small file needs a few megabytes; V8 ends a thread that takes more than this. */
const MOST_HEAP_MIB = 512;

/** Beyond this many the rest is more of the same. */
const MOST_FAILURES = 200;

/** Fuzzes one format in a thread that is ended, and replaced, where an input holds it too long. */
export async function runFuzz({ format, seeds, seed, first = 0, iterations }: FuzzOptions): Promise<FuzzResult> {
  const end = first + iterations;
  const failures: Failure[] = [];
  const outcomes: Record<Outcome, number> = { opened: 0, refused: 0, foreign: 0 };
  let slowestMs = 0;
  for (let next = first; next < end && failures.length < MOST_FAILURES; ) {
    const clock = new SharedArrayBuffer(16);
    const run = await runThread({ format, seeds, seed, first: next, end, clock }, failures);
    if (run) {
      for (const outcome of Object.keys(outcomes) as Outcome[]) outcomes[outcome] += run.outcomes[outcome];
      slowestMs = Math.max(slowestMs, run.slowestMs);
      break;
    }
    next = new Float64Array(clock)[0]! + 1;
  }
  return { outcomes, failures, slowestMs };
}

/** Undefined where the thread ended before its time. */
function runThread(data: FuzzWorkerData, failures: Failure[]): Promise<Extract<FuzzMessage, { kind: 'done' }> | undefined> {
  const clock = new Float64Array(data.clock);
  clock[0] = data.first;
  clock[1] = Infinity;
  return new Promise((resolve) => {
    const worker = new Worker(bundledWorker(), { workerData: data, resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB } });
    let result: Extract<FuzzMessage, { kind: 'done' }> | undefined;
    const fail = (kind: Failure['kind'], message: string): void => void failures.push({ iteration: clock[0]!, kind, message });
    const watch = setInterval(() => {
      const tookMs = performance.timeOrigin + performance.now() - clock[1]!;
      if (tookMs < HANG_MS) return;
      clearInterval(watch);
      fail('hang', `no end after ${Math.round(tookMs)} ms`);
      void worker.terminate();
    }, LOOK_MS);
    worker.on('message', (message: FuzzMessage) => {
      if (message.kind === 'done') result = message;
      else if (failures.push(message.failure) >= MOST_FAILURES) void worker.terminate();
    });
    worker.on('error', (error) => fail('death', error.stack ?? error.message));
    worker.on('exit', () => {
      clearInterval(watch);
      resolve(result);
    });
  });
}

let bundle: string | undefined;

/** Built once a process. */
function bundledWorker(): string {
  if (bundle !== undefined) return bundle;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weightgram-fuzz-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: { fuzzWorker: 'test/support/fuzz/fuzzWorker.ts' },
    bundle: true, platform: 'node', target: 'node20', format: 'cjs', mainFields: ['module', 'main'], external: ['esbuild'], sourcemap: 'inline', outdir: folder, logLevel: 'error',
  });
  return (bundle = path.join(folder, 'fuzzWorker.js'));
}
