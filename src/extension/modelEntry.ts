import path from 'node:path';
import type * as vscode from 'vscode';
import type { Analysis } from '../core/analysis';
import { assess } from '../core/assessment';
import type { Assessment } from '../core/assessment';
import { CancelledError, HumanError, messageOf } from '../core/errors';
import { isNumeric } from '../core/dtype';
import type { Model } from '../core/model';
import type { Judgement, Policy } from '../core/silences/policy';
import type { Spectrum } from '../core/statistics/spectrum';
import type { TensorStatistics } from '../core/statistics/tensorStatistics';
import type { Progress } from '../protocol/pageContract';
import { EntryJudge } from './entryJudge';
import type { Counted, Shown } from './entryJudge';
import type { StoreServices } from './models';

/** Results are told to the fronts in batches: about ten a second, which the eye takes as continuous. */
const BATCH_MS = 100;

/**
 * While results come in, all rules are asked again: they look at every tensor. At most this often, and of a model of thousands of
 * tensors so seldom that it takes this share of the time.
 */
const FINDINGS_MS = 1000;
const FINDINGS_SHARE = 0.05;

const NOTHING: Shown = { findings: [], silenced: [] };
const NO_ASSESSMENT: Assessment = { sentences: [] };

/** While weights are still coming in, the answer is worked out anew with at most this share of the time: a model of 20,000 tensors takes tens of milliseconds. */
const ASSESSMENT_SHARE = 0.05;

export interface ModelChange {
  readonly entry: ModelEntry;
  /** The model was opened, read anew, failed or vanished: everything shown of it may be stale. */
  readonly structure: boolean;
  /** Tensors whose statistics or failure came in. */
  readonly tensors: ReadonlySet<number>;
  /** Findings, or the state of the analysis. */
  readonly findings: boolean;
}

/** What is known of a model's weights so far. */
export interface LiveAnalysis extends Analysis {
  readonly progress: Progress;
}

/** An analysis of a sample that is being completed. */
interface Completed {
  readonly analysis: LiveAnalysis;
  /** Only these tensors; all where absent. */
  readonly only?: readonly number[];
}

/** One model file, from "found" to "analyzed". Opened and analyzed when somebody first asks, once for all who ask. */
export class ModelEntry {
  /** Where workers read it: a copy, where the file itself is not on a disk. */
  readonly path: string;
  readonly #services: StoreServices;
  readonly #tell: (change: ModelChange) => void;
  readonly #judge: EntryJudge;
  #model: Model | undefined;
  #problem: string | undefined;
  #analysis: LiveAnalysis | undefined;
  #opening: Promise<Model> | undefined;
  #analyzing: Promise<void> | undefined;
  #work: AbortController | undefined;
  /** Raised when the file is read anew: what began before is stale. */
  #generation = 0;
  #changedTensors = new Set<number>();
  #structureChanged = false;
  #findingsChanged = false;
  #assessed: { readonly analysis: LiveAnalysis; readonly assessment: Assessment; readonly goodUntilMs: number } | undefined;
  #batch: NodeJS.Timeout | undefined;
  #nextFindingsMs = 0;
  #disposed = false;

  constructor(readonly uri: vscode.Uri, readonly formatTitle: string, services: StoreServices, tell: (change: ModelChange) => void) {
    this.path = services.pathOf(uri);
    this.#services = services;
    this.#tell = tell;
    this.#judge = new EntryJudge(this.path, services.settings, () => services.policyOf(uri));
  }

  /** File name, with its folder where the name is one that every model has. */
  get label(): string {
    const name = path.basename(this.path);
    return /^model\.json$/i.test(name) ? `${path.basename(path.dirname(this.path))}/${name}` : name;
  }

  /** Undefined until somebody opened it. */
  get model(): Model | undefined {
    return this.#model;
  }

  /** Why it cannot be opened, or that it is gone. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Undefined until somebody asked for an analysis. */
  get analysis(): LiveAnalysis | undefined {
    return this.#analysis;
  }

  /** What was decided about its findings: read when the analysis begins, and when a `.weightgram.json` changes. */
  get policy(): Policy {
    return this.#judge.policy;
  }

  /** How the findings came about; undefined before there are any. */
  get judgement(): Judgement | undefined {
    return this.#analysis && this.#judge.judgement;
  }

  get isRunning(): boolean {
    return this.#analyzing !== undefined;
  }

  /** Short answer to "is this model healthy". */
  get assessment(): Assessment {
    const analysis = this.#analysis;
    if (!analysis) return NO_ASSESSMENT;
    const known = this.#assessed;
    const isFresh = known?.analysis === analysis || (!analysis.complete && known?.analysis.model === analysis.model && performance.now() < known.goodUntilMs);
    if (known && isFresh) return known.assessment;
    const beganMs = performance.now();
    const assessment = assess(analysis);
    const endedMs = performance.now();
    this.#assessed = { analysis, assessment, goodUntilMs: endedMs + (endedMs - beganMs) / ASSESSMENT_SHARE };
    return assessment;
  }

  /** Headers only. @throws HumanError */
  open(): Promise<Model> {
    if (this.#model && this.#problem === undefined) return Promise.resolve(this.#model);
    return this.#opening ?? this.#beginOpening();
  }

  /** Opens and analyses, once. Never rejects: `problem` and `analysis.progress` say how it went. */
  analyze(): Promise<void> {
    if (this.#analysis && !this.#analyzing) return Promise.resolve();
    return (this.#analyzing ??= this.#analyze());
  }

  /** Drops what is known of the weights and counts again: after Cancel, a failure, or a change of settings. */
  restart(): Promise<void> {
    this.cancel();
    this.#analysis = undefined;
    return this.analyze();
  }

  /**
   * Reads what was only sampled: all of it, or the tensors of one layer. The figures of the sample stay until the others come.
   * Never rejects, as `analyze`.
   */
  readFully(layer?: number): Promise<void> {
    const analysis = this.#analysis;
    if (!analysis || this.#analyzing) return this.#analyzing ?? this.analyze();
    const sampled = [...analysis.statistics].flatMap(([index, { sampled: of }]) => (of ? [index] : []));
    const only = layer === undefined ? undefined : sampled.filter((index) => analysis.model.tensors[index]?.layer === layer);
    if (sampled.length === 0 || only?.length === 0) return Promise.resolve();
    return (this.#analyzing = this.#analyze({ analysis, ...(only && { only }) }));
  }

  /** Thresholds or a `.weightgram.json` changed: what was counted is judged anew. Nothing is read of the model. */
  async judgeAnew(): Promise<void> {
    if (!this.#analysis && !this.#analyzing) return;
    await this.#judge.refresh();
    this.#showJudged();
  }

  /** Somebody asked for the spectrum of a tensor: the rules that look at spectra can speak of it now. */
  noteSpectrum(index: number, spectrum: Spectrum): void {
    this.#judge.noteSpectrum(index, spectrum);
    this.#showJudged();
  }

  cancel(): void {
    this.#work?.abort();
    this.#work = undefined;
    this.#analyzing = undefined;
    if (this.#analysis?.progress.kind === 'running') this.#settle({ kind: 'cancelled' });
  }

  /** The file changed on disk: opens it anew, and analyses it if it was analyzed before. */
  async reload(): Promise<void> {
    const wasAnalyzed = this.#analysis !== undefined;
    this.#generation++;
    this.#work?.abort();
    this.#work = undefined;
    this.#analyzing = undefined;
    try {
      await this.#beginOpening();
    } catch (error) {
      // Often the file is being written: what was known stays, and the next change tries again.
      if (!this.#disposed) this.vanish(messageOf(error));
      return;
    }
    if (wasAnalyzed && !this.#disposed) await this.analyze();
  }

  /** The file cannot be read any more. What was known of it stays. */
  vanish(reason: string): void {
    this.#work?.abort();
    this.#work = undefined;
    this.#analyzing = undefined;
    this.#problem = reason;
    this.#structureChanged = true;
    this.#settle({ kind: 'failed', message: reason });
  }

  dispose(): void {
    this.#disposed = true;
    this.#generation++;
    this.#work?.abort();
    clearTimeout(this.#batch);
  }

  #beginOpening(): Promise<Model> {
    const opening = this.#open().finally(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    this.#opening = opening;
    return opening;
  }

  async #open(): Promise<Model> {
    const generation = this.#generation;
    try {
      await this.#services.prepare(this.uri);
      const model = await this.#services.engine().open(this.path);
      if (this.#disposed) throw new CancelledError();
      if (generation !== this.#generation) return await this.open();
      this.#model = model;
      this.#problem = undefined;
      this.#analysis = undefined;
      this.#judge.forgetSpectra();
      return model;
    } catch (error) {
      if (generation === this.#generation) this.#problem = messageOf(error);
      this.#services.log.error(`opening ${this.path}`, error);
      throw error;
    } finally {
      this.#structureChanged = true;
      this.#flush();
    }
  }

  async #analyze(completed?: Completed): Promise<void> {
    const generation = this.#generation;
    const work = new AbortController();
    this.#work = work;
    const isStale = (): boolean => this.#disposed || generation !== this.#generation || this.#work !== work;
    try {
      const [model] = await Promise.all([this.open(), this.#judge.refresh()]);
      if (isStale()) return;
      await this.#scan(model, work.signal, isStale, completed?.analysis.model === model ? completed : undefined);
    } catch (error) {
      if (isStale()) return;
      const isCancelled = error instanceof HumanError && error.code === 'cancelled';
      if (!isCancelled) this.#services.log.error(`analyzing ${this.path}`, error);
      this.#settle(isCancelled ? { kind: 'cancelled' } : { kind: 'failed', message: messageOf(error) });
    } finally {
      if (!isStale()) {
        this.#work = undefined;
        this.#analyzing = undefined;
        this.#findingsChanged = true;
        this.#flush();
      }
    }
  }

  /** @param completed whose figures stand until they are replaced. */
  async #scan(model: Model, signal: AbortSignal, isStale: () => boolean, completed: Completed | undefined): Promise<void> {
    const startedMs = Date.now();
    const statistics = new Map<number, TensorStatistics>(completed?.analysis.statistics);
    const failures = new Map<number, string>(completed?.analysis.failures);
    const totalTensors = completed?.only?.length ?? model.tensors.filter((tensor) => isNumeric(tensor.dtype) && tensor.unreadable === undefined).length;
    let doneTensors = 0;
    let bytes = { doneBytes: 0, totalBytes: model.bytes };
    const show = ({ findings, silenced }: Shown): void => {
      const progress: Progress = { kind: 'running', doneTensors, totalTensors, ...bytes };
      this.#analysis = { model, statistics, failures, findings, silenced, complete: false, progress };
    };
    show(completed ? this.#shown() : NOTHING);
    // The first look comes after a while: before it there is little to judge.
    this.#nextFindingsMs = startedMs + FINDINGS_MS;
    this.#findingsChanged = true;
    this.#flush();
    const { nearZeroRatio, budgetBytes } = this.#services.settings();
    const { thresholds } = this.#judge;
    const analysis = await this.#services.engine().analyze(model, {
      signal,
      nearZeroRatio,
      thresholds,
      budgetBytes: completed ? 0 : budgetBytes,
      ...(completed?.only && { only: completed.only }),
      onTensor: (index, result) => {
        if (isStale()) return;
        doneTensors++;
        if ('failure' in result) failures.set(index, result.failure);
        else statistics.set(index, result);
        show(this.#shownSoFar({ model, statistics, failures }));
        this.#changedTensors.add(index);
        this.#schedule();
      },
      onProgress: (doneBytes, totalBytes) => {
        if (isStale()) return;
        bytes = { doneBytes, totalBytes };
        show(this.#shown());
        this.#schedule();
      },
    });
    if (isStale()) return;
    for (const [index, figures] of analysis.statistics) {
      if (!statistics.has(index)) this.#changedTensors.add(index);
      statistics.set(index, figures);
    }
    const elapsedMs = Date.now() - startedMs;
    this.#services.log.info(`${this.path}: ${analysis.statistics.size} tensors in ${elapsedMs} ms`);
    const whole = { ...analysis, statistics, failures, complete: true };
    const isUnchanged = !this.#judge.hasSpectra && completed?.only === undefined && JSON.stringify(thresholds) === JSON.stringify(this.#judge.thresholds);
    const shown = isUnchanged ? this.#judge.sift(analysis.findings) : this.#judge.judge(whole);
    this.#analysis = { ...whole, ...shown, progress: { kind: 'done', fromCache: analysis.fromCache ?? false, elapsedMs } };
  }

  #shown(): Shown {
    const { findings = [], silenced = [] } = this.#analysis ?? {};
    return { findings, silenced };
  }

  #shownSoFar(counted: Counted): Shown {
    const beganMs = Date.now();
    if (beganMs < this.#nextFindingsMs) return this.#shown();
    const shown = this.#judge.judge(counted);
    const endedMs = Date.now();
    this.#nextFindingsMs = endedMs + Math.max(FINDINGS_MS, (endedMs - beganMs) / FINDINGS_SHARE);
    this.#findingsChanged = true;
    return shown;
  }

  #showJudged(): void {
    if (!this.#analysis || this.#disposed) return;
    this.#analysis = { ...this.#analysis, ...this.#judge.judge(this.#analysis) };
    this.#findingsChanged = true;
    this.#flush();
  }

  /** The analysis ends before it is complete: what was counted stays, with what the rules say of it. */
  #settle(progress: Progress): void {
    if (this.#analysis) {
      const shown = this.#analysis.complete ? this.#shown() : this.#judge.judge(this.#analysis);
      this.#analysis = { ...this.#analysis, ...shown, progress };
    }
    this.#findingsChanged = true;
    this.#flush();
  }

  #schedule(): void {
    this.#batch ??= setTimeout(() => this.#flush(), BATCH_MS);
  }

  #flush(): void {
    clearTimeout(this.#batch);
    this.#batch = undefined;
    if (this.#disposed) return;
    const change = { entry: this, structure: this.#structureChanged, tensors: this.#changedTensors, findings: this.#findingsChanged };
    this.#changedTensors = new Set();
    this.#structureChanged = false;
    this.#findingsChanged = false;
    this.#tell(change);
  }
}
