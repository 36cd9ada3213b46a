import type { Model, Tensor } from '../core/model';
import type { Identification } from '../core/formats/identify';
import type { EdgeCounts } from '../core/statistics/count';
import type { SamplePlan } from '../core/statistics/evenSample';
import type { PartialStatistics } from '../core/statistics/partial';
import type { Spectrum } from '../core/statistics/spectrum';
import type { TensorStatistics } from '../core/statistics/tensorStatistics';
import type { Grid, GridRequest } from '../core/values/grid';
import type { SavedValues, ValuesFormat } from '../core/values/saved';

/** A run of elements of one tensor: what a worker reads without a pause longer than a chunk. */
export interface Part {
  /** Index into Model.tensors. */
  readonly index: number;
  readonly tensor: Tensor;
  readonly firstElement: number;
  /** All that is read. */
  readonly elements: number;
  /** Only these runs of the whole tensor are read. */
  readonly sample?: SamplePlan;
}

/** Paths of Model.files, with the sizes and times that they had when the model was opened. */
export type JobFiles = readonly { readonly path: string; readonly sizeBytes: number; readonly modifiedMs: number }[];

export interface ScanJob {
  /** Those that the parts' segments refer to. */
  readonly files: JobFiles;
  readonly parts: readonly Part[];
  /** Share of max|w| that counts as near zero. */
  readonly nearZeroRatio: number;
}

/** One for each part, in order. A part that is its whole tensor, or a sample of it, comes finished, off the editor's thread. */
export type PartResult =
  | { readonly index: number; readonly statistics: TensorStatistics }
  | { readonly index: number; readonly partial: PartialStatistics }
  | { readonly index: number; readonly failure: string };

export interface CountJob {
  readonly files: JobFiles;
  readonly parts: readonly Part[];
  /** Ascending. */
  readonly edges: Float64Array;
}

export interface SpectrumJob {
  readonly files: JobFiles;
  readonly tensor: Tensor;
}

export interface GridJob {
  readonly files: JobFiles;
  readonly tensor: Tensor;
  readonly request: GridRequest;
}

export interface SaveJob {
  readonly files: JobFiles;
  readonly tensor: Tensor;
  /** Of the file to write. */
  readonly path: string;
  readonly format: ValuesFormat;
}

/** What was found in the cache for a model whose files have not changed. */
export interface CachedAnalysis {
  /** By index into Model.tensors. */
  readonly statistics: ReadonlyMap<number, TensorStatistics>;
}

/** What a worker answers. Everything that touches the disk happens there, off the editor's thread. */
export interface WorkerSide {
  requests: {
    /** The cheap look at a file's head. */
    identify: { params: { path: string }; result: Identification };
    /** Headers only. */
    open: { params: { path: string }; result: Model };
    /** Results stream as parts finish (`scanned`, some together); the promise resolves when all are done. */
    scan: { params: ScanJob & { jobId: number }; result: null };
    count: { params: CountJob; result: EdgeCounts };
    /** Tells `spectrumProgress` as it goes. */
    spectrum: { params: SpectrumJob & { jobId: number }; result: Spectrum };
    /** The values of a rectangle of a tensor. */
    grid: { params: GridJob; result: Grid };
    /** Writes all values of a tensor to a file. */
    saveValues: { params: SaveJob; result: SavedValues };
    loadCache: { params: { model: Model }; result: CachedAnalysis | null };
    saveCache: { params: { model: Model; analysis: CachedAnalysis }; result: null };
  };
  events: {
    scanned: { jobId: number; results: readonly PartResult[] };
    /** 0..1 */
    spectrumProgress: { jobId: number; share: number };
  };
}

/** What the pool's side answers: nothing yet. */
export interface PoolSide {
  requests: Record<never, never>;
  events: Record<never, never>;
}

/** Given to a worker when it is made. */
export interface WorkerInit {
  readonly kernelPath: string;
  /** Linear algebra for spectra; beside the kernel where absent. */
  readonly linearPath?: string;
  /** Absent: no cache. */
  readonly cacheFolder?: string;
}
