import Mocha from 'mocha';
import type { TestRecord } from './results';
import { writeResult } from './results';
import { skipReason } from './skip';

export interface MochaRunOptions {
  readonly files: readonly string[];
  readonly resultFile: string;
  readonly timeoutMs: number;
  readonly reporter: 'spec' | 'dot';
  /** Only tests whose full title matches. */
  readonly grep?: string | undefined;
  readonly rootHooks?: Mocha.RootHookObject;
  /** Called as soon as a test or a hook has failed. */
  readonly onFailure?: (title: string) => void;
}

/** Runs test files and leaves their records in the result file. Resolves with the number of failures. */
export async function runMocha(options: MochaRunOptions): Promise<number> {
  writeResult(options.resultFile, { done: false, tests: [] });
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: options.timeoutMs,
    reporter: options.reporter,
    color: true,
    // A forgotten `.only` would silently leave the rest of the suite out.
    forbidOnly: true,
    ...(options.grep ? { grep: options.grep } : {}),
    ...(options.rootHooks ? { rootHooks: options.rootHooks } : {}),
  });
  for (const file of options.files) mocha.addFile(file);
  await mocha.loadFilesAsync();
  const tests: TestRecord[] = [];
  return new Promise((resolve) => {
    const runner = mocha.run((failures) => {
      writeResult(options.resultFile, { done: true, tests });
      resolve(failures);
    });
    runner.on('pass', (test) => tests.push({ title: test.fullTitle(), state: 'passed' }));
    runner.on('fail', (test, error: Error) => {
      tests.push({ title: test.fullTitle(), state: 'failed', reason: error.message });
      options.onFailure?.(test.fullTitle());
    });
    runner.on('pending', (test) => tests.push({ title: test.fullTitle(), state: 'skipped', reason: skipReason(test) ?? 'no reason given' }));
  });
}
