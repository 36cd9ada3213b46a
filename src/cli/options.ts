import { parseArgs } from 'node:util';

export const USAGE = `Weightgram: how the weights of a model are distributed, and which layers are suspicious and why.

Usage
  weightgram analyze FILE [options]

Options
  --json           print the report as JSON instead of a table
  --tensor NAME    one tensor only, with all its figures
  --bins N         bins of each histogram (default 64); with --tensor exactly N even bins
  --no-cache       read the weights again, and store nothing
  --version        print the version
  --help           print this help

FILE is a TensorFlow.js model.json (layers or graph model) or a weights manifest; its weight files lie beside it.

Exit codes
  0  the report was printed, whatever it found
  1  the file could not be read
  2  wrong usage
`;

const DEFAULT_BINS = 64;

/** More bins than any screen shows, and a report that still fits in memory. */
const MAX_BINS = 10_000;

export interface AnalyzeCommand {
  readonly kind: 'analyze';
  readonly file: string;
  readonly json: boolean;
  readonly tensor?: string;
  readonly bins: number;
  readonly noCache: boolean;
}

export type Command = AnalyzeCommand | { readonly kind: 'version' } | { readonly kind: 'help' };

/** The command line asks for something that does not exist. */
export class UsageError extends Error {}

/** @throws UsageError with one line that says what is wrong. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parsed(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [command, file, ...rest] = positionals;
  if (command === undefined) throw new UsageError('say what to do: weightgram analyze FILE');
  if (command === 'help') return { kind: 'help' };
  if (command !== 'analyze') throw new UsageError(`unknown command "${command}": there is only "analyze"`);
  if (file === undefined || file === '') throw new UsageError('analyze needs a file: weightgram analyze FILE');
  if (rest.length > 0) throw new UsageError(`one file at a time: "${rest[0]}" is one too many (quote names with spaces)`);
  if (values.tensor === '') throw new UsageError('--tensor needs a name');
  return {
    kind: 'analyze',
    file,
    json: values.json ?? false,
    bins: binsOf(values.bins),
    noCache: values['no-cache'] ?? false,
    ...(values.tensor !== undefined && { tensor: values.tensor }),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        tensor: { type: 'string' },
        bins: { type: 'string' },
        'no-cache': { type: 'boolean' },
        version: { type: 'boolean', short: 'v' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(firstSentence(error));
  }
}

function binsOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_BINS;
  const bins = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(bins >= 1 && bins <= MAX_BINS)) throw new UsageError(`--bins takes a whole number from 1 to ${MAX_BINS}, not "${text}"`);
  return bins;
}

/** Node adds an explanation of "--" that helps nobody here. */
function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split(/\. |\n/)[0] ?? message).replace(/\.$/, '').replace(/^./, (letter) => letter.toLowerCase());
}
