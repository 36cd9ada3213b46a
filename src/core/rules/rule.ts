import type { Layer, Model, Tensor } from '../model';
import type { TensorStatistics } from '../statistics/tensorStatistics';

export const SEVERITIES = ['error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Subject {
  readonly kind: 'model' | 'layer' | 'tensor';
  readonly name: string;
}

export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly subject: Subject;
  /** What was found, with its figures. */
  readonly message: string;
  /** Whether it is expected, and what to do. */
  readonly advice: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

/** What a rule decides, before the engine adds who it is about. */
export interface Verdict {
  /** The rule's own severity where absent. */
  readonly severity?: Severity;
  readonly message: string;
  readonly advice: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

export interface TensorContext {
  readonly model: Model;
  readonly layer: Layer;
  readonly tensor: Tensor;
  readonly statistics: TensorStatistics;
  /** Share of max|w| that `statistics.nearZeros` counts as near zero. */
  readonly nearZeroRatio: number;
  /** All tensors of the model with numbers, this one among them: what is usual here. The same array for every tensor. */
  readonly peers: readonly TensorContext[];
}

export interface LayerContext {
  readonly model: Model;
  readonly layer: Layer;
  /** The layer's tensors with numbers. */
  readonly tensors: readonly TensorContext[];
}

export interface ModelContext {
  readonly model: Model;
  readonly tensors: readonly TensorContext[];
}

interface RuleText {
  /** Kebab-case; the name of its page, docs/rules/<id>.md. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** One sentence each, for panel and hovers. */
  readonly why: string;
  readonly whenNormal: string;
}

/** A rule that does not apply says nothing; it never guesses. */
export type Rule = RuleText &
  (
    | { readonly scope: 'tensor'; applies(context: TensorContext): boolean; check(context: TensorContext): Verdict | undefined }
    | { readonly scope: 'layer'; applies(context: LayerContext): boolean; check(context: LayerContext): Verdict | undefined }
    | { readonly scope: 'model'; applies(context: ModelContext): boolean; check(context: ModelContext): Verdict | undefined }
    | { readonly scope: 'file'; check(model: Model, failures: ReadonlyMap<number, string>): Finding[] }
  );
