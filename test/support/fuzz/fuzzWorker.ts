// The inside of a fuzzing thread: one iteration after another, telling where it is, so that it can be ended from outside.
import { parentPort, workerData } from 'node:worker_threads';
import { Random } from '../random';
import type { Seed } from './corpus';
import { mutate } from './mutations';
import { tryModel } from './target';
import type { Outcome } from './target';

export interface FuzzWorkerData {
  readonly format: string;
  readonly seeds: readonly Seed[];
  readonly seed: number;
  readonly first: number;
  readonly end: number;
  /** [iteration in hand, milliseconds of performance.timeOrigin's clock at which it began] */
  readonly clock: SharedArrayBuffer;
}

export interface Failure {
  readonly iteration: number;
  readonly kind: 'error' | 'memory' | 'slow' | 'hang' | 'death';
  readonly message: string;
}

export type FuzzMessage =
  | { readonly kind: 'failure'; readonly failure: Failure }
  | { readonly kind: 'done'; readonly outcomes: Readonly<Record<Outcome, number>>; readonly slowestMs: number };

/** What one small file may leave allocated outside of the heap, garbage included. */
const MOST_BUFFER_BYTES = 192 * 2 ** 20;
const MOST_MS = 2000;

export interface MutatedFiles {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly seed: Seed;
  /** Which of them was changed. */
  readonly changed: string;
}

/** The files of an iteration: the same ones for the same numbers. */
export function mutatedFiles({ seeds, format, seed }: Pick<FuzzWorkerData, 'seeds' | 'format' | 'seed'>, iteration: number): MutatedFiles {
  const random = new Random(hashOf(`${seed} ${format} ${iteration}`));
  const chosen = random.pick(seeds);
  const other = random.pick(seeds);
  const related = relatedFiles(chosen);
  const changed = random.chance(0.8) ? chosen.main : random.pick(related);
  const bytes = mutate(chosen.files.get(changed)!, other.files.get(other.main)!, format, random);
  return { files: new Map([...chosen.files, [changed, bytes]]), seed: chosen, changed };
}

/** Files that belong to a model by their name or folder: in a folder of many models the others are never asked for. */
function relatedFiles({ main, files }: Seed): string[] {
  const folder = main.includes('/') ? main.slice(0, main.lastIndexOf('/') + 1) : '';
  const stem = main.slice(folder.length).split(/[.-]/)[0]!;
  return [...files.keys()].filter((name) => name.startsWith(folder) && (folder !== '' || name.startsWith(stem)));
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

async function run(data: FuzzWorkerData): Promise<void> {
  const clock = new Float64Array(data.clock);
  const outcomes: Record<Outcome, number> = { opened: 0, refused: 0, foreign: 0 };
  let slowestMs = 0;
  const tell = (message: FuzzMessage): void => parentPort!.postMessage(message);
  for (let iteration = data.first; iteration < data.end; iteration++) {
    clock[0] = iteration;
    clock[1] = performance.timeOrigin + performance.now();
    const { files, seed } = mutatedFiles(data, iteration);
    const before = process.memoryUsage().arrayBuffers;
    const began = performance.now();
    try {
      outcomes[await tryModel(files, seed.main)]++;
    } catch (error) {
      tell({ kind: 'failure', failure: { iteration, kind: 'error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) } });
    }
    const tookMs = performance.now() - began;
    slowestMs = Math.max(slowestMs, tookMs);
    const grown = process.memoryUsage().arrayBuffers - before;
    if (grown > MOST_BUFFER_BYTES) tell({ kind: 'failure', failure: { iteration, kind: 'memory', message: `${Math.round(grown / 2 ** 20)} MiB of buffers for ${seed.name}` } });
    if (tookMs > MOST_MS) tell({ kind: 'failure', failure: { iteration, kind: 'slow', message: `${Math.round(tookMs)} ms for ${seed.name}` } });
  }
  tell({ kind: 'done', outcomes, slowestMs });
}

if (parentPort && (workerData as Partial<FuzzWorkerData> | null)?.clock) void run(workerData as FuzzWorkerData);
