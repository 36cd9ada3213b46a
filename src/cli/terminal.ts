import { THIN_SPACE } from '../core/numberText';

const BARS = '▁▂▃▄▅▆▇█';

/** Characters that terminals draw two cells wide: East Asian wide forms and most emoji (Unicode TR 11, in coarse blocks). */
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /^\p{M}$/u;

/** C0 and C1 controls, DEL, line separators, and the marks that turn the direction of text around. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}/gu;

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text from a file with its control characters made visible: a tensor's name must not move the cursor. */
export function visible(text: string): string {
  return text.replace(CONTROL, (character) => ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** In a grid of cells a thin space is as wide as any other, and harder to search for. */
export function plainSpaces(text: string): string {
  return text.replaceAll(THIN_SPACE, ' ');
}

/** Cells that a terminal needs for the text. */
export function cells(text: string): number {
  let width = 0;
  for (const character of text) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** Cut in the middle where it is too wide: the ends of layer names tell more than what lies between. */
export function truncate(text: string, width: number): string {
  if (cells(text) <= width) return text;
  if (width <= 1) return '…'.slice(0, width);
  const characters = [...text];
  const head = takeCells(characters, Math.ceil((width - 1) / 2));
  const tail = takeCells([...characters].reverse(), Math.floor((width - 1) / 2)).reverse();
  return `${head.join('')}…${tail.join('')}`;
}

function takeCells(characters: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let used = 0;
  for (const character of characters) {
    used += cells(character);
    if (used > width) break;
    taken.push(character);
  }
  return taken;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cells(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - cells(text))) + text;
}

/** Lines of at most `width` cells, broken between words; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && cells(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** One bar a count, eight heights; every count that is not zero shows. */
export function sparkline(counts: readonly number[]): string {
  const most = Math.max(0, ...counts);
  return counts.map((count) => (count === 0 || most === 0 ? ' ' : BARS[Math.min(BARS.length - 1, Math.floor((count / most) * BARS.length))])).join('');
}

/** Rows of a taller histogram, top first, `rows` × 8 heights. */
export function barRows(counts: readonly number[], rows: number): string[] {
  const most = Math.max(0, ...counts);
  const heights = counts.map((count) => (count === 0 || most === 0 ? 0 : Math.max(1, Math.round((count / most) * rows * BARS.length))));
  return Array.from({ length: rows }, (_, row) => {
    const below = (rows - 1 - row) * BARS.length;
    return heights.map((height) => (height <= below ? ' ' : BARS[Math.min(BARS.length, height - below) - 1])).join('');
  });
}

export type Colour = 'red' | 'yellow' | 'blue' | 'green' | 'dim' | 'bold';

const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  red: [31, 39],
  yellow: [33, 39],
  blue: [34, 39],
  green: [32, 39],
  dim: [2, 22],
  bold: [1, 22],
};

export type Paint = (colour: Colour, text: string) => string;

export function painter(enabled: boolean): Paint {
  return (colour, text) => {
    const [on, off] = CODES[colour];
    return enabled ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };
}

/** Colour only where a person looks and has not declined it (no-color.org). */
export function wantsColour(stream: { readonly isTTY?: boolean }, environment: Readonly<Record<string, string | undefined>>): boolean {
  return stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}
