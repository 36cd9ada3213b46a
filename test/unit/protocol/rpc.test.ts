import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { CancelledError, FileError, HumanError, WorkerDiedError } from '../../../src/core/errors';
import { Peer, RemoteError, Transferred } from '../../../src/protocol/rpc';
import type { Wire } from '../../../src/protocol/rpc';

interface Server {
  requests: {
    double: { params: number; result: number };
    fail: { params: 'human' | 'bug' | 'string'; result: null };
    wait: { params: null; result: string };
    buffer: { params: number; result: Uint8Array };
  };
  events: { ticked: number };
}

interface Client {
  requests: Record<never, never>;
  events: { poked: string };
}

function wireOf(port: MessagePort): Wire {
  return { post: (message, transfer) => port.postMessage(message, transfer ? [...transfer] : undefined), listen: (onMessage) => void port.on('message', onMessage) };
}

describe('a port', () => {
  let ports: MessageChannel;
  let client: Peer<Client, Server>;
  let server: Peer<Server, Client>;
  let heard: unknown[];
  let sent: ArrayBuffer | undefined;

  beforeEach(() => {
    ports = new MessageChannel();
    heard = [];
    client = new Peer<Client, Server>(wireOf(ports.port1), {}, { ticked: (number) => heard.push(number) });
    server = new Peer<Server, Client>(
      wireOf(ports.port2),
      {
        double: (x) => Promise.resolve(2 * x),
        fail: async (kind) => {
          await Promise.resolve();
          if (kind === 'human') throw new FileError('x.bin does not exist.');
          // eslint-disable-next-line @typescript-eslint/only-throw-error
          if (kind === 'string') throw 'oops';
          throw new TypeError('undefined is not a function');
        },
        wait: (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => {
          heard.push('aborted');
          reject(new CancelledError());
        })),
        buffer: (length) => {
          const bytes = new Uint8Array(length).fill(7);
          sent = bytes.buffer;
          return Promise.resolve(new Transferred(bytes, [bytes.buffer]));
        },
      },
      { poked: (text) => heard.push(text) },
    );
  });

  afterEach(() => {
    client.dispose();
    server.dispose();
    ports.port1.close();
  });

  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

  it('answers each request, in whatever order', async () => {
    assert.deepEqual(await Promise.all([1, 2, 3].map((x) => client.request('double', x))), [2, 4, 6]);
    assert.equal(client.pending, 0);
  });

  it('carries events both ways', async () => {
    server.tell('ticked', 5);
    client.tell('poked', 'hello');
    await settle();
    assert.deepEqual(heard.sort(), [5, 'hello']);
  });

  it('carries errors back: those for people by their code, others with their stack', async () => {
    await assert.rejects(client.request('fail', 'human'), (error) => error instanceof HumanError && error.code === 'io' && error.message === 'x.bin does not exist.');
    await assert.rejects(client.request('fail', 'bug'), (error) => error instanceof RemoteError && /TypeError/.test(error.remoteStack!));
    await assert.rejects(client.request('fail', 'string'), (error) => error instanceof RemoteError && error.message === 'oops');
  });

  it('refuses what nobody answers, instead of leaving it without an answer', async () => {
    for (const name of ['nothing', 'toString', '__proto__']) await assert.rejects(client.request(name as 'double', 1), /no handler/);
  });

  it('ignores events that nobody knows', async () => {
    server.tell('constructor' as 'ticked', 1);
    assert.equal(await client.request('double', 4), 8);
  });

  it('cancels here at once, and there soon', async () => {
    const controller = new AbortController();
    const waiting = client.request('wait', null, controller.signal);
    await settle();
    controller.abort();
    await assert.rejects(waiting, CancelledError);
    await settle();
    assert.deepEqual(heard, ['aborted']);
    await assert.rejects(client.request('double', 1, AbortSignal.abort()), CancelledError);
  });

  it('rejects all that waits when the other side is gone, and all that comes later', async () => {
    const waiting = [client.request('wait', null), client.request('double', 1)];
    client.dispose(new WorkerDiedError('It died.'));
    for (const one of waiting) await assert.rejects(one, WorkerDiedError);
    await assert.rejects(client.request('double', 1), WorkerDiedError);
    server.tell('ticked', 1);
    await settle();
    assert.deepEqual(heard, []);
  });

  it('stops what it serves when it ends', async () => {
    const waiting = client.request('wait', null);
    await settle();
    server.dispose();
    assert.deepEqual(heard, ['aborted']);
    client.dispose();
    await assert.rejects(waiting, CancelledError);
  });

  it('moves buffers', async () => {
    assert.equal((await client.request('buffer', 1000)).length, 1000);
    assert.equal(sent!.byteLength, 0);
  });

  it('rejects a request that cannot be sent', async () => {
    await assert.rejects(client.request('double', (() => 1) as unknown as number), /could not be cloned/);
    assert.equal(client.pending, 0);
  });
});
