import type { ByteSource } from '../byteSource';
import { throwIfCancelled } from '../errors';
import { quote } from './jsonValues';
import { PickleInput } from './pickleInput';
import { byOpcode, OPCODES } from './pickleOpcodes';
import { PickleFailure, PickleStack } from './pickleStack';
import { asciiText, decimalFloat, decimalInteger, littleEndianInteger, quotedString, rawUnicode } from './pickleText';
import { PickleBytes, PickleDict } from './pickleValues';
import type { PickleGlobal, PicklePersistent, PickleValue } from './pickleValues';

/** A tensor takes some 40 opcodes, so that this is half a million of them. Each may make an object of up to 100 bytes. */
export const MAX_OPCODES = 20_000_000;
/** Names and settings are short. What is longer (source code, arrays) is kept as a place in the file. */
export const MAX_KEPT_BYTES = 64 * 1024;
/** All texts and short byte strings of a pickle together: a hundred thousand long names take a tenth of it. */
export const MAX_TEXT_BYTES = 128 * 1024 * 1024;
/** Lines carry numbers and names in the old protocols. */
export const MAX_LINE_BYTES = 64 * 1024;
/** Python 2 wrote arrays as strings: what is longer than a name stays bytes. */
const MAX_OLD_STRING_BYTES = 256;
/** No integer of a checkpoint has thousands of digits; one that does costs quadratic time. */
const MAX_INTEGER_BYTES = 1024;
/** Opcode and argument, where that is of fixed width. */
const FIXED_BYTES = 9;
/** Between two looks whether to go on. */
const OPCODES_BETWEEN_LOOKS = 100_000;

export interface PickleOutcome {
  /** Absent where it failed. */
  readonly value?: PickleValue;
  /** Why it cannot be read to its end, in words that follow "its pickle". What was named before is in `globals` all the same. */
  readonly failure?: string;
  /** Behind the STOP opcode, or where it failed. */
  readonly end: number;
  /** Every class and function that it names, called or not. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** Keys that stand more than once in one dictionary, the first few: the last value counts, as in Python. */
  readonly duplicates: readonly string[];
  /** What lies outside of the pickle, in the order in which it is named. */
  readonly persistents: readonly PicklePersistent[];
}

export interface PickleRange {
  readonly offset?: number;
  readonly end?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a pickle of any protocol (0 to 5) into inert data. Nothing is imported and nothing is called: what Python would call is
 * written down as a PickleCall. Never throws for what the file holds.
 * @throws FileError, CancelledError
 */
export async function readPickle(source: ByteSource, { offset = 0, end = source.size, signal }: PickleRange = {}): Promise<PickleOutcome> {
  const input = new PickleInput(source, offset, Math.min(end, source.size), signal);
  const machine = new PickleMachine(input);
  let failure: string | undefined;
  try {
    await run(machine, input, signal);
  } catch (error) {
    if (!(error instanceof PickleFailure)) throw error;
    failure = error.message;
  }
  const { globals, duplicates, persistents } = machine.stack;
  return { ...(failure === undefined ? { value: machine.result } : { failure }), end: input.offset, globals, duplicates, persistents };
}

async function run(machine: PickleMachine, input: PickleInput, signal?: AbortSignal): Promise<void> {
  for (let count = 0; !machine.isDone; count++) {
    if (count >= MAX_OPCODES) throw new PickleFailure(`has more than ${MAX_OPCODES} opcodes, more than Weightgram reads`);
    if (count % OPCODES_BETWEEN_LOOKS === 0) throwIfCancelled(signal);
    if (!input.has(FIXED_BYTES) && input.left > 0) await input.fill(FIXED_BYTES);
    const start = input.at;
    const needed = machine.step();
    if (needed === 0) continue;
    // Tried again with more of the file in the window.
    input.at = start;
    if (needed > input.left) throw new PickleFailure(`ends early, at byte ${input.end}`);
    await input.fill(needed);
    if (machine.step() !== 0) throw new PickleFailure(`ends early, at byte ${input.end}`);
  }
}

class PickleMachine {
  isDone = false;
  result: PickleValue = null;
  readonly stack = new PickleStack();
  #textBytes = 0;
  readonly #utf8 = new TextDecoder();
  readonly #latin1 = new TextDecoder('latin1');

  constructor(private readonly input: PickleInput) {}

  /** One opcode. Returns 0, or how many bytes have to be in the window, the opcode's own with them, for it to be tried again. */
  step(): number {
    const { input } = this;
    if (!input.has(1)) throw new PickleFailure(`ends without a STOP opcode, at byte ${input.end}`);
    this.stack.at = input.offset;
    const code = input.u8();
    const opcode = OPCODES[code];
    if (!opcode) throw this.stack.fail(`has an unknown opcode, ${code}`);
    switch (opcode.argument) {
      case 'none':
        return this.#plain(code);
      case 'fixed':
        if (!input.has(opcode.width)) return 1 + opcode.width;
        FIXED[code]!(this.stack, input);
        return 0;
      case 'payload':
        return this.#payload(code, opcode.width);
      case 'line':
        return this.#line(code);
      case 'lines':
        return this.#global(code);
    }
  }

  #plain(code: number): number {
    if (code === STOP) {
      this.result = this.stack.pop();
      this.isDone = true;
    } else {
      PLAIN[code]!(this.stack);
    }
    return 0;
  }

  #line(code: number): number {
    const length = this.#lineEnd();
    if (length < 0) return 1 - length;
    const text = this.#latin1.decode(this.input.take(length));
    this.input.skip(1);
    this.#countText(length);
    LINES[code]!(this.stack, text);
    return 0;
  }

  /** GLOBAL and INST: two lines, module and name. */
  #global(code: number): number {
    const { input, stack } = this;
    const start = input.at;
    const first = this.#lineEnd();
    if (first < 0) return 1 - first;
    const module = this.#text(input.take(first));
    input.skip(1);
    const second = this.#lineEnd();
    if (second < 0) return 1 + input.at - start - second;
    const found = stack.global(module, this.#text(input.take(second)));
    input.skip(1);
    if (code === INST) stack.call(found, stack.popMark());
    else stack.push(found);
    return 0;
  }

  /** Bytes of the line; negative, the bytes from here on that have to be in the window to tell. */
  #lineEnd(): number {
    const { input } = this;
    const length = input.lineLength();
    if (length > MAX_LINE_BYTES || (length < 0 && input.has(MAX_LINE_BYTES + 1))) throw this.stack.fail(`has a line of more than ${MAX_LINE_BYTES} bytes`);
    return length >= 0 ? length : -Math.max(1, Math.min(MAX_LINE_BYTES + 1, input.left));
  }

  /** Opcodes whose length stands before their bytes. */
  #payload(code: number, width: number): number {
    const { input, stack } = this;
    if (!input.has(width)) return 1 + width;
    const isSigned = code === BINSTRING || code === LONG4;
    const declared = width === 1 ? input.u8() : width === 8 ? input.u64() : isSigned ? input.i32() : input.u32();
    if (declared < 0 || declared > input.left) throw stack.fail(`holds a value of ${declared} bytes, more than are left of it`);
    const length = Number(declared);
    const isInteger = code === LONG1 || code === LONG4;
    if (length > (isInteger ? MAX_INTEGER_BYTES : MAX_KEPT_BYTES)) {
      stack.push(new PickleBytes(input.offset, length, undefined));
      input.skip(length);
      return 0;
    }
    if (!input.has(length)) return 1 + width + length;
    this.#countText(length);
    stack.push(this.#shortPayload(code, length, input.offset));
    return 0;
  }

  #shortPayload(code: number, length: number, offset: number): PickleValue {
    const bytes = this.input.take(length);
    if (TEXTS.has(code)) return this.#text(bytes);
    if (code === LONG1 || code === LONG4) return littleEndianInteger(bytes);
    const isName = (code === BINSTRING || code === SHORT_BINSTRING) && length <= MAX_OLD_STRING_BYTES;
    return isName ? this.#latin1.decode(bytes) : new PickleBytes(offset, length, bytes.slice());
  }

  #text(bytes: Uint8Array): string {
    return asciiText(bytes) ?? this.#utf8.decode(bytes);
  }

  #countText(length: number): void {
    this.#textBytes += length;
    if (this.#textBytes > MAX_TEXT_BYTES) throw this.stack.fail(`holds more than ${MAX_TEXT_BYTES} bytes of texts, more than Weightgram reads`);
  }
}

const STOP = 0x2e;
const INST = 0x69;
const BINSTRING = 0x54;
const SHORT_BINSTRING = 0x55;
const LONG1 = 0x8a;
const LONG4 = 0x8b;
/** BINUNICODE, SHORT_BINUNICODE, BINUNICODE8 */
const TEXTS = new Set([0x58, 0x8c, 0x8d]);

const emptyList = (stack: PickleStack): void => stack.push([]);
const toList = (stack: PickleStack): void => stack.push(stack.popMark());
const reduce = (stack: PickleStack): void => {
  const args = stack.pop();
  stack.call(stack.pop(), args);
};
const nothing = (): void => undefined;

/** By opcode. */
const PLAIN = byOpcode<(stack: PickleStack) => void>({
  '(': (stack) => stack.mark(),
  '0': (stack) => stack.drop(),
  '1': (stack) => void stack.popMark(),
  '2': (stack) => stack.push(stack.top()),
  N: (stack) => stack.push(null),
  '\x88': (stack) => stack.push(true),
  '\x89': (stack) => stack.push(false),
  ')': emptyList,
  ']': emptyList,
  '\x8f': emptyList,
  '}': (stack) => stack.push(new PickleDict()),
  t: toList,
  l: toList,
  '\x91': toList,
  d: (stack) => {
    const pairs = stack.popMark();
    stack.push(new PickleDict());
    stack.setItems(pairs);
  },
  '\x85': (stack) => stack.push([stack.pop()]),
  '\x86': (stack) => stack.push(stack.popMany(2)),
  '\x87': (stack) => stack.push(stack.popMany(3)),
  a: (stack) => stack.append([stack.pop()]),
  e: (stack) => stack.append(stack.popMark()),
  '\x90': (stack) => stack.append(stack.popMark()),
  s: (stack) => stack.setItems(stack.popMany(2)),
  u: (stack) => stack.setItems(stack.popMark()),
  R: reduce,
  '\x81': reduce,
  '\x92': (stack) => {
    stack.pop();
    reduce(stack);
  },
  o: (stack) => {
    const [callee, ...args] = stack.popMark();
    if (callee === undefined) throw stack.fail('makes an object of no class');
    stack.call(callee, args);
  },
  b: (stack) => {
    const state = stack.pop();
    const object = stack.top();
    if (typeof object === 'object' && object !== null && 'state' in object) object.state = state;
  },
  Q: (stack) => stack.refer(stack.pop()),
  '\x93': (stack) => {
    const [module, name] = stack.popMany(2);
    if (typeof module !== 'string' || typeof name !== 'string') throw stack.fail('names a class by what is no text');
    stack.push(stack.global(module, name));
  },
  '\x94': (stack) => stack.remember(),
  '\x97': (stack) => stack.refer('out-of-band buffer'),
  // READONLY_BUFFER changes nothing for one who only reads.
  '\x98': nothing,
});

/** Numbers that stand for classes in a registry of the program that wrote them. */
const extension = (stack: PickleStack, code: number): void => stack.push(stack.global('copyreg', `extension ${code}`));

const FIXED = byOpcode<(stack: PickleStack, input: PickleInput) => void>({
  J: (stack, input) => stack.push(input.i32()),
  K: (stack, input) => stack.push(input.u8()),
  M: (stack, input) => stack.push(input.u16()),
  G: (stack, input) => stack.push(input.f64()),
  h: (stack, input) => stack.recall(input.u8()),
  j: (stack, input) => stack.recall(input.u32()),
  q: (stack, input) => stack.remember(input.u8()),
  r: (stack, input) => stack.remember(input.u32()),
  '\x82': (stack, input) => extension(stack, input.u8()),
  '\x83': (stack, input) => extension(stack, input.u16()),
  '\x84': (stack, input) => extension(stack, input.i32()),
  '\x80': (stack, input) => {
    const version = input.u8();
    if (version > 5) throw stack.fail(`is of protocol ${version}; there are 0 to 5`);
  },
  // FRAME only says how much could be read at once.
  '\x95': (_, input) => input.skip(8),
});

const memoIndex = (stack: PickleStack, text: string): number => {
  const index = decimalInteger(text);
  if (typeof index !== 'number' || index < 0) throw stack.fail(`names the memo ${quote(text)}`);
  return index;
};

const checked = (stack: PickleStack, value: PickleValue | undefined, text: string, wanted: string): void => {
  if (value === undefined) throw stack.fail(`has ${quote(text)} where ${wanted} should be`);
  stack.push(value);
};

const LINES = byOpcode<(stack: PickleStack, text: string) => void>({
  F: (stack, text) => checked(stack, decimalFloat(text), text, 'a number'),
  I: (stack, text) => checked(stack, decimalInteger(text), text, 'an integer'),
  L: (stack, text) => checked(stack, decimalInteger(text), text, 'an integer'),
  S: (stack, text) => checked(stack, quotedString(text), text, 'a text in quotes'),
  V: (stack, text) => stack.push(rawUnicode(text)),
  P: (stack, text) => stack.refer(text),
  g: (stack, text) => stack.recall(memoIndex(stack, text)),
  p: (stack, text) => stack.remember(memoIndex(stack, text)),
});
