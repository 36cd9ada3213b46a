/** Red, green, blue of 0..255 and alpha of 0..1. */
export type Rgba = readonly [number, number, number, number];

/** Reads what getComputedStyle gives: rgb(), rgba() and color(srgb …); and hexadecimal colours. */
export function parseColour(text: string): Rgba | undefined {
  const hex = /^#([0-9a-f]{3,8})$/i.exec(text.trim());
  if (hex) return parseHex(hex[1]!);
  const numbers = text.match(/-?[\d.]+(?:e-?\d+)?%?/gi)?.map((part) => (part.endsWith('%') ? Number(part.slice(0, -1)) / 100 : Number(part)));
  if (!numbers || numbers.length < 3) return undefined;
  const [r, g, b, a = 1] = numbers as [number, number, number, number?];
  return /^\s*color\(/i.test(text) ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
}

function parseHex(digits: string): Rgba | undefined {
  const wide = digits.length < 5 ? [...digits].map((digit) => digit + digit).join('') : digits;
  if (wide.length !== 6 && wide.length !== 8) return undefined;
  const [r, g, b, a = 255] = wide.match(/../g)!.map((pair) => parseInt(pair, 16)) as [number, number, number, number?];
  return [r, g, b, a / 255];
}

export function toCss([r, g, b, a]: Rgba): string {
  return `rgba(${Math.round(r)}, ${Math.round(g)}, ${Math.round(b)}, ${Number(a.toFixed(3))})`;
}

/** The same colour, `alpha` times as opaque. */
export function withAlpha(colour: string, alpha: number): string {
  const parsed = parseColour(colour);
  return parsed ? toCss([parsed[0], parsed[1], parsed[2], parsed[3] * alpha]) : colour;
}

/** The same hue without transparency. */
export function opaque(colour: string): string {
  const parsed = parseColour(colour);
  return parsed ? toCss([parsed[0], parsed[1], parsed[2], 1]) : colour;
}

/** `share` of `b` in `a`, 0..1. */
export function mix(a: string, b: string, share: number): string {
  const [from, to] = [parseColour(a), parseColour(b)];
  if (!from || !to) return a;
  return toCss(from.map((value, i) => value + (to[i]! - value) * share) as unknown as Rgba);
}
