import { THIN_SPACE } from '../core/numberText';
import { el } from './dom';
import { textParts } from './textParts';

/** Text nodes and buttons that select a layer. */
export function linkedText(text: string, layers: readonly string[], select: (layer: string) => void): (Node | string)[] {
  return textParts(text, layers).map(({ text: words, layer }) => layer === undefined ? unbroken(words)
    : el('button', { class: 'link', tip: `Show ${layer}`, attributes: { type: 'button' }, on: { click: () => select(layer) } }, words));
}

const NARROW_NO_BREAK_SPACE = '\u202f';

/** A number and its unit stay on one line. */
export function unbroken(text: string): string {
  return text.replaceAll(THIN_SPACE, NARROW_NO_BREAK_SPACE);
}
