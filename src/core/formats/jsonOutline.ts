/** What one value in the head of a JSON file is. Strings are kept where they are short. */
export interface OutlineEntry {
  readonly kind: 'object' | 'array' | 'string' | 'other';
  readonly text?: string;
}

/** The shape of a JSON file as far as its head shows it. */
export interface JsonOutline {
  readonly root: 'object' | 'array';
  /** By path: `modelTopology.node`, `[].weights`, `[].weights[].dtype`; of equal paths the first. */
  readonly entries: ReadonlyMap<string, OutlineEntry>;
  /** How far the look came: the whole value, the end of the head, or a place where it is no JSON. */
  readonly end: 'complete' | 'cut' | 'broken';
}

/** Deeper values are skipped over: what tells formats apart lies within five levels. */
const OUTLINE_DEPTH = 5;
/** Enough for every key that is asked about; a head of 64 KiB could hold ten thousand. */
const MAX_ENTRIES = 2000;
const KEPT_CHARACTERS = 100;

const TOKEN = /"(?:[^"\\]|\\[^])*"|[{}[\],:]|-?[A-Za-z0-9.+-]+|\/\/[^\n]*|\/\*[^]*?\*\/|\s+/y;

/**
 * Looks at the head of a file, which may be cut anywhere, without parsing it all.
 * Comments and trailing commas pass, as editors' configuration files have them. undefined where it does not begin like JSON.
 */
export function outlineJson(head: string): JsonOutline | undefined {
  const text = head.charCodeAt(0) === 0xfeff ? head.slice(1) : head;
  const start = firstOfValue(text);
  return text[start] === '{' || text[start] === '[' ? new Outliner(text, start).run() : undefined;
}

/** Behind blanks and comments. No single pattern: over a file of blanks, or of many comments, its repetitions would be tried in every combination. */
function firstOfValue(text: string): number {
  const skipped = /\s+|\/\/[^\n]*\n|\/\*[^]*?\*\//y;
  let at = 0;
  while (skipped.test(text)) at = skipped.lastIndex;
  return at;
}

interface Frame {
  readonly kind: 'object' | 'array';
  readonly path: string;
  /** The key whose value comes next. */
  key: string | undefined;
}

class Outliner {
  readonly #entries = new Map<string, OutlineEntry>();
  readonly #frames: Frame[] = [];
  #root: 'object' | 'array' | undefined;

  constructor(
    private readonly text: string,
    private readonly start: number,
  ) {}

  run(): JsonOutline {
    TOKEN.lastIndex = this.start;
    let end: JsonOutline['end'] = 'cut';
    while (TOKEN.lastIndex < this.text.length) {
      const at = TOKEN.lastIndex;
      const token = TOKEN.exec(this.text)?.[0];
      if (token === undefined) {
        const rest = this.text[at]!;
        end = rest === '"' || rest === '/' ? 'cut' : 'broken';
        break;
      }
      const step = this.#accept(token);
      if (step !== 'more') {
        end = step;
        break;
      }
    }
    return { root: this.#root ?? 'object', entries: this.#entries, end };
  }

  #accept(token: string): 'more' | 'complete' | 'broken' {
    const frame = this.#frames.at(-1);
    switch (token[0]) {
      case '{':
      case '[':
        this.#open(token === '{' ? 'object' : 'array', frame);
        return 'more';
      case '}':
      case ']':
        if (frame?.kind !== (token === '}' ? 'object' : 'array')) return 'broken';
        this.#frames.pop();
        return this.#frames.length === 0 ? 'complete' : 'more';
      case '"':
        this.#string(token, frame);
        return 'more';
      case ',':
        if (frame) frame.key = undefined;
        return 'more';
      case ':':
        return frame?.kind === 'object' && frame.key !== undefined ? 'more' : 'broken';
      default:
        if (/^(?:\s|\/)/.test(token)) return 'more';
        if (!/^(?:-?\d|true$|false$|null$|NaN$|-?Infinity$)/.test(token)) return this.#frames.length > 0 && TOKEN.lastIndex === this.text.length ? 'more' : 'broken';
        this.#record(this.#pathOf(frame), { kind: 'other', text: token });
        return 'more';
    }
  }

  #open(kind: 'object' | 'array', frame: Frame | undefined): void {
    this.#root ??= kind;
    const path = this.#pathOf(frame);
    if (frame) this.#record(path, { kind });
    this.#frames.push({ kind, path, key: undefined });
  }

  #string(token: string, frame: Frame | undefined): void {
    const content = token.length - 2 <= KEPT_CHARACTERS ? token.slice(1, -1) : undefined;
    if (frame?.kind === 'object' && frame.key === undefined) frame.key = content ?? '';
    else this.#record(this.#pathOf(frame), content === undefined ? { kind: 'string' } : { kind: 'string', text: content });
  }

  #pathOf(frame: Frame | undefined): string {
    if (!frame) return '';
    if (frame.kind === 'array') return `${frame.path}[]`;
    return frame.path === '' ? (frame.key ?? '') : `${frame.path}.${frame.key ?? ''}`;
  }

  #record(path: string, entry: OutlineEntry): void {
    if (this.#frames.length > OUTLINE_DEPTH || this.#entries.size >= MAX_ENTRIES || this.#entries.has(path)) return;
    this.#entries.set(path, entry);
  }
}
