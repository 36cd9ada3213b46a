import { parseColour } from './colour';
import type { Theme } from './theme';

export type ValueRange = 'robust' | 'full';

/** Steps from zero to the largest magnitude: more than an eye tells apart. */
const STEPS = 255;

/** The share of cells whose magnitude lies within the robust range. */
const ROBUST_SHARE = 0.99;

/** The theme's colours of values as 0xAABBGGRR, as ImageData has them on little-endian machines, which all are. */
export interface Palette {
  /** From the largest negative over zero, in the middle, to the largest positive. */
  readonly diverging: Uint32Array;
  /** From none to all of a cell. */
  readonly share: Uint32Array;
  readonly nan: number;
  readonly infinite: number;
}

/** Blue and orange are told apart by all kinds of colour-blind eyes; zero is the background. */
export function paletteOf(theme: Theme): Palette {
  const background = rgb(theme.background);
  const [negative, positive] = [rgb(theme.blue), rgb(theme.orange)];
  const ramp = (colour: Rgb, share: number): number => packed(mixed(background, colour, share));
  return {
    diverging: Uint32Array.from({ length: 2 * STEPS + 1 }, (_, i) => (i < STEPS ? ramp(negative, (STEPS - i) / STEPS) : ramp(positive, (i - STEPS) / STEPS))),
    // A single weight of a large cell must be seen.
    share: Uint32Array.from({ length: STEPS + 1 }, (_, i) => (i === 0 ? packed(background) : ramp(rgb(theme.green), 0.35 + (0.65 * i) / STEPS))),
    nan: packed(rgb(theme.foreground)),
    infinite: packed(rgb(theme.purple)),
  };
}

export function colourOf(value: number, limit: number, palette: Palette): number {
  if (Number.isNaN(value)) return palette.nan;
  if (!Number.isFinite(value)) return palette.infinite;
  const place = limit > 0 ? Math.max(-1, Math.min(1, value / limit)) : 0;
  return palette.diverging[Math.round(place * STEPS) + STEPS]!;
}

export function shareColour(share: number, palette: Palette): number {
  return palette.share[share > 0 ? Math.max(1, Math.round(Math.min(1, share) * STEPS)) : 0]!;
}

/** The magnitude that has the full colour; 0 where all finite values are 0. */
export function limitOf(values: Float64Array, range: ValueRange): number {
  const magnitudes = values.filter(Number.isFinite).map(Math.abs).sort();
  const largest = magnitudes.at(-1) ?? 0;
  if (range === 'full') return largest;
  const robust = magnitudes[Math.min(magnitudes.length - 1, Math.ceil(ROBUST_SHARE * magnitudes.length) - 1)] ?? 0;
  return robust > 0 ? robust : largest;
}

/** CSS of a packed colour, for legends. */
export function cssOf(colour: number): string {
  return `rgb(${colour & 0xff}, ${(colour >> 8) & 0xff}, ${(colour >> 16) & 0xff})`;
}

type Rgb = readonly [number, number, number];

function rgb(colour: string): Rgb {
  const [red, green, blue] = parseColour(colour) ?? [128, 128, 128, 1];
  return [red, green, blue];
}

function mixed(from: Rgb, to: Rgb, share: number): Rgb {
  return [0, 1, 2].map((i) => from[i]! + (to[i]! - from[i]!) * share) as unknown as Rgb;
}

function packed([red, green, blue]: Rgb): number {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}
