import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FileError } from '../core/errors';
import { MAX_BASELINE_CHARACTERS } from '../core/silences/readBaseline';
import type { WritablePolicyFiles } from '../core/silences/acceptFindings';

/** Files on disk, for `.weightgram.json` and baselines. The search ends at the repository's folder, or at the root of the file system. */
export function policyFiles(baseline?: string): WritablePolicyFiles {
  return {
    readText,
    writeText,
    isTop: (folder) => stat(path.join(folder, '.git')).then(() => true, () => false),
    ...(baseline !== undefined && { baseline: path.resolve(baseline) }),
  };
}

/** undefined where there is no such file. @throws FileError */
export async function readText(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    // UTF-8 has at most three bytes for a UTF-16 unit.
    if (size > 3 * MAX_BASELINE_CHARACTERS) throw new FileError(`${file} is too large to be what its name says.`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof FileError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new FileError(`${file} cannot be read (${code ?? message}). Check its permissions.`);
  }
}

/** Whole or not at all: a reader never sees half a file. */
async function writeText(file: string, text: string): Promise<void> {
  const partial = `${file}.${process.pid}.partial`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(partial, text);
    await rename(partial, file);
  } catch (error) {
    throw new FileError(`${file} cannot be written: ${(error as Error).message}. Check the permissions of its folder.`);
  }
}
