import { HumanError, throwIfCancelled } from '../core/errors';
import type { Identification } from '../core/formats/identify';
import { isNumeric } from '../core/dtype';
import type { Model, Tensor } from '../core/model';
import { findingsOf } from '../core/rules/index';
import { samplePlanOf } from '../core/statistics/evenSample';
import type { SamplePlan } from '../core/statistics/evenSample';
import { extremeEdges, needsExtremeCounts, withExtremeCounts } from '../core/statistics/extremes';
import { FINE_BINS, needsFineHistogram, withFineHistogram, withNearZeroRatio } from '../core/statistics/finish';
import { finishTensor } from '../core/statistics/finishTensor';
import { evenEdges } from '../core/statistics/histogram';
import { EMPTY_PARTIAL, mergePartials } from '../core/statistics/partial';
import type { PartialStatistics } from '../core/statistics/partial';
import type { Spectrum } from '../core/statistics/spectrum';
import { MOST_PART_ELEMENTS } from '../core/statistics/scan';
import { NEAR_ZERO_RATIO } from '../core/statistics/tensorStatistics';
import type { TensorStatistics, WindowHistogram } from '../core/statistics/tensorStatistics';
import type { Analysis, AnalyzeOptions, Engine, HistogramOptions, SpectrumOptions } from './engine';
import { planSamples } from './budget';
import { bytesOfPart, canBeDivided, partsOf, samplePart, withOwnFiles } from './parts';
import { Pool } from './pool';
import type { PoolOptions } from './pool';
import type { Grid, GridRequest } from '../core/values/grid';
import type { SavedValues, ValuesFormat } from '../core/values/saved';
import type { JobFiles, Part, PartResult } from './workerContract';

export interface EngineOptions extends PoolOptions {
  /** Whether the workers were given a cache folder. */
  readonly cacheEnabled: boolean;
}

export function createEngine(options: EngineOptions): Engine {
  return new PooledEngine(new Pool(options), options.cacheEnabled);
}

class PooledEngine implements Engine {
  /** A file that changes is opened as a new Model. */
  readonly #spectra = new WeakMap<Model, Map<number, Spectrum>>();

  constructor(
    private readonly pool: Pool,
    private readonly cacheEnabled: boolean,
  ) {}

  identify(path: string, signal?: AbortSignal): Promise<Identification> {
    return this.pool.request('identify', { path }, signal);
  }

  async open(path: string, signal?: AbortSignal): Promise<Model> {
    const model = this.pool.request('open', { path }, signal);
    // Who opens a model mostly analyses it next: the other workers start meanwhile.
    this.pool.warmUp();
    return await model;
  }

  async analyze(model: Model, options: AnalyzeOptions = {}): Promise<Analysis> {
    throwIfCancelled(options.signal);
    const wanted = options.only ?? model.tensors.map((_, index) => index);
    const cached = await this.#cached(model, wanted, options);
    if (cached) return cached;
    const run = new AnalysisRun(this.pool, model, options, planSamples(model, wanted, options.budgetBytes ?? 0));
    await run.execute(wanted);
    throwIfCancelled(options.signal);
    const analysis = run.analysis();
    if (this.cacheEnabled && !options.noCache && !options.only && run.isCacheable) {
      await this.pool.request('saveCache', { model, analysis: { statistics: analysis.statistics } }, options.signal);
    }
    return analysis;
  }

  async #cached(model: Model, wanted: readonly number[], options: AnalyzeOptions): Promise<Analysis | undefined> {
    if (!this.cacheEnabled || options.noCache) return undefined;
    const cached = await this.pool.request('loadCache', { model }, options.signal);
    if (!cached) return undefined;
    const run = new AnalysisRun(this.pool, model, options, new Map());
    run.accept(wanted, cached.statistics);
    return { ...run.analysis(), fromCache: true };
  }

  async histogram(model: Model, tensorIndex: number, edges: readonly number[], { signal, sampled }: HistogramOptions = {}): Promise<WindowHistogram> {
    const tensor = numericTensor(model, tensorIndex, 'histogram');
    const parts = sampled ? [samplePart(tensor, tensorIndex, samplePlanOf(tensor, sampled))] : partsOf(tensor, tensorIndex);
    return await countTensor(this.pool, model, parts, edges, signal);
  }

  async spectrum(model: Model, tensorIndex: number, { signal, onProgress }: SpectrumOptions = {}): Promise<Spectrum> {
    throwIfCancelled(signal);
    const known = this.#spectra.get(model)?.get(tensorIndex);
    if (known) return known;
    const tensor = numericTensor(model, tensorIndex, 'spectrum');
    const whole = { index: tensorIndex, tensor, firstElement: 0, elements: tensor.elements };
    const { files, parts } = withOwnFiles(model.files, [whole]);
    const spectrum = await this.pool.spectrum({ files, tensor: parts[0]!.tensor }, onProgress, signal);
    const ofModel = this.#spectra.get(model) ?? new Map<number, Spectrum>();
    this.#spectra.set(model, ofModel.set(tensorIndex, spectrum));
    return spectrum;
  }

  grid(model: Model, tensorIndex: number, request: GridRequest, signal?: AbortSignal): Promise<Grid> {
    return this.pool.request('grid', { ...jobOf(model, numericTensor(model, tensorIndex, 'values')), request }, signal);
  }

  saveValues(model: Model, tensorIndex: number, target: { readonly path: string; readonly format: ValuesFormat }, signal?: AbortSignal): Promise<SavedValues> {
    return this.pool.request('saveValues', { ...jobOf(model, numericTensor(model, tensorIndex, 'values')), ...target }, signal);
  }

  dispose(): void {
    this.pool.dispose();
  }
}

/** A tensor with the files that hold it. */
function jobOf(model: Model, tensor: Tensor): { files: JobFiles; tensor: Tensor } {
  const { files, parts } = withOwnFiles(model.files, [{ index: 0, tensor, firstElement: 0, elements: tensor.elements }]);
  return { files, tensor: parts[0]!.tensor };
}

/** @throws HumanError where the model has no such tensor, or one that cannot be read as numbers. */
function numericTensor(model: Model, index: number, purpose: 'histogram' | 'spectrum' | 'values'): Tensor {
  const tensor = model.tensors[index];
  if (!tensor) throw new HumanError('format', `${model.path} has no tensor number ${index}. Open the model again.`);
  if (tensor.unreadable !== undefined) throw new HumanError('format', tensor.unreadable);
  if (!isNumeric(tensor.dtype)) throw new HumanError('unsupported', `${tensor.name} in ${model.path} holds text, not numbers, and has no ${purpose}.`);
  return tensor;
}

/** Parts of one tensor on all workers at once; their counts add up. */
async function countTensor(pool: Pool, model: Model, parts: readonly Part[], edges: readonly number[], signal: AbortSignal | undefined): Promise<WindowHistogram> {
  const bins = Math.max(0, edges.length - 1);
  const counts = new Array<number>(bins).fill(0);
  let below = 0;
  let above = 0;
  if (bins === 0 || parts.every(({ elements }) => elements === 0)) return { edges, counts, below, above };
  const found = await Promise.all(
    parts.map((part) => pool.request('count', { ...withOwnFiles(model.files, [part]), edges: Float64Array.from(edges) }, signal)),
  );
  for (const part of found) {
    part.counts.forEach((count, bin) => (counts[bin]! += count));
    below += part.below;
    above += part.above;
  }
  return { edges, counts, below, above };
}

/** Parts of a tensor that have come, and how many are still to come. */
interface Pending {
  left: number;
  partial: PartialStatistics | undefined;
}

/** One analysis as it grows. */
class AnalysisRun {
  readonly #pool: Pool;
  readonly #model: Model;
  readonly #options: AnalyzeOptions;
  /** Tensors of which only these runs are read. */
  readonly #samples: ReadonlyMap<number, SamplePlan>;
  readonly #nearZeroRatio: number;
  readonly #statistics = new Map<number, TensorStatistics>();
  readonly #failures = new Map<number, string>();
  readonly #pending = new Map<number, Pending>();
  readonly #secondLooks: Promise<void>[] = [];
  #doneBytes = 0;
  #totalBytes = 0;
  #isCacheable = true;

  constructor(pool: Pool, model: Model, options: AnalyzeOptions, samples: ReadonlyMap<number, SamplePlan>) {
    this.#pool = pool;
    this.#model = model;
    this.#options = options;
    this.#samples = samples;
    this.#nearZeroRatio = options.nearZeroRatio ?? NEAR_ZERO_RATIO;
  }

  /** False where a file failed in a way that may pass, and where not all was read. */
  get isCacheable(): boolean {
    return this.#isCacheable && this.#samples.size === 0;
  }

  /** @throws CancelledError */
  async execute(wanted: readonly number[]): Promise<void> {
    const parts = wanted.flatMap((index) => this.#plan(index));
    this.#totalBytes = parts.reduce((sum, part) => sum + bytesOfPart(part), 0);
    try {
      await this.#pool.scan(parts, {
        files: this.#model.files,
        nearZeroRatio: this.#nearZeroRatio,
        onResult: (part, result) => this.#receive(part, result),
        signal: this.#options.signal,
      });
    } finally {
      await Promise.all(this.#secondLooks);
    }
  }

  /** Everything at once, from the cache. */
  accept(wanted: readonly number[], statistics: ReadonlyMap<number, TensorStatistics>): void {
    for (const index of wanted) {
      const figures = statistics.get(index);
      if (figures) this.#succeed(index, withNearZeroRatio(figures, this.#nearZeroRatio));
      else this.#plan(index);
    }
  }

  analysis(): Analysis {
    // Parts finish in any order; a reader expects the model's.
    const statistics = new Map([...this.#statistics].sort(([a], [b]) => a - b));
    const { thresholds } = this.#options;
    const findings = findingsOf(this.#model, statistics, this.#failures, { nearZeroRatio: this.#nearZeroRatio, ...(thresholds && { thresholds }) });
    return { model: this.#model, statistics, failures: this.#failures, findings, complete: this.#options.only === undefined };
  }

  /** What must be read of a tensor; one that has nothing to read is settled here. */
  #plan(index: number): Part[] {
    const tensor = this.#model.tensors[index];
    if (!tensor) return [];
    if (tensor.unreadable !== undefined) this.#fail(index, tensor.unreadable);
    else if (isNumeric(tensor.dtype) && tensor.elements === 0) this.#succeed(index, finishTensor(EMPTY_PARTIAL, tensor, this.#nearZeroRatio));
    else if (!canBeDivided(tensor) && tensor.elements > MOST_PART_ELEMENTS) this.#fail(index, `${tensor.name} is packed as one stream of ${tensor.elements} elements, more than the ${MOST_PART_ELEMENTS} that are read so. Save it without compression.`);
    else if (isNumeric(tensor.dtype)) {
      const parts = this.#partsOf(tensor, index);
      this.#pending.set(index, { left: parts.length, partial: undefined });
      return parts;
    }
    return [];
  }

  #partsOf(tensor: Tensor, index: number): Part[] {
    const sample = this.#samples.get(index);
    return sample ? [samplePart(tensor, index, sample)] : partsOf(tensor, index);
  }

  #receive(part: Part, result: PartResult): void {
    const pending = this.#pending.get(part.index)!;
    pending.left--;
    if ('failure' in result) {
      this.#isCacheable = false;
      if (!this.#failures.has(part.index)) this.#fail(part.index, result.failure);
    } else if ('statistics' in result) this.#complete(part.index, result.statistics);
    else if (!this.#failures.has(part.index)) {
      pending.partial = pending.partial ? mergePartials(pending.partial, result.partial) : result.partial;
      if (pending.left === 0) this.#complete(part.index, finishTensor(pending.partial, this.#model.tensors[part.index]!, this.#nearZeroRatio));
    }
    if (pending.left === 0) this.#pending.delete(part.index);
    this.#doneBytes += bytesOfPart(part);
    this.#options.onProgress?.(this.#doneBytes, this.#totalBytes);
  }

  #complete(index: number, statistics: TensorStatistics): void {
    if (needsFineHistogram(statistics) || needsExtremeCounts(statistics)) this.#secondLooks.push(this.#lookAgain(index, statistics));
    else this.#succeed(index, statistics);
  }

  /**
   * A narrow distribution far from zero lies in few bins: its range is counted once more, in even ones. Elsewhere many values lie
   * in the last bin of the range: those that lie at its very end are counted.
   */
  async #lookAgain(index: number, statistics: TensorStatistics): Promise<void> {
    try {
      const isCoarse = needsFineHistogram(statistics);
      const edges = isCoarse ? evenEdges(statistics.min!, statistics.max!, FINE_BINS) : extremeEdges(statistics);
      const counted = await countTensor(this.#pool, this.#model, this.#partsOf(this.#model.tensors[index]!, index), edges, this.#options.signal);
      this.#succeed(index, isCoarse ? withFineHistogram(statistics, { edges, counts: counted.counts }) : withExtremeCounts(statistics, counted));
    } catch (error) {
      // A cancel is thrown by the scan itself, too.
      if (this.#options.signal?.aborted) return;
      this.#isCacheable = false;
      this.#fail(index, error instanceof Error ? error.message : String(error));
    }
  }

  #succeed(index: number, statistics: TensorStatistics): void {
    this.#statistics.set(index, statistics);
    if (!this.#options.signal?.aborted) this.#options.onTensor?.(index, statistics);
  }

  #fail(index: number, failure: string): void {
    this.#failures.set(index, failure);
    if (!this.#options.signal?.aborted) this.#options.onTensor?.(index, { failure });
  }
}
