import type { Sampled } from './evenSample';

/** The quantiles that every front shows and the report prints. */
export const QUANTILES = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999] as const;

/** |w| <= NEAR_ZERO_RATIO × max|w| is near zero (CNN Filter DB; arXiv 2203.15331). */
export const NEAR_ZERO_RATIO = 0.01;

/** Normalization vectors and biases up to this long keep their values in order: 16 KiB a vector. */
export const MOST_ORDERED_VALUES = 4096;

/** Units less alike than this are not worth a word: pairs of trained filters reach 0.9 (Ayinde & Zurada, arXiv 1802.07653). */
export const SIMILAR_COSINE = 0.99;

/** Runs of zeros are known in pages: what a copy that was cut short leaves. Shorter ones are not told. */
export const ZERO_RUN_STEP_BYTES = 4 * 1024;

/**
 * Where the finite values of a tensor lie: ascending, disjoint bins with exact counts and no gaps in the count.
 * Bin i holds lower[i] <= w <= upper[i] (inclusive both ways; lower === upper where the value is known exactly).
 * -0 counts as 0, and 0 always has a bin of its own.
 */
export interface Distribution {
  /** Every bin is one exact value; `lower` and `upper` are then the same array. */
  readonly exact: boolean;
  /** Ascending. */
  readonly lower: Values;
  readonly upper: Values;
  readonly counts: Counts;
}

/** Single precision where that holds every value exactly: a model has thousands of these. */
export type Values = Float32Array | Float64Array;

/** 32 bits where they suffice. */
export type Counts = Uint32Array | Float64Array;

/** Per output unit (or input channel) along one axis of a kernel. Arrays have one entry a unit. */
export interface ChannelStatistics {
  readonly axis: number;
  readonly maxAbs: Float32Array;
  /** Square root of the sum of squares of finite values. */
  readonly l2Norm: Float32Array;
  /** Sum of finite values. */
  readonly sum?: Float32Array;
  /** Exact zeros. */
  readonly zeros?: Uint32Array;
}

/** Two output units with nearly the same weights, up to a positive factor. */
export interface SimilarUnits {
  readonly first: number;
  readonly second: number;
  /** Of the two weight vectors, over `weights` weights of each. */
  readonly cosine: number;
  /** All of a unit's, or an even sample of them. */
  readonly weights: number;
}

/** A run of bytes of zero in a tensor's data. */
export interface ZeroRun {
  /** From the tensor's first byte. */
  readonly offset: number;
  readonly bytes: number;
}

/** Of the numbers that blocks of quantized weights are scaled with. null where none is finite. */
export interface ScaleFigures {
  readonly count: number;
  readonly zeros: number;
  /** NaN and infinities: the weights of their blocks are none either. */
  readonly nonFinite: number;
  /** Of finite scales, as every figure below. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Population. */
  readonly standardDeviation: number | null;
  /** One for each of QUANTILES, in that order; within 1.6 %. */
  readonly quantiles: readonly (number | null)[];
}

/** Of GGUF's blocks: a scale for each block (super-block of the K types), and a minimum where the type has one. */
export interface BlockScales {
  readonly scale: ScaleFigures;
  readonly min?: ScaleFigures;
}

/** Every figure of the report about one tensor. null where there is no finite value. */
export interface TensorStatistics {
  /** All elements, non-finite ones included; of a sample those that were read. */
  readonly count: number;
  readonly zeros: number;
  readonly nearZeros: number;
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
  /** Of finite values, as every figure below. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Population. */
  readonly standardDeviation: number | null;
  readonly skewness: number | null;
  readonly excessKurtosis: number | null;
  readonly l1Norm: number | null;
  readonly l2Norm: number | null;
  /** One for each of QUANTILES, in that order. */
  readonly quantiles: readonly (number | null)[];
  readonly distribution: Distribution;
  /** Exact counts in even bins over [min, max], where the distribution's own bins are too coarse for a histogram. */
  readonly fineHistogram?: Histogram;
  readonly outputChannels?: ChannelStatistics;
  readonly inputChannels?: ChannelStatistics;
  /** In element order, of normalization vectors and biases of up to MOST_ORDERED_VALUES elements. */
  readonly orderedValues?: Float32Array;
  /**
   * Pairs of output units with a cosine of SIMILAR_COSINE or more, the most alike first: of units that are all alike, as many as tie them together.
   * At most MOST_SIMILAR_PAIRS; absent where units were not compared. Copies are always found unless nearly all their weights are zero, pairs near the limit mostly.
   */
  readonly similarUnits?: readonly SimilarUnits[];
  /** The longest run of zero bytes, known to ZERO_RUN_STEP_BYTES; absent where there is none that long. */
  readonly longestZeroRun?: ZeroRun;
  /** Lowest mantissa bits that are zero in every value of a float32 tensor: 16 where all are bfloat16 numbers, 13 where all could be half floats. */
  readonly unusedMantissaBits?: number;
  /** Values that equal min (or max) exactly, where they are eight and one in a thousand or more. */
  readonly atMin?: number;
  readonly atMax?: number;
  /** Of an even sample of aligned groups of four weights along the inputs, those of which at least two are zero; only of sparse kernels. */
  readonly sparseGroups?: { readonly groups: number; readonly atLeastHalfZero: number };
  /** Only of tensors of quantized blocks. */
  readonly blockScales?: BlockScales;
  /**
   * Only a part of the values was read, and how far that may be off. Every count, extreme and norm is then of the values that were
   * read. What only the whole can tell (units, order, runs of zeros) is absent.
   */
  readonly sampled?: Sampled;
}

/** The numbers alone, without what they are drawn from. */
export type Figures = Omit<TensorStatistics, 'distribution' | 'fineHistogram' | 'outputChannels' | 'inputChannels' | 'orderedValues' | 'similarUnits'>;

/** n counts and n + 1 ascending edges; bin i holds edges[i] <= w < edges[i + 1], the last one its right edge too. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** A histogram over a window, with what lies beyond it. All counts are exact. */
export interface WindowHistogram extends Histogram {
  /** Finite values below edges[0]. */
  readonly below: number;
  /** Finite values above the last edge. */
  readonly above: number;
}
