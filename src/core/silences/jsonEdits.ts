import { parseTree } from 'jsonc-parser';
import type { Node } from 'jsonc-parser';
import { entriesOf, READING } from './jsonTree';

const INDENT = '  ';

/** `{ "rule": "x", "subject": "y" }`: an entry a line is easy to read, to move and to merge. */
export function oneLine(entry: object): string {
  return `{ ${Object.entries(entry).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(', ')} }`;
}

/** A new file that holds one key. */
export function newFile(key: string, value: JsonPart): string {
  return `{\n${INDENT}${JSON.stringify(key)}: ${partText(value, INDENT, INDENT, '\n')}\n}\n`;
}

/** A text, or a list of entries. */
export type JsonPart = string | readonly object[];

/**
 * Sets a key of the outermost object. Of all else not a character changes: jsonc-parser's own `modify` lays out its neighbours anew.
 * @param text holds an object.
 */
export function withKey(text: string, key: string, value: JsonPart): string {
  const root = rootOf(text);
  const eol = eolOf(text);
  const known = entriesOf(root).find((entry) => entry.key === key)?.value;
  const last = root.children?.at(-1);
  const indent = last ? indentAt(text, last.offset) : INDENT;
  const written = partText(value, indent, stepOf(text), eol);
  if (known) return splice(text, known.offset, known.length, written);
  return append(text, root, `${JSON.stringify(key)}: ${written}`);
}

/** Adds an entry to the end of a list that is the value of a key; undefined where there is no such list. */
export function withEntry(text: string, key: string, entry: object): string | undefined {
  const list = entriesOf(rootOf(text)).find((one) => one.key === key)?.value;
  return list?.type === 'array' ? append(text, list, oneLine(entry)) : undefined;
}

function rootOf(text: string): Node {
  const root = parseTree(text.replace(/^\ufeff/, ' '), [], READING);
  if (root?.type !== 'object') throw new Error('only a text that was read without errors can be added to');
  return root;
}

/** What may follow the last member on its line: a comma, a comment. */
const REST_OF_LINE = /^[ \t]*(,?)[ \t]*(?:\/\/.*|\/\*(?:(?!\*\/).)*\*\/[ \t]*)?$/;

/** After the last member of an object or list: on a line of its own where that one has a line, else behind it. */
function append(text: string, container: Node, member: string): string {
  const last = container.children?.at(-1);
  const eol = eolOf(text);
  if (!last) {
    const closing = container.offset + container.length - 1;
    const outer = indentAt(text, container.offset);
    const inside = text.slice(container.offset + 1, closing).trimEnd();
    return splice(text, container.offset + 1, closing - container.offset - 1, `${inside}${eol}${outer}${stepOf(text)}${member}${eol}${outer}`);
  }
  const end = last.offset + last.length;
  const lineEnd = endOfLine(text, end);
  const rest = REST_OF_LINE.exec(text.slice(end, lineEnd));
  if (!rest) return splice(text, end, 0, `, ${member}`);
  const hasComma = rest[1] === ',';
  return splice(text, end, lineEnd - end, `${hasComma ? '' : ','}${rest[0]}${eol}${indentAt(text, last.offset)}${member}${hasComma ? ',' : ''}`);
}

function partText(value: JsonPart, indent: string, step: string, eol: string): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value.length === 0) return '[]';
  return `[${eol}${value.map((entry) => `${indent}${step}${oneLine(entry)}`).join(`,${eol}`)}${eol}${indent}]`;
}

function splice(text: string, offset: number, length: number, replacement: string): string {
  return text.slice(0, offset) + replacement + text.slice(offset + length);
}

function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** As the file itself is laid out. */
function stepOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? INDENT;
}

/** The white space that begins the line of an offset. */
function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))![0];
}

function endOfLine(text: string, offset: number): number {
  const found = /\r?\n/.exec(text.slice(offset));
  return found ? offset + found.index : text.length;
}
