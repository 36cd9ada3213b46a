import assert from 'node:assert/strict';
import { CancelledError, WorkerDiedError } from '../../../src/core/errors';
import { EMPTY_PARTIAL } from '../../../src/core/statistics/partial';
import { partsOf } from '../../../src/protocol/parts';
import { Pool } from '../../../src/protocol/pool';
import type { ScanOptions, WorkerHandle } from '../../../src/protocol/pool';
import { Peer } from '../../../src/protocol/rpc';
import type { Wire } from '../../../src/protocol/rpc';
import type { Part, PartResult, PoolSide, ScanJob, WorkerSide } from '../../../src/protocol/workerContract';
import { tensorOf } from '../../support/sampleData';

/** Two ends in one thread; messages arrive later, as they do between threads. */
function wirePair(): [Wire, Wire] {
  const ends: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []];
  const end = (own: 0 | 1): Wire => ({
    post: (message) => void setImmediate(() => ends[1 - own]!.forEach((listener) => listener(structuredClone(message)))),
    listen: (onMessage) => void ends[own].push(onMessage),
  });
  return [end(0), end(1)];
}

interface Behaviour {
  /** Names of tensors that kill their worker whenever they are scanned. */
  readonly deadly?: readonly string[];
  /** That kill it the first time only. */
  readonly deadlyOnce?: string[];
  readonly partMs?: number;
  readonly failing?: readonly string[];
  readonly diesAtOnce?: boolean;
}

/** Workers without threads, that scan nothing and say so. */
class FakeWorkers {
  spawned = 0;
  alive = 0;
  atOnce = 0;
  mostAtOnce = 0;
  readonly jobs: string[][] = [];

  constructor(readonly behaviour: Behaviour = {}) {}

  readonly spawn = (): WorkerHandle => {
    this.spawned++;
    this.alive++;
    const [outer, inner] = wirePair();
    let onExit: (reason: string) => void = () => undefined;
    let last: Promise<unknown> = Promise.resolve();
    let dead = false;
    const die = (reason: string): void => {
      if (dead) return;
      dead = true;
      this.alive--;
      peer.dispose();
      setImmediate(() => onExit(reason));
    };
    const peer: Peer<WorkerSide, PoolSide> = new Peer<WorkerSide, PoolSide>(
      inner,
      {
        identify: ({ path }) => Promise.resolve({ kind: 'other', is: `was asked for ${path}` }),
        open: (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new CancelledError()))),
        scan: (job, signal) => {
          const turn = last.then(() => this.#scan(job, signal, peer, die));
          last = turn.catch(() => undefined);
          return turn;
        },
        count: () => Promise.reject(new TypeError('not made')),
        spectrum: () => Promise.reject(new TypeError('not made')),
        grid: () => Promise.reject(new TypeError('not made')),
        saveValues: () => Promise.reject(new TypeError('not made')),
        loadCache: () => Promise.resolve(null),
        saveCache: () => Promise.resolve(null),
      },
      {},
    );
    if (this.behaviour.diesAtOnce) setImmediate(() => die('no such file'));
    return { wire: outer, onExit: (listener) => (onExit = listener), terminate: () => die('terminated') };
  };

  async #scan(job: ScanJob & { jobId: number }, signal: AbortSignal, peer: Peer<WorkerSide, PoolSide>, die: (reason: string) => void): Promise<null> {
    this.jobs.push(job.parts.map((part) => part.tensor.name));
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    try {
      for (const { index, tensor } of job.parts) {
        if (this.behaviour.partMs) await new Promise((resolve) => setTimeout(resolve, this.behaviour.partMs));
        if (signal.aborted) throw new CancelledError();
        const once = this.behaviour.deadlyOnce?.indexOf(tensor.name) ?? -1;
        if (once >= 0) this.behaviour.deadlyOnce!.splice(once, 1);
        if (once >= 0 || this.behaviour.deadly?.includes(tensor.name)) {
          die('out of memory');
          return await new Promise<null>(() => undefined);
        }
        const result: PartResult = this.behaviour.failing?.includes(tensor.name) ? { index, failure: 'broken' } : { index, partial: EMPTY_PARTIAL };
        peer.tell('scanned', { jobId: job.jobId, results: [result] });
      }
      return null;
    } finally {
      this.atOnce--;
    }
  }
}

const MIB = 1024 * 1024;

function parts(...sizes: number[]): Part[] {
  return sizes.flatMap((bytes, index) => partsOf(tensorOf('float32', bytes / 4, { name: `t${index}` }), index));
}

describe('the pool', () => {
  let pool: Pool;
  afterEach(() => pool.dispose());

  function poolOf(fake: FakeWorkers, workers = 2, idleMs = 10_000): Pool {
    pool = new Pool({ spawn: fake.spawn, workers, idleMs });
    return pool;
  }

  async function scan(work: readonly Part[], more: Partial<ScanOptions> = {}): Promise<{ order: number[]; failures: Map<number, string> }> {
    const order: number[] = [];
    const failures = new Map<number, string>();
    await pool.scan(work, {
      files: [{ path: '/f', sizeBytes: 1, modifiedMs: 1 }],
      nearZeroRatio: 0.01,
      onResult: (part, result) => {
        assert.equal(part.index, result.index);
        order.push(part.index);
        if ('failure' in result) failures.set(part.index, result.failure);
      },
      ...more,
    });
    return { order, failures };
  }

  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const ascending = (order: readonly number[]): number[] => [...order].sort((a, b) => a - b);

  it('hears of every part once, about in model order, from all workers', async () => {
    const fake = new FakeWorkers({ partMs: 1 });
    poolOf(fake, 3);
    const { order } = await scan(parts(...numbers(40).map(() => 4 * MIB)));
    assert.deepEqual(ascending(order), numbers(40));
    order.forEach((index, place) => assert.ok(Math.abs(index - place) <= 12, `${index} at ${place}`));
    assert.equal(fake.spawned, 3);
    assert.equal(fake.mostAtOnce, 3);
  });

  it('starts no worker before there is work, and no more than there is work for', async () => {
    const fake = new FakeWorkers();
    poolOf(fake, 4);
    assert.equal(fake.spawned, 0);
    await scan([]);
    assert.equal(fake.spawned, 0);
    await scan(parts(100));
    assert.equal(fake.spawned, 1);
    pool.warmUp();
    assert.equal(fake.spawned, 4);
  });

  it('lets small tensors travel together, and the first ones soon', async () => {
    const fake = new FakeWorkers();
    poolOf(fake, 1);
    await scan(parts(...numbers(1000).map(() => 40 * 1024)));
    assert.ok(fake.jobs[0]!.length <= 7, `${fake.jobs[0]!.length} in the first job`);
    assert.ok(fake.jobs.length < 20, `${fake.jobs.length} jobs`);
  });

  it('begins with something small where the model begins with something large', async () => {
    const fake = new FakeWorkers();
    poolOf(fake, 1);
    const { order } = await scan(parts(200 * MIB, MIB, MIB));
    assert.equal(order[0], 1);
    assert.equal(order.length, partsOf(tensorOf('float32', 50 * MIB), 0).length + 2);
  });

  it('fails only what kills its worker, and replaces the worker', async () => {
    const fake = new FakeWorkers({ deadly: ['t3', 't30'], deadlyOnce: ['t11'] });
    poolOf(fake);
    const { order, failures } = await scan(parts(...numbers(40).map(() => 300 * 1024)));
    assert.deepEqual(ascending(order), numbers(40));
    assert.deepEqual([...failures.keys()].sort(), [3, 30]);
    assert.match(failures.get(3)!, /^t3: A worker ended in the middle of its work \(out of memory\)/);
    assert.ok(fake.spawned > 2);
    assert.deepEqual((await scan(parts(100))).order, [0]);
  });

  it('gives up where every worker dies', async () => {
    const fake = new FakeWorkers({ diesAtOnce: true });
    poolOf(fake);
    const { failures } = await scan(parts(...numbers(500).map(() => 300 * 1024)));
    assert.equal(failures.size, 500);
    assert.match(failures.get(499)!, /no such file/);
    assert.ok(fake.spawned < 30, `${fake.spawned} workers`);
    await assert.rejects(pool.request('identify', { path: '/x' }), WorkerDiedError);
  });

  it('passes on what a worker says of a part', async () => {
    poolOf(new FakeWorkers({ failing: ['t1'] }));
    const { failures } = await scan(parts(100, 100, 100));
    assert.deepEqual([...failures], [[1, 'broken']]);
  });

  it('stops at once, and the workers soon after', async () => {
    const fake = new FakeWorkers({ partMs: 5 });
    poolOf(fake);
    const controller = new AbortController();
    let results = 0;
    const work = scan(parts(...numbers(100).map(() => MIB)), { signal: controller.signal, onResult: () => void results++ });
    setTimeout(() => controller.abort(), 30);
    await assert.rejects(work, CancelledError);
    const then = results;
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(results, then);
    assert.equal(fake.atOnce, 0);
    assert.equal((await scan(parts(100))).order.length, 1);
  });

  it('works on two models at a time', async () => {
    poolOf(new FakeWorkers({ partMs: 1 }));
    const [a, b] = await Promise.all([scan(parts(...numbers(20).map(() => MIB))), scan(parts(...numbers(10).map(() => MIB)))]);
    assert.deepEqual([ascending(a.order), ascending(b.order)], [numbers(20), numbers(10)]);
  });

  it('rejects where the listener throws, and goes on living', async () => {
    poolOf(new FakeWorkers());
    await assert.rejects(scan(parts(100, 100), { onResult: () => { throw new TypeError('listener'); } }), /listener/);
    assert.equal((await scan(parts(100))).order.length, 1);
  });

  it('ends its workers when idle, and starts new ones for new work', async () => {
    const fake = new FakeWorkers();
    poolOf(fake, 2, 30);
    await scan(parts(100, 100));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(fake.alive, 0);
    await pool.request('identify', { path: '/x' });
    assert.equal(fake.alive, 1);
  });

  it('rejects all that waits when it is disposed', async () => {
    const fake = new FakeWorkers({ partMs: 50 });
    poolOf(fake);
    const work = [scan(parts(100)), pool.request('open', { path: '/x' })];
    setImmediate(() => pool.dispose());
    for (const one of work) await assert.rejects(one, CancelledError);
    assert.equal(fake.alive, 0);
    await assert.rejects(scan(parts(100)), CancelledError);
    await assert.rejects(pool.request('identify', { path: '/x' }), CancelledError);
  });
});

describe('parts', () => {
  it('cover a tensor without gaps, aligned to elements', () => {
    for (const elements of [1, 4096, 5_000_001, 50_000_000]) {
      const found = partsOf(tensorOf('float32', elements), 7);
      assert.equal(found[0]!.firstElement, 0);
      found.slice(1).forEach((part, i) => assert.equal(part.firstElement, found[i]!.firstElement + found[i]!.elements));
      assert.equal(found.reduce((sum, part) => sum + part.elements, 0), elements);
      assert.ok(found.every((part) => part.elements <= 4 * MIB && part.index === 7));
    }
    assert.deepEqual(partsOf(tensorOf('float32', 0), 0), []);
  });
});
