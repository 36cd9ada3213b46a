import type { Tensor } from '../model';
import { decodeValues } from './decode';
import type { Kernel } from './kernel';
import { mergeMoments, momentsOfBlock } from './moments';
import { NO_SUMS } from './partial';
import type { PartialStatistics, PartialSums } from './partial';
import { PartChannels } from './partChannels';
import type { PartScanner } from './scanner';
import { FLOAT64_KEYS, FLOAT64_KEY_SHIFT } from './table';

/** Values that share one mean before they are merged. */
const BLOCK_ELEMENTS = 4096;

/** The rare types (float64, wide integers, magnitudes of complex numbers): float64 throughout, in plain TypeScript. */
export class GenericScanner implements PartScanner {
  readonly #kernel: Kernel;
  readonly #tensor: Tensor;
  readonly #channels: PartChannels;
  readonly #counts = new Uint32Array(FLOAT64_KEYS);
  readonly #sums: { -readonly [K in keyof PartialSums]: PartialSums[K] } = { ...NO_SUMS };
  #next: number;
  #count = 0;

  constructor(kernel: Kernel, tensor: Tensor, firstElement: number) {
    this.#kernel = kernel;
    this.#tensor = tensor;
    this.#channels = new PartChannels(tensor);
    this.#next = firstElement;
  }

  take(count: number): void {
    const values = Float64Array.from(decodeValues(this.#kernel.input, count, this.#tensor));
    const words = new Uint32Array(values.buffer);
    const sums = this.#sums;
    for (let i = 0; i < count; i++) {
      const value = values[i]!;
      if (Number.isFinite(value)) {
        if (value === 0) sums.zeros++;
        else this.#counts[words[2 * i + 1]! >>> FLOAT64_KEY_SHIFT]!++;
        if (value < sums.min) sums.min = value;
        if (value > sums.max) sums.max = value;
      } else if (value > 0) sums.positiveInfinity++;
      else if (value < 0) sums.negativeInfinity++;
      else sums.nan++;
    }
    for (let first = 0; first < count; first += BLOCK_ELEMENTS) {
      sums.moments = mergeMoments(sums.moments, momentsOfBlock(values, first, Math.min(first + BLOCK_ELEMENTS, count)));
    }
    this.#channels.add(values, this.#next);
    this.#next += count;
    this.#count += count;
  }

  result(): PartialStatistics {
    const found: number[] = [];
    for (let key = 0; key < FLOAT64_KEYS; key++) if (this.#counts[key]! > 0) found.push(key);
    const keys = Uint32Array.from(found);
    return {
      count: this.#count,
      table: { kind: 'float64', keys, counts: Uint32Array.from(keys, (key) => this.#counts[key]!) },
      sums: this.#sums,
      ...this.#channels.result(),
    };
  }
}
