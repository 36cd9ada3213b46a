import type { BlockScaleSums } from './blockScales';
import type { ChannelPlan, PlannedSums } from './channels';
import type { GgmlBlock } from './dequantize';
import type { Moments } from './moments';

/** What a pass over float32 values leaves beside its table. */
export interface Float32Sums {
  readonly moments: Moments;
  readonly zeros: number;
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
  /** Of finite values; Infinity and -Infinity where there are none. */
  readonly min: number;
  readonly max: number;
  /** Subnormal numbers whose upper half is that of 0 and of -0: their bins hold zeros too. */
  readonly tinyPositive: number;
  readonly tinyNegative: number;
}

/** Bins that are not empty, ascending. The arrays are the caller's. */
export interface KeyCounts {
  readonly keys: Uint16Array;
  readonly counts: Uint32Array;
}

/** Codes whose units the kernel itself can count. */
export type CodeSource =
  | { readonly kind: 'float16' }
  | { readonly kind: 'bfloat16' }
  /** 256 values, by 8-bit code. */
  | { readonly kind: 'codes8'; readonly values: Float32Array };

/**
 * The inner loops over chunks of file bytes. One implementation is WebAssembly SIMD, the other plain TypeScript (twin.ts);
 * they differ by rounding only.
 */
export interface Kernel {
  /** The reader puts the bytes of a chunk here, from its begin. A chunk is never longer. */
  readonly input: Uint8Array;
  /** Or the blocks of a chunk, as little-endian machines store them, for `dequantize`. */
  readonly blocks: Uint8Array;
  /** Forgets all that was counted. */
  reset(): void;
  /** Takes `count` float32 values of the input. False where some were not finite, or too large or small for float32 sums of squares. */
  scanFloat32(count: number): boolean;
  countCodes16(count: number): void;
  countCodes8(count: number): void;
  float32Sums(): Float32Sums;
  /** Takes the counts out, by code or by upper half of the float32. At most 2^32 - 1 elements may have been counted since. */
  takeTable(): KeyCounts;
  /** Adds `count` float32 values of the input, which were found regular, to the sums of their units. */
  addChannels(units: Units, firstElement: number, count: number): void;
  /** Counts `count` codes of the input, and adds what they stand for to the sums of their units. */
  scanCodes(source: CodeSource, units: Units, firstElement: number, count: number): void;
  /** Which bits are set in any of `count` 32-bit words of the input; a negative number where the highest one is. */
  orOfWords(count: number): number;
  /** Turns the blocks of `elements` weights into float32 values of the input, and adds what they are scaled with to the scales. */
  dequantize(dtype: GgmlBlock, elements: number): void;
  /** Forgets the scales. */
  clearScales(): void;
  takeScales(): BlockScaleSums;
  /** At most MOST_KERNEL_EDGES ascending edges. */
  beginEdges(edges: Float64Array): void;
  /** Takes `count` float32 values of the input. */
  countEdges(count: number): void;
  /** Item i counts the finite values with i edges at or below them; the last edge itself counts as inside. */
  takeEdgeCounts(): Float64Array;
}

export interface Units {
  readonly plan: ChannelPlan;
  readonly sums: PlannedSums;
}

/** Edges that fit a kernel's memory; more than any chart has bars. */
export const MOST_KERNEL_EDGES = 8192;

/**
 * What one read takes from the file. Measured: beyond 1 MiB reading is not faster, and below it the calls begin to count; that
 * a chunk of 256 KiB would lie in a core's own cache does not matter to the passes, which are bound by instructions.
 */
export const CHUNK_BYTES = 1024 * 1024;

/** Blocks of as many elements as a chunk has float32 values; those of Q8_K take the most, 292 bytes for 256. */
export const CHUNK_BLOCK_BYTES = (CHUNK_BYTES / 4 / 256) * 292;
