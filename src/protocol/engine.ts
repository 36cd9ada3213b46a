import type { Analysis } from '../core/analysis';
import type { Identification } from '../core/formats/identify';
import type { Model } from '../core/model';
import type { Thresholds } from '../core/rules/index';
import type { Sampled } from '../core/statistics/evenSample';
import type { Spectrum } from '../core/statistics/spectrum';
import type { TensorStatistics, WindowHistogram } from '../core/statistics/tensorStatistics';
import type { Grid, GridRequest } from '../core/values/grid';
import type { SavedValues, ValuesFormat } from '../core/values/saved';

export type { Analysis };

export interface AnalyzeOptions {
  readonly signal?: AbortSignal;
  /** Every tensor as it finishes. From the cache all come at once. */
  readonly onTensor?: (index: number, result: TensorStatistics | { failure: string }) => void;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Only these tensors (indices into Model.tensors). */
  readonly only?: readonly number[];
  /**
   * About how many bytes are read at most: beyond it, an even sample of every large tensor, marked in TensorStatistics.sampled.
   * Everything is read where it is 0 or absent. What was read in full before comes from the cache, whatever the budget.
   */
  readonly budgetBytes?: number;
  /** Share of max|w| that counts as near zero; NEAR_ZERO_RATIO where absent. */
  readonly nearZeroRatio?: number;
  /** Of rules, where a person set others than the rules' own. They do not touch what is counted or cached. */
  readonly thresholds?: Thresholds;
  readonly noCache?: boolean;
}

export interface SpectrumOptions {
  readonly signal?: AbortSignal | undefined;
  /** 0..1 */
  readonly onProgress?: (share: number) => void;
}

export interface HistogramOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of the tensor's statistics: counts are then of the same sample. */
  readonly sampled?: Sampled | undefined;
}

/** What every front talks to: the extension and the command line. */
export interface Engine {
  identify(path: string, signal?: AbortSignal): Promise<Identification>;
  open(path: string, signal?: AbortSignal): Promise<Model>;
  /** @throws CancelledError when the signal fires, within 100 ms. A failing tensor is no error: it is in `failures` and `findings`. */
  analyze(model: Model, options?: AnalyzeOptions): Promise<Analysis>;
  /** Exact counts between ascending edges, read anew from the file; of a sample where the statistics are of one. */
  histogram(model: Model, tensorIndex: number, edges: readonly number[], options?: HistogramOptions): Promise<WindowHistogram>;
  /**
   * Singular values of a tensor as a matrix, read anew the first time and remembered for this Model.
   * @throws CancelledError when the signal fires, within 100 ms; HumanError where it is no matrix, not finite or too large.
   */
  spectrum(model: Model, tensorIndex: number, options?: SpectrumOptions): Promise<Spectrum>;
  /** The values of a rectangle of a tensor, folded into cells. @throws HumanError where they cannot be read. */
  grid(model: Model, tensorIndex: number, request: GridRequest, signal?: AbortSignal): Promise<Grid>;
  /** Writes all values of a tensor to a file of the disk, in the order of its axes. @throws HumanError */
  saveValues(model: Model, tensorIndex: number, target: { readonly path: string; readonly format: ValuesFormat }, signal?: AbortSignal): Promise<SavedValues>;
  dispose(): void;
}
