import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { NumericDtype } from '../../src/core/dtype';

export interface TinyWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: NumericDtype;
  readonly bytes: Uint8Array;
}

/** A bare weights manifest with shards of `shardBytes`, so that tensors straddle them. Returns the manifest's path. */
export function writeManifest(folder: string, weights: readonly TinyWeight[], shardBytes = Infinity): string {
  mkdirSync(folder, { recursive: true });
  const data = Buffer.concat(weights.map((weight) => weight.bytes));
  const paths: string[] = [];
  for (let at = 0; at === 0 || at < data.length; at += shardBytes) {
    paths.push(`shard${paths.length}.bin`);
    writeFileSync(path.join(folder, paths[paths.length - 1]!), data.subarray(at, Math.min(data.length, at + shardBytes)));
    if (!Number.isFinite(shardBytes)) break;
  }
  const file = path.join(folder, 'model-weights_manifest.json');
  writeFileSync(file, JSON.stringify([{ paths, weights: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })) }]));
  return file;
}
