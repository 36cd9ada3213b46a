import { isWeight } from '../core/model';
import type { Model } from '../core/model';

/** What a name stands for in one model. */
export interface Named {
  readonly kind: 'layer' | 'tensor';
  /** Index into Model.layers or Model.tensors. */
  readonly index: number;
}

/**
 * Names of one model, for hovers: exact names of tensors and layers, and the last part of a nested layer's name where no other
 * layer shares it (the file's text only has that part). A tensor goes before a layer of the same name: it says more.
 */
export function nameIndex(model: Model): ReadonlyMap<string, Named> {
  const names = new Map<string, Named>();
  const lastParts = new Map<string, Named | undefined>();
  model.layers.forEach((layer, index) => {
    if (!layer.tensors.some((tensor) => isWeight(model.tensors[tensor]!))) return;
    const named: Named = { kind: 'layer', index };
    names.set(layer.name, named);
    const slash = layer.name.lastIndexOf('/');
    if (slash < 0) return;
    const last = layer.name.slice(slash + 1);
    lastParts.set(last, lastParts.has(last) ? undefined : named);
  });
  for (const [last, named] of lastParts) if (named && !names.has(last)) names.set(last, named);
  model.tensors.forEach((tensor, index) => names.set(tensor.name, { kind: 'tensor', index }));
  return names;
}

/** A name longer than this is no name that a person wrote in source code. */
const LONGEST_NAME = 512;

export interface Literal {
  readonly text: string;
  /** Of the text between the quotes, in the line. */
  readonly start: number;
  readonly end: number;
}

/**
 * The quoted text around a column of a line. Only the nearest quotes on both sides are looked at, so that a model.json on one
 * line of megabytes costs no more than any other. Between two strings it returns what lies between: no name looks like that.
 */
export function literalAt(line: string, column: number, quotes: string): Literal | undefined {
  let start = column - 1;
  const from = Math.max(0, column - LONGEST_NAME);
  while (start >= from && !isQuote(line, start, quotes)) start--;
  if (start < from) return undefined;
  const quote = line[start]!;
  let end = Math.max(column, start + 1);
  const to = Math.min(line.length, start + LONGEST_NAME);
  while (end < to && !(line[end] === quote && !isEscaped(line, end))) end++;
  if (end >= to) return undefined;
  return { text: unescaped(line.slice(start + 1, end)), start: start + 1, end };
}

function isQuote(line: string, at: number, quotes: string): boolean {
  return quotes.includes(line[at]!) && !isEscaped(line, at);
}

function isEscaped(line: string, at: number): boolean {
  let backslashes = 0;
  while (line[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

/** JSON's escapes, which JavaScript and Python share; a literal with others keeps its text. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
