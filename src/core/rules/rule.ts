import type { Layer, Model, Tensor } from '../model';
import type { Spectrum } from '../statistics/spectrum';
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
  /** What the rule was asked about where absent. */
  readonly subject?: Subject;
  readonly message: string;
  readonly advice: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

/** A number of a rule that a person may set. */
export interface Threshold {
  readonly default: number;
  /** For people: '%', 'σ', '× the median', 'weights', ... */
  readonly unit: string;
  /** One sentence: from where on the rule speaks, and how gravely. */
  readonly description: string;
  readonly minimum: number;
  readonly maximum: number;
}

/** The thresholds in force, by name. */
export type Limits<K extends string = string> = Readonly<Record<K, number>>;

export interface TensorContext {
  readonly model: Model;
  readonly layer: Layer;
  readonly tensor: Tensor;
  readonly statistics: TensorStatistics;
  /** Share of max|w| that `statistics.nearZeros` counts as near zero. */
  readonly nearZeroRatio: number;
  /** Only where somebody asked for it. */
  readonly spectrum?: Spectrum;
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

interface RuleText<K extends string> {
  /** Kebab-case; the name of its page, docs/rules/<id>.md. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** One sentence each, for panel and hovers. */
  readonly why: string;
  readonly whenNormal: string;
  /** Ids of rules that say more of the same fault: about a subject of theirs this one is silent. */
  readonly yieldsTo?: readonly string[];
  /** Each is a setting: weightgram.rules.<id>.<name>. */
  readonly thresholds?: Readonly<Record<K, Threshold>>;
}

type Verdicts = Verdict | readonly Verdict[] | undefined;

interface JudgingRule<Context, K extends string> extends RuleText<K> {
  applies(context: Context, limits: Limits<K>): boolean;
  check(context: Context, limits: Limits<K>): Verdicts;
}

export interface TensorRule<K extends string = string> extends JudgingRule<TensorContext, K> {
  readonly scope: 'tensor';
}

export interface LayerRule<K extends string = string> extends JudgingRule<LayerContext, K> {
  readonly scope: 'layer';
}

export interface ModelRule<K extends string = string> extends JudgingRule<ModelContext, K> {
  readonly scope: 'model';
}

/** About the file as it was read, not about its weights. */
export interface FileRule extends RuleText<never> {
  readonly scope: 'file';
  check(model: Model, failures: ReadonlyMap<number, string>): Finding[];
}

/** A rule that does not apply says nothing; it never guesses. */
export type Rule = TensorRule | LayerRule | ModelRule | FileRule;

/** With the names of its thresholds known to the compiler. */
export function tensorRule<K extends string>(rule: Omit<TensorRule<K>, 'scope'>): TensorRule<K> {
  return { ...rule, scope: 'tensor' };
}

export function layerRule<K extends string>(rule: Omit<LayerRule<K>, 'scope'>): LayerRule<K> {
  return { ...rule, scope: 'layer' };
}

export function modelRule<K extends string>(rule: Omit<ModelRule<K>, 'scope'>): ModelRule<K> {
  return { ...rule, scope: 'model' };
}
