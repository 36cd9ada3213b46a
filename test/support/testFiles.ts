import { readdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './paths';

/** All `*.test.ts` below a folder of test/, in a stable order. */
export function testFiles(room: string): string[] {
  const folder = path.join(ROOT, 'test', room);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .sort()
    .map((file) => path.join(folder, file));
}
