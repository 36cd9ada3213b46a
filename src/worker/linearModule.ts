import { readFileSync } from 'node:fs';
import { UnsupportedError } from '../core/errors';

/** What src/kernel/linear.ts exports. Every address and stride is in bytes. */
export interface LinearExports {
  readonly memory: WebAssembly.Memory;
  readonly HEAP: WebAssembly.Global;
  packLine(target: number, source: number, stride: number, count: number): void;
  packUpdate(x: number, y: number, vectors: number, stride: number, pairs: number, firstPanel: number, endPanel: number): void;
  addProduct(c: number, rowBytes: number, x: number, y: number, depth: number, firstPanel: number, endPanel: number): void;
  reduceRow(a: number, rowBytes: number, row: number, done: number, vectors: number, diagonal: number, beside: number): void;
  addRowsTimes(matrix: number, rows: number, columns: number, x: number, y: number): void;
  addRowsTransposedTimes(matrix: number, rows: number, columns: number, x: number, y: number): void;
  dot(x: number, y: number, count: number): number;
  scaleInto(target: number, x: number, factor: number, count: number): void;
  orthogonalize(x: number, basis: number, stride: number, vectors: number, count: number): void;
}

const PAGE_BYTES = 65536;

/** Every block begins at a line of the cache. */
const ALIGNMENT = 64;

let compiled: { readonly path: string; readonly module: WebAssembly.Module } | undefined;

/** One computation's memory: handed out from the bottom up, and given back as a whole when nobody holds it any more. */
export class LinearMemory {
  readonly exports: LinearExports;
  #next: number;

  /** @throws UnsupportedError where the host has no WebAssembly SIMD or too little memory. */
  constructor(path: string, bytes: number) {
    this.exports = instantiate(path);
    const { memory, HEAP } = this.exports;
    this.#next = HEAP.value;
    const missing = Math.ceil((HEAP.value + bytes - memory.buffer.byteLength) / PAGE_BYTES);
    try {
      if (missing > 0) memory.grow(missing);
    } catch (error) {
      throw new UnsupportedError(`A spectrum of this size takes ${Math.ceil(bytes / 2 ** 20)} MiB of memory, which the system refused. Close other programs and try again.`, { cause: error });
    }
  }

  /** The address of a block of zeros. */
  allocate(bytes: number): number {
    const address = this.#next;
    this.#next += sizeOfBlock(bytes);
    if (this.#next > this.exports.memory.buffer.byteLength) throw new RangeError('more was allocated than was planned');
    return address;
  }

  floats(address: number, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.exports.memory.buffer, address, count);
  }

  doubles(address: number, count: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.exports.memory.buffer, address, count);
  }
}

/** What a block takes of the memory. */
export function sizeOfBlock(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function instantiate(path: string): LinearExports {
  try {
    if (compiled?.path !== path) compiled = { path, module: new WebAssembly.Module(new Uint8Array(readFileSync(path))) };
    return new WebAssembly.Instance(compiled.module, {}).exports as unknown as LinearExports;
  } catch (error) {
    throw new UnsupportedError('Spectra need WebAssembly with SIMD, which did not start here. Use VS Code or Node.js on a 64-bit processor, and report this if you do.', { cause: error });
  }
}
