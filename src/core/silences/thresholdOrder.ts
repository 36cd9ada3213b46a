import { formatNumber } from '../numberText';
import { RULES } from '../rules/index';
import type { Threshold } from '../rules/rule';

/** Names of thresholds from the mildest severity to the gravest: what is grave must lie farther out. */
const RISING = ['infoFrom', 'warningFrom', 'errorFrom'] as const;
const FALLING = ['infoBelow', 'warningBelow', 'errorBelow'] as const;

/**
 * How the thresholds of one rule contradict each other: an error that begins before the warning would be hidden by it.
 * @param set by name; the rule's own stand for those that are not set.
 * @returns the end of a sentence, or undefined where they agree.
 */
export function thresholdContradiction(ruleId: string, set: Readonly<Record<string, number>>): string | undefined {
  const declared: Readonly<Record<string, Threshold>> = RULES.find(({ id }) => id === ruleId)?.thresholds ?? {};
  const valueOf = (name: string): number | undefined => (Object.hasOwn(declared, name) ? (set[name] ?? declared[name]!.default) : undefined);
  return disorder(RISING, valueOf, (milder, graver) => milder <= graver, 'above') ?? disorder(FALLING, valueOf, (milder, graver) => milder >= graver, 'below');
}

function disorder(names: readonly string[], valueOf: (name: string) => number | undefined, agree: (milder: number, graver: number) => boolean, where: string): string | undefined {
  const present = names.flatMap((name) => {
    const value = valueOf(name);
    return value === undefined ? [] : [{ name, value }];
  });
  for (const [index, graver] of present.entries()) {
    const milder = present[index - 1];
    if (milder && !agree(milder.value, graver.value)) return `${milder.name} (${formatNumber(milder.value)}) lies ${where} ${graver.name} (${formatNumber(graver.value)}), which would hide what is graver`;
  }
  return undefined;
}
