/** What src/kernel/kernel.ts exports. Addresses are globals. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  reset(): void;
  scanFloat32(count: number): void;
  countCodes16(count: number): void;
  countCodes8(count: number): void;
  compact(): number;
  scanMatrix(address: number, rows: number, columns: number): void;
  scanPartialRow(address: number, firstColumn: number, columns: number): void;
  clearColumns(columns: number): void;
  countZeros(address: number, rows: number, columns: number): void;
  countZerosOfPartialRow(address: number, firstColumn: number, columns: number): void;
  countOfCode(code: number): number;
  orOfWords(count: number): number;
  decodeCodes8(address: number, count: number): void;
  /** 0 where a value is not finite. */
  countAndDecodeFloat16(address: number, count: number): number;
  /** The largest magnitude; not finite where a value is not. */
  decodeBfloat16(address: number, count: number): number;
  /** `type` as ggml.h numbers it. */
  dequantize(type: number, blocks: number): void;
  clearScales(): void;
  addScales(count: number, withMins: number): void;
  countEdges(count: number, edges: number): void;
  readonly [address: string]: unknown;
}

/** Where something lies in the module's memory, by its name in src/kernel/layout.ts. */
export function addressOf(module: KernelExports, name: string): number {
  return (module[name] as WebAssembly.Global).value;
}
