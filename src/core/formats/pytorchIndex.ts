import type { ByteSource } from '../byteSource';
import { CancelledError, HumanError, throwIfCancelled } from '../errors';
import type { ModelFile, Problem } from '../model';
import type { WeightDraft } from './assembleModel';
import { quote } from './jsonValues';
import { ModelFiles } from './modelFiles';
import type { Shard } from './modelFiles';
import { checkpointWeights } from './pytorchCheckpoint';
import type { CheckpointWeights } from './pytorchCheckpoint';
import { readCheckpoint } from './pytorchLayouts';
import type { LeafPlace } from './pytorchWalk';
import { readShardedIndex } from './shardedIndex';

/** Names of tensors that a problem repeats. */
const MAX_NAMED = 3;

export interface IndexedWeights extends CheckpointWeights {
  readonly files: readonly ModelFile[];
}

/** pytorch_model.bin.index.json: all shards that it names, as one model. A missing or damaged one costs only its own tensors. */
export async function readIndexed(source: ByteSource, signal?: AbortSignal): Promise<IndexedWeights> {
  const index = await readShardedIndex(source, signal);
  const files = new ModelFiles(source, signal);
  const contents: CheckpointWeights[] = [];
  // One after another: the pickle of a shard may take some hundred MB while it is read.
  for (const [path, names] of index.shards) {
    throwIfCancelled(signal);
    contents.push(await shardWeights(files, await files.shard(path), names, signal));
  }
  const misplaced = lost(index.misplaced, `${source.name} names no file for it. Save the model anew`);
  return {
    files: files.files,
    weights: [...contents.flatMap(({ weights }) => weights), ...misplaced.weights],
    leaves: [...contents.flatMap(({ leaves }) => leaves), ...misplaced.leaves],
    modules: new Map(contents.flatMap(({ modules }) => [...modules])),
    problems: [...files.problems, ...contents.flatMap(({ problems }) => problems)],
  };
}

async function shardWeights(files: ModelFiles, shard: Shard, names: readonly string[], signal?: AbortSignal): Promise<CheckpointWeights> {
  if (shard.failure !== undefined) return { ...lost(names, shard.failure), modules: new Map(), problems: [] };
  try {
    const found = await files.withShard(shard, async (source) => checkpointWeights(source, shard.file, await readCheckpoint(source, shard.file, signal), signal));
    return compare(shard.path, names, found);
  } catch (error) {
    if (!(error instanceof HumanError) || error instanceof CancelledError) throw error;
    return { ...lost(names, error.message), modules: new Map(), problems: [{ message: error.message, remedy: `Replace ${quote(shard.path)}; the other shards are read.` }] };
  }
}

/** Holds a shard against what the index says of it. */
function compare(path: string, names: readonly string[], found: CheckpointWeights): CheckpointWeights {
  const present = new Set(found.weights.map(({ name }) => name));
  const indexed = new Set(names);
  const absent = names.filter((name) => !present.has(name));
  const unlisted = [...present].filter((name) => !indexed.has(name));
  const problems: Problem[] = [...found.problems];
  const remedy = 'Index and shards are of different models or versions: fetch them together.';
  if (absent.length > 0) problems.push({ message: `${quote(path)} does not hold ${listed(absent)}, though the index says so`, remedy });
  if (unlisted.length > 0) problems.push({ message: `${quote(path)} holds ${listed(unlisted)}, which the index does not name`, remedy });
  const missing = lost(absent, `${quote(path)} does not hold it. Fetch index and shards together`);
  return { ...found, weights: [...found.weights, ...missing.weights], leaves: [...found.leaves, ...missing.leaves], problems };
}

/** Tensors of which only the names are known. */
function lost(names: readonly string[], reason: string): { weights: WeightDraft[]; leaves: LeafPlace[] } {
  const weights = names.map((name): WeightDraft => ({ name, dtype: 'uint8', shape: [], elements: 0, bytes: 0, segments: [], unreadable: `${quote(name)} cannot be read, and its type and shape are not known: ${reason.replace(/\.$/, '')}.` }));
  return { weights, leaves: names.map((name): LeafPlace => ({ path: [name], dictionaryDepth: 1, isOptimizer: false })) };
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).map(quote).join(', ')}${more > 0 ? ` and ${more} more tensors` : ''}`;
}
