import { createHash } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { FileError, UnsupportedError } from '../core/errors';
import { formatBytes } from '../core/numberText';
import { SETTINGS } from './ids';
import type { Log } from './log';
import { keyOf } from './modelUri';
import { namesIn, neighboursByName } from './neighbours';
import { numberWithin } from './settingValues';

/** A folder of a virtual workspace may list tens of thousands of objects: beyond this many none is looked for by its name. */
const MOST_NEIGHBOURS = 2_000;

/** Copies that no window has touched for this long come from a session that ended without removing them. */
const STALE_MS = 24 * 60 * 60 * 1000;

const MEBIBYTE = 2 ** 20;

interface Copy {
  /** Sizes and times of all that was copied, by name. */
  readonly stamp: string;
}

export interface VirtualCopiesServices {
  /** Where copies lie: a folder for nothing else. */
  readonly folder: vscode.Uri;
  readonly log: Log;
}

interface Found {
  readonly name: string;
  readonly uri: vscode.Uri;
  readonly size: number;
  readonly mtime: number;
}

/**
 * Files of other schemes than `file:` (a remote repository, an archive that another extension shows) can only be read as a whole:
 * `vscode.workspace.fs` has no ranges. Such a model is copied to the extension's storage, up to a cap, and read there.
 */
export class VirtualCopies implements vscode.Disposable {
  readonly #services: VirtualCopiesServices;
  readonly #copies = new Map<string, Copy>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(services: VirtualCopiesServices) {
    this.#services = services;
    void this.#removeStale();
  }

  /** Where workers read this file. The path alone: `prepare` puts the file there. */
  pathOf(uri: vscode.Uri): string {
    return uri.scheme === 'file' ? uri.fsPath : path.join(this.#folderOf(uri).fsPath, path.posix.basename(uri.path));
  }

  /**
   * Copies the file, with the files beside it that belong to the model, unless the copy is as new as the original. Nothing to do for `file:`.
   * @throws UnsupportedError above the cap, FileError where a file cannot be read.
   */
  async prepare(uri: vscode.Uri): Promise<void> {
    if (uri.scheme === 'file') return;
    const key = keyOf(uri);
    const running = this.#running.get(key) ?? this.#copy(uri).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    await running;
  }

  /** Nobody looks at the model any more. */
  async forget(uri: vscode.Uri): Promise<void> {
    if (uri.scheme === 'file' || !this.#copies.delete(keyOf(uri))) return;
    await this.#delete(this.#folderOf(uri));
  }

  dispose(): void {
    for (const key of [...this.#copies.keys()]) void this.forget(vscode.Uri.parse(key));
  }

  async #copy(uri: vscode.Uri): Promise<void> {
    const cap = numberWithin(vscode.workspace.getConfiguration().get(SETTINGS.virtualFilesCap), { least: 1, most: 64 * 1024, otherwise: 512 }) * MEBIBYTE;
    const self = await this.#stat(uri);
    refuseAbove(cap, self.size, uri, [self]);
    const contents = await read(uri);
    const files = [self, ...(await this.#neighbours(uri, contents))];
    refuseAbove(cap, files.reduce((sum, { size }) => sum + size, 0), uri, files);
    const stamp = files.map(({ name, size, mtime }) => `${name} ${size} ${mtime}`).join('\n');
    if (this.#copies.get(keyOf(uri))?.stamp === stamp) return;
    const folder = this.#folderOf(uri);
    await vscode.workspace.fs.createDirectory(folder);
    for (const file of files) await this.#put(folder, file, file === self ? contents : await read(file.uri));
    this.#copies.set(keyOf(uri), { stamp });
    this.#services.log.info(`copied ${files.length} files of ${uri.toString()}`);
  }

  /** With the original's time: what is kept of an analysis is found again by it. */
  async #put(folder: vscode.Uri, { name, mtime }: Found, contents: Uint8Array): Promise<void> {
    const target = vscode.Uri.joinPath(folder, name);
    await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(target, '..'));
    await vscode.workspace.fs.writeFile(target, contents);
    if (mtime > 0) await utimes(target.fsPath, mtime / 1000, mtime / 1000);
  }

  /** Files of the same folder that are shards by their name, or that the file itself names. */
  async #neighbours(uri: vscode.Uri, contents: Uint8Array): Promise<Found[]> {
    const folder = vscode.Uri.joinPath(uri, '..');
    const names = await filesIn(folder);
    const own = path.posix.basename(uri.path);
    const others = names.filter((name) => name !== own);
    const below = own === 'saved_model.pb' ? (await filesIn(vscode.Uri.joinPath(folder, 'variables'))).map((name) => `variables/${name}`) : [];
    const named = others.length <= MOST_NEIGHBOURS ? namesIn(contents, others) : [];
    const wanted = new Set([...neighboursByName(own, others), ...named, ...below]);
    return Promise.all([...wanted].map(async (name) => ({ ...(await this.#stat(vscode.Uri.joinPath(folder, name))), name })));
  }

  async #stat(uri: vscode.Uri): Promise<Found> {
    try {
      const { size, mtime } = await vscode.workspace.fs.stat(uri);
      return { name: path.posix.basename(uri.path), uri, size, mtime };
    } catch (error) {
      throw unreachable(uri, error);
    }
  }

  #folderOf(uri: vscode.Uri): vscode.Uri {
    const digest = createHash('sha256').update(uri.toString()).digest('hex').slice(0, 24);
    return vscode.Uri.joinPath(this.#services.folder, digest);
  }

  async #removeStale(): Promise<void> {
    try {
      for (const [name] of await vscode.workspace.fs.readDirectory(this.#services.folder)) {
        const folder = vscode.Uri.joinPath(this.#services.folder, name);
        const { mtime } = await vscode.workspace.fs.stat(folder);
        if (Date.now() - mtime > STALE_MS) await this.#delete(folder);
      }
    } catch (error) {
      const isAbsent = error instanceof vscode.FileSystemError && error.code === 'FileNotFound';
      if (!isAbsent) this.#services.log.error('removing old copies of virtual files', error);
    }
  }

  async #delete(folder: vscode.Uri): Promise<void> {
    try {
      await vscode.workspace.fs.delete(folder, { recursive: true });
    } catch (error) {
      // What stays is removed when it is a day old.
      this.#services.log.error(`removing ${folder.fsPath}`, error);
    }
  }
}

function refuseAbove(cap: number, bytes: number, uri: vscode.Uri, files: readonly Found[]): void {
  if (bytes <= cap) return;
  const what = files.length > 1 ? `${path.posix.basename(uri.path)} and the ${files.length - 1} files that belong to it take` : `${path.posix.basename(uri.path)} takes`;
  throw new UnsupportedError(
    `${what} ${formatBytes(bytes)} and ${files.length > 1 ? 'lie' : 'lies'} in a virtual workspace (${uri.scheme}:), which has no ranged reads: such a model is copied as a whole, up to ${formatBytes(cap)}. ` +
    `Copy the model to a local folder and open it there, or raise the setting ${SETTINGS.virtualFilesCap}.`,
  );
}

async function read(uri: vscode.Uri): Promise<Uint8Array> {
  try {
    return await vscode.workspace.fs.readFile(uri);
  } catch (error) {
    throw unreachable(uri, error);
  }
}

async function filesIn(folder: vscode.Uri): Promise<string[]> {
  try {
    return (await vscode.workspace.fs.readDirectory(folder)).filter(([, type]) => (type & vscode.FileType.Directory) === 0).map(([name]) => name);
  } catch {
    // A provider need not list folders: then the file stands alone.
    return [];
  }
}

function unreachable(uri: vscode.Uri, cause: unknown): FileError {
  return new FileError(`${uri.toString(true)} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}. Look whether it is still there and may be read.`, { cause });
}
