import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Stats } from 'node:fs';
import type { ByteSource } from '../core/byteSource';
import { FileError, FormatError, throwIfCancelled } from '../core/errors';
import { fileError } from './fileErrors';

/** Ranges of a file on disk. */
export class NodeByteSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly #file: FileHandle;

  private constructor(name: string, file: FileHandle, { size, mtimeMs }: Stats) {
    this.name = name;
    this.#file = file;
    this.size = size;
    this.modifiedMs = mtimeMs;
  }

  /** @throws FileError where there is no such file, or it may not be read, or is none. */
  static async open(name: string): Promise<NodeByteSource> {
    const absolute = path.resolve(name);
    const file = await openRegular(absolute);
    try {
      return new NodeByteSource(absolute, file, await file.stat());
    } catch (error) {
      await file.close();
      throw fileError(absolute, error);
    }
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    throwIfCancelled(signal);
    if (offset < 0 || length < 0 || offset + length > this.size) throw shrunk(this.name);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#readSome(bytes, done, offset);
      throwIfCancelled(signal);
      if (bytesRead === 0) throw shrunk(this.name);
      done += bytesRead;
    }
    return bytes;
  }

  async #readSome(bytes: Uint8Array, done: number, offset: number): Promise<{ bytesRead: number }> {
    try {
      return await this.#file.read(bytes, done, bytes.length - done, offset + done);
    } catch (error) {
      throw fileError(this.name, error);
    }
  }

  async sibling(relative: string): Promise<ByteSource> {
    const folder = path.dirname(this.name);
    if (leavesByName(relative)) throw outside(this.name, relative);
    const target = path.join(folder, relative);
    const [realFolder, realTarget] = await Promise.all([resolveLinks(folder), resolveLinks(target)]);
    const within = path.relative(realFolder, realTarget);
    if (within === '' || within.startsWith('..') || path.isAbsolute(within)) throw outside(this.name, relative);
    return NodeByteSource.open(target);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function shrunk(name: string): FileError {
  return new FileError(`${name} ends before the bytes that should be there: it was changed or cut while it was read. Let whatever writes it finish, then open it again.`);
}

function outside(name: string, relative: string): FormatError {
  return new FormatError(`${name} refers to ${JSON.stringify(relative)}, which is not in its own folder, and only files there are read. Put the file beside the model and correct the reference.`);
}

/** Absolute paths of either system, URLs and drive letters, and steps upwards; links are looked at later. */
function leavesByName(relative: string): boolean {
  return relative === '' || relative.includes('\0') || /^[a-z][a-z\d+.-]*:/i.test(relative) || /^[/\\]/.test(relative) || relative.split(/[/\\]/).includes('..');
}

async function resolveLinks(name: string): Promise<string> {
  try {
    return await realpath(name);
  } catch (error) {
    throw fileError(name, error);
  }
}

/** Looks before it opens: opening a FIFO waits for a writer, and opening a device may do anything. */
async function openRegular(name: string): Promise<FileHandle> {
  try {
    refuseIrregular(name, await stat(name));
    // A FIFO that took the file's place in between must not block either.
    const file = await open(name, constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK));
    const stats = await file.stat();
    if (stats.isFile()) return file;
    await file.close();
    refuseIrregular(name, stats);
    throw new FileError(`${name} is not a file. Choose a model file.`);
  } catch (error) {
    throw error instanceof FileError ? error : fileError(name, error);
  }
}

function refuseIrregular(name: string, stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw new FileError(`${name} is a folder. Choose the model file inside.`);
  throw new FileError(`${name} is a device, pipe or socket, not a file. Choose a model file.`);
}
