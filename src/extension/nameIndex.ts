import { isWeight } from '../core/model';
import type { Model } from '../core/model';

/** What a name stands for in one model. */
export interface Named {
  readonly kind: 'layer' | 'tensor';
  /** Index into Model.layers or Model.tensors. */
  readonly index: number;
}

/** Names of one model, for hovers. */
export interface NameIndex {
  /** Index into Model.tensors. */
  readonly tensors: ReadonlyMap<string, number>;
  /** Index into Model.layers; layers without weights have nothing to show. */
  readonly layers: ReadonlyMap<string, number>;
  /**
   * What a string that is written elsewhere stands for: an exact name, or the last part of a nested layer's name where no other
   * layer shares it. A tensor goes before a layer of the same name: it says more.
   */
  lookUp(name: string): Named | undefined;
}

export function nameIndex(model: Model): NameIndex {
  const tensors = new Map(model.tensors.map((tensor, index) => [tensor.name, index]));
  const layers = new Map<string, number>();
  const lastParts = new Map<string, number | undefined>();
  model.layers.forEach((layer, index) => {
    if (!layer.tensors.some((tensor) => isWeight(model.tensors[tensor]!))) return;
    layers.set(layer.name, index);
    const slash = layer.name.lastIndexOf('/');
    if (slash < 0) return;
    const last = layer.name.slice(slash + 1);
    lastParts.set(last, lastParts.has(last) ? undefined : index);
  });
  return {
    tensors,
    layers,
    lookUp(name) {
      const tensor = tensors.get(name);
      if (tensor !== undefined) return { kind: 'tensor', index: tensor };
      const layer = layers.get(name) ?? lastParts.get(name);
      return layer === undefined ? undefined : { kind: 'layer', index: layer };
    },
  };
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
