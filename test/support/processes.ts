import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Every process of one run inherits this variable, so that what outlives the run can be found. */
const RUN_ID_VARIABLE = 'WEIGHTGRAM_RUN_ID';
/** Time for a process group to end by itself after SIGTERM: a browser writes its profile in about a second. */
const GRACE_MS = 5_000;

const cleanups = new Set<() => void>();
let handlersInstalled = false;

/** Runs when this process ends in any way that a process can notice. The returned function runs it now, once. */
export function atExit(cleanup: () => void): () => void {
  installHandlers();
  cleanups.add(cleanup);
  return () => {
    if (cleanups.delete(cleanup)) cleanup();
  };
}

function installHandlers(): void {
  if (handlersInstalled) return;
  handlersInstalled = true;
  process.on('exit', () => {
    // The newest first: a server before the folder it writes to.
    for (const cleanup of [...cleanups].reverse()) cleanup();
    cleanups.clear();
  });
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
    process.on(signal, () => process.exit(code));
  }
}

export interface Group {
  readonly child: ChildProcess;
  /** Resolves with the exit code, −1 where a signal ended it. Rejects where the command cannot be started. */
  readonly exited: Promise<number>;
  /** Ends the process and all its children; resolves when the process is gone. */
  stop(): Promise<void>;
}

/** Starts a process that leads a group of its own, so that its children can be ended with it. */
export function startGroup(command: string, args: readonly string[], options: SpawnOptions = {}): Group {
  const child = spawn(command, args, { ...options, detached: true });
  const forget = atExit(() => killGroup(child, 'SIGKILL'));
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      // Children that outlive the leader have lost who would end them.
      forget();
      resolve(code ?? -1);
    });
  });
  exited.catch(() => undefined);
  const stop = async () => {
    killGroup(child, 'SIGTERM');
    const forced = setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS);
    await exited.catch(() => undefined);
    clearTimeout(forced);
  };
  return { child, exited, stop };
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) killQuietly(-child.pid, signal);
}

/** A negative number names a group. */
function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: it has ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Runs a command to its end with our own output; throws where it fails. */
export async function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<void> {
  const group = startGroup(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  const code = await group.exited;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit code ${code}.`);
}

/** Runs a command to its end; its standard output. Standard error goes to ours. */
export async function capture(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const group = startGroup(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  group.child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await group.exited;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit code ${code}.`);
  return text;
}

/** A new folder that is removed when this process ends. */
export function temporaryFolder(purpose: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), `weightgram-${purpose}-`));
  atExit(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Marks this process and all it will start as one run; what is left of it ends with this process. */
export function markRun(): string {
  const id = `${process.pid}-${Date.now()}`;
  process.env[RUN_ID_VARIABLE] = id;
  // A child that is killed cannot end its own children any more.
  atExit(() => endSurvivors(id));
  return id;
}

/** Kills what is left of a run, and waits until it is gone; it may be called while this process exits. */
export function endSurvivors(runId: string): void {
  const until = performance.now() + GRACE_MS;
  let survivors = survivorsOf(runId);
  while (survivors.length > 0 && performance.now() < until) {
    for (const { pid } of survivors) killQuietly(pid, 'SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    survivors = survivorsOf(runId);
  }
}

/** Processes of a run that are still alive, this one left out. Linux only: elsewhere none are found. */
export function survivorsOf(runId: string): { readonly pid: number; readonly command: string }[] {
  const marker = `${RUN_ID_VARIABLE}=${runId}`;
  const pids = process.platform === 'linux' ? readdirSync('/proc').map(Number).filter(Number.isInteger) : [];
  const survivors = [];
  for (const pid of pids) {
    if (pid === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(marker)) continue;
      survivors.push({ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() });
    } catch {
      // It ended while we looked, or belongs to somebody else.
    }
  }
  return survivors;
}
