import { parseTree } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import type { Complaint, Place } from './silenceFile';

/** Comments and trailing commas pass, as in editors' own configuration files. */
export const READING = { allowTrailingComma: true, disallowComments: false };

/** What the parser's codes mean to a person. The numbers are jsonc-parser's ParseErrorCode, a const enum that does not exist at run time. */
const SYNTAX_WORDS: Readonly<Record<number, string>> = {
  1: 'a character that does not belong here',
  2: 'a number that is none',
  3: 'a key in quotes is due here',
  4: 'a value is due here',
  5: '":" is due here',
  6: '"," is due here',
  7: '"}" is due here',
  8: '"]" is due here',
  9: 'there is more after the end of the value',
  11: 'a comment is not closed',
  12: 'a string is not closed',
  13: 'a number is cut off',
  14: 'a broken \\u escape',
  15: 'an unknown escape in a string',
  16: 'a line break or control character in a string',
};

/** One JSON file that people write by hand, with places for what is said of it. */
export class JsonTree {
  readonly #lineStarts: number[];
  readonly root: Node | undefined;
  readonly #errors: ParseError[] = [];
  readonly #isTooDeep: boolean = false;

  constructor(
    readonly path: string,
    readonly text: string,
  ) {
    try {
      // A byte-order mark is no part of the value; a space keeps all offsets.
      this.root = parseTree(text.replace(/^\ufeff/, ' '), this.#errors, READING);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#isTooDeep = true;
    }
    this.#lineStarts = lineStartsOf(text);
  }

  /** Why it is no JSON; undefined where it is. */
  get syntaxError(): Complaint | undefined {
    if (this.#isTooDeep) return this.complaint('error', this.placeAt(0, 0), 'is nested too deeply to be read');
    const [first] = this.#errors;
    if (first) return this.complaint('error', this.placeAt(first.offset, first.length), `is not valid JSON: ${SYNTAX_WORDS[first.error] ?? 'it cannot be read'}`);
    return this.root ? undefined : this.complaint('error', this.placeAt(0, 0), 'holds no JSON value');
  }

  placeOf({ offset, length }: Node): Place {
    return this.placeAt(offset, length);
  }

  placeAt(offset: number, length: number): Place {
    const line = lineAt(this.#lineStarts, offset);
    return { offset, length, line: line + 1, column: offset - this.#lineStarts[line]! + 1 };
  }

  /** `what` goes on after "FILE (line L, column C)". */
  complaint(severity: Complaint['severity'], place: Place, what: string): Complaint {
    return complaintAt(this.path, severity, place, what);
  }
}

/** `what` goes on after "FILE (line L, column C)", and ends without a stop. */
export function complaintAt(path: string, severity: Complaint['severity'], place: Place, what: string): Complaint {
  const sentence = what.endsWith('?') ? what : `${what}.`;
  return { path, severity, place, what: sentence, message: `${path} (line ${place.line}, column ${place.column}) ${sentence}` };
}

/** With a further sentence. */
export function extended(complaint: Complaint, sentence: string): Complaint {
  return { ...complaint, what: `${complaint.what} ${sentence}`, message: `${complaint.message} ${sentence}` };
}

/** Keys and values of an object node, in the order of the text. Duplicates come as they stand. */
export function entriesOf(node: Node): { readonly key: string; readonly keyNode: Node; readonly value: Node }[] {
  return (node.children ?? []).flatMap((property) => {
    const [keyNode, value] = property.children ?? [];
    return keyNode && value ? [{ key: String(keyNode.value), keyNode, value }] : [];
  });
}

/** Offsets at which the lines of a text begin. */
export function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x0a || (c === 0x0d && text.charCodeAt(i + 1) !== 0x0a)) starts.push(i + 1);
  }
  return starts;
}

/** Index of the line that holds an offset. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
