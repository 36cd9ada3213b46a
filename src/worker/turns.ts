import { throwIfCancelled } from '../core/errors';

/** One job after another, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** @throws CancelledError where the signal fires before the turn comes. */
  take<T>(signal: AbortSignal, job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      throwIfCancelled(signal);
      return job();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}
