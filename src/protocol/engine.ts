import type { Analysis } from '../core/analysis';
import type { Identification } from '../core/formats/identify';
import type { Model } from '../core/model';
import type { Thresholds } from '../core/rules/index';
import type { Spectrum } from '../core/statistics/spectrum';
import type { TensorStatistics, WindowHistogram } from '../core/statistics/tensorStatistics';

export type { Analysis };

export interface AnalyzeOptions {
  readonly signal?: AbortSignal;
  /** Every tensor as it finishes. From the cache all come at once. */
  readonly onTensor?: (index: number, result: TensorStatistics | { failure: string }) => void;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Only these tensors (indices into Model.tensors). */
  readonly only?: readonly number[];
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

/** What every front talks to: the extension and the command line. */
export interface Engine {
  identify(path: string, signal?: AbortSignal): Promise<Identification>;
  open(path: string, signal?: AbortSignal): Promise<Model>;
  /** @throws CancelledError when the signal fires, within 100 ms. A failing tensor is no error: it is in `failures` and `findings`. */
  analyze(model: Model, options?: AnalyzeOptions): Promise<Analysis>;
  /** Exact counts between ascending edges, read anew from the file. */
  histogram(model: Model, tensorIndex: number, edges: readonly number[], signal?: AbortSignal): Promise<WindowHistogram>;
  /**
   * Singular values of a tensor as a matrix, read anew the first time and remembered for this Model.
   * @throws CancelledError when the signal fires, within 100 ms; HumanError where it is no matrix, not finite or too large.
   */
  spectrum(model: Model, tensorIndex: number, options?: SpectrumOptions): Promise<Spectrum>;
  dispose(): void;
}
