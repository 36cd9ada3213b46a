import path from 'node:path';
import * as vscode from 'vscode';
import { findPolicy } from '../core/silences/findPolicy';
import type { PolicyFiles } from '../core/silences/findPolicy';
import type { Policy } from '../core/silences/policy';
import { MAX_BASELINE_CHARACTERS } from '../core/silences/readBaseline';
import { SILENCE_FILE } from '../core/silences/silenceFile';

/** An editor writes a file in several steps: it is read anew when nothing has changed for this long. */
const QUIET_MS = 150;

/** Reads the `.weightgram.json` that stands for a model, and watches all that were read. */
export class Policies implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  /** One of the files, or a baseline, came, changed or went: all models are to be judged anew. */
  readonly onDidChange = this.#changed.event;
  /** By the path of the file or the pattern that is watched. */
  readonly #watchers = new Map<string, vscode.Disposable>();
  #quiet: NodeJS.Timeout | undefined;

  constructor() {
    this.#watch('', `**/${SILENCE_FILE}`);
  }

  /** The decisions that stand for a model. Never rejects: what cannot be read is a complaint, and has no effect. */
  async of(model: vscode.Uri): Promise<Policy> {
    const policy = await findPolicy(model.fsPath, policyFiles(model));
    for (const file of [policy.file?.path, policy.baseline?.path, ...policy.complaints.map(({ path: about }) => about)]) {
      if (file !== undefined) this.#watch(file, new vscode.RelativePattern(vscode.Uri.file(path.dirname(file)), path.basename(file)));
    }
    return policy;
  }

  dispose(): void {
    clearTimeout(this.#quiet);
    for (const watcher of this.#watchers.values()) watcher.dispose();
    this.#changed.dispose();
  }

  #watch(key: string, pattern: vscode.GlobPattern): void {
    if (this.#watchers.has(key)) return;
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const note = (): void => {
      clearTimeout(this.#quiet);
      this.#quiet = setTimeout(() => this.#changed.fire(), QUIET_MS);
    };
    this.#watchers.set(key, vscode.Disposable.from(watcher, watcher.onDidCreate(note), watcher.onDidChange(note), watcher.onDidDelete(note)));
  }
}

/** The search ends at the model's workspace folder; outside of all at the repository's, as on the command line. */
export function policyFiles(model: vscode.Uri): PolicyFiles {
  const top = vscode.workspace.getWorkspaceFolder(model);
  return {
    readText,
    isTop: (folder) => (top ? folder === top.uri.fsPath : exists(path.join(folder, '.git'))),
  };
}

async function exists(file: string): Promise<boolean> {
  return vscode.workspace.fs.stat(vscode.Uri.file(file)).then(() => true, () => false);
}

/** What is on the disk; undefined where there is no such file. */
export async function readText(file: string): Promise<string | undefined> {
  const uri = vscode.Uri.file(file);
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    // UTF-8 has at most three bytes for a UTF-16 unit.
    if (size > 3 * MAX_BASELINE_CHARACTERS) throw new Error(`${file} is too large to be what its name says`);
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch (error) {
    if (error instanceof vscode.FileSystemError && (error.code === 'FileNotFound' || error.code === 'FileNotADirectory')) return undefined;
    throw error;
  }
}
