import { existsSync, readFileSync, writeFileSync } from 'node:fs';

export interface TestRecord {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or how it failed. */
  readonly reason?: string;
}

/** What a mocha run leaves in its result file. `done` is written last: a run that died half-way is not taken for a short one. */
export interface MochaResult {
  readonly done: boolean;
  readonly tests: readonly TestRecord[];
}

export function writeResult(file: string, result: MochaResult): void {
  writeFileSync(file, JSON.stringify(result));
}

export function readResult(file: string): MochaResult | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as MochaResult;
  } catch {
    // Half written: its writer died.
    return undefined;
  }
}

/** Turns a mocha run into records; a run that broke off, or that ran nothing, becomes a failure. */
export function recordsOf(name: string, result: MochaResult | undefined): TestRecord[] {
  if (!result?.done) return [...(result?.tests ?? []), { title: name, state: 'failed', reason: 'The run ended before its last test.' }];
  const ran = result.tests.some((test) => test.state !== 'skipped');
  if (!ran) return [...result.tests, { title: name, state: 'failed', reason: 'Not one test ran.' }];
  return [...result.tests];
}
