import type { Encoding, Segment } from '../model';
import type { WeightDraft } from './assembleModel';
import { quote } from './jsonValues';
import type { NpyArray } from './numpyArray';

/** Where an array's bytes are, or why they are not there. */
export type NpyPlace =
  | { readonly failure: string }
  /** `skipBytes`: how far into a packed stream the elements begin; absent where the segment holds the elements themselves. */
  | { readonly segment: Segment; readonly skipBytes?: number };

export function draftOf(name: string, array: NpyArray, place: NpyPlace): WeightDraft {
  const { dtype, shape, elements, byteOrder } = array;
  const bytes = Number.isNaN(array.bytes) ? 0 : array.bytes;
  const known = { name, dtype, shape, elements, bytes, segments: [], ...(byteOrder && { byteOrder }) };
  if (array.refusal !== undefined) return { ...known, elements: 0, unreadable: `${quote(name)} cannot be read: ${array.refusal}.` };
  if ('failure' in place) return { ...known, unreadable: `${quote(name)} cannot be read: ${place.failure}.` };
  if (bytes === 0) return known;
  const encoding = encodingOf(array, place.skipBytes);
  return { ...known, segments: [place.segment], ...(encoding && { encoding }) };
}

function encodingOf({ isFortran, shape }: NpyArray, skipBytes: number | undefined): Encoding | undefined {
  const order = isFortran && shape.length > 1 ? shape.map((_, axis) => shape.length - 1 - axis) : undefined;
  if (skipBytes !== undefined) return { kind: 'deflate', skipBytes, ...(order && { order }) };
  return order && { kind: 'permuted', order };
}
