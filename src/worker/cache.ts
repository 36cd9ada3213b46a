import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Model } from '../core/model';
import type { TensorStatistics } from '../core/statistics/tensorStatistics';
import type { CachedAnalysis } from '../protocol/workerContract';
import { version } from '../../package.json';

/** Goes up whenever a figure is computed otherwise or the shape of TensorStatistics changes: older entries are then forgotten. */
const CACHE_VERSION = 2;

/** Some hundred models: an entry has about 1 % of the bytes of its model. */
const MOST_CACHE_BYTES = 256 * 1024 * 1024;

const EXTENSION = '.weightgram';

interface Entry {
  readonly stamp: string;
  readonly statistics: ReadonlyMap<number, TensorStatistics>;
}

/** Results by content stamp, one file a model. Whatever is wrong with it, it is as if there were none. */
export class Cache {
  constructor(
    private readonly folder: string,
    private readonly limitBytes = MOST_CACHE_BYTES,
  ) {}

  async load(model: Model): Promise<CachedAnalysis | null> {
    const file = this.#fileOf(model);
    try {
      const entry: unknown = deserialize(await readFile(file));
      if (!isEntry(entry) || entry.stamp !== stampOf(model)) return null;
      if (![...entry.statistics].every(([index, statistics]) => isOf(model, index, statistics))) return null;
      const now = new Date();
      // Read is used: what nobody opens goes first.
      await utimes(file, now, now);
      return { statistics: entry.statistics };
    } catch {
      // Missing, cut, or written by another version: computed anew, and overwritten.
      return null;
    }
  }

  /** Failures (a full disk, a folder that may not be written) leave things as they are: the cache only saves time. */
  async save(model: Model, { statistics }: CachedAnalysis): Promise<void> {
    const file = this.#fileOf(model);
    const unfinished = `${file}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await mkdir(this.folder, { recursive: true });
      await writeFile(unfinished, serialize({ stamp: stampOf(model), statistics } satisfies Entry));
      await rename(unfinished, file);
      await this.#evict();
    } catch {
      await rm(unfinished, { force: true }).catch(() => undefined);
    }
  }

  #fileOf(model: Model): string {
    return path.join(this.folder, createHash('sha256').update(model.path).digest('hex') + EXTENSION);
  }

  async #evict(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => name.includes(EXTENSION));
    const entries = await Promise.all(
      names.map(async (name) => {
        const file = path.join(this.folder, name);
        const stats = await stat(file).catch(() => undefined);
        return { file, bytes: stats?.size ?? 0, usedMs: stats?.mtimeMs ?? 0 };
      }),
    );
    let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of entries.sort((a, b) => a.usedMs - b.usedMs)) {
      if (bytes <= this.limitBytes) return;
      await rm(entry.file, { force: true });
      bytes -= entry.bytes;
    }
  }
}

/** Changes with every file of the model, with the version, and with how the format is read. */
export function stampOf(model: Model): string {
  const files = model.files.map(({ path: name, sizeBytes, modifiedMs }) => [name, sizeBytes, modifiedMs]);
  const tensors = model.tensors.map(({ name, dtype, elements, quantization, axes }) => [name, dtype, elements, quantization, axes]);
  return createHash('sha256').update(JSON.stringify([CACHE_VERSION, version, files, tensors])).digest('hex');
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'stamp' in value && 'statistics' in value && value.statistics instanceof Map;
}

function isOf(model: Model, index: unknown, statistics: unknown): boolean {
  if (typeof index !== 'number' || typeof statistics !== 'object' || statistics === null) return false;
  const { count, distribution } = statistics as Partial<TensorStatistics>;
  return count === model.tensors[index]?.elements && ArrayBuffer.isView(distribution?.lower) && ArrayBuffer.isView(distribution.upper) && ArrayBuffer.isView(distribution.counts);
}
