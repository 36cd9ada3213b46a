import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '..');

export interface Vsix {
  readonly file: string;
  readonly bytes: number;
}

/** Packs dist/ and what stands beside it. All our code is bundled, so no package of node_modules belongs to it. */
export function packageExtension(file: string): Vsix {
  execFileSync(path.join(ROOT, 'node_modules/.bin/vsce'), ['package', '--no-dependencies', '--out', file], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  return { file, bytes: statSync(file).size };
}
