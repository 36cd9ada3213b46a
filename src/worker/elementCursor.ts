import { bytesPerElement } from '../core/dtype';
import type { Values } from '../core/statistics/tensorStatistics';
import { decodeValues } from '../core/statistics/decode';
import type { ElementReader } from './elementReader';
import type { Pause } from './pause';

/** What is read at once: 512 KiB of float64, which stays in the cache. */
const WINDOW_ELEMENTS = 1 << 16;

/** The values of one tensor, read in windows that follow one another: stored order, never backwards. */
export class ElementCursor {
  readonly #reader: ElementReader;
  readonly #elements: number;
  readonly #block: number;
  readonly #pause: Pause;
  readonly #bytes: Uint8Array;
  values: Values = new Float64Array();
  /** Elements that `values` holds: from start to before end. */
  start = 0;
  end = 0;

  /** @param block reads begin at multiples of so many elements. */
  constructor(reader: ElementReader, elements: number, block: number, pause: Pause) {
    this.#reader = reader;
    this.#elements = elements;
    this.#block = block;
    this.#pause = pause;
    this.#bytes = new Uint8Array(Math.ceil(WINDOW_ELEMENTS / block + 1) * block * bytesPerElement(reader.delivered.dtype));
  }

  /** Makes `values` hold the element `at`, and those behind it that are wanted, as far as a window goes. */
  async fill(at: number, wanted: number): Promise<void> {
    await this.#pause.breathe();
    const block = this.#block;
    const begin = Math.floor(at / block) * block;
    const length = Math.ceil((Math.min(wanted, WINDOW_ELEMENTS) + at - begin) / block) * block;
    const count = Math.min(length, this.#elements - begin);
    const target = this.#bytes.subarray(0, count * bytesPerElement(this.#reader.delivered.dtype));
    const waits = this.#reader.read(begin, count, target);
    if (waits) await waits;
    this.values = decodeValues(target, count, this.#reader.delivered);
    this.start = begin;
    this.end = begin + count;
  }
}

/** A gap that is cheaper to read over than to leap: one call costs as much as some thousand elements. */
export const LEAP_ELEMENTS = 4096;
