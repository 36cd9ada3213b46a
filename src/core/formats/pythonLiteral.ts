/** Literals of Python, as the header of a .npy file has them: dictionaries, tuples and lists, strings, numbers, True, False and None. */
export type PythonLiteral = string | number | boolean | null | readonly PythonLiteral[] | ReadonlyMap<string, PythonLiteral>;

/** Structured types nest; nobody's deeper. */
const MAX_DEPTH = 32;

const TOKEN = /\s*(?:(?<punctuation>[{}[\]():,])|'(?<single>(?:[^'\\]|\\.)*)'|"(?<double>(?:[^"\\]|\\.)*)"|(?<number>-?\d+)L?|(?<word>True|False|None))/y;

/** undefined where the text is none, or something else follows it. Nothing is evaluated. */
export function parsePythonLiteral(text: string): PythonLiteral | undefined {
  const parser = new Parser(text);
  try {
    return parser.parse();
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

interface Token {
  readonly punctuation?: string;
  readonly value?: PythonLiteral;
}

class Parser {
  #depth = 0;
  /** Behind the token that comes next. */
  #at = 0;
  #next: Token | undefined;

  constructor(private readonly text: string) {
    this.#next = this.#read(0);
  }

  parse(): PythonLiteral {
    const value = this.#value();
    if (this.#next !== undefined || this.text.slice(this.#at).trim() !== '') throw new NoLiteral();
    return value;
  }

  #read(at: number): Token | undefined {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(this.text)?.groups;
    if (!groups) return undefined;
    this.#at = TOKEN.lastIndex;
    if (groups['punctuation'] !== undefined) return { punctuation: groups['punctuation'] };
    const text = groups['single'] ?? groups['double'];
    if (text !== undefined) return { value: text };
    if (groups['number'] !== undefined) return { value: Number(groups['number']) };
    return { value: groups['word'] === 'None' ? null : groups['word'] === 'True' };
  }

  #take(): Token {
    const token = this.#next;
    if (!token) throw new NoLiteral();
    this.#next = this.#read(this.#at);
    return token;
  }

  #value(): PythonLiteral {
    const token = this.#take();
    if (token.value !== undefined) return token.value;
    if (++this.#depth > MAX_DEPTH) throw new NoLiteral();
    const value = token.punctuation === '{' ? this.#entries() : token.punctuation === '(' ? this.#items(')') : token.punctuation === '[' ? this.#items(']') : undefined;
    if (value === undefined) throw new NoLiteral();
    this.#depth--;
    return value;
  }

  #items(end: string): PythonLiteral[] {
    const items: PythonLiteral[] = [];
    while (this.#next?.punctuation !== end) {
      items.push(this.#value());
      if (this.#next?.punctuation !== end) this.#expect(',');
    }
    this.#take();
    return items;
  }

  #entries(): Map<string, PythonLiteral> {
    const entries = new Map<string, PythonLiteral>();
    while (this.#next?.punctuation !== '}') {
      const key = this.#value();
      if (typeof key !== 'string') throw new NoLiteral();
      this.#expect(':');
      entries.set(key, this.#value());
      if (this.#next?.punctuation !== '}') this.#expect(',');
    }
    this.#take();
    return entries;
  }

  #expect(punctuation: string): void {
    if (this.#take().punctuation !== punctuation) throw new NoLiteral();
  }
}
