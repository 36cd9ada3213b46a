import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { FileError } from '../core/errors';
import type { Tensor } from '../core/model';
import type { JobFiles } from '../protocol/workerContract';
import { fileError } from './fileErrors';

/**
 * The files of one job, opened as they are needed. Reads are synchronous, straight into the kernel's memory: through the
 * thread pool a chunk of 256 KiB takes twice as long. That memory begins at a page, which matters: on Zen 3 a copy to an
 * address 16 bytes behind a page, where a plain Uint8Array begins, is seven times as slow.
 */
export class OpenFiles {
  readonly #files: JobFiles;
  readonly #descriptors = new Map<number, number>();

  constructor(files: JobFiles) {
    this.#files = files;
  }

  /** Fills `target` with a tensor's bytes from `byteOffset` on, over the borders of shards. */
  read(tensor: Tensor, byteOffset: number, target: Uint8Array): void {
    let start = 0;
    let filled = 0;
    for (const { file, offset, length } of tensor.segments) {
      const from = byteOffset + filled - start;
      if (from < length && filled < target.length) {
        const wanted = Math.min(length - from, target.length - filled);
        this.#readRange(file, offset + from, target.subarray(filled, filled + wanted));
        filled += wanted;
      }
      start += length;
      if (filled === target.length) return;
    }
    throw new FileError(`${this.#pathOf(tensor.segments[0]?.file ?? 0)} holds fewer bytes of ${JSON.stringify(tensor.name)} than its shape takes. Save the model anew.`);
  }

  /** @throws FileError where a file of the tensor is no longer what it was when the model was opened. */
  verify(tensor: Tensor): void {
    for (const { file } of tensor.segments) this.#compare(file, this.#stat(file));
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor);
    this.#descriptors.clear();
  }

  #readRange(file: number, offset: number, target: Uint8Array): void {
    const descriptor = this.#descriptor(file);
    let done = 0;
    while (done < target.length) {
      const bytes = this.#try(file, () => readSync(descriptor, target, done, target.length - done, offset + done));
      if (bytes === 0) throw this.#changed(file);
      done += bytes;
    }
  }

  #descriptor(file: number): number {
    const known = this.#descriptors.get(file);
    if (known !== undefined) return known;
    const path = this.#pathOf(file);
    const descriptor = this.#try(file, () => {
      // Opening a FIFO that took the file's place would wait for a writer.
      this.#compare(file, statSync(path));
      return openSync(path, constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK));
    });
    this.#descriptors.set(file, descriptor);
    return descriptor;
  }

  #stat(file: number): Stats {
    const descriptor = this.#descriptor(file);
    return this.#try(file, () => fstatSync(descriptor));
  }

  #compare(file: number, stats: Stats): void {
    const { sizeBytes, modifiedMs } = this.#files[file]!;
    if (!stats.isFile() || stats.size !== sizeBytes || stats.mtimeMs !== modifiedMs) throw this.#changed(file);
  }

  #changed(file: number): FileError {
    return new FileError(`${this.#pathOf(file)} changed after the model was opened. Let whatever writes it finish, then open the model again.`);
  }

  #pathOf(file: number): string {
    return this.#files[file]?.path ?? 'The model';
  }

  #try<T>(file: number, use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw error instanceof FileError ? error : fileError(this.#pathOf(file), error);
    }
  }
}
