export interface TextPart {
  readonly text: string;
  /** The layer that the text names. */
  readonly layer?: string;
}

/** What may stand beside a name without being a part of a longer one. */
const NAME_CHARACTER = /[\p{L}\p{N}_/.-]/u;

/** The text cut where a layer's name stands as a whole; longer names first, so that F_1 is not found in F_1_1. */
export function textParts(text: string, layers: readonly string[]): TextPart[] {
  const places = [...layers].sort((a, b) => b.length - a.length).reduce<{ start: number; end: number; layer: string }[]>((taken, layer) => {
    const start = placeOf(text, layer, taken);
    return start < 0 ? taken : [...taken, { start, end: start + layer.length, layer }];
  }, []).sort((a, b) => a.start - b.start);
  const parts: TextPart[] = [];
  let at = 0;
  for (const { start, end, layer } of places) {
    if (start > at) parts.push({ text: text.slice(at, start) });
    parts.push({ text: layer, layer });
    at = end;
  }
  return at < text.length ? [...parts, { text: text.slice(at) }] : parts;
}

function placeOf(text: string, name: string, taken: readonly { readonly start: number; readonly end: number }[]): number {
  if (name === '') return -1;
  for (let start = text.indexOf(name); start >= 0; start = text.indexOf(name, start + 1)) {
    const end = start + name.length;
    const isWhole = !NAME_CHARACTER.test(text.charAt(start - 1)) && !isContinued(text, end);
    if (isWhole && taken.every((other) => end <= other.start || start >= other.end)) return start;
  }
  return -1;
}

/** A full stop at the end of a sentence is none of a name. */
function isContinued(text: string, end: number): boolean {
  const next = text.charAt(end);
  return NAME_CHARACTER.test(next) && !(next === '.' && /^(\s|$)/.test(text.slice(end + 1)));
}
