import { RULES } from '../core/rules/index';
import type { Thresholds } from '../core/rules/index';
import type { Threshold } from '../core/rules/rule';
import { formatNumber } from '../core/numberText';
import { problemOf } from '../core/silences/readSilenceFile';
import { thresholdContradiction } from '../core/silences/thresholdOrder';
import { RULE_SETTINGS } from './ids';

/** A setting whose value cannot be used, with the sentence that says so. */
export interface SettingProblem {
  readonly setting: string;
  readonly message: string;
}

export interface ThresholdSettings {
  /** Only what differs from the rules' own. */
  readonly thresholds: Thresholds;
  readonly problems: readonly SettingProblem[];
}

/** The thresholds that a person set. What is no number or out of its bounds gives way to the rule's own, and is told of. */
export function readThresholds(read: (id: string) => unknown): ThresholdSettings {
  const thresholds: Record<string, Record<string, number>> = {};
  const problems: SettingProblem[] = [];
  for (const rule of RULES) {
    for (const [name, threshold] of Object.entries<Threshold>(rule.thresholds ?? {})) {
      const setting = `${RULE_SETTINGS}.${rule.id}.${name}`;
      const value = read(setting) ?? threshold.default;
      const problem = problemOf(value, threshold);
      if (problem !== undefined) problems.push({ setting, message: `The setting ${setting} ${problem}. The rule's own ${formatNumber(threshold.default)} is used.` });
      else if (value !== threshold.default) (thresholds[rule.id] ??= {})[name] = value as number;
    }
    const contradiction = thresholdContradiction(rule.id, thresholds[rule.id] ?? {});
    if (contradiction === undefined) continue;
    delete thresholds[rule.id];
    problems.push({ setting: `${RULE_SETTINGS}.${rule.id}`, message: `In the settings ${RULE_SETTINGS}.${rule.id}, ${contradiction}. The rule's own are used.` });
  }
  return { thresholds, problems };
}
