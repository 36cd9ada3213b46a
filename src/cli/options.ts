import { parseArgs } from 'node:util';
import { DEFAULT_BUDGET_BYTES } from '../protocol/budget';

export const USAGE = `Weightgram: how the weights of a model are distributed, and which layers are suspicious and why.

Usage
  weightgram analyze FILE [options]     prints figures and findings
  weightgram check FILE… [options]      prints findings, and fails where there are grave ones

Options of analyze
  --json                print the report as JSON instead of a table
  --tensor NAME         one tensor only, with all its figures
  --spectrum            with --tensor: singular values of the weight as a matrix, its rank, and how it differs from a random one
  --bins N              bins of each histogram (default 64); with --tensor exactly N even bins

Options of check
  --fail-on LEVEL       error or warning: exit with 3 where a finding is at least as grave (default error)
  --format FORMAT       text, json or sarif (default text)
  --baseline FILE       accept the findings that this file lists, instead of the baseline that .weightgram.json names
  --write-baseline      accept all present findings: write them into the baseline, and exit with 0

Options of both
  --budget GIB          read no more than about this of a model (default 8): of a larger one an even sample of every large tensor, marked
                        as such; 0 reads everything
  --full                the same as --budget 0
  --no-cache            read the weights again, and store nothing
  --version             print the version
  --help                print this help

FILE is a model: safetensors, GGUF, ONNX, Keras, PyTorch, NumPy, TensorFlow, TensorFlow Lite or TensorFlow.js (its model.json). Of a
model in several files it is the index or any part; the others lie beside it.
A .weightgram.json in its folder or in one above, up to the repository's, silences findings and sets thresholds.

Exit codes
  0  done; check: nothing was found at or over the level
  1  a file could not be read
  2  wrong usage
  3  check: something was found at or over the level
`;

const DEFAULT_BINS = 64;

const GIBIBYTE = 1024 ** 3;

/** More bins than any screen shows, and a report that still fits in memory. */
const MAX_BINS = 10_000;

export interface AnalyzeCommand {
  readonly kind: 'analyze';
  readonly file: string;
  readonly json: boolean;
  readonly tensor?: string;
  /** Only with a tensor. */
  readonly spectrum: boolean;
  readonly bins: number;
  readonly noCache: boolean;
  /** 0: no limit. */
  readonly budgetBytes: number;
}

export const FAIL_LEVELS = ['error', 'warning'] as const;
export type FailLevel = (typeof FAIL_LEVELS)[number];

export const FORMATS = ['text', 'json', 'sarif'] as const;
export type Format = (typeof FORMATS)[number];

export interface CheckCommand {
  readonly kind: 'check';
  readonly files: readonly string[];
  readonly failOn: FailLevel;
  readonly format: Format;
  /** As it was given. */
  readonly baseline?: string;
  readonly writeBaseline: boolean;
  readonly noCache: boolean;
  /** 0: no limit. */
  readonly budgetBytes: number;
}

export type Command = AnalyzeCommand | CheckCommand | { readonly kind: 'version' } | { readonly kind: 'help' };

/** The command line asks for something that does not exist. */
export class UsageError extends Error {}

/** @throws UsageError with one line that says what is wrong. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parsed(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [command, ...files] = positionals;
  switch (command) {
    case 'help':
      return { kind: 'help' };
    case 'analyze':
      return analyzeCommand(files, values);
    case 'check':
      return checkCommand(files, values);
    case undefined:
      throw new UsageError('say what to do: weightgram analyze FILE, or weightgram check FILE');
    default:
      throw new UsageError(`unknown command "${command}": there are "analyze" and "check"`);
  }
}

type Values = ReturnType<typeof parsed>['values'];

function analyzeCommand([file, ...rest]: readonly string[], values: Values): AnalyzeCommand {
  if (file === undefined || file === '') throw new UsageError('analyze needs a file: weightgram analyze FILE');
  if (rest.length > 0) throw new UsageError(`one file at a time: "${rest[0]}" is one too many (quote names with spaces)`);
  if (values.tensor === '') throw new UsageError('--tensor needs a name');
  if (values.spectrum && values.tensor === undefined) throw new UsageError('--spectrum needs --tensor NAME: spectra take time and are computed for one weight');
  refuse(values, CHECK_OPTIONS, 'check');
  return {
    kind: 'analyze',
    file,
    json: values.json ?? false,
    spectrum: values.spectrum ?? false,
    bins: binsOf(values.bins),
    noCache: values['no-cache'] ?? false,
    budgetBytes: budgetOf(values),
    ...(values.tensor !== undefined && { tensor: values.tensor }),
  };
}

function checkCommand(files: readonly string[], values: Values): CheckCommand {
  if (files.length === 0 || files.includes('')) throw new UsageError('check needs a file: weightgram check FILE…');
  if (values.json) throw new UsageError('--json belongs to analyze: for check it is --format json');
  if (values.baseline === '') throw new UsageError('--baseline needs the path of a file');
  refuse(values, ANALYZE_OPTIONS, 'analyze');
  return {
    kind: 'check',
    files: [...new Set(files)],
    failOn: oneOf('--fail-on', values['fail-on'], FAIL_LEVELS, 'error'),
    format: oneOf('--format', values.format, FORMATS, 'text'),
    writeBaseline: values['write-baseline'] ?? false,
    noCache: values['no-cache'] ?? false,
    budgetBytes: budgetOf(values),
    ...(values.baseline !== undefined && { baseline: values.baseline }),
  };
}

const ANALYZE_OPTIONS = ['json', 'tensor', 'spectrum', 'bins'] as const;
const CHECK_OPTIONS = ['fail-on', 'format', 'baseline', 'write-baseline'] as const;

function refuse(values: Values, options: readonly (keyof Values)[], command: string): void {
  const wrong = options.find((option) => values[option] !== undefined);
  if (wrong !== undefined) throw new UsageError(`--${wrong} belongs to ${command}`);
}

function oneOf<T extends string>(option: string, value: string | undefined, all: readonly T[], otherwise: T): T {
  if (value === undefined) return otherwise;
  const known = all.find((one) => one === value);
  if (known === undefined) throw new UsageError(`${option} takes ${all.slice(0, -1).join(', ')} or ${all.at(-1)}, not "${value}"`);
  return known;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        tensor: { type: 'string' },
        spectrum: { type: 'boolean' },
        bins: { type: 'string' },
        'fail-on': { type: 'string' },
        format: { type: 'string' },
        baseline: { type: 'string' },
        'write-baseline': { type: 'boolean' },
        budget: { type: 'string' },
        full: { type: 'boolean' },
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

function budgetOf({ budget, full }: Values): number {
  if (full && budget !== undefined) throw new UsageError('--full reads everything: leave out --budget');
  if (full) return 0;
  if (budget === undefined) return DEFAULT_BUDGET_BYTES;
  if (!/^\d+(?:\.\d+)?$/.test(budget)) throw new UsageError(`--budget takes a number of GiB, 0 for all, not "${budget}"`);
  return Number(budget) * GIBIBYTE;
}

/** Node adds an explanation of "--" that helps nobody here. */
function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split(/\. |\n/)[0] ?? message).replace(/\.$/, '').replace(/^./, (letter) => letter.toLowerCase());
}
