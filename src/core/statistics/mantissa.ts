const MANTISSA_BITS = 23;
const MANTISSA = 2 ** MANTISSA_BITS - 1;

/** Values between two looks whether the lowest bit is already used. */
const BLOCK_ELEMENTS = 64;

/**
 * Which mantissa bits the float32 values of a part use. Half of all ordinary values use the lowest one: of those, a part has its first
 * block looked at and no more.
 */
export class MantissaObserver {
  #used = 0;

  /** `bytes` begin at a multiple of 4 of their buffer. */
  see(bytes: Uint8Array): void {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    let used = this.#used;
    for (let first = 0; first < words.length && (used & 1) === 0; first += BLOCK_ELEMENTS) {
      const end = Math.min(first + BLOCK_ELEMENTS, words.length);
      for (let i = first; i < end; i++) used |= words[i]!;
    }
    this.#used = used & MANTISSA;
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
