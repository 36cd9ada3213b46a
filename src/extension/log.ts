import * as vscode from 'vscode';
import { HumanError, messageOf } from '../core/errors';
import { RemoteError } from '../protocol/rpc';

/** The extension's own output channel. Messages for people go to where the person looks; stacks go here. */
export class Log implements vscode.Disposable {
  readonly #channel = vscode.window.createOutputChannel('Weightgram', { log: true });

  debug(message: string): void {
    this.#channel.debug(message);
  }

  info(message: string): void {
    this.#channel.info(message);
  }

  warn(message: string): void {
    this.#channel.warn(message);
  }

  /** A HumanError says all in its message; what nobody foresaw needs its stack. */
  error(what: string, error: unknown): void {
    const stack = error instanceof RemoteError ? error.remoteStack : error instanceof Error ? error.stack : undefined;
    this.#channel.error(`${what}: ${messageOf(error)}${!(error instanceof HumanError) && stack ? `\n${stack}` : ''}`);
  }

  show(): void {
    this.#channel.show(true);
  }

  dispose(): void {
    this.#channel.dispose();
  }
}
