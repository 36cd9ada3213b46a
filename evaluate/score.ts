import { RULES } from '../src/core/rules/index';
import { SEVERITIES } from '../src/core/rules/rule';
import type { Finding, Severity } from '../src/core/rules/rule';
import type { Case } from './cases';

export interface Outcome {
  readonly case: Case;
  /** Which rule answered, if any did. */
  readonly answer: Finding | undefined;
  readonly findings: readonly Finding[];
}

const YIELDS: ReadonlyMap<string, readonly string[]> = new Map(RULES.map(({ id, yieldsTo }) => [id, yieldsTo ?? []]));

/** The finding that answers a case: by the rule itself, or by one that it gives way to. */
export function judged(given: Case, findings: readonly Finding[]): Outcome {
  const rules = [given.rule, ...(YIELDS.get(given.rule) ?? []), ...given.orRules];
  const answers = findings.filter(({ rule, severity, subject }) => rules.includes(rule) && isAtLeast(severity, given.least) && given.subjects.has(subject.name));
  const answer = answers.sort((a, b) => rules.indexOf(a.rule) - rules.indexOf(b.rule))[0];
  return { case: given, answer, findings };
}

function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least);
}

/** What was said of a model in which nothing is wrong. */
export interface Verdict {
  readonly model: string;
  /** Layers with weights. */
  readonly layers: number;
  readonly findings: readonly Finding[];
  /** Whether it has never been trained: then to say so is right. */
  readonly isUntrained: boolean;
}

/** Rules that are right to speak of a network before its first step. */
const ABOUT_UNTRAINED = new Set(['at-initialization', 'untrained-model', 'running-statistics-at-init', 'orthogonal-at-initialization', 'random-spectrum', 'zero-residual-scale', 'all-zero-tensor', 'untrained-adapter']);

export function falseAlarms({ findings, isUntrained }: Verdict): readonly Finding[] {
  return isUntrained ? findings.filter(({ rule }) => !ABOUT_UNTRAINED.has(rule)) : findings;
}

export interface Row {
  readonly rule: string;
  readonly severity: Severity | undefined;
  readonly cases: number;
  readonly found: number;
  /** Of the found ones, answered by another rule that says as much. */
  readonly byOthers: number;
  /** On healthy models. */
  readonly alarms: Readonly<Record<Severity, number>>;
}

/** One row a rule: all that exist, in their order, and those that only the faults name. */
export function rowsOf(outcomes: readonly Outcome[], verdicts: readonly Verdict[]): Row[] {
  const alarms = verdicts.flatMap(falseAlarms);
  const known = RULES.map(({ id }) => id);
  const asked = outcomes.map(({ case: { rule } }) => rule).filter((rule) => !known.includes(rule));
  return [...new Set([...known, ...asked])].map((rule) => {
    const own = outcomes.filter((outcome) => outcome.case.rule === rule);
    const found = own.filter(({ answer }) => answer);
    const count = (severity: Severity): number => alarms.filter((finding) => finding.rule === rule && finding.severity === severity).length;
    return {
      rule,
      severity: RULES.find(({ id }) => id === rule)?.severity,
      cases: own.length,
      found: found.length,
      byOthers: found.filter(({ answer }) => answer!.rule !== rule).length,
      alarms: { error: count('error'), warning: count('warning'), info: count('info') },
    };
  });
}
