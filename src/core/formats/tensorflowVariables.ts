import type { ByteSource } from '../byteSource';
import { CancelledError, HumanError } from '../errors';
import type { Problem } from '../model';
import { quote } from './jsonValues';
import type { ModelFiles } from './modelFiles';
import { ProtobufFile } from './protobufWire';
import { sliceSource } from './sliceSource';
import { OBJECT_GRAPH_KEY, placeVariables, readBundle } from './tensorBundle';
import type { Bundle } from './tensorBundle';
import { varint } from './tensorBundleSnappy';
import { nameVariables } from './tensorflowNames';
import type { NamedVariables } from './tensorflowNames';
import { readObjects, trackedVariables } from './tensorflowObjects';
import type { TrackedObject } from './tensorflowObjects';

/** A string is stored behind its length and a checksum of the lengths (tensorflow/core/util/tensor_bundle/tensor_bundle.cc). */
const CHECKSUM_BYTES = 4;
const LONGEST_LENGTH_BYTES = 10;

export interface VariablesOptions {
  /** The index. */
  readonly index: ByteSource;
  readonly files: ModelFiles;
  /** Path of the index without its ending, from the folder of the opened file. */
  readonly prefix: string;
  /** Of Keras layers, by the number of their node. */
  readonly metadata?: ReadonlyMap<number, string>;
  readonly signal: AbortSignal | undefined;
}

/** The variables of a checkpoint with their names, layers and roles. @throws FormatError where the index is none. */
export async function readVariables(options: VariablesOptions): Promise<NamedVariables & { readonly problems: readonly Problem[] }> {
  const { index, files, prefix, metadata, signal } = options;
  const bundle = await readBundle(index, signal);
  const placed = await placeVariables({ source: index, bundle, files, prefix });
  const problems = [...bundle.problems, ...placed.problems];
  let objects: readonly TrackedObject[] = [];
  try {
    objects = await objectGraph(options, bundle);
  } catch (error) {
    if (!(error instanceof HumanError) || error instanceof CancelledError) throw error;
    problems.push({ message: `${index.name}: its object graph cannot be read (${error.message})`, remedy: 'Variables are shown by their keys. Copy the checkpoint again, or save it anew.' });
  }
  return { ...nameVariables(placed.weights, trackedVariables(objects, metadata ?? new Map())), problems };
}

/** Empty for checkpoints of TensorFlow 1, whose variables are known by their names alone. */
async function objectGraph({ files, prefix, signal }: VariablesOptions, bundle: Bundle): Promise<readonly TrackedObject[]> {
  const entry = bundle.entries.get(OBJECT_GRAPH_KEY);
  if (!entry) return [];
  const digits = (value: number): string => String(value).padStart(5, '0');
  const shard = await files.shard(`${prefix}.data-${digits(entry.shard)}-of-${digits(bundle.shards)}`);
  // A shard that is missing has a problem of its own.
  if (shard.failure !== undefined) return [];
  return files.withShard(shard, async (source) => {
    const head = await source.read(entry.offset, Math.min(LONGEST_LENGTH_BYTES, entry.size), signal);
    const length = varint(head, 0);
    const start = length ? length.next + CHECKSUM_BYTES : 0;
    if (!length || start + length.value > entry.size) throw new ProtobufFile(source, signal).damaged(`the object graph in ${quote(shard.path)} ends early`);
    return readObjects(new ProtobufFile(sliceSource(source, entry.offset + start, length.value), signal), { start: 0, end: length.value }, 'checkpoint');
  });
}
