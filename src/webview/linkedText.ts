import { el } from './dom';
import { textParts } from './textParts';

/** Text nodes and buttons that select a layer. */
export function linkedText(text: string, layers: readonly string[], select: (layer: string) => void): (Node | string)[] {
  return textParts(text, layers).map(({ text: words, layer }) => layer === undefined ? words
    : el('button', { class: 'link', tip: `Show ${layer}`, attributes: { type: 'button' }, on: { click: () => select(layer) } }, words));
}
