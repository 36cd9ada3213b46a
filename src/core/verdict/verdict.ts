import type { Severity } from '../rules/rule';
import type { ShapeKind } from './shape';

/**
 * Whether a layer's distribution is what this kind of layer has in this model. `suspicious`: a rule found an error or a
 * warning. `noted`: unusual, but no fault by itself. `unknown`: nothing was read, or too little to say.
 */
export type Expectation = 'expected' | 'suspicious' | 'noted' | 'unknown';

/** Why: a finding, with its rule, or what the file says of the layer. */
export interface Reason {
  readonly text: string;
  readonly rule?: string;
  readonly severity?: Severity;
}

export interface LayerVerdict {
  readonly expected: Expectation;
  readonly shape: ShapeKind;
  /** One sentence, without the word of `expected`: the gravest finding and the distribution. */
  readonly sentence: string;
  /** The distribution alone, for where the findings stand beside it. */
  readonly distribution: string;
  readonly reasons: readonly Reason[];
}

/** What a judgement of a tensor gives, before the findings are heard. */
export interface Judgement {
  readonly expected: Exclude<Expectation, 'suspicious'>;
  /** Follows the shape's words: ", usual for a convolution". */
  readonly why: string;
  readonly reasons: readonly string[];
}

export const EXPECTATION_WORDS: Readonly<Record<Expectation, string>> = { expected: 'Expected', suspicious: 'Suspicious', noted: 'Worth a look', unknown: 'Not known' };

/** "Expected: a bell around 0, …" */
export function verdictText({ expected, sentence }: LayerVerdict): string {
  return `${EXPECTATION_WORDS[expected]}: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
}
