import type { ByteSource } from '../byteSource';
import { CancelledError, HumanError, throwIfCancelled } from '../errors';
import type { Problem } from '../model';
import { boundedProblems } from './assembleModel';
import type { PlacedWeights, WeightDraft } from './assembleModel';
import { quote } from './jsonValues';
import { ModelFiles } from './modelFiles';
import type { Shard } from './modelFiles';
import { readSafetensorsHeader } from './safetensorsHeader';
import { commonDtype, weightsOf } from './safetensorsTensors';
import { readShardedIndex } from './shardedIndex';

/** Headers of so many shards are read at once. */
const HEADERS_AT_ONCE = 8;

/** Names of tensors that a problem repeats. */
const MAX_NAMED = 3;

interface ShardContent {
  readonly weights: readonly WeightDraft[];
  readonly problems: readonly Problem[];
  /** Why the shard gives nothing. */
  readonly failure?: string;
  readonly metadata?: ReadonlyMap<string, string>;
}

export interface ShardedWeights extends PlacedWeights {
  readonly metadata: ReadonlyMap<string, string>;
}

/** All shards that an index names, as one model. A shard that is missing or damaged costs only its own tensors. */
export async function readShards(source: ByteSource, signal?: AbortSignal): Promise<ShardedWeights> {
  const index = await readShardedIndex(source, signal);
  const files = new ModelFiles(source, signal);
  const shards: { shard: Shard; names: readonly string[] }[] = [];
  for (const [path, names] of index.shards) shards.push({ shard: await files.shard(path), names });
  const contents: ShardContent[] = [];
  for (let first = 0; first < shards.length; first += HEADERS_AT_ONCE) {
    throwIfCancelled(signal);
    contents.push(...(await Promise.all(shards.slice(first, first + HEADERS_AT_ONCE).map(({ shard }) => contentOf(files, shard, signal)))));
  }
  const dtype = commonDtype(contents.flatMap(({ weights }) => weights));
  const lost = (name: string, reason: string): WeightDraft => ({ name, dtype, shape: [], elements: 0, bytes: 0, segments: [], unreadable: `${quote(name)} cannot be read, and its type and shape are not known: ${reason}` });
  const compared = shards.map(({ shard, names }, i) => compare(source, shard.path, names, contents[i]!, lost));
  const misplaced = index.misplaced.map((name) => lost(name, `${source.name} names no file for it. Save the model anew.`));
  return {
    files: files.files,
    weights: [...compared.flatMap(({ weights }) => weights), ...misplaced],
    problems: boundedProblems([...files.problems, ...compared.flatMap(({ problems }) => problems)]),
    metadata: contents.find(({ metadata }) => metadata !== undefined && metadata.size > 0)?.metadata ?? new Map<string, string>(),
  };
}

async function contentOf(files: ModelFiles, shard: Shard, signal?: AbortSignal): Promise<ShardContent> {
  if (shard.failure !== undefined) return { weights: [], problems: [], failure: shard.failure };
  try {
    return await files.withShard(shard, async (source) => {
      const header = await readSafetensorsHeader(source, signal);
      return { ...weightsOf(source, header, shard.file), metadata: header.metadata };
    });
  } catch (error) {
    if (!(error instanceof HumanError) || error instanceof CancelledError) throw error;
    return { weights: [], problems: [{ message: error.message, remedy: `Replace ${quote(shard.path)}; the other shards are read.` }], failure: error.message };
  }
}

/** Holds a shard against what the index says of it. */
function compare(source: ByteSource, path: string, names: readonly string[], content: ShardContent, lost: (name: string, reason: string) => WeightDraft): { weights: readonly WeightDraft[]; problems: readonly Problem[] } {
  const { failure } = content;
  if (failure !== undefined) return { weights: names.map((name) => lost(name, failure)), problems: content.problems };
  const present = new Set(content.weights.map(({ name }) => name));
  const indexed = new Set(names);
  const absent = names.filter((name) => !present.has(name));
  const unlisted = content.weights.filter(({ name }) => !indexed.has(name)).map(({ name }) => name);
  const problems = [...content.problems];
  if (absent.length > 0) problems.push({ message: `${source.name} says that ${quote(path)} holds ${listed(absent)}, and it does not`, remedy: 'Index and shards are of different models or versions: fetch them together.' });
  if (unlisted.length > 0) problems.push({ message: `${quote(path)} holds ${listed(unlisted)}, which ${source.name} does not name`, remedy: 'Index and shards may be of different models or versions: fetch them together.' });
  return { weights: [...content.weights, ...absent.map((name) => lost(name, `${quote(path)} does not hold it. Fetch index and shards together.`))], problems };
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).map(quote).join(', ')}${more > 0 ? ` and ${more} more tensors` : ''}`;
}
