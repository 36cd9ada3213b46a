import { readFileSync } from 'node:fs';
import { addToPlanned } from '../core/statistics/channels';
import type { ChannelAxis, ChannelPlan, ChannelSums, PlannedSums } from '../core/statistics/channels';
import { decodeValues } from '../core/statistics/decode';
import { binOf } from '../core/statistics/histogram';
import { CHUNK_BYTES } from '../core/statistics/kernel';
import type { CodeSource, Float32Sums, Kernel, KeyCounts, Units } from '../core/statistics/kernel';
import { TypeScriptKernel } from '../core/statistics/twin';

/** What src/kernel/kernel.ts exports. Addresses are globals. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  reset(): void;
  scanFloat32(count: number): void;
  countCodes16(count: number): void;
  countCodes8(count: number): void;
  compact(): number;
  scanMatrix(address: number, rows: number, columns: number): void;
  scanPartialRow(address: number, firstColumn: number, columns: number): void;
  clearColumns(columns: number): void;
  decodeCodes8(address: number, count: number): void;
  /** 0 where a value is not finite. */
  countAndDecodeFloat16(address: number, count: number): number;
  decodeBfloat16(address: number, count: number): number;
  countEdges(count: number, edges: number): void;
  readonly [address: string]: unknown;
}

/** float64 fields at STATE, in order. */
enum StateField {
  count, mean, m2, m3, m4, absoluteSum, min, max, pilot, zeros, nan, positiveInfinity, negativeInfinity, irregular, tinyPositive, tinyNegative,
}

const KEYS = 1 << 16;

/** Columns and rows that the module has room for in one call. */
const MOST_COLUMNS = 1 << 16;
const MOST_ROWS = 1 << 14;

/** Larger magnitudes (of bfloat16) have squares that float32 cannot sum. */
const LARGEST_MAGNITUDE = 1e12;

/** V8 first compiles a module in a hurry, and well only after some calls: these are made before the first file is read, in 10 ms. */
const WARM_UP_CALLS = 40;
const WARM_UP_ELEMENTS = 8192;

/** The SIMD kernel. */
export class WasmKernel implements Kernel {
  readonly input: Uint8Array;
  readonly #module: KernelExports;
  readonly #inputAddress: number;
  readonly #state: Float64Array;
  readonly #keys: Uint16Array;
  readonly #counts: Uint32Array;
  readonly #columnMaxima: Float32Array;
  readonly #columnSquares: Float32Array;
  readonly #rowMaxima: Float32Array;
  readonly #rowSquares: Float32Array;
  readonly #codeValues: Float32Array;
  readonly #decoded: Float32Array;
  readonly #edges: Float64Array;
  readonly #edgeCounts: Uint32Array;
  readonly #edgeFirst: Uint16Array;
  readonly #edgeLast: Uint16Array;
  #edgeCount = 0;
  #hasCounts = false;
  #hasEdges = false;
  /** Of the part that is being read. */
  #split: (SplitAxes & { readonly sums: PlannedSums }) | undefined;

  /** @throws WebAssembly.CompileError where the host has no SIMD. */
  constructor(code: Uint8Array<ArrayBuffer>) {
    this.#module = new WebAssembly.Instance(new WebAssembly.Module(code), {}).exports as unknown as KernelExports;
    const { buffer } = this.#module.memory;
    const at = (name: string): number => (this.#module[name] as WebAssembly.Global).value;
    this.#inputAddress = at('INPUT');
    this.input = new Uint8Array(buffer, this.#inputAddress, CHUNK_BYTES);
    this.#state = new Float64Array(buffer, at('STATE'), StateField.tinyNegative + 1);
    this.#keys = new Uint16Array(buffer, at('KEYS'), KEYS);
    this.#counts = new Uint32Array(buffer, at('COUNTS'), KEYS);
    this.#columnMaxima = new Float32Array(buffer, at('COLUMN_MAXIMA'), MOST_COLUMNS);
    this.#columnSquares = new Float32Array(buffer, at('COLUMN_SQUARES'), MOST_COLUMNS);
    this.#rowMaxima = new Float32Array(buffer, at('ROW_MAXIMA'), MOST_ROWS);
    this.#rowSquares = new Float32Array(buffer, at('ROW_SQUARES'), MOST_ROWS);
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
    if (this.#hasEdges) this.#module.clearColumns(MOST_COLUMNS);
    this.#hasCounts = this.#hasEdges = false;
  }

  scanFloat32(count: number): boolean {
    this.#hasCounts = true;
    const before = this.#state[StateField.irregular];
    this.#module.scanFloat32(count);
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
    this.#addRows(units, this.#inputAddress, firstElement, count);
  }

  scanCodes(source: CodeSource, units: Units, firstElement: number, count: number): void {
    this.#hasCounts = true;
    if (source.kind === 'codes8') {
      this.#module.countCodes8(count);
      this.#codeValues.set(source.values);
    } else if (source.kind === 'bfloat16') this.#module.countCodes16(count);
    const codeBytes = source.kind === 'codes8' ? 1 : 2;
    for (let done = 0; done < count; done += this.#decoded.length) {
      const size = Math.min(this.#decoded.length, count - done);
      const isRegular = this.#decode(source.kind, this.#inputAddress + done * codeBytes, size);
      if (isRegular) this.#addRows(units, this.#decoded.byteOffset, firstElement + done, size);
      else addToPlanned(units.plan, units.sums, decodePlainly(source.kind, this.input.subarray(done * codeBytes), size), firstElement + done);
    }
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

  /** Values at `address` as rows of a matrix, whose columns are the units of one axis, and whose rows belong to units of the other. */
  #addRows({ plan, sums }: Units, address: number, firstElement: number, count: number): void {
    if (this.#split?.sums !== sums) this.#split = { sums, ...splitAxes(plan, sums) };
    const { columns, rows, rowLength } = this.#split;
    let element = firstElement;
    let left = count;
    let at = address;
    while (left > 0) {
      const column = element % rowLength;
      const whole = column === 0 && left >= rowLength && rowLength <= MOST_COLUMNS ? Math.min(MOST_ROWS, Math.floor(left / rowLength)) : 0;
      const taken = whole > 0 ? whole * rowLength : Math.min(left, rowLength - column, MOST_COLUMNS);
      const wide = rowLength > MOST_COLUMNS;
      const firstColumn = wide ? 0 : column;
      if (whole > 0) this.#module.scanMatrix(at, whole, rowLength);
      else this.#module.scanPartialRow(at, firstColumn, taken);
      for (const { axis, sums: rowSums } of rows) this.#foldRows(axis, rowSums, Math.floor(element / rowLength), Math.max(1, whole), rowLength);
      if (wide) this.#foldColumns(columns, column, taken);
      element += taken;
      left -= taken;
      at += 4 * taken;
    }
    if (rowLength <= MOST_COLUMNS) this.#foldColumns(columns, 0, rowLength);
  }

  #foldColumns(sums: readonly ChannelSums[], firstUnit: number, columns: number): void {
    for (const { maxAbs, squares } of sums) {
      for (let column = 0; column < columns; column++) {
        const most = this.#columnMaxima[column]!;
        if (most > maxAbs[firstUnit + column]!) maxAbs[firstUnit + column] = most;
        squares[firstUnit + column]! += this.#columnSquares[column]!;
      }
    }
    this.#module.clearColumns(columns);
  }

  #foldRows({ units, inner }: ChannelAxis, sums: ChannelSums, firstRow: number, rows: number, rowLength: number): void {
    const rowsEach = inner / rowLength;
    let unit = Math.floor(firstRow / rowsEach) % units;
    let left = rowsEach - (firstRow % rowsEach);
    for (let row = 0; row < rows; row++) {
      const most = this.#rowMaxima[row]!;
      if (most > sums.maxAbs[unit]!) sums.maxAbs[unit] = most;
      sums.squares[unit]! += this.#rowSquares[row]!;
      if (--left > 0) continue;
      left = rowsEach;
      unit = unit + 1 === units ? 0 : unit + 1;
    }
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
    this.#module.clearColumns(MOST_COLUMNS);
    this.#hasEdges = false;
    return counts;
  }

  #warmUp(): void {
    for (let call = 0; call < WARM_UP_CALLS; call++) {
      this.#module.reset();
      this.#module.scanFloat32(WARM_UP_ELEMENTS);
      this.#module.scanMatrix(this.#inputAddress, WARM_UP_ELEMENTS / 64, 64);
      this.#module.countCodes16(WARM_UP_ELEMENTS);
      this.#module.countCodes8(WARM_UP_ELEMENTS);
      this.#module.countAndDecodeFloat16(this.#inputAddress, WARM_UP_ELEMENTS);
      this.#module.compact();
    }
    this.#module.clearColumns(MOST_COLUMNS);
  }
}

interface SplitAxes {
  readonly columns: readonly ChannelSums[];
  readonly rows: readonly { readonly axis: ChannelAxis; readonly sums: ChannelSums }[];
  readonly rowLength: number;
}

/** The axis whose units lie side by side gives the columns; without one, rows are the longest runs that belong to one unit of each axis. */
function splitAxes(plan: ChannelPlan, sums: PlannedSums): SplitAxes {
  const axes = [{ axis: plan.output, sums: sums.output }, { axis: plan.input, sums: sums.input }].flatMap(({ axis, sums: own }) =>
    axis && own ? [{ axis, sums: own }] : [],
  );
  const beside = axes.filter(({ axis }) => axis.inner === 1).sort((a, b) => b.axis.units - a.axis.units)[0];
  // A depthwise kernel may have one axis for both: its units are columns twice.
  const columns = axes.filter(({ axis }) => axis.axis === beside?.axis.axis);
  const others = axes.filter((each) => !columns.includes(each));
  const rowLength = beside ? beside.axis.units : Math.min(...others.map(({ axis }) => axis.inner));
  // All rows belong to the only unit of a length-1 axis, wherever that axis lies.
  const rows = others.map((each) => (each.axis.units === 1 ? { ...each, axis: { ...each.axis, inner: rowLength } } : each));
  return { columns: columns.map(({ sums: own }) => own), rows, rowLength };
}

/** For values that are not finite, or too large for float32 sums of squares. */
function decodePlainly(kind: CodeSource['kind'], bytes: Uint8Array, count: number): ArrayLike<number> {
  if (kind === 'codes8') throw new Error('all 8-bit codes are regular');
  return decodeValues(bytes, count, { dtype: kind });
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
