import { namePositions } from './formats/jsonPositions';
import type { Model } from './model';
import type { Subject } from './rules/rule';
import { lineAt, lineStartsOf } from './silences/jsonTree';

/** A range in the text of a model file: lines and UTF-16 columns from 0, the end exclusive. */
export interface Anchor {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Where nothing better is known: the first character of the file. */
export const FILE_ANCHOR: Anchor = { startLine: 0, startColumn: 0, endLine: 0, endColumn: 1 };

/**
 * Finds in a model's text the place that a finding is about: where the weight is listed, else where its layer is described.
 * @param text of the model file itself; undefined where it is too large to be looked through. Then all stands at its beginning.
 */
export function anchorsOf(model: Model, text: string | undefined): (subject: Subject) => Anchor {
  if (text === undefined) return () => FILE_ANCHOR;
  const starts = lineStartsOf(text);
  const places = new Map<string, { readonly offset: number; readonly length: number }>();
  for (const { kind, name, offset, length } of namePositions(text)) {
    const key = `${kind}\n${name}`;
    if (!places.has(key)) places.set(key, { offset, length });
  }
  const layerOfTensor = new Map(model.tensors.map(({ name, layer }) => [name, model.layers[layer]?.name]));
  return ({ kind, name }) => {
    const own = places.get(`${kind}\n${name}`) ?? (kind === 'layer' ? undefined : places.get(`layer\n${layerOfTensor.get(name)}`));
    const place = own ?? (kind === 'layer' ? placeOfFirstTensor(model, name, places) : undefined);
    return place ? anchorAt(starts, place) : FILE_ANCHOR;
  };
}

/** A manifest without topology names no layers: their first weight stands for them. */
function placeOfFirstTensor<P>(model: Model, layer: string, places: ReadonlyMap<string, P>): P | undefined {
  const index = model.layers.findIndex(({ name }) => name === layer);
  const named = model.layers[index]?.tensors.map((tensor) => places.get(`tensor\n${model.tensors[tensor]?.name}`)) ?? [];
  return named.find((place) => place !== undefined);
}

function anchorAt(starts: readonly number[], { offset, length }: { readonly offset: number; readonly length: number }): Anchor {
  const startLine = lineAt(starts, offset);
  const endLine = lineAt(starts, offset + length);
  return { startLine, startColumn: offset - starts[startLine]!, endLine, endColumn: offset + length - starts[endLine]! };
}
