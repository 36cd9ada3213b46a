import type { Model } from '../core/model';
import { findingsOf } from '../core/rules/index';
import type { Thresholds } from '../core/rules/index';
import type { Finding } from '../core/rules/rule';
import { judge, NO_POLICY, thresholdsOf } from '../core/silences/policy';
import type { Judgement, Policy } from '../core/silences/policy';
import type { SilencedFinding } from '../core/silences/silenceFile';
import type { Spectrum } from '../core/statistics/spectrum';
import type { TensorStatistics } from '../core/statistics/tensorStatistics';
import type { Settings } from './settings';

/** What the rules look at. */
export interface Counted {
  readonly model: Model;
  readonly statistics: ReadonlyMap<number, TensorStatistics>;
  readonly failures: ReadonlyMap<number, string>;
}

/** The part of an analysis that fronts show. */
export interface Shown {
  readonly findings: readonly Finding[];
  readonly silenced: readonly SilencedFinding[];
}

/**
 * The one place that decides what all fronts show of a model: what the rules say under the thresholds of settings and
 * `.weightgram.json`, less what is silenced or accepted there.
 */
export class EntryJudge {
  readonly #spectra = new Map<number, Spectrum>();
  #policy: Policy = NO_POLICY;
  #judgement: Judgement | undefined;
  #askedTimes = 0;

  /** @param path absolute, of the model. */
  constructor(
    private readonly path: string,
    private readonly settings: () => Settings,
    private readonly readPolicy: () => Promise<Policy>,
  ) {}

  get policy(): Policy {
    return this.#policy;
  }

  /** Of the last look. */
  get judgement(): Judgement | undefined {
    return this.#judgement;
  }

  /** In force now. */
  get thresholds(): Thresholds {
    return thresholdsOf(this.#policy, this.settings().thresholds);
  }

  /** Reads the model's `.weightgram.json` anew. Of several readings at once the last one counts. */
  async refresh(): Promise<void> {
    const asked = ++this.#askedTimes;
    const policy = await this.readPolicy();
    if (asked === this.#askedTimes) this.#policy = policy;
  }

  noteSpectrum(index: number, spectrum: Spectrum): void {
    this.#spectra.set(index, spectrum);
  }

  /** Rules about spectra have something to say that an analysis alone has not. */
  get hasSpectra(): boolean {
    return this.#spectra.size > 0;
  }

  /** The file was read anew: what was asked about its weights before stands no more. */
  forgetSpectra(): void {
    this.#spectra.clear();
  }

  judge({ model, statistics, failures }: Counted): Shown {
    const { nearZeroRatio } = this.settings();
    return this.sift(findingsOf(model, statistics, failures, { nearZeroRatio, thresholds: this.thresholds, spectra: this.#spectra }));
  }

  /** Of findings that were made under the thresholds in force. */
  sift(findings: readonly Finding[]): Shown {
    this.#judgement = judge(findings, this.path, this.#policy);
    return { findings: this.#judgement.findings, silenced: this.#judgement.silenced };
  }
}
