import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';

export interface SparseModel {
  /** The index file. */
  readonly file: string;
  readonly shards: number;
  readonly tensors: number;
  readonly bytes: number;
  readonly headerBytes: number;
}

/** Sizes of a decoder layer, rows × columns: those of a model with some hundred billion weights. */
const MODULES: readonly (readonly [name: string, rows: number, columns: number])[] = [
  ['self_attn.q_proj', 12288, 12288], ['self_attn.k_proj', 1536, 12288], ['self_attn.v_proj', 1536, 12288], ['self_attn.o_proj', 12288, 12288],
  ['mlp.gate_proj', 32768, 12288], ['mlp.up_proj', 32768, 12288], ['mlp.down_proj', 12288, 32768],
];

/** One layer a shard. */
const LAYER_BYTES = MODULES.reduce((sum, [, rows, columns]) => sum + 2 * rows * columns, 0) + 2 * 12288;

/**
 * A sharded safetensors model of bfloat16 weights, at least so large, whose files are holes behind their headers: they take no room on a
 * disk that knows holes, and read as zeros.
 */
export function writeSparseModel(folder: string, bytes: number): SparseModel {
  mkdirSync(folder, { recursive: true });
  const shards = Math.ceil(bytes / LAYER_BYTES);
  const weightMap: Record<string, string> = {};
  let headerBytes = 0;
  for (let shard = 0; shard < shards; shard++) {
    const name = `model-${String(shard + 1).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;
    const tensors = [...MODULES.map(([module, rows, columns]) => ({ name: `model.layers.${shard}.${module}.weight`, shape: [rows, columns] })), { name: `model.layers.${shard}.input_layernorm.weight`, shape: [12288] }];
    for (const tensor of tensors) weightMap[tensor.name] = name;
    headerBytes += writeShard(path.join(folder, name), tensors);
  }
  const file = path.join(folder, 'model.safetensors.index.json');
  const index = JSON.stringify({ metadata: { total_size: shards * LAYER_BYTES }, weight_map: weightMap });
  writeFileSync(file, index);
  return { file, shards, tensors: shards * (MODULES.length + 1), bytes: shards * LAYER_BYTES, headerBytes: headerBytes + index.length };
}

/** Returns the bytes before the data. */
function writeShard(file: string, tensors: readonly { readonly name: string; readonly shape: readonly number[] }[]): number {
  let at = 0;
  const entries = tensors.map(({ name, shape }) => {
    const from = at;
    at += 2 * shape.reduce((product, length) => product * length, 1);
    return [name, { dtype: 'BF16', shape, data_offsets: [from, at] }] as const;
  });
  const json = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const descriptor = openSync(file, 'w');
  try {
    writeSync(descriptor, length);
    writeSync(descriptor, json);
    ftruncateSync(descriptor, 8 + json.length + at);
  } finally {
    closeSync(descriptor);
  }
  return 8 + json.length;
}
