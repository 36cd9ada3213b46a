import { FormatError } from '../errors';

/** Real models nest below 60 (models in models); V8's own parser has no bound, and recursion over deeper values would overflow. */
export const MAX_JSON_DEPTH = 512;

/**
 * Parses JSON, and the tokens NaN, Infinity and -Infinity that TensorFlow's converters write for non-finite numbers.
 * A byte-order mark is skipped; of duplicate keys the last counts; `__proto__` is a key like any other.
 * @param fileName names the file in the error.
 * @throws FormatError with line and column.
 */
export function parseJson(text: string, fileName: string): unknown {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // The native parser refuses NaN and does not say line and column: the tolerant one decides.
    return new Parser(body, fileName).parse();
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERALS: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
];

class Parser {
  #at = 0;
  #depth = 0;

  constructor(
    private readonly text: string,
    private readonly fileName: string,
  ) {}

  parse(): unknown {
    this.#skipSpace();
    if (this.#at === this.text.length) this.#fail('it holds no value');
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.text.length) this.#fail(`${this.#found()} after the end of the value`);
    return value;
  }

  #value(): unknown {
    const c = this.text.charCodeAt(this.#at);
    if (c === 0x7b) return this.#nested(() => this.#object());
    if (c === 0x5b) return this.#nested(() => this.#array());
    if (c === 0x22) return this.#string();
    for (const [token, value] of LITERALS) {
      if (this.text.startsWith(token, this.#at)) {
        this.#at += token.length;
        return value;
      }
    }
    return this.#number();
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_JSON_DEPTH) this.#fail(`nested deeper than ${MAX_JSON_DEPTH} levels`);
    this.#at++;
    this.#skipSpace();
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    if (this.#take('}')) return result;
    do {
      this.#skipSpace();
      if (this.text[this.#at] !== '"') this.#fail(`${this.#found()} where a key in quotes is due`);
      const key = this.#string();
      this.#skipSpace();
      if (!this.#take(':')) this.#fail(`${this.#found()} where ":" is due`);
      this.#skipSpace();
      const value = this.#value();
      if (key === '__proto__') Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
      else result[key] = value;
      this.#skipSpace();
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail(`${this.#found()} where "," or "}" is due`);
    return result;
  }

  #array(): unknown[] {
    const result: unknown[] = [];
    if (this.#take(']')) return result;
    do {
      this.#skipSpace();
      result.push(this.#value());
      this.#skipSpace();
    } while (this.#take(','));
    if (!this.#take(']')) this.#fail(`${this.#found()} where "," or "]" is due`);
    return result;
  }

  #string(): string {
    const start = ++this.#at;
    let result = '';
    let from = start;
    for (;;) {
      const c = this.text.charCodeAt(this.#at);
      if (c === 0x22) {
        result += this.text.slice(from, this.#at++);
        return result;
      }
      if (c === 0x5c) {
        result += this.text.slice(from, this.#at) + this.#escape();
        from = this.#at;
      } else if (c >= 0x20) {
        this.#at++;
      } else {
        this.#fail(Number.isNaN(c) ? 'the file ends inside a string' : 'a line break or control character inside a string');
      }
    }
  }

  #escape(): string {
    const c = this.text[this.#at + 1] ?? '';
    if (c === 'u') {
      const digits = this.text.slice(this.#at + 2, this.#at + 6);
      if (!/^[\da-fA-F]{4}$/.test(digits)) this.#fail('a broken \\u escape');
      this.#at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    if (!Object.hasOwn(ESCAPES, c)) this.#fail('an unknown escape in a string');
    this.#at += 2;
    return ESCAPES[c]!;
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.text);
    if (!match) this.#fail(`${this.#found()} where a value is due`);
    this.#at += match[0].length;
    return Number(match[0]);
  }

  #take(character: string): boolean {
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at++;
    }
  }

  #found(): string {
    const c = this.text.codePointAt(this.#at);
    return c === undefined ? 'the file ends' : JSON.stringify(String.fromCodePoint(c));
  }

  #fail(what: string): never {
    const before = this.text.slice(0, this.#at);
    const lastBreak = before.lastIndexOf('\n');
    let line = 1;
    for (let i = before.indexOf('\n'); i >= 0; i = before.indexOf('\n', i + 1)) line++;
    throw new FormatError(
      `${this.fileName} is not valid JSON: ${what} (line ${line}, column ${this.#at - lastBreak}). ` +
        'The file is damaged or was only partly copied: fetch it again, or save the model anew.',
    );
  }
}
