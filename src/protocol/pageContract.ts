import type { Assessment } from '../core/assessment';
import type { LayerVerdict } from '../core/verdict/verdict';
import type { Overlay } from '../core/verdict/overlay';
import type { SpectrumSummary } from '../core/statistics/spectrumSummary';
import type { Figures, Histogram, SimilarUnits, WindowHistogram } from '../core/statistics/tensorStatistics';
import type { Model } from '../core/model';
import type { Finding, Severity } from '../core/rules/rule';
import type { GridRequest } from '../core/values/grid';
import type { ValuesFormat } from '../core/values/saved';
import type { GridView } from './gridView';

/** One rule in words, for tooltips and the findings list. */
export interface RuleText {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly whenNormal: string;
}

/** Figures of one tensor as the page shows them. Numbers may be null where there is no finite value. */
export interface TensorView {
  readonly index: number;
  readonly figures: Figures;
  /** Counts of 24 even bins over p0.1..p99.9, for the sparkline. */
  readonly sparkline: readonly number[];
  /** Exact counts over the whole range, snapped edges; drawn before anything finer is asked for. */
  readonly histogram: Histogram;
  readonly outputChannels?: UnitsView;
  readonly inputChannels?: UnitsView;
  /** It has many units: they come with `units`, when somebody looks at this tensor. */
  readonly omitsUnits?: true;
  /** Pairs of output units with nearly the same weights, the most alike first; not all of very many. */
  readonly similarUnits?: readonly SimilarUnits[];
}

/** Along one axis of a kernel, one entry a unit. */
export interface UnitsView {
  readonly maxAbs: readonly number[];
  readonly l2Norm: readonly number[];
  /** Indices of units of which every weight is exactly 0. */
  readonly dead: readonly number[];
  /** Indices of units without a finite weight. */
  readonly notFinite: readonly number[];
}

/** Figures of one layer over its weights. */
export interface LayerView {
  /** Index into Model.layers. */
  readonly index: number;
  readonly parameters: number;
  /** Share of exact zeros, 0..1; null until one of its weights is read. */
  readonly sparsity: number | null;
  readonly nearZero: number | null;
  /** The worst finding of the layer and its tensors. */
  readonly severity: Severity | null;
}

export interface PageState {
  readonly model: Model;
  readonly rules: readonly RuleText[];
  readonly nearZeroRatio: number;
  readonly histogramBins: number;
  readonly tensors: readonly TensorView[];
  readonly layers: readonly LayerView[];
  readonly failures: readonly { readonly index: number; readonly reason: string }[];
  readonly findings: readonly Finding[];
  /** Findings that are not shown, because a .weightgram.json silences or accepts them. */
  readonly silenced: number;
  /** Short answer to "is this model healthy". */
  readonly assessment: Assessment;
  readonly progress: Progress;
  /** Values that were read, and those that there are, where some tensors were only sampled; null where all is read. */
  readonly sampled?: { readonly elements: number; readonly of: number } | null;
  /** Names of other models in the folder that hold the same weights, as far as they are known. */
  readonly sameWeightsAs?: readonly string[];
  /** Name of the layer to show, as the tree or the caller selected it. */
  readonly selectedLayer?: string;
}

export type Progress =
  | { readonly kind: 'running'; readonly doneTensors: number; readonly totalTensors: number; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly kind: 'done'; readonly fromCache: boolean; readonly elapsedMs: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly message: string };

/** Asked by the page of the editor. */
export interface HostSide {
  requests: {
    /** The page stands; everything known so far. */
    ready: { params: null; result: PageState };
    /** Exact counts between ascending edges, re-read from the file. */
    histogram: { params: { tensor: number; edges: readonly number[] }; result: WindowHistogram };
    /** Whether the layer is as expected; null for one without weights. A model of thousands of layers asks when one is looked at. */
    verdict: { params: { layer: number }; result: LayerVerdict | null };
    /** Distributions to draw over a tensor's histogram, the best one first; empty before it is read. */
    overlays: { params: { tensor: number }; result: readonly Overlay[] };
    /** The units of a tensor that omits them; they come as an update. */
    units: { params: { tensor: number }; result: null };
    /** Singular values and what is read from them; tells `spectrumProgress` meanwhile, and its findings come as an update. */
    spectrum: { params: { tensor: number }; result: SpectrumSummary };
    /** The values of a rectangle of a tensor, read anew from the file. */
    grid: { params: { tensor: number; request: GridRequest }; result: GridView };
    /** Asks the person where to save all values of a tensor; resolves to what was saved in words, or null where they declined. */
    saveValues: { params: { tensor: number; format: ValuesFormat }; result: string | null };
    cancel: { params: null; result: null };
    /** Reads what was only sampled: all of it, or of one layer. */
    readFully: { params: { layer: number | null }; result: null };
    /** Starts a cancelled or failed analysis again. */
    restart: { params: null; result: null };
    openRule: { params: { rule: string }; result: null };
    openFile: { params: null; result: null };
    showLog: { params: null; result: null };
    /** Asks the person where to save; resolves to false where they declined. `base64` for binary contents. */
    save: { params: { suggestedName: string; contents: string; encoding: 'utf8' | 'base64' }; result: boolean };
    copy: { params: { text: string }; result: null };
  };
  events: {
    /** What changed since `ready`: replaces items of the same index, and everything else given. */
    update: Partial<Omit<PageState, 'model' | 'rules'>>;
    /** The file changed on disk, or was opened again: ask `ready` once more. */
    reset: null;
    /** The tree or a command selected a layer. */
    select: { layer: string };
    /** 0..1 of a spectrum that the page asked for. */
    spectrumProgress: { tensor: number; share: number };
  };
}

/** Told by the page. */
export interface PageSide {
  requests: Record<never, never>;
  events: {
    selected: { layer: string };
    /** For the log: an exception in the page. */
    failed: { message: string; stack: string | undefined };
  };
}
