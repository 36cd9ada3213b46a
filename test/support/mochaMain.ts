// Runs the test files of unit or ui in a process of its own, so that a crash or a hang is the tier's and not the run's:
// node -r tsx/cjs mochaMain.ts <unit|ui> <result file> [grep]
import { runMocha } from './mochaRun';
import { testFiles } from './testFiles';
import { pictureFailure, uiHooks } from './uiHooks';

/** A unit test that takes longer has hung: the slowest, the fuzz, states its own limit. */
const UNIT_TIMEOUT_MS = 30_000;
/** Long enough for a cold start of VS Code on a busy machine. */
const UI_TIMEOUT_MS = 90_000;

async function main(): Promise<void> {
  const [room, resultFile, grep] = process.argv.slice(2);
  if ((room !== 'unit' && room !== 'ui') || !resultFile) throw new Error('Usage: mochaMain.ts <unit|ui> <result file> [grep]');
  const failures = await runMocha({
    files: testFiles(room),
    resultFile,
    grep: grep || undefined,
    timeoutMs: room === 'ui' ? UI_TIMEOUT_MS : UNIT_TIMEOUT_MS,
    reporter: room === 'ui' ? 'spec' : 'dot',
    ...(room === 'ui' ? { rootHooks: uiHooks, onFailure: pictureFailure } : {}),
  });
  // Not left to the event loop: a test that forgets a timer or a worker must not keep the run open.
  process.exit(failures > 0 ? 1 : 0);
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
