import type { Analysis } from '../core/analysis';
import type { Identification } from '../core/formats/identify';
import type { Model } from '../core/model';
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
  readonly noCache?: boolean;
}

/** What every front talks to: the extension and the command line. */
export interface Engine {
  identify(path: string, signal?: AbortSignal): Promise<Identification>;
  open(path: string, signal?: AbortSignal): Promise<Model>;
  /** @throws CancelledError when the signal fires, within 100 ms. A failing tensor is no error: it is in `failures` and `findings`. */
  analyze(model: Model, options?: AnalyzeOptions): Promise<Analysis>;
  /** Exact counts between ascending edges, read anew from the file. */
  histogram(model: Model, tensorIndex: number, edges: readonly number[], signal?: AbortSignal): Promise<WindowHistogram>;
  dispose(): void;
}
