/** settings.json is written by hand: what does not fit gives way to the nearest value that does. */
export function numberWithin(value: unknown, { least, most, otherwise }: { least: number; most: number; otherwise: number }): number {
  if (typeof value !== 'number' || Number.isNaN(value)) return otherwise;
  return Math.min(most, Math.max(least, value));
}

export function stringList(value: unknown): string[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.filter((item): item is string => typeof item === 'string' && item.trim() !== '').map((item) => item.trim());
}

/**
 * One glob that matches what any of `globs` matches. Braces cannot stand inside braces everywhere, so those inside are written out.
 * Undefined where there is nothing to match.
 */
export function anyOf(globs: readonly string[]): string | undefined {
  const flat = [...new Set(globs.flatMap(expandBraces))];
  return flat.length > 1 ? `{${flat.join(',')}}` : flat[0];
}

/** More alternatives than this come from a pattern that nobody wrote by hand: it is taken as it stands. */
const MOST_ALTERNATIVES = 256;

/** "a/{b,c}/*" → "a/b/*", "a/c/*". */
export function expandBraces(glob: string): string[] {
  const open = glob.indexOf('{');
  const close = open < 0 ? -1 : closingBrace(glob, open);
  if (close < 0) return [glob];
  const rests = expandBraces(glob.slice(close + 1));
  const alternatives = splitAlternatives(glob.slice(open + 1, close)).flatMap(expandBraces);
  const all = alternatives.flatMap((middle) => rests.map((rest) => glob.slice(0, open) + middle + rest));
  return all.length > MOST_ALTERNATIVES ? [glob] : all;
}

function closingBrace(glob: string, open: number): number {
  let depth = 0;
  for (let i = open; i < glob.length; i++) {
    if (glob[i] === '{') depth++;
    if (glob[i] === '}' && --depth === 0) return i;
  }
  return -1;
}

function splitAlternatives(inside: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const character of inside) {
    if (character === '{') depth++;
    if (character === '}') depth--;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}
