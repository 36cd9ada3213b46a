import { readFileSync } from 'node:fs';
import type { BlockScaleSums } from '../core/statistics/blockScales';
import { addToPlanned } from '../core/statistics/channels';
import { decodeValues } from '../core/statistics/decode';
import type { GgmlBlock } from '../core/statistics/dequantize';
import { binOf } from '../core/statistics/histogram';
import { CHUNK_BYTES } from '../core/statistics/kernel';
import type { CodeSource, Float32Sums, Kernel, KeyCounts, Units } from '../core/statistics/kernel';
import { TypeScriptKernel } from '../core/statistics/twin';
import { BlockPass } from './blockPass';
import { addressOf } from './kernelExports';
import type { KernelExports } from './kernelExports';
import { MatrixPass } from './matrixPass';

/** float64 fields at STATE, in order. */
enum StateField {
  count, mean, m2, m3, m4, absoluteSum, min, max, pilot, zeros, nan, positiveInfinity, negativeInfinity, irregular, tinyPositive, tinyNegative,
}

const KEYS = 1 << 16;

/** Larger magnitudes (of bfloat16) have squares that float32 cannot sum. */
const LARGEST_MAGNITUDE = 1e12;

/** V8 first compiles a module in a hurry, and well only after some calls: these are made before the first file is read, in 10 ms. */
const WARM_UP_CALLS = 40;
const WARM_UP_ELEMENTS = 8192;

/** The SIMD kernel. */
export class WasmKernel implements Kernel {
  readonly input: Uint8Array;
  readonly blocks: Uint8Array;
  readonly #module: KernelExports;
  readonly #matrix: MatrixPass;
  readonly #blocks: BlockPass;
  readonly #inputAddress: number;
  readonly #state: Float64Array;
  readonly #keys: Uint16Array;
  readonly #counts: Uint32Array;
  readonly #codeValues: Float32Array;
  readonly #decoded: Float32Array;
  readonly #edges: Float64Array;
  readonly #edgeCounts: Uint32Array;
  readonly #edgeFirst: Uint16Array;
  readonly #edgeLast: Uint16Array;
  #edgeCount = 0;
  #hasCounts = false;
  /** Whether the float32 values scanned last have a zero among them. */
  #hasZeros = false;
  #hasEdges = false;

  /** @throws WebAssembly.CompileError where the host has no SIMD. */
  constructor(code: Uint8Array<ArrayBuffer>) {
    this.#module = new WebAssembly.Instance(new WebAssembly.Module(code), {}).exports as unknown as KernelExports;
    const { buffer } = this.#module.memory;
    const at = (name: string): number => addressOf(this.#module, name);
    this.#matrix = new MatrixPass(this.#module);
    this.#blocks = new BlockPass(this.#module);
    this.blocks = this.#blocks.blocks;
    this.#inputAddress = at('INPUT');
    this.input = new Uint8Array(buffer, this.#inputAddress, CHUNK_BYTES);
    this.#state = new Float64Array(buffer, at('STATE'), StateField.tinyNegative + 1);
    this.#keys = new Uint16Array(buffer, at('KEYS'), KEYS);
    this.#counts = new Uint32Array(buffer, at('COUNTS'), KEYS);
    this.#codeValues = new Float32Array(buffer, at('CODE_VALUES'), 256);
    this.#decoded = new Float32Array(buffer, at('DECODED'), at('DECODED_BYTES') / 4);
    this.#edges = new Float64Array(buffer, at('EDGES'), (at('EDGE_COUNTS') - at('EDGES')) / 8);
    this.#edgeCounts = new Uint32Array(buffer, at('EDGE_COUNTS'), this.#edges.length + 2);
    this.#edgeFirst = new Uint16Array(buffer, at('EDGE_FIRST'), KEYS);
    this.#edgeLast = new Uint16Array(buffer, at('EDGE_LAST'), KEYS);
    this.#warmUp();
  }

  reset(): void {
    this.#module.reset();
    // A part that was given up half-way has left its counts.
    if (this.#hasCounts) this.#module.compact();
    if (this.#hasEdges) this.#matrix.clear();
    this.#hasCounts = this.#hasEdges = false;
  }

  scanFloat32(count: number): boolean {
    this.#hasCounts = true;
    const before = this.#state[StateField.irregular];
    const zerosBefore = this.#state[StateField.zeros];
    this.#module.scanFloat32(count);
    this.#hasZeros = this.#state[StateField.zeros] !== zerosBefore;
    return this.#state[StateField.irregular] === before;
  }

  countCodes16(count: number): void {
    this.#hasCounts = true;
    this.#module.countCodes16(count);
  }

  countCodes8(count: number): void {
    this.#hasCounts = true;
    this.#module.countCodes8(count);
  }

  float32Sums(): Float32Sums {
    const field = (index: StateField): number => this.#state[index]!;
    return {
      moments: {
        count: field(StateField.count),
        mean: field(StateField.mean),
        m2: field(StateField.m2),
        m3: field(StateField.m3),
        m4: field(StateField.m4),
        absoluteSum: field(StateField.absoluteSum),
      },
      zeros: field(StateField.zeros),
      nan: field(StateField.nan),
      positiveInfinity: field(StateField.positiveInfinity),
      negativeInfinity: field(StateField.negativeInfinity),
      min: field(StateField.min),
      max: field(StateField.max),
      tinyPositive: field(StateField.tinyPositive),
      tinyNegative: field(StateField.tinyNegative),
    };
  }

  takeTable(): KeyCounts {
    const length = this.#module.compact();
    this.#hasCounts = false;
    return { keys: this.#keys.slice(0, length), counts: this.#counts.slice(0, length) };
  }

  addChannels(units: Units, firstElement: number, count: number): void {
    this.#matrix.add(units, { address: this.#inputAddress, firstElement, count, hasZeros: this.#hasZeros });
    this.#matrix.fold();
  }

  scanCodes(source: CodeSource, units: Units, firstElement: number, count: number): void {
    this.#hasCounts = true;
    const zeroCodes = codesOfZero(source);
    let zeros = this.#countOf(zeroCodes);
    if (source.kind === 'codes8') {
      this.#module.countCodes8(count);
      this.#codeValues.set(source.values);
    } else if (source.kind === 'bfloat16') this.#module.countCodes16(count);
    if (source.kind === 'codes8' && this.#hasIrregular(source.values)) {
      addToPlanned(units.plan, units.sums, decodePlainly(source, this.input, count), firstElement);
      return;
    }
    const codeBytes = source.kind === 'codes8' ? 1 : 2;
    const hasZeros = this.#countOf(zeroCodes) !== zeros;
    for (let done = 0; done < count; done += this.#decoded.length) {
      const size = Math.min(this.#decoded.length, count - done);
      zeros = this.#countOf(zeroCodes);
      const isRegular = this.#decode(source.kind, this.#inputAddress + done * codeBytes, size);
      if (isRegular) this.#matrix.add(units, { address: this.#decoded.byteOffset, firstElement: firstElement + done, count: size, hasZeros: hasZeros || this.#countOf(zeroCodes) !== zeros });
      else addToPlanned(units.plan, units.sums, decodePlainly(source, this.input.subarray(done * codeBytes), size), firstElement + done);
    }
    this.#matrix.fold();
  }

  /** Whether the counts hold a float8 that is no number: for the SIMD pass all codes of 8 bits are. */
  #hasIrregular(values: Float32Array): boolean {
    for (let code = 0; code < values.length; code++) if (!Number.isFinite(values[code]!) && this.#module.countOfCode(code) > 0) return true;
    return false;
  }

  #countOf(codes: readonly number[]): number {
    return codes.reduce((sum, code) => sum + this.#module.countOfCode(code), 0);
  }

  /** Half floats are counted at the same time. False where the values are not for the SIMD pass. */
  #decode(kind: CodeSource['kind'], address: number, count: number): boolean {
    switch (kind) {
      case 'codes8':
        this.#module.decodeCodes8(address, count);
        return true;
      case 'float16':
        return this.#module.countAndDecodeFloat16(address, count) !== 0;
      case 'bfloat16':
        return this.#module.decodeBfloat16(address, count) < LARGEST_MAGNITUDE;
    }
  }

  orOfWords(count: number): number {
    return this.#module.orOfWords(count);
  }

  dequantize(dtype: GgmlBlock, elements: number): void {
    this.#blocks.dequantize(dtype, elements);
  }

  clearScales(): void {
    this.#blocks.clearScales();
  }

  takeScales(): BlockScaleSums {
    return this.#blocks.takeScales();
  }

  beginEdges(edges: Float64Array): void {
    this.#hasEdges = true;
    this.#edges.set(edges);
    this.#edgeCount = edges.length;
    this.#edgeCounts.fill(0);
    for (let key = 0; key < KEYS; key++) {
      const { least, greatest } = rangeOfKey(key);
      const finite = Number.isFinite(least) && Number.isFinite(greatest);
      this.#edgeFirst[key] = finite ? binOf(edges, least) + 1 : edges.length + 1;
      this.#edgeLast[key] = finite ? binOf(edges, greatest) + 1 : edges.length + 1;
    }
  }

  countEdges(count: number): void {
    this.#module.countEdges(count, this.#edgeCount);
  }

  takeEdgeCounts(): Float64Array {
    const counts = Float64Array.from(this.#edgeCounts.subarray(0, this.#edgeCount + 1));
    // The bounds of keys lie where the columns' results do.
    this.#matrix.clear();
    this.#hasEdges = false;
    return counts;
  }

  #warmUp(): void {
    for (let call = 0; call < WARM_UP_CALLS; call++) {
      this.#module.reset();
      this.#module.scanFloat32(WARM_UP_ELEMENTS);
      this.#module.scanMatrix(this.#inputAddress, WARM_UP_ELEMENTS / 64, 64);
      this.#module.countZeros(this.#inputAddress, WARM_UP_ELEMENTS / 64, 64);
      this.#module.countCodes16(WARM_UP_ELEMENTS);
      this.#module.countCodes8(WARM_UP_ELEMENTS);
      this.#module.countAndDecodeFloat16(this.#inputAddress, WARM_UP_ELEMENTS);
      this.#module.compact();
    }
    this.#matrix.clear();
  }
}

const ZERO_AND_MINUS_ZERO = [0, 0x8000];

function codesOfZero(source: CodeSource): readonly number[] {
  if (source.kind !== 'codes8') return ZERO_AND_MINUS_ZERO;
  return [...source.values.keys()].filter((code) => source.values[code] === 0);
}

/** For values that are not finite, or too large for float32 sums of squares. */
function decodePlainly(source: CodeSource, bytes: Uint8Array, count: number): ArrayLike<number> {
  if (source.kind !== 'codes8') return decodeValues(bytes, count, { dtype: source.kind });
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = source.values[bytes[i]!]!;
  return values;
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** Of the float32 numbers with this upper half. */
function rangeOfKey(key: number): { least: number; greatest: number } {
  word[0] = key << 16;
  const near = single[0]!;
  word[0] = (key << 16) | 0xffff;
  const far = single[0]!;
  return key < 0x8000 ? { least: near, greatest: far } : { least: far, greatest: near };
}

/** The SIMD kernel where the host has it, else its twin. `missing` says why not. */
export function createKernel(path: string): { kernel: Kernel; missing?: string } {
  try {
    return { kernel: new WasmKernel(new Uint8Array(readFileSync(path))) };
  } catch (error) {
    return { kernel: new TypeScriptKernel(), missing: String(error) };
  }
}
