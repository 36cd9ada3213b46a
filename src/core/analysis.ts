import type { Model } from './model';
import type { Finding } from './rules/rule';
import type { SilencedFinding } from './silences/silenceFile';
import type { TensorStatistics } from './statistics/tensorStatistics';

/** All there is to know of one model. Grows while the analysis runs. */
export interface Analysis {
  readonly model: Model;
  /** By index into Model.tensors. */
  readonly statistics: ReadonlyMap<number, TensorStatistics>;
  /** Why a tensor has no statistics although it should: by index into Model.tensors. */
  readonly failures: ReadonlyMap<number, string>;
  /** Of all rules, without what was silenced. Complete only when `complete`. */
  readonly findings: readonly Finding[];
  /** What the rules found and `.weightgram.json` or a baseline silences. The engine itself silences nothing. */
  readonly silenced?: readonly SilencedFinding[];
  readonly complete: boolean;
  /** Nothing had to be read: the results of an earlier analysis of the same files stand. */
  readonly fromCache?: boolean;
}
