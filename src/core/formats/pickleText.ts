/** Text and numbers as the first pickle protocols write them (Lib/pickletools.py: decimalnl_short, stringnl, unicodestringnl, long1). */

/** Python itself refuses to read decimal numbers of more digits. */
const MAX_DIGITS = 4300;

export function decimalInteger(text: string): number | bigint | boolean | undefined {
  if (text === '00') return false;
  if (text === '01') return true;
  const digits = text.endsWith('L') ? text.slice(0, -1) : text;
  if (digits.length > MAX_DIGITS || !/^\s*[+-]?\d+\s*$/.test(digits)) return undefined;
  return narrowed(BigInt(digits.trim().replace(/^\+/, '')));
}

export function decimalFloat(text: string): number | undefined {
  const bare = text.trim().toLowerCase();
  const special: Readonly<Record<string, number>> = { inf: Infinity, '+inf': Infinity, infinity: Infinity, '-inf': -Infinity, '-infinity': -Infinity, nan: NaN, '-nan': NaN };
  if (Object.hasOwn(special, bare)) return special[bare];
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(bare) ? Number(bare) : undefined;
}

/** Two's complement, little-endian; no bytes are 0. */
export function littleEndianInteger(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return narrowed(bytes.length > 0 && bytes[bytes.length - 1]! >= 0x80 ? value - (1n << BigInt(8 * bytes.length)) : value);
}

export function narrowed(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v', '\n': '' };

/** A Python string literal in quotes; undefined where it is none. */
export function quotedString(text: string): string | undefined {
  const quote = text[0];
  if (text.length < 2 || (quote !== '\'' && quote !== '"') || !text.endsWith(quote)) return undefined;
  return text.slice(1, -1).replace(/\\(x[\da-f]{2}|[0-7]{1,3}|[^])/gi, (_, escape: string) => {
    if (/^x./i.test(escape)) return String.fromCharCode(parseInt(escape.slice(1), 16));
    if (/^[0-7]/.test(escape)) return String.fromCharCode(parseInt(escape, 8) & 0xff);
    return ESCAPES[escape] ?? escape;
  });
}

/** Latin-1 with \uXXXX and \UXXXXXXXX. */
export function rawUnicode(text: string): string {
  return text.replace(/\\u([\da-f]{4})|\\U([\da-f]{8})/gi, (whole, short: string | undefined, long: string | undefined) => {
    const point = parseInt((short ?? long)!, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

/** Above this a decoder is faster. */
const SHORT_TEXT_BYTES = 128;

/** Of short texts without other letters: names, nearly always. */
export function asciiText(bytes: Uint8Array): string | undefined {
  if (bytes.length > SHORT_TEXT_BYTES) return undefined;
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80) return undefined;
  return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
}
