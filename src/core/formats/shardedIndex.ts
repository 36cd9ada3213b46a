import type { ByteSource } from '../byteSource';
import { FormatError, UnsupportedError } from '../errors';
import { outlineJson } from './jsonOutline';
import { readJson } from './jsonText';
import { asString, isObject, own, quote } from './jsonValues';

/** `model.safetensors.index.json`, `pytorch_model.bin.index.json`: which tensor lies in which file. */
export interface ShardedIndex {
  readonly metadata: ReadonlyMap<string, unknown>;
  /** Names of tensors by shard, shards in the order in which they are first named. */
  readonly shards: ReadonlyMap<string, readonly string[]>;
  /** Names whose shard is no text. */
  readonly misplaced: readonly string[];
}

/** The largest published models have some 200. */
export const MAX_SHARDS = 16_384;

/** What the shards of an index are, by its head and the name of the first shard; undefined where it is no index. */
export function indexedShards(head: Uint8Array): 'safetensors' | 'pytorch' | undefined {
  if (head[0] !== 0x7b && head[0] !== 0xef && !isBlank(head[0])) return undefined;
  const text = new TextDecoder().decode(head);
  if (!text.includes('"weight_map"')) return undefined;
  const entries = outlineJson(text)?.entries;
  if (entries?.get('weight_map')?.kind !== 'object') return undefined;
  for (const [path, { text: shard }] of entries) {
    if (shard === undefined || !path.startsWith('weight_map.')) continue;
    if (/\.safetensors$/i.test(shard)) return 'safetensors';
    if (/\.(?:bin|pt|pth|ckpt)$/i.test(shard)) return 'pytorch';
  }
  return undefined;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** @throws FormatError where it is no index; UnsupportedError above MAX_SHARDS. */
export async function readShardedIndex(source: ByteSource, signal?: AbortSignal): Promise<ShardedIndex> {
  const json = await readJson(source, signal);
  const map = own(json, 'weight_map');
  if (!isObject(map)) throw new FormatError(`${source.name} is no index of a sharded model: it holds no "weight_map". Open the weight files themselves.`);
  const shards = new Map<string, string[]>();
  const misplaced: string[] = [];
  for (const [name, declared] of Object.entries(map)) {
    const shard = asString(declared);
    if (shard === undefined) misplaced.push(name);
    else if (shards.has(shard)) shards.get(shard)!.push(name);
    else shards.set(shard, [name]);
    if (shards.size > MAX_SHARDS) throw new UnsupportedError(`${source.name} names more than ${MAX_SHARDS} shards, beginning with ${quote([...shards.keys()][0])}: Weightgram reads no more of them as one model. Open the shards by themselves.`);
  }
  const metadata = own(json, 'metadata');
  return { metadata: new Map(isObject(metadata) ? Object.entries(metadata) : []), shards, misplaced };
}
