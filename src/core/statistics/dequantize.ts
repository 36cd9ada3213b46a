import { blockOf } from '../dtype';
import type { BlockDtype } from '../dtype';
import { GRID_BLOCKS } from './dequantizeGrids';
import { K_BLOCKS } from './dequantizeK';
import { SMALL_BLOCKS } from './dequantizeSmall';

/**
 * One block of a type: takes its bytes from `at` on, writes its weights from `target[out]` on, and what it scales with to
 * `scales[index]` (and `mins[index]`). Products are exact in float64 and rounded once, as the reference rounds them in float32:
 * a scale of 11 bits times codes of 13 at most fits 24 bits, and only the last step rounds.
 */
export type DequantizeBlock = (block: BlockSource, at: number, target: Float32Array, out: number, scales: BlockScaleSink) => void;

export interface BlockSource {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Takes the scale of each block as it comes, and what is subtracted or added where the type has that. */
export interface BlockScaleSink {
  scale(value: number): void;
  min(value: number): void;
}

/** Types of GGUF that are made of blocks. */
export type GgmlBlock = keyof typeof BLOCKS;

const BLOCKS = { ...SMALL_BLOCKS, ...K_BLOCKS, ...GRID_BLOCKS } as const satisfies Partial<Record<BlockDtype, DequantizeBlock>>;

export const GGML_BLOCKS = Object.keys(BLOCKS) as readonly GgmlBlock[];

export function isGgmlBlock(dtype: string): dtype is GgmlBlock {
  return Object.hasOwn(BLOCKS, dtype);
}

const WITH_MIN: ReadonlySet<string> = new Set<GgmlBlock>(['Q4_1', 'Q5_1', 'Q2_K', 'Q4_K', 'Q5_K']);

/** Whether blocks have a minimum besides their scale. */
export function hasBlockMin(dtype: GgmlBlock): boolean {
  return WITH_MIN.has(dtype);
}

/** Scales that the blocks of so many elements have. */
export function scalesOf(dtype: GgmlBlock, elements: number): number {
  return (elements / blockOf(dtype).elements) * (dtype === 'NVFP4' ? 4 : 1);
}

const NOBODY: BlockScaleSink = { scale: () => undefined, min: () => undefined };

/**
 * `elements` weights of whole little-endian blocks, as float32: bit for bit what ggml's reference makes of them (`dequantize_row_*`
 * of ggml-quants.c, and gguf-py).
 */
export function dequantizeBlocks(dtype: GgmlBlock, bytes: Uint8Array, elements: number, target: Float32Array, scales: BlockScaleSink = NOBODY): void {
  const block = blockOf(dtype);
  const source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
  const dequantize: DequantizeBlock = BLOCKS[dtype];
  for (let at = 0, out = 0; out < elements; at += block.bytes, out += block.elements) dequantize(source, at, target, out, scales);
}
