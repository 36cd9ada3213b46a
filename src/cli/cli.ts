import { CancelledError, HumanError, messageOf } from '../core/errors';
import { version } from '../../package.json';
import { analyze } from './analyze';
import { makeEngine } from './nodeWorker';
import { parseCommand, UsageError, USAGE } from './options';
import type { AnalyzeCommand, Command } from './options';
import { exitQuietlyOnClosedPipe, writeAll } from './output';
import { ProgressBar } from './progressBar';
import { painter, visible, wantsColour } from './terminal';

const EXIT_UNREADABLE = 1;
const EXIT_USAGE = 2;
/** 128 + the signal's number, as shells have it. */
const EXIT_INTERRUPTED = 130;

/** A job that does not stop when told to is left behind. */
const CANCEL_GRACE_MS = 2000;

/** The smallest terminal that a table can be read on. */
const MIN_WIDTH = 40;

async function main(args: readonly string[]): Promise<number> {
  const command = parsedOrUndefined(args);
  if (!command) return EXIT_USAGE;
  switch (command.kind) {
    case 'help':
      await writeAll(process.stdout, USAGE);
      return 0;
    case 'version':
      await writeAll(process.stdout, `${version}\n`);
      return 0;
    case 'analyze':
      return await runAnalyze(command);
  }
}

function parsedOrUndefined(args: readonly string[]): Command | undefined {
  try {
    return parseCommand(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(`${error.message}. "weightgram --help" lists what there is.`);
    return undefined;
  }
}

async function runAnalyze(command: AnalyzeCommand): Promise<number> {
  const controller = cancelOnInterrupt();
  const engine = makeEngine({ cache: !command.noCache });
  try {
    const style = { width: terminalWidth(), paint: painter(wantsColour(process.stdout, process.env)) };
    const text = await analyze(command, { engine, progress: new ProgressBar(process.stderr), style, signal: controller.signal });
    await writeAll(process.stdout, text);
    return 0;
  } catch (error) {
    if (error instanceof CancelledError || controller.signal.aborted) return EXIT_INTERRUPTED;
    complain(error instanceof HumanError ? error.message : `${command.file}: Weightgram failed: ${messageOf(error)}. Please report this.`);
    if (!(error instanceof HumanError) && process.env['WEIGHTGRAM_DEBUG']) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return EXIT_UNREADABLE;
  } finally {
    engine.dispose();
  }
}

/** The first interrupt asks the work to stop, the second one does not wait. */
function cancelOnInterrupt(): AbortController {
  const controller = new AbortController();
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    controller.abort();
    setTimeout(() => process.exit(EXIT_INTERRUPTED), CANCEL_GRACE_MS).unref();
  });
  return controller;
}

/** Exactly one line, whatever a file's name or contents put into it. */
function complain(message: string): void {
  process.stderr.write(`weightgram: ${visible(message)}\n`);
}

/** Nothing is cut where the output goes to a file or another program. */
function terminalWidth(): number {
  return process.stdout.isTTY ? Math.max(MIN_WIDTH, process.stdout.columns || 80) : Infinity;
}

exitQuietlyOnClosedPipe(process.stdout);
exitQuietlyOnClosedPipe(process.stderr);
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    complain(`Weightgram failed: ${messageOf(error)}. Please report this.`);
    process.exitCode = EXIT_UNREADABLE;
  },
);
