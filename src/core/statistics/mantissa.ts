import type { Kernel } from './kernel';

const MANTISSA_BITS = 23;
const MANTISSA = 2 ** MANTISSA_BITS - 1;

/** Values that are looked at first. */
const PROBED_ELEMENTS = 64;

/**
 * Which mantissa bits the float32 values of a part use. Half of all ordinary values use the lowest one: of those, a part has its first
 * values looked at and no more.
 */
export class MantissaObserver {
  readonly #kernel: Kernel;
  #used = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** `count` values in the kernel's input. */
  see(count: number): void {
    if (this.#used & 1) return;
    this.#used |= this.#kernel.orOfWords(Math.min(count, PROBED_ELEMENTS)) & MANTISSA;
    if ((this.#used & 1) === 0) this.#used |= this.#kernel.orOfWords(count) & MANTISSA;
  }

  /** Parts merge by `or`. */
  result(): number {
    return this.#used;
  }
}

/** The lowest bits that no value uses; undefined where the lowest one is used. */
export function unusedMantissaBits(used: number): number | undefined {
  if (used === 0) return MANTISSA_BITS;
  const lowest = 31 - Math.clz32(used & -used);
  return lowest === 0 ? undefined : lowest;
}
