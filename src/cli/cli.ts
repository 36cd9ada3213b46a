import { CancelledError, HumanError, messageOf } from '../core/errors';
import type { Engine } from '../protocol/engine';
import { version } from '../../package.json';
import type { Complaint } from '../core/silences/silenceFile';
import { analyze } from './analyze';
import { check, hasFailed } from './check';
import type { CheckResult } from './check';
import { checkReport } from './checkJson';
import { checkText } from './checkText';
import type { TableStyle } from './layerTable';
import { makeEngine } from './nodeWorker';
import { parseCommand, UsageError, USAGE } from './options';
import type { AnalyzeCommand, CheckCommand, Command } from './options';
import { exitQuietlyOnClosedPipe, readableJson, writeAll } from './output';
import { ProgressBar } from './progressBar';
import { sarifLog } from './sarif';
import { painter, visible, wantsColour } from './terminal';

const EXIT_UNREADABLE = 1;
const EXIT_USAGE = 2;
const EXIT_FOUND = 3;
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
    case 'check':
      return await runCheck(command);
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
  return await withEngine(command, command.file, async (engine, signal) => {
    const { text, complaints } = await analyze(command, { engine, progress: new ProgressBar(process.stderr), style: tableStyle(), signal });
    await writeAll(process.stdout, text);
    tell(complaints);
    return 0;
  });
}

async function runCheck(command: CheckCommand): Promise<number> {
  return await withEngine(command, command.files.join(' '), async (engine, signal) => {
    const result = await check(command, { engine, progress: new ProgressBar(process.stderr), signal });
    await writeAll(process.stdout, checkOutput(result, command));
    tell(result.complaints);
    for (const { error } of result.unreadable) complain(error);
    if (result.unreadable.length > 0) return EXIT_UNREADABLE;
    return hasFailed(result, command.failOn) ? EXIT_FOUND : 0;
  });
}

function checkOutput(result: CheckResult, { format, failOn }: CheckCommand): string {
  switch (format) {
    case 'text':
      return result.models.length > 0 ? checkText(result, tableStyle()) : '';
    case 'json':
      return readableJson(checkReport(result, failOn));
    case 'sarif':
      return readableJson(sarifLog(result, { version, folder: process.cwd() }));
  }
}

/** Runs a command to its exit code; what goes wrong is one line. `what` names its files. */
async function withEngine({ noCache }: { readonly noCache: boolean }, what: string, run: (engine: Engine, signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = cancelOnInterrupt();
  const engine = makeEngine({ cache: !noCache });
  try {
    return await run(engine, controller.signal);
  } catch (error) {
    if (error instanceof CancelledError || controller.signal.aborted) return EXIT_INTERRUPTED;
    complain(error instanceof HumanError ? error.message : `${what}: Weightgram failed: ${messageOf(error)}. Please report this.`);
    if (!(error instanceof HumanError) && process.env['WEIGHTGRAM_DEBUG']) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return EXIT_UNREADABLE;
  } finally {
    engine.dispose();
  }
}

function tell(complaints: readonly Complaint[]): void {
  for (const { severity, message } of complaints) complain(severity === 'warning' ? `note: ${message}` : message);
}

function tableStyle(): TableStyle {
  return { width: terminalWidth(), paint: painter(wantsColour(process.stdout, process.env)) };
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
