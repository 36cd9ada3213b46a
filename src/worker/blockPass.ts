import { ggmlType } from '../core/formats/ggufTypes';
import { SCALE_KEYS, scaleTable } from '../core/statistics/blockScales';
import type { BlockScaleSums, ScaleSums } from '../core/statistics/blockScales';
import { hasBlockMin, scalesOf } from '../core/statistics/dequantize';
import type { GgmlBlock } from '../core/statistics/dequantize';
import { codebook, EVEN_SIGNS } from '../core/statistics/dequantizeTables';
import type { CodebookName } from '../core/statistics/dequantizeTables';
import { CHUNK_BLOCK_BYTES } from '../core/statistics/kernel';
import { blockOf } from '../core/dtype';
import { addressOf } from './kernelExports';
import type { KernelExports } from './kernelExports';

/** float64 fields at SCALE_STATE and MIN_STATE, in order. */
enum ScaleField {
  count, zeros, nonFinite, min, max, sum, squares,
}

/** Where the module keeps the codebooks of a type. */
const CODEBOOKS: Readonly<Partial<Record<GgmlBlock, readonly [string, CodebookName]>>> = {
  IQ1_S: ['GRID_IQ1_S', 'IQ1_S'],
  IQ1_M: ['GRID_IQ1_S', 'IQ1_S'],
  IQ2_S: ['GRID_IQ2_S', 'IQ2_S'],
  IQ2_XS: ['GRID_IQ2_XS', 'IQ2_XS'],
  IQ2_XXS: ['GRID_IQ2_XXS', 'IQ2_XXS'],
  IQ3_S: ['GRID_IQ3_S', 'IQ3_S'],
  IQ3_XXS: ['GRID_IQ3_XXS', 'IQ3_XXS'],
};

/** The module's dequantizers, and the sums of what blocks are scaled with. */
export class BlockPass {
  readonly blocks: Uint8Array;
  readonly #module: KernelExports;
  readonly #placed = new Set<CodebookName>();
  #hasMins = false;

  constructor(module: KernelExports) {
    this.#module = module;
    this.blocks = new Uint8Array(module.memory.buffer, addressOf(module, 'RAW'), Math.min(addressOf(module, 'RAW_BYTES'), CHUNK_BLOCK_BYTES));
    new Uint8Array(module.memory.buffer).set(EVEN_SIGNS, addressOf(module, 'EVEN_SIGNS'));
    module.clearScales();
  }

  dequantize(dtype: GgmlBlock, elements: number): void {
    this.#place(dtype);
    const hasMins = hasBlockMin(dtype);
    this.#hasMins ||= hasMins;
    this.#module.dequantize(ggmlType(dtype)!, elements / blockOf(dtype).elements);
    this.#module.addScales(scalesOf(dtype, elements), Number(hasMins));
  }

  clearScales(): void {
    this.#module.clearScales();
    this.#hasMins = false;
  }

  takeScales(): BlockScaleSums {
    return { scale: this.#sums('SCALE_STATE', 'SCALE_COUNTS'), ...(this.#hasMins && { min: this.#sums('MIN_STATE', 'MIN_COUNTS') }) };
  }

  #sums(state: string, counts: string): ScaleSums {
    const { buffer } = this.#module.memory;
    const fields = new Float64Array(buffer, addressOf(this.#module, state), ScaleField.squares + 1);
    return {
      count: fields[ScaleField.count]!,
      zeros: fields[ScaleField.zeros]!,
      nonFinite: fields[ScaleField.nonFinite]!,
      min: fields[ScaleField.min]!,
      max: fields[ScaleField.max]!,
      sum: fields[ScaleField.sum]!,
      squares: fields[ScaleField.squares]!,
      table: scaleTable(new Uint32Array(buffer, addressOf(this.#module, counts), SCALE_KEYS)),
    };
  }

  /** Codebooks are for few models: they are put into the module's memory when the first one asks. */
  #place(dtype: GgmlBlock): void {
    const needed = CODEBOOKS[dtype];
    if (!needed || this.#placed.has(needed[1])) return;
    new Int8Array(this.#module.memory.buffer).set(codebook(needed[1]).values, addressOf(this.#module, needed[0]));
    this.#placed.add(needed[1]);
  }
}
