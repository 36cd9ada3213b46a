/** What stands behind an opcode in the file. */
export type Opcode =
  | { readonly argument: 'none' | 'line' | 'lines' }
  /** So many bytes. */
  | { readonly argument: 'fixed'; readonly width: number }
  /** A length of so many bytes, then as many bytes as it says. */
  | { readonly argument: 'payload'; readonly width: number };

const NONE: Opcode = { argument: 'none' };
const LINE: Opcode = { argument: 'line' };
const LINES: Opcode = { argument: 'lines' };
const fixed = (width: number): Opcode => ({ argument: 'fixed', width });
const payload = (width: number): Opcode => ({ argument: 'payload', width });

/** By first byte; absent where no protocol has such an opcode. Protocols 0 to 5: CPython, Lib/pickletools.py. */
export const OPCODES: readonly (Opcode | undefined)[] = byOpcode<Opcode>({
  // MARK STOP POP POP_MARK DUP NONE, tuples, lists, dictionaries, REDUCE BUILD OBJ BINPERSID
  '(.012N)tl]ea}dsuRboQ': NONE,
  // NEWOBJ TUPLE1 TUPLE2 TUPLE3 NEWTRUE NEWFALSE EMPTY_SET ADDITEMS FROZENSET NEWOBJ_EX STACK_GLOBAL MEMOIZE NEXT_BUFFER READONLY_BUFFER
  '\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98': NONE,
  // FLOAT INT LONG STRING UNICODE PERSID GET PUT
  'FILSVPgp': LINE,
  // GLOBAL INST
  ci: LINES,
  // BININT1 BINGET BINPUT PROTO EXT1
  'Khq\x80\x82': fixed(1),
  // BININT2 EXT2
  'M\x83': fixed(2),
  // BININT LONG_BINGET LONG_BINPUT EXT4
  'Jjr\x84': fixed(4),
  // BINFLOAT FRAME
  'G\x95': fixed(8),
  // SHORT_BINSTRING SHORT_BINBYTES SHORT_BINUNICODE LONG1
  'UC\x8c\x8a': payload(1),
  // BINSTRING BINBYTES BINUNICODE LONG4
  'TBX\x8b': payload(4),
  // BINUNICODE8 BINBYTES8 BYTEARRAY8
  '\x8d\x8e\x96': payload(8),
});

/** A table by first byte; each letter of a key is an opcode. */
export function byOpcode<T>(rows: Readonly<Record<string, T>>): (T | undefined)[] {
  const codes = new Array<T | undefined>(256).fill(undefined);
  for (const [letters, entry] of Object.entries(rows)) for (const letter of letters) codes[letter.charCodeAt(0)] = entry;
  return codes;
}

const PROTO = 0x80;
const REDUCE = 0x52;
const STOP = 0x2e;
/** Tuples, lists, dictionaries, objects and the magic number of PyTorch: what pickles of the first two protocols begin with. */
const OLD_BEGINNINGS = new Set([...'(]})cL'].map((letter) => letter.charCodeAt(0)));
/** Opcodes looked at to tell a pickle from anything else. */
const LOOKED_AT = 64;

/**
 * Whether bytes can be a pickle: the first opcodes are ones, and what stands behind them is of the right kind. Text and other
 * binary files fail within a few.
 */
export function looksLikePickle(head: Uint8Array): boolean {
  const hasProtocol = head[0] === PROTO && head[1]! >= 2 && head[1]! <= 5;
  if (!hasProtocol && !OLD_BEGINNINGS.has(head[0]!)) return false;
  let hasName = false;
  let at = 0;
  for (let count = 0; count < LOOKED_AT && at < head.length; count++) {
    const code = head[at]!;
    const opcode = OPCODES[code];
    const next = opcode ? behind(head, at, opcode) : -1;
    // What breaks off behind a call is a pickle all the same: it was made so on purpose.
    if (!opcode || next < 0) return hasProtocol && count > 2;
    hasName ||= opcode.argument === 'lines';
    if (code === REDUCE && hasName) return true;
    if (code === STOP) return count >= 2;
    if (count === LOOKED_AT - 1) return true;
    at = next;
  }
  // The old protocols have no signature: what ends within a word may be text.
  return hasProtocol;
}

/** Where the next opcode begins; negative where this one cannot be. */
function behind(head: Uint8Array, at: number, opcode: Opcode): number {
  if (opcode.argument === 'none') return at + 1;
  if (opcode.argument === 'fixed') return head[at] === 0x80 && head[at + 1]! > 5 ? -1 : at + 1 + opcode.width;
  if (opcode.argument === 'payload') {
    if (at + 1 + opcode.width > head.length) return head.length;
    let length = 0;
    for (let i = opcode.width; i > 0; i--) length = length * 256 + head[at + i]!;
    return at + 1 + opcode.width + length;
  }
  const first = lineEnd(head, at + 1, head[at]!);
  return first < 0 || opcode.argument === 'line' ? first : lineEnd(head, first, head[at]!);
}

/** Numbers and names of these lines are short and printable. */
const LINE_OF = new Map<number, RegExp>([
  [0x49, /^[+-]?\d+$/], [0x4c, /^[+-]?\d+L?$/], [0x46, /^[+-]?[\d.einfa+-]+$/i], [0x67, /^\d+$/], [0x70, /^\d+$/],
  [0x53, /^(?:'.*'|".*")$/], [0x63, /^[\w.<>]+$/], [0x69, /^[\w.<>]+$/],
]);
const LONGEST_LINE = 4096;

function lineEnd(head: Uint8Array, start: number, code: number): number {
  const end = head.subarray(start, start + LONGEST_LINE).indexOf(0x0a);
  if (end < 0) return head.length - start < LONGEST_LINE ? head.length : -1;
  const text = new TextDecoder('latin1').decode(head.subarray(start, start + end));
  return LINE_OF.get(code)?.test(text) === false ? -1 : start + end + 1;
}
