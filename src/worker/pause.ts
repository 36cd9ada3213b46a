import { throwIfCancelled } from '../core/errors';

/**
 * How long a worker computes without looking at its messages: a tenth of the time in which a cancel must take effect.
 * Looking costs some 10 µs.
 */
const BREATH_MS = 10;

/** Lets a long job hear that it was cancelled. */
export class Pause {
  #since = performance.now();

  constructor(private readonly signal: AbortSignal) {}

  /** @throws CancelledError */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since < BREATH_MS) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
    throwIfCancelled(this.signal);
  }
}
