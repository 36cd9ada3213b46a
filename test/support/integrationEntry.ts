import { runMocha } from './mochaRun';

/** The suite waits for workers and file watchers of a VS Code that has just started. */
const TIMEOUT_MS = 60_000;

/** VS Code calls this inside its extension host. What the tests found goes to the result file: see recordsOf. */
export async function run(): Promise<void> {
  const resultFile = process.env['WEIGHTGRAM_RESULT'];
  const files = process.env['WEIGHTGRAM_TEST_FILES'];
  if (!resultFile || !files) throw new Error('WEIGHTGRAM_RESULT and WEIGHTGRAM_TEST_FILES must be set.');
  const failures = await runMocha({
    files: JSON.parse(files) as string[],
    resultFile,
    grep: process.env['WEIGHTGRAM_GREP'],
    timeoutMs: TIMEOUT_MS,
    reporter: 'spec',
  });
  if (failures > 0) throw new Error(`${failures} tests failed.`);
}
