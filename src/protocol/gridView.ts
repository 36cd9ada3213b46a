import type { Grid } from '../core/values/grid';

/** A grid as the page gets it: messages to a page are JSON, which has no NaN and is slow with long lists of numbers. */
export interface GridView extends Omit<Grid, 'values' | 'places' | 'counts'> {
  /** float64, little-endian, in base64. */
  readonly values: string;
  readonly places?: string;
  readonly counts?: string;
}

/** String.fromCharCode takes its bytes as arguments, of which an engine allows some ten thousands. */
const PIECE_BYTES = 0x2000;

export function gridView({ values, places, counts, ...rest }: Grid): GridView {
  return { ...rest, values: encode(values), ...(places && { places: encode(places) }), ...(counts && { counts: encode(counts) }) };
}

export function gridOf({ values, places, counts, ...rest }: GridView): Grid {
  return { ...rest, values: decode(values), ...(places !== undefined && { places: decode(places) }), ...(counts !== undefined && { counts: decode(counts) }) };
}

function encode(numbers: Float64Array): string {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) pieces.push(String.fromCharCode(...bytes.subarray(from, from + PIECE_BYTES)));
  return btoa(pieces.join(''));
}

function decode(text: string): Float64Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Float64Array(bytes.buffer);
}
