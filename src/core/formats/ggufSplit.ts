import type { ByteSource } from '../byteSource';
import { CancelledError, HumanError, messageOf } from '../errors';
import type { ModelFile, Problem } from '../model';
import { readHeader } from './ggufHeader';
import type { GgufHeader } from './ggufHeader';
import type { GgufPart } from './ggufTensors';
import { baseName, quote } from './jsonValues';
import { ModelFiles } from './modelFiles';

/** `llama_split_path` of llama.cpp. */
const PART_NAME = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/** The largest models come in some fifty; a missing part costs a look at the disk each. */
const MOST_PARTS = 4096;

export interface GgufParts {
  readonly files: readonly ModelFile[];
  /** Those that could be read, in order. */
  readonly parts: readonly GgufPart[];
  readonly problems: readonly Problem[];
}

/**
 * All files of a model of which `header` is that of one: a split model is opened from any of its parts. What is missing or damaged becomes a
 * problem that names it, and the rest is read.
 */
export async function readParts(source: ByteSource, header: GgufHeader, signal?: AbortSignal): Promise<GgufParts> {
  const files = new ModelFiles(source, signal);
  const own: GgufPart = { path: source.name, sizeBytes: source.size, file: 0, header };
  const count = numberOf(header, 'split.count');
  if (count === undefined || count <= 1) return { files: files.files, parts: [own], problems: [] };
  const name = PART_NAME.exec(baseName(source.name));
  const index = numberOf(header, 'split.no');
  if (!name || count > MOST_PARTS || index === undefined || Number(name[2]) !== index + 1 || Number(name[3]) !== count) {
    return { files: files.files, parts: [own], problems: [misnamed(source.name, index, count)] };
  }
  const problems: Problem[] = [];
  const parts: GgufPart[] = [];
  for (let at = 0; at < count; at++) {
    const part = at === index ? own : await readPart(files, partName(name[1]!, at, count), signal, problems);
    if (!part) continue;
    parts.push(part);
    if (numberOf(part.header, 'split.no') !== at || numberOf(part.header, 'split.count') !== count) problems.push(misplaced(part, at, count));
  }
  if (parts.length === count) problems.push(...countProblems(source.name, parts));
  return { files: files.files, parts, problems: [...files.problems, ...problems] };
}

function partName(prefix: string, index: number, count: number): string {
  const digits = (number: number): string => String(number).padStart(5, '0');
  return `${prefix}-${digits(index + 1)}-of-${digits(count)}.gguf`;
}

async function readPart(files: ModelFiles, name: string, signal: AbortSignal | undefined, problems: Problem[]): Promise<GgufPart | undefined> {
  const shard = await files.shard(name);
  if (shard.failure !== undefined) return undefined;
  try {
    return await files.withShard(shard, async (source) => ({ path: source.name, sizeBytes: source.size, file: shard.file, header: await readHeader(source, signal) }));
  } catch (error) {
    if (!(error instanceof HumanError) || error instanceof CancelledError) throw error;
    problems.push({ message: `The part ${quote(name)} cannot be read, and its tensors are not listed: ${messageOf(error)}`, remedy: 'Fetch this part again; the others are read.' });
    return undefined;
  }
}

function misnamed(path: string, index: number | undefined, count: number): Problem {
  const part = index === undefined ? `one of ${count} parts` : `part ${index + 1} of ${count}`;
  return {
    message: `${path} is ${part} of a model, and its name does not say so: the other parts cannot be found, and their tensors are not listed`,
    remedy: count > MOST_PARTS ? `Models of up to ${MOST_PARTS} parts are read. Merge the parts with llama-gguf-split --merge.` : `Name the parts as llama.cpp does: ${partName('model', index ?? 0, count)}.`,
  };
}

function misplaced({ path, header }: GgufPart, index: number, count: number): Problem {
  const own = numberOf(header, 'split.no');
  return {
    message: `${path} stands for part ${index + 1} of ${count}, and says of itself that it is ${own === undefined ? 'no part' : `part ${own + 1} of ${numberOf(header, 'split.count') ?? 'an unknown number'}`}`,
    remedy: 'It may be of another model. Fetch the parts of one and the same model.',
  };
}

function countProblems(path: string, parts: readonly GgufPart[]): Problem[] {
  const declared = numberOf(parts[0]!.header, 'split.tensors.count');
  const found = parts.reduce((sum, { header }) => sum + header.tensors.length, 0);
  if (declared === undefined || declared === found) return [];
  return [{ message: `${path} belongs to a model of ${declared} tensors (split.tensors.count), and its parts hold ${found}`, remedy: 'The parts may be of different models. Fetch them again.' }];
}

function numberOf({ metadata }: GgufHeader, key: string): number | undefined {
  const value = metadata.get(key);
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}
