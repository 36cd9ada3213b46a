import { CancelledError, HumanError, messageOf, WorkerDiedError } from '../core/errors';
import { planJobs, withOwnFiles } from './parts';
import { Peer } from './rpc';
import type { Wire } from './rpc';
import type { JobFiles, Part, PartResult, PoolSide, SpectrumJob, WorkerSide } from './workerContract';
import type { Spectrum } from '../core/statistics/spectrum';

/**
 * A worker as the pool sees it. In Node:
 *
 * ```ts
 * const worker = new Worker(path.join(__dirname, 'worker.js'), { workerData: init satisfies WorkerInit, resourceLimits });
 * return {
 *   wire: {
 *     post: (message, transfer) => worker.postMessage(message, transfer ? [...transfer] : undefined),
 *     listen: (onMessage) => worker.on('message', onMessage),
 *   },
 *   onExit: (listener) => {
 *     let reason = '';
 *     worker.on('error', (error) => (reason = error.message));
 *     worker.on('exit', (code) => listener(reason || `exit code ${code}`));
 *   },
 *   terminate: () => void worker.terminate(),
 * };
 * ```
 */
export interface WorkerHandle {
  readonly wire: Wire;
  /** Called once, with what is known of the reason. */
  onExit(listener: (reason: string) => void): void;
  terminate(): void;
}

export interface PoolOptions {
  readonly spawn: () => WorkerHandle;
  readonly workers: number;
  /** Time without work after which the workers end; DEFAULT_IDLE_MS where absent. */
  readonly idleMs?: number;
}

/** Long enough for a person to look at one model and go to the next. */
const DEFAULT_IDLE_MS = 30_000;

/** Jobs that a worker has at hand: with one more waiting it never waits for the pool. */
const JOBS_AT_HAND = 2;

/** Workers that die one after another without a single result: the fault is not in one tensor. */
const MOST_DEATHS_IN_A_ROW = 8;

type Requests = WorkerSide['requests'];
type WorkerPeer = Peer<PoolSide, WorkerSide>;

interface Slot {
  readonly handle: WorkerHandle;
  readonly peer: WorkerPeer;
  readonly jobs: Map<number, Job>;
}

export interface ScanOptions {
  readonly files: JobFiles;
  /** Share of max|w| that counts as near zero. */
  readonly nearZeroRatio: number;
  /** Hears of every part once, mostly in the order given. */
  readonly onResult: (part: Part, result: PartResult) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Parts of one scan that travel together. */
interface Job {
  readonly id: number;
  readonly run: Run;
  readonly parts: readonly Part[];
  /** Results come in the order of the parts. */
  received: number;
  /** Alone on its worker: the second try of a part whose worker died. */
  readonly alone: boolean;
  /** Its worker died of it, not of another job that was before it. */
  isSuspect: boolean;
}

interface Run extends ScanOptions {
  left: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Workers that start when there is work, share it, and end when there is none.
 * A worker that dies is replaced; what it had in hand is tried again, part by part, and only a part that kills its worker
 * twice fails.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #slots = new Set<Slot>();
  readonly #queue: Job[] = [];
  /** Who hears of a spectrum's progress, by job. */
  readonly #spectrumListeners = new Map<number, (share: number) => void>();
  #nextJobId = 1;
  #deathsInARow = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Starts all workers, for work that is about to come. */
  warmUp(): void {
    while (!this.#disposed && this.#slots.size < this.#options.workers) this.#spawn();
    this.#watchIdle();
  }

  /** Asks the least busy worker. Where it dies of other work, another one is asked once more. */
  async request<K extends keyof Requests>(name: K, params: Requests[K]['params'], signal?: AbortSignal): Promise<Requests[K]['result']> {
    try {
      return await this.#ask(name, params, signal);
    } catch (error) {
      if (!(error instanceof WorkerDiedError) || this.#disposed) throw error;
      return await this.#ask(name, params, signal);
    }
  }

  /**
   * Scans parts on all workers.
   * @throws CancelledError when the signal fires.
   */
  scan(parts: readonly Part[], options: ScanOptions): Promise<void> {
    const { signal } = options;
    if (signal?.aborted || this.#disposed) return Promise.reject(new CancelledError());
    if (parts.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const run: Run = { ...options, left: parts.length, resolve: () => end(resolve), reject: (error) => end(() => reject(error)) };
      const onAbort = (): void => run.reject(new CancelledError());
      const end = (settle: () => void): void => {
        signal?.removeEventListener('abort', onAbort);
        this.#forget(run);
        settle();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      for (const job of planJobs(parts)) this.#queue.push(this.#job(run, job, false));
      this.#dispatch();
    });
  }

  /** One matrix on the least busy worker. */
  async spectrum(job: SpectrumJob, onProgress: ((share: number) => void) | undefined, signal: AbortSignal | undefined): Promise<Spectrum> {
    const jobId = this.#nextJobId++;
    if (onProgress) this.#spectrumListeners.set(jobId, onProgress);
    try {
      return await this.request('spectrum', { ...job, jobId }, signal);
    } finally {
      this.#spectrumListeners.delete(jobId);
    }
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#idleTimer);
    const runs = new Set([...this.#queue, ...[...this.#slots].flatMap((slot) => [...slot.jobs.values()])].map((job) => job.run));
    for (const run of runs) run.reject(new CancelledError());
    this.#endWorkers();
  }

  #job(run: Run, parts: readonly Part[], alone: boolean): Job {
    return { id: this.#nextJobId++, run, parts, received: 0, alone, isSuspect: false };
  }

  async #ask<K extends keyof Requests>(name: K, params: Requests[K]['params'], signal?: AbortSignal): Promise<Requests[K]['result']> {
    if (this.#disposed) throw new CancelledError();
    const slot = this.#leastBusy();
    clearTimeout(this.#idleTimer);
    try {
      return await slot.peer.request(name, params, signal);
    } finally {
      this.#watchIdle();
    }
  }

  #leastBusy(): Slot {
    let best: Slot | undefined;
    for (const slot of this.#slots) if (!best || slot.peer.pending < best.peer.pending) best = slot;
    const mayGrow = this.#slots.size < this.#options.workers;
    return best && (best.peer.pending === 0 || !mayGrow) ? best : this.#spawn();
  }

  #spawn(): Slot {
    const handle = this.#options.spawn();
    const jobs = new Map<number, Job>();
    const peer: WorkerPeer = new Peer(handle.wire, {}, {
      scanned: ({ jobId, results }) => results.forEach((result) => this.#scanned(jobs.get(jobId), result)),
      spectrumProgress: ({ jobId, share }) => this.#spectrumListeners.get(jobId)?.(share),
    });
    const slot: Slot = { handle, peer, jobs };
    this.#slots.add(slot);
    handle.onExit((reason) => this.#exited(slot, reason));
    return slot;
  }

  #exited(slot: Slot, reason: string): void {
    if (!this.#slots.delete(slot)) return;
    this.#deathsInARow++;
    // A worker takes its jobs one after another: the first was in hand.
    const [suspect] = slot.jobs.values();
    if (suspect) suspect.isSuspect = true;
    slot.peer.dispose(new WorkerDiedError(`A worker ended in the middle of its work (${reason}). If memory is short, close other programs and try again.`));
  }

  #dispatch(): void {
    clearTimeout(this.#idleTimer);
    if (this.#disposed) return;
    for (;;) {
      const job = this.#queue[0];
      const slot = job && this.#slotFor(job);
      if (!job || !slot) break;
      this.#queue.shift();
      void this.#send(slot, job);
    }
    this.#watchIdle();
  }

  /** One that has least at hand, so that no worker waits while another has two jobs. */
  #slotFor(job: Job): Slot | undefined {
    const most = job.alone ? 1 : JOBS_AT_HAND;
    let best: Slot | undefined;
    for (const slot of this.#slots) {
      if ([...slot.jobs.values()].some((other) => other.alone) || slot.jobs.size >= most) continue;
      if (!best || slot.jobs.size < best.jobs.size) best = slot;
    }
    if (best?.jobs.size === 0) return best;
    return this.#slots.size < this.#options.workers ? this.#spawn() : best;
  }

  async #send(slot: Slot, job: Job): Promise<void> {
    slot.jobs.set(job.id, job);
    try {
      await slot.peer.request('scan', { jobId: job.id, nearZeroRatio: job.run.nearZeroRatio, ...withOwnFiles(job.run.files, job.parts) }, job.run.signal);
    } catch (error) {
      if (job.run.left > 0) this.#failed(job, error);
    } finally {
      slot.jobs.delete(job.id);
      this.#dispatch();
    }
  }

  #scanned(job: Job | undefined, result: PartResult): void {
    const part = job?.parts[job.received];
    if (!job || !part || job.run.left === 0) return;
    job.received++;
    this.#deathsInARow = 0;
    this.#deliver(job.run, part, result);
  }

  #deliver(run: Run, part: Part, result: PartResult): void {
    run.left--;
    try {
      run.onResult(part, result);
    } catch (error) {
      run.left = 0;
      run.reject(error as Error);
      return;
    }
    if (run.left === 0) run.resolve();
  }

  #failed(job: Job, error: unknown): void {
    if (error instanceof CancelledError) return;
    const parts = job.parts.slice(job.received);
    if (parts.length === 0) return;
    const isGuilty = job.alone && job.isSuspect;
    if (error instanceof WorkerDiedError && !isGuilty && this.#deathsInARow < MOST_DEATHS_IN_A_ROW) {
      const again = job.isSuspect ? parts.map((part) => this.#job(job.run, [part], true)) : [this.#job(job.run, parts, job.alone)];
      this.#queue.unshift(...again);
      return;
    }
    for (const part of parts) this.#deliver(job.run, part, { index: part.index, failure: failureOf(part, error) });
    if (this.#deathsInARow >= MOST_DEATHS_IN_A_ROW) this.#giveUp(error);
  }

  /** Nothing that waits has better chances than what died. */
  #giveUp(error: unknown): void {
    this.#deathsInARow = 0;
    for (const job of this.#queue.splice(0)) {
      for (const part of job.parts) if (job.run.left > 0) this.#deliver(job.run, part, { index: part.index, failure: failureOf(part, error) });
    }
  }

  #forget(run: Run): void {
    run.left = 0;
    const kept = this.#queue.filter((job) => job.run !== run);
    this.#queue.splice(0, this.#queue.length, ...kept);
  }

  #watchIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#disposed || this.#slots.size === 0 || this.#queue.length > 0 || [...this.#slots].some((slot) => slot.peer.pending > 0)) return;
    this.#idleTimer = setTimeout(() => this.#endWorkers(), this.#options.idleMs ?? DEFAULT_IDLE_MS);
    // In Node a timer keeps the process alive, and an idle pool is no reason to stay.
    (this.#idleTimer as { unref?: () => void }).unref?.();
  }

  #endWorkers(): void {
    for (const slot of [...this.#slots]) {
      this.#slots.delete(slot);
      slot.peer.dispose();
      slot.handle.terminate();
    }
  }
}

function failureOf({ tensor }: Part, error: unknown): string {
  if (error instanceof WorkerDiedError) return `${tensor.name}: ${error.message}`;
  return error instanceof HumanError ? error.message : `${tensor.name} could not be analysed: ${messageOf(error)}. Please report this.`;
}
