import { bytesPerElement } from '../dtype';
import type { PlainDtype } from '../dtype';
import type { ScannedTensor } from '../delivered';
import type { Tensor } from '../model';
import { codeBits, codeDecoder, decodeValues, floatsByCode } from './decode';
import { GenericScanner } from './generic';
import { CHUNK_BYTES } from './kernel';
import type { CodeSource, Kernel, KeyCounts } from './kernel';
import { ObservingScanner } from './observe';
import { PartChannels } from './partChannels';
import type { NonFinite, PartialStatistics } from './partial';
import type { PartScanner } from './scanner';
import { runLengths } from './table';
import type { Table } from './table';
import type { Values } from './tensorStatistics';

/** A tensor of up to this many elements keeps every value: its histogram and quantiles are exact, at 8 bytes a value or less. */
export const MOST_KEPT_ELEMENTS = 4096;

/** What a kernel's 32-bit counters hold. A part of a tensor is far smaller. */
export const MOST_PART_ELEMENTS = 2 ** 31;

/** Elements that one chunk holds. */
export function chunkElements(dtype: PlainDtype): number {
  return CHUNK_BYTES / bytesPerElement(dtype);
}

/** A scanner for elements of `tensor` that begin at `firstElement`. One at a time for each kernel. */
export function createScanner(kernel: Kernel, tensor: ScannedTensor, firstElement: number): PartScanner {
  return new ObservingScanner(kernel, tensor, firstElement, createCountingScanner(kernel, tensor, firstElement));
}

/** For runs of a tensor that leave out what lies between them: counts, and nothing that only a whole tensor can tell. */
export function createSampleScanner(kernel: Kernel, tensor: ScannedTensor): PartScanner {
  // Without axes there are no units to count.
  return createCountingScanner(kernel, { ...tensor, axes: {} }, 0);
}

function createCountingScanner(kernel: Kernel, tensor: Tensor, firstElement: number): PartScanner {
  const dtype = tensor.dtype as PlainDtype;
  if (tensor.elements <= MOST_KEPT_ELEMENTS) return new KeepingScanner(kernel, tensor, firstElement);
  const bits = codeBits(dtype);
  if (bits) return new CodeScanner(kernel, tensor, firstElement, bits);
  return dtype === 'float32' ? new Float32Scanner(kernel, tensor, firstElement) : new GenericScanner(kernel, tensor, firstElement);
}

/** Keeps every finite value. */
class KeepingScanner implements PartScanner {
  readonly #kernel: Kernel;
  readonly #tensor: Tensor;
  readonly #channels: PartChannels;
  readonly #finite: Values;
  readonly #nonFinite: { -readonly [K in keyof NonFinite]: number } = { nan: 0, positiveInfinity: 0, negativeInfinity: 0 };
  #next: number;
  #count = 0;
  #kept = 0;

  constructor(kernel: Kernel, tensor: Tensor, firstElement: number) {
    this.#kernel = kernel;
    this.#tensor = tensor;
    this.#channels = new PartChannels(tensor);
    const Store = tensor.dtype === 'float32' || floatsByCode(tensor.dtype) ? Float32Array : Float64Array;
    this.#finite = new Store(tensor.elements);
    this.#next = firstElement;
  }

  take(count: number): void {
    const values = decodeValues(this.#kernel.input, count, this.#tensor);
    for (let i = 0; i < count; i++) {
      const value = values[i]!;
      // Adding 0 makes -0 the 0 that it counts as.
      if (Number.isFinite(value)) this.#finite[this.#kept++] = value + 0;
      else if (value > 0) this.#nonFinite.positiveInfinity++;
      else if (value < 0) this.#nonFinite.negativeInfinity++;
      else this.#nonFinite.nan++;
    }
    this.#channels.add(values, this.#next);
    this.#next += count;
    this.#count += count;
  }

  result(): PartialStatistics {
    const sorted = this.#finite.subarray(0, this.#kept).sort();
    return {
      count: this.#count,
      table: { kind: 'values', ...runLengths(sorted) },
      nonFinite: this.#nonFinite,
      ...this.#channels.result(),
    };
  }
}

/** Counts codes; what they stand for is asked only at the end. */
class CodeScanner implements PartScanner {
  readonly #kernel: Kernel;
  readonly #tensor: Tensor;
  readonly #bits: 8 | 16;
  readonly #channels: PartChannels;
  readonly #source: CodeSource | undefined;
  #next: number;
  #count = 0;

  constructor(kernel: Kernel, tensor: Tensor, firstElement: number, bits: 8 | 16) {
    kernel.reset();
    this.#kernel = kernel;
    this.#tensor = tensor;
    this.#bits = bits;
    this.#channels = new PartChannels(tensor);
    this.#source = codeSource(tensor, bits);
    this.#next = firstElement;
  }

  take(count: number): void {
    const { units } = this.#channels;
    if (units && this.#source) this.#kernel.scanCodes(this.#source, units, this.#next, count);
    else {
      if (this.#bits === 8) this.#kernel.countCodes8(count);
      else this.#kernel.countCodes16(count);
      if (units) this.#channels.add(decodeValues(this.#kernel.input, count, this.#tensor), this.#next);
    }
    this.#next += count;
    this.#count += count;
  }

  result(): PartialStatistics {
    return { count: this.#count, table: { kind: 'codes', ...this.#kernel.takeTable() }, ...this.#channels.result() };
  }
}

function codeSource(tensor: Tensor, bits: 8 | 16): CodeSource | undefined {
  if (bits === 8) {
    const decode = codeDecoder(tensor);
    return { kind: 'codes8', values: Float32Array.from({ length: 256 }, (_, code) => decode(code)) };
  }
  return tensor.dtype === 'float16' || tensor.dtype === 'bfloat16' ? { kind: tensor.dtype } : undefined;
}

class Float32Scanner implements PartScanner {
  readonly #kernel: Kernel;
  readonly #tensor: Tensor;
  readonly #channels: PartChannels;
  #next: number;
  #count = 0;

  constructor(kernel: Kernel, tensor: Tensor, firstElement: number) {
    kernel.reset();
    this.#kernel = kernel;
    this.#tensor = tensor;
    this.#channels = new PartChannels(tensor);
    this.#next = firstElement;
  }

  take(count: number): void {
    const regular = this.#kernel.scanFloat32(count);
    const { units } = this.#channels;
    if (units && regular) this.#kernel.addChannels(units, this.#next, count);
    else if (units) this.#channels.add(decodeValues(this.#kernel.input, count, this.#tensor), this.#next);
    this.#next += count;
    this.#count += count;
  }

  result(): PartialStatistics {
    const { tinyPositive, tinyNegative, ...sums } = this.#kernel.float32Sums();
    return {
      count: this.#count,
      table: withoutZeros(this.#kernel.takeTable(), tinyPositive, tinyNegative),
      sums,
      ...this.#channels.result(),
    };
  }
}

const EXPONENT = 0x7f80;
const NEGATIVE_ZERO = 0x8000;

/** Bins of finite values other than zero. */
function withoutZeros({ keys, counts }: KeyCounts, tinyPositive: number, tinyNegative: number): Table {
  const kept = new Uint16Array(keys.length);
  const keptCounts = new Uint32Array(keys.length);
  let length = 0;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if ((key & EXPONENT) === EXPONENT) continue;
    const count = key === 0 ? tinyPositive : key === NEGATIVE_ZERO ? tinyNegative : counts[i]!;
    if (count === 0) continue;
    kept[length] = key;
    keptCounts[length++] = count;
  }
  return { kind: 'float32', keys: kept.slice(0, length), counts: keptCounts.slice(0, length) };
}
