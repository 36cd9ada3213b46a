import { CancelledError, HumanError, messageOf } from '../core/errors';
import type { ErrorCode } from '../core/errors';

/** What one side of a port answers (`requests`) and tells unasked (`events`). */
export interface Side {
  requests: { [name: string]: { params: unknown; result: unknown } };
  events: { [name: string]: unknown };
}

/** The wire: worker_threads' MessagePort, a webview, or a pair in a test. */
export interface Wire {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Called once; the wire hands over every message from then on. */
  listen(onMessage: (message: unknown) => void): void;
}

/** Buffers that move instead of being copied. */
export type Transferable = ArrayBuffer;

/** A result whose buffers move to the other side. */
export class Transferred<T> {
  constructor(readonly value: T, readonly transfer: readonly Transferable[]) {}
}

/** One handler a request: a missing one does not compile. */
export type Handlers<S extends Side> = {
  [K in keyof S['requests']]: (
    params: S['requests'][K]['params'],
    signal: AbortSignal,
  ) => Promise<S['requests'][K]['result'] | Transferred<S['requests'][K]['result']>>;
};

export type Listeners<S extends Side> = { [K in keyof S['events']]: (payload: S['events'][K]) => void };

type Message =
  | { kind: 'request'; id: number; name: string; params: unknown }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'error'; id: number; code: ErrorCode | 'internal'; message: string; stack: string | undefined }
  | { kind: 'cancel'; id: number }
  | { kind: 'event'; name: string; payload: unknown };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  detach(): void;
}

/** The other side failed in a way it did not foresee; its stack is kept for the log. */
export class RemoteError extends Error {
  constructor(message: string, readonly remoteStack: string | undefined) {
    super(message);
    this.name = 'RemoteError';
  }
}

/**
 * One end of a port: answers `Local`, asks and tells `Remote`.
 * Errors travel back, an aborted signal cancels at the other side, and `dispose` rejects all that waits.
 */
export class Peer<Local extends Side, Remote extends Side> {
  readonly #wire: Wire;
  readonly #handlers: Handlers<Local>;
  readonly #listeners: Listeners<Remote>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #serving = new Map<number, AbortController>();
  /** Not from 1: a page that is loaded anew must not take answers that were meant for the one before it. */
  #nextId = Math.floor(Math.random() * 2 ** 40);
  #dead: Error | undefined;

  constructor(wire: Wire, handlers: Handlers<Local>, listeners: Listeners<Remote>) {
    this.#wire = wire;
    this.#handlers = handlers;
    this.#listeners = listeners;
    wire.listen((message) => this.#receive(message as Message));
  }

  /** Requests that have no answer yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  request<K extends keyof Remote['requests'] & string>(
    name: K,
    params: Remote['requests'][K]['params'],
    signal?: AbortSignal,
  ): Promise<Remote['requests'][K]['result']> {
    if (this.#dead) return Promise.reject(this.#dead);
    if (signal?.aborted) return Promise.reject(new CancelledError());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#settle(id)?.reject(new CancelledError());
        this.#post({ kind: 'cancel', id });
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, { resolve, reject, detach: () => signal?.removeEventListener('abort', onAbort) });
      try {
        this.#wire.post({ kind: 'request', id, name, params } satisfies Message);
      } catch (error) {
        this.#settle(id)?.reject(error as Error);
      }
    });
  }

  tell<K extends keyof Local['events'] & string>(name: K, payload: Local['events'][K], transfer?: readonly Transferable[]): void {
    this.#post({ kind: 'event', name, payload }, transfer);
  }

  /** The other side is gone, or this one ends: everything that waits is rejected and everything that runs is cancelled. */
  dispose(reason: Error = new CancelledError()): void {
    if (this.#dead) return;
    this.#dead = reason;
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(reason);
    for (const controller of this.#serving.values()) controller.abort();
    this.#serving.clear();
  }

  #receive(message: Message): void {
    if (this.#dead) return;
    switch (message.kind) {
      case 'request':
        void this.#serve(message.id, message.name, message.params);
        return;
      case 'result':
        this.#settle(message.id)?.resolve(message.value);
        return;
      case 'error':
        this.#settle(message.id)?.reject(revive(message));
        return;
      case 'cancel':
        this.#serving.get(message.id)?.abort();
        return;
      case 'event':
        if (Object.hasOwn(this.#listeners, message.name)) this.#listeners[message.name as keyof Remote['events']](message.payload as never);
        return;
    }
  }

  async #serve(id: number, name: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    this.#serving.set(id, controller);
    try {
      if (!Object.hasOwn(this.#handlers, name)) throw new Error(`no handler for "${name}"`);
      const result: unknown = await this.#handlers[name as keyof Local['requests']](params, controller.signal);
      const moved = result instanceof Transferred;
      this.#post({ kind: 'result', id, value: moved ? result.value : result }, moved ? result.transfer : undefined);
    } catch (error) {
      this.#post({
        kind: 'error',
        id,
        code: error instanceof HumanError ? error.code : 'internal',
        message: messageOf(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
    } finally {
      this.#serving.delete(id);
    }
  }

  #post(message: Message, transfer?: readonly Transferable[]): void {
    if (!this.#dead) this.#wire.post(message, transfer);
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.detach();
    return waiting;
  }
}

function revive(message: Extract<Message, { kind: 'error' }>): Error {
  if (message.code === 'internal') return new RemoteError(message.message, message.stack);
  if (message.code === 'cancelled') return new CancelledError(message.message);
  return new HumanError(message.code, message.message);
}
