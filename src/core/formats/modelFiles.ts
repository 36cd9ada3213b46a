import type { ByteSource } from '../byteSource';
import { CancelledError, HumanError, messageOf, throwIfCancelled } from '../errors';
import type { ModelFile, Problem } from '../model';
import { quote } from './jsonValues';
import { isLfsPointer, LFS_POINTER_BYTES } from './lfs';

/** One shard of a group, looked at but not read. */
export type Shard =
  | { readonly path: string; readonly file: number; readonly sizeBytes: number; readonly failure?: undefined }
  | { readonly path: string; readonly failure: string };

/** The files of a model, each once. files[0] is the one that was opened. */
export class ModelFiles {
  readonly files: ModelFile[];
  readonly problems: Problem[] = [];
  readonly #byPath = new Map<string, Shard>();

  /** @param declaredIn where the paths of the other files stand, for remedies. */
  constructor(
    private readonly source: ByteSource,
    private readonly signal?: AbortSignal,
    private readonly declaredIn = 'the weights manifest',
  ) {
    this.files = [fileOf(source)];
  }

  /** Never throws for a missing or forbidden shard: it says so in `failure`, and a problem names the remedy. */
  async shard(declared: unknown): Promise<Shard> {
    const key = typeof declared === 'string' ? declared : quote(declared);
    const known = this.#byPath.get(key);
    if (known) return known;
    throwIfCancelled(this.signal);
    const shard = await this.#look(declared, key);
    this.#byPath.set(key, shard);
    return shard;
  }

  /** Bytes of a shard, for the few things that only the data tells. Opened and closed for the call. */
  async withShard<T>(shard: Shard, use: (source: ByteSource) => Promise<T>): Promise<T> {
    const source = await this.source.sibling(shard.path);
    try {
      return await use(source);
    } finally {
      await source.close();
    }
  }

  async #look(declared: unknown, key: string): Promise<Shard> {
    const refusal = refusePath(declared);
    if (refusal !== undefined) {
      return this.#fail(key, `names the shard ${quote(declared)}, ${refusal}`, `Only files in the model's own folder are read. Correct the path in ${this.declaredIn}, or put the shard beside the model.`);
    }
    const path = declared as string;
    try {
      const source = await this.source.sibling(path);
      try {
        return await this.#accept(path, source);
      } finally {
        await source.close();
      }
    } catch (error) {
      if (!(error instanceof HumanError) || error instanceof CancelledError) throw error;
      return this.#fail(key, `cannot read its shard ${quote(path)}: ${messageOf(error)}`, `Put ${quote(path)} beside ${this.source.name} and make it readable, or save the model anew.`);
    }
  }

  async #accept(path: string, source: ByteSource): Promise<Shard> {
    if (source.size <= LFS_POINTER_BYTES) {
      const head = await source.read(0, source.size, this.signal);
      if (isLfsPointer(new TextDecoder('latin1').decode(head))) {
        return this.#fail(path, `has a Git LFS pointer in place of its shard ${quote(path)}`, 'Run "git lfs pull" in its repository to fetch the real file.');
      }
    }
    this.files.push(fileOf(source));
    return { path, file: this.files.length - 1, sizeBytes: source.size };
  }

  #fail(path: string, what: string, remedy: string): Shard {
    this.problems.push({ message: `${this.source.name} ${what}`, remedy });
    return { path, failure: `the model ${what}. ${remedy}` };
  }
}

export function fileOf(source: ByteSource): ModelFile {
  return { path: source.name, sizeBytes: source.size, modifiedMs: source.modifiedMs };
}

/** Why a shard's path is not followed at all; undefined where it may be asked for. */
function refusePath(path: unknown): string | undefined {
  if (typeof path !== 'string' || path === '') return 'which is no path';
  if (path.includes('\0')) return 'which is no path';
  if (/^[a-z][a-z\d+.-]+:/i.test(path)) return 'an address outside of this folder';
  if (/^(?:[/\\]|[a-z]:)/i.test(path)) return 'an absolute path';
  if (path.split(/[/\\]/).includes('..')) return 'which leaves the folder of the model';
  return undefined;
}
