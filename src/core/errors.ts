/** Says across a port, where classes are lost, what kind of error this is. */
export type ErrorCode = 'format' | 'unsupported' | 'cancelled' | 'io' | 'workerDied';

/** An error made to be read by a person: its message names the file, what is wrong and what to do. */
export class HumanError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The file is of a known kind and breaks that kind's rules. */
export class FormatError extends HumanError {
  constructor(message: string, options?: ErrorOptions) {
    super('format', message, options);
  }
}

/** The file is sound, and of a kind or a version that Weightgram does not read. */
export class UnsupportedError extends HumanError {
  constructor(message: string, options?: ErrorOptions) {
    super('unsupported', message, options);
  }
}

/** The operating system refused or lost the file. */
export class FileError extends HumanError {
  constructor(message: string, options?: ErrorOptions) {
    super('io', message, options);
  }
}

/** Somebody asked for the work to stop. */
export class CancelledError extends HumanError {
  constructor(message = 'Cancelled.') {
    super('cancelled', message);
  }
}

/** A worker ended in the middle of its job: out of memory, or a crash. */
export class WorkerDiedError extends HumanError {
  constructor(message: string, options?: ErrorOptions) {
    super('workerDied', message, options);
  }
}

/** Throws when the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError();
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
