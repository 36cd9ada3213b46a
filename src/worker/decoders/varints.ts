import { blockOf, isPlain } from '../../core/dtype';
import type { NumericDtype } from '../../core/dtype';
import { FormatError } from '../../core/errors';
import type { Encoding, Tensor } from '../../core/model';
import type { OpenFiles } from '../jobFiles';
import type { Decoder } from './decoder';

/** Read from the file at a time. */
const WINDOW_BYTES = 64 * 1024;
/** A varint has at most so many bytes; those of negative numbers have all of them (protobuf.dev/programming-guides/encoding). */
const LONGEST_BYTES = 10;

/**
 * Protobuf varints become elements: the low bytes of each, as many as the type has, and one byte for types whose elements share bytes.
 * Reads ascend; one that asks for what is behind begins anew.
 */
export const varints: Decoder<Extract<Encoding, { kind: 'varints' }>> = (files, tensor) => {
  const dtype = tensor.dtype as NumericDtype;
  const elementBytes = isPlain(dtype) ? blockOf(dtype).bytes : 1;
  let reader = new VarintReader(files, tensor);
  return {
    read(byteOffset, target) {
      const first = byteOffset / elementBytes;
      if (first < reader.index) reader = new VarintReader(files, tensor);
      while (reader.index < first) reader.next();
      for (let at = 0; at < target.length; at += elementBytes) {
        reader.next();
        const { low, high } = reader;
        for (let byte = 0; byte < elementBytes; byte++) target[at + byte] = byte < 4 ? low >>> (8 * byte) : high >>> (8 * (byte - 4));
      }
    },
  };
};

class VarintReader {
  /** Of the next varint. */
  index = 0;
  /** The 64 bits of the last one. */
  low = 0;
  high = 0;
  readonly #length: number;
  #window = new Uint8Array();
  #at = 0;
  #offset = 0;

  constructor(
    private readonly files: OpenFiles,
    private readonly tensor: Tensor,
  ) {
    this.#length = tensor.segments.reduce((sum, { length }) => sum + length, 0);
  }

  /** @throws HumanError where there is none. */
  next(): void {
    if (this.#window.length - this.#at < LONGEST_BYTES) this.#fill();
    let low = 0;
    let high = 0;
    for (let i = 0; i < LONGEST_BYTES; i++) {
      const byte = this.#window[this.#at++];
      if (byte === undefined) break;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) {
        this.low = low;
        this.high = high;
        this.index++;
        return;
      }
    }
    throw new FormatError(`${JSON.stringify(this.tensor.name)} holds ${this.index} numbers, and its shape takes more of them. Save the model anew.`);
  }

  /** Moves what is left to the begin of the window and reads on. */
  #fill(): void {
    const left = this.#window.subarray(this.#at);
    const more = Math.min(WINDOW_BYTES, this.#length - this.#offset);
    if (more === 0) return;
    const window = new Uint8Array(left.length + more);
    window.set(left);
    this.files.read(this.tensor, this.#offset, window.subarray(left.length));
    this.#window = window;
    this.#at = 0;
    this.#offset += more;
  }
}
