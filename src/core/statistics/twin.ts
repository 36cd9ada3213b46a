import { ScaleCollector } from './blockScales';
import type { BlockScaleSums } from './blockScales';
import { addToPlanned } from './channels';
import { decodeBfloat16, decodeFloat16 } from './decode';
import { dequantizeBlocks } from './dequantize';
import type { GgmlBlock } from './dequantize';
import { binOf } from './histogram';
import { CHUNK_BLOCK_BYTES, CHUNK_BYTES } from './kernel';
import type { CodeSource, Float32Sums, Kernel, KeyCounts, Units } from './kernel';
import { mergeMoments, momentsOfBlock, NO_MOMENTS } from './moments';
import type { Moments } from './moments';

const KEYS = 1 << 16;

/** The least number whose upper half differs from zero's. */
const LEAST_WITH_OWN_BIN = 2 ** -133;

/** Values that share one mean before they are merged. */
const BLOCK_ELEMENTS = 4096;

/** The kernel in plain TypeScript: for hosts without WebAssembly SIMD, and the oracle of the tests. */
export class TypeScriptKernel implements Kernel {
  readonly input = new Uint8Array(CHUNK_BYTES);
  readonly blocks = new Uint8Array(CHUNK_BLOCK_BYTES);
  readonly #singles = new Float32Array(this.input.buffer);
  readonly #halves = new Uint16Array(this.input.buffer);
  readonly #table = new Uint32Array(KEYS);
  #moments: Moments = NO_MOMENTS;
  #zeros = 0;
  #nan = 0;
  #positiveInfinity = 0;
  #negativeInfinity = 0;
  #min = Infinity;
  #max = -Infinity;
  #tinyPositive = 0;
  #tinyNegative = 0;
  #scales = new ScaleCollector();
  #edges: Float64Array = new Float64Array(0);
  #edgeCounts: Float64Array = new Float64Array(0);

  reset(): void {
    this.#table.fill(0);
    this.#moments = NO_MOMENTS;
    this.#zeros = this.#nan = this.#positiveInfinity = this.#negativeInfinity = this.#tinyPositive = this.#tinyNegative = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
  }

  scanFloat32(count: number): boolean {
    const before = this.#moments.count;
    for (let i = 0; i < count; i++) {
      const value = this.#singles[i]!;
      this.#table[this.#halves[2 * i + 1]!]!++;
      if (value === 0) this.#zeros++;
      else if (Math.abs(value) < LEAST_WITH_OWN_BIN) {
        if (value > 0) this.#tinyPositive++;
        else this.#tinyNegative++;
      }
      if (Number.isFinite(value)) {
        if (value < this.#min) this.#min = value;
        if (value > this.#max) this.#max = value;
      } else if (value > 0) this.#positiveInfinity++;
      else if (value < 0) this.#negativeInfinity++;
      else this.#nan++;
    }
    for (let first = 0; first < count; first += BLOCK_ELEMENTS) {
      this.#moments = mergeMoments(this.#moments, momentsOfBlock(this.#singles, first, Math.min(first + BLOCK_ELEMENTS, count)));
    }
    return this.#moments.count - before === count;
  }

  countCodes16(count: number): void {
    for (let i = 0; i < count; i++) this.#table[this.#halves[i]!]!++;
  }

  countCodes8(count: number): void {
    for (let i = 0; i < count; i++) this.#table[this.input[i]!]!++;
  }

  float32Sums(): Float32Sums {
    return {
      moments: this.#moments,
      zeros: this.#zeros,
      nan: this.#nan,
      positiveInfinity: this.#positiveInfinity,
      negativeInfinity: this.#negativeInfinity,
      min: this.#min,
      max: this.#max,
      tinyPositive: this.#tinyPositive,
      tinyNegative: this.#tinyNegative,
    };
  }

  takeTable(): KeyCounts {
    const keys = Uint16Array.from([...this.#table.keys()].filter((key) => this.#table[key]! > 0));
    const counts = Uint32Array.from(keys, (key) => this.#table[key]!);
    this.#table.fill(0);
    return { keys, counts };
  }

  addChannels({ plan, sums }: Units, firstElement: number, count: number): void {
    addToPlanned(plan, sums, this.#singles.subarray(0, count), firstElement);
  }

  scanCodes(source: CodeSource, { plan, sums }: Units, firstElement: number, count: number): void {
    if (source.kind === 'codes8') this.countCodes8(count);
    else this.countCodes16(count);
    addToPlanned(plan, sums, this.#decoded(source, count), firstElement);
  }

  #decoded(source: CodeSource, count: number): Float32Array {
    switch (source.kind) {
      case 'float16':
        return Float32Array.from(this.#halves.subarray(0, count), decodeFloat16);
      case 'bfloat16':
        return Float32Array.from(this.#halves.subarray(0, count), decodeBfloat16);
      case 'codes8':
        return Float32Array.from(this.input.subarray(0, count), (code) => source.values[code]!);
    }
  }

  orOfWords(count: number): number {
    return new Uint32Array(this.input.buffer, 0, count).reduce((bits, word) => bits | word, 0);
  }

  dequantize(dtype: GgmlBlock, elements: number): void {
    dequantizeBlocks(dtype, this.blocks, elements, this.#singles, this.#scales);
  }

  clearScales(): void {
    this.#scales = new ScaleCollector();
  }

  takeScales(): BlockScaleSums {
    return this.#scales.result();
  }

  beginEdges(edges: Float64Array): void {
    this.#edges = edges;
    this.#edgeCounts = new Float64Array(edges.length + 1);
  }

  countEdges(count: number): void {
    countByEdges(this.#singles.subarray(0, count), this.#edges, this.#edgeCounts);
  }

  takeEdgeCounts(): Float64Array {
    return this.#edgeCounts;
  }
}

/** Adds finite `values` to `counts`, by how many edges are at or below them (the last edge itself is inside). */
export function countByEdges(values: ArrayLike<number>, edges: Float64Array, counts: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) counts[binOf(edges, value) + 1]!++;
  }
}
