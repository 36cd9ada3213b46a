import { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import type { InflateRaw } from 'node:zlib';
import { FileError, HumanError, messageOf } from '../../core/errors';
import type { Encoding, Tensor } from '../../core/model';
import type { OpenFiles } from '../jobFiles';
import type { Decoder, StoredBytes } from './decoder';

/** Read and unpacked at a time: both wait for each other, so that a stream takes a few of these in memory, however much it unpacks to. */
const CHUNK_BYTES = 256 * 1024;

/** One packed stream. Read in ascending order; going back begins anew. */
export const deflate: Decoder<Extract<Encoding, { kind: 'deflate' }>> = (files, tensor, { skipBytes }) => new DeflateReader(files, tensor, skipBytes);

class DeflateReader implements StoredBytes {
  #stream: InflateRaw | undefined;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #chunk: Uint8Array = new Uint8Array();
  /** Of the first byte of the chunk, in what the stream unpacks to. */
  #chunkOffset = 0;

  constructor(
    private readonly files: OpenFiles,
    private readonly tensor: Tensor,
    private readonly skipBytes: number,
  ) {}

  async read(byteOffset: number, target: Uint8Array): Promise<void> {
    let from = this.skipBytes + byteOffset;
    if (!this.#chunks || from < this.#chunkOffset) this.#restart();
    for (let filled = 0; filled < target.length; ) {
      while (from >= this.#chunkOffset + this.#chunk.length) await this.#next();
      const at = from - this.#chunkOffset;
      const bytes = this.#chunk.subarray(at, at + target.length - filled);
      target.set(bytes, filled);
      filled += bytes.length;
      from += bytes.length;
    }
  }

  close(): void {
    this.#stream?.destroy();
    this.#chunks = undefined;
  }

  #restart(): void {
    this.close();
    const stream = createInflateRaw({ chunkSize: CHUNK_BYTES });
    // Whoever waits for the next chunk is told of an error; nobody does after the last one.
    stream.on('error', () => undefined);
    const packed = Readable.from(packedChunks(this.files, this.tensor), { objectMode: false, highWaterMark: CHUNK_BYTES });
    packed.on('error', (error) => stream.destroy(error));
    stream.on('close', () => packed.destroy());
    packed.pipe(stream);
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#chunk = new Uint8Array();
    this.#chunkOffset = 0;
  }

  async #next(): Promise<void> {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await this.#chunks!.next();
    } catch (error) {
      if (error instanceof HumanError) throw error;
      throw new FileError(`${JSON.stringify(this.tensor.name)} cannot be unpacked: ${messageOf(error)}. The file is damaged: fetch it again, or save the model anew.`, { cause: error });
    }
    if (next.done) throw new FileError(`${JSON.stringify(this.tensor.name)} unpacks to fewer bytes than its shape takes. The file is damaged: fetch it again, or save the model anew.`);
    this.#chunkOffset += this.#chunk.length;
    this.#chunk = next.value;
  }
}

function* packedChunks(files: OpenFiles, tensor: Tensor): Generator<Uint8Array> {
  const length = tensor.segments.reduce((sum, segment) => sum + segment.length, 0);
  for (let offset = 0; offset < length; offset += CHUNK_BYTES) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, length - offset));
    files.read(tensor, offset, chunk);
    yield chunk;
  }
}
