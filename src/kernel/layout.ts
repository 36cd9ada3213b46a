// Where everything lies in the module's memory, in bytes. The module exports these, so that the host has them from nowhere else.

/** The compiler puts constants (memory.data) at 0x400. float64 fields of a float32 pass; their order is the host's `StateField`. */
export const STATE: usize = 0x800;
/** Five float32x4 accumulators for each run of a block. */
export const RUNS: usize = 0x1000;
/** 256 float32: what each 8-bit code stands for. */
export const CODE_VALUES: usize = 0x2000;
/** Two tables of 65536 u32: neighbours count into different ones, so that equal neighbours do not wait for each other's store. */
export const TABLE_A: usize = 0x10000;
export const TABLE_B: usize = 0x50000;
/** Keys (u16) and counts (u32) of the bins that are not empty, written by `compact`. */
export const KEYS: usize = 0x90000;
export const COUNTS: usize = 0xb0000;
/** 65536 float32 each: largest magnitude and sum of squares of every column. */
export const COLUMN_MAXIMA: usize = 0xf0000;
export const COLUMN_SQUARES: usize = 0x130000;
/** 16384 float32 each: the same of the rows of one call. */
export const ROW_MAXIMA: usize = 0x170000;
export const ROW_SQUARES: usize = 0x180000;
/** 8192 float64, ascending. */
export const EDGES: usize = 0x190000;
/** u32 for each number of edges at or below a value; one more for values that are not finite. */
export const EDGE_COUNTS: usize = 0x1a0000;
/** By upper half of a float32, u16: how many edges are at or below its least and its greatest value. Never in use together with columns. */
export const EDGE_FIRST: usize = COLUMN_MAXIMA;
export const EDGE_LAST: usize = COLUMN_SQUARES;
/** Codes as float32, for the pass by channels. */
export const DECODED: usize = 0x1b0000;
export const DECODED_BYTES: usize = 0x40000;
/** File bytes. */
export const INPUT: usize = 0x1f0000;
export const INPUT_BYTES: usize = 0x100000;
/** 65536 float32 and u32: sum and number of zeros of every column. */
export const COLUMN_SUMS: usize = 0x2f0000;
export const COLUMN_ZEROS: usize = 0x330000;
/** 16384 float32 and u32: the same of the rows of one call. */
export const ROW_SUMS: usize = 0x370000;
export const ROW_ZEROS: usize = 0x380000;
/** Blocks of a chunk of 262,144 elements, as the file has them; Q8_K takes the most, 292 bytes for 256. */
export const RAW: usize = 0x390000;
export const RAW_BYTES: usize = 0x50000;
/** float32: what each block scales with, and what it takes away or adds; NVFP4 has a scale for every 16 elements. */
export const SCALES: usize = 0x3e0000;
export const MINS: usize = 0x3f0000;
/** Codebooks, int8, which the host puts there (src/core/statistics/dequantizeTables.ts). */
export const GRID_IQ1_S: usize = 0x400000;
export const GRID_IQ2_S: usize = 0x404000;
export const GRID_IQ2_XS: usize = 0x406000;
export const GRID_IQ2_XXS: usize = 0x407000;
export const GRID_IQ3_S: usize = 0x407800;
export const GRID_IQ3_XXS: usize = 0x408000;
export const EVEN_SIGNS: usize = 0x408400;
/** 2^14 u32: scales and minima by the upper bits of float32. */
export const SCALE_COUNTS: usize = 0x410000;
export const MIN_COUNTS: usize = 0x420000;
/** Seven float64: what scales and minima sum up to. */
export const SCALE_STATE: usize = 0xa00;
export const MIN_STATE: usize = 0xa80;
