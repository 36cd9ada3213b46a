import type { io } from '@tensorflow/tfjs';
import { memorySource } from './memorySource';
import type { MemoryFiles, ReadLog } from './memorySource';
import type { ByteSource } from '../../src/core/byteSource';
import type { Random } from './random';

/** One weight as a manifest declares it, with its stored bytes. */
export interface BuiltWeight {
  readonly spec: io.WeightsManifestEntry;
  readonly bytes: Uint8Array;
}

export interface BuiltGroup {
  readonly weights: readonly BuiltWeight[];
  /** Names of the shards, and how many bytes each has; the last one takes the rest. */
  readonly shards: readonly { readonly path: string; readonly bytes?: number }[];
}

export function float32Weight(name: string, shape: readonly number[], values?: readonly number[]): BuiltWeight {
  const elements = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: elements }, (_, i) => values?.[i] ?? (i % 7) - 3.5);
  return { spec: { name, shape: [...shape], dtype: 'float32' }, bytes: new Uint8Array(data.buffer) };
}

export function int32Weight(name: string, shape: readonly number[]): BuiltWeight {
  const elements = shape.reduce((a, b) => a * b, 1);
  return { spec: { name, shape: [...shape], dtype: 'int32' }, bytes: new Uint8Array(new Int32Array(elements).buffer) };
}

export function stringWeight(name: string, shape: readonly number[], strings: readonly string[]): BuiltWeight {
  const parts = strings.map((text) => new TextEncoder().encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    new DataView(bytes.buffer).setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return { spec: { name, shape: [...shape], dtype: 'string' }, bytes };
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The weightsManifest of groups, and the shards that it names. */
export function buildManifest(groups: readonly BuiltGroup[]): { manifest: io.WeightsManifestConfig; files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  const manifest = groups.map(({ weights, shards }) => {
    const data = concatenate(weights.map((weight) => weight.bytes));
    let at = 0;
    for (const [index, { path, bytes }] of shards.entries()) {
      const end = index === shards.length - 1 ? data.length : Math.min(data.length, at + (bytes ?? 0));
      files.set(path, data.slice(at, end));
      at = end;
    }
    return { paths: shards.map((shard) => shard.path), weights: weights.map((weight) => weight.spec) };
  });
  return { manifest, files };
}

/** A whole model in memory. `json` is what its JSON file holds beside the manifest; a list makes a bare manifest. */
export function buildModel(groups: readonly BuiltGroup[], json: Record<string, unknown> | 'bare' = kerasOf([]), name = 'model.json'): Map<string, Uint8Array> {
  const { manifest, files } = buildManifest(groups);
  const content = json === 'bare' ? manifest : { ...json, weightsManifest: manifest };
  files.set(name, new TextEncoder().encode(JSON.stringify(content)));
  return files;
}

export function openBuilt(files: MemoryFiles, name = 'model.json', log?: ReadLog): ByteSource {
  return memorySource(files, name, log);
}

/** A model.json around a Sequential of these layers. */
export function kerasOf(layers: readonly { readonly class_name: string; readonly config: Record<string, unknown> }[]): Record<string, unknown> {
  return { format: 'layers-model', generatedBy: 'keras v2.15.0', convertedBy: 'TensorFlow.js Converter v4.17.0', modelTopology: { keras_version: '2.15.0', backend: 'tensorflow', model_config: { class_name: 'Sequential', config: { name: 'sequential', layers } } } };
}

export function graphOf(nodes: readonly Record<string, unknown>[], library?: unknown): Record<string, unknown> {
  return { format: 'graph-model', generatedBy: '2.15.0', convertedBy: 'TensorFlow.js Converter v4.17.0', modelTopology: { node: nodes, ...(library !== undefined && { library }) } };
}

const DTYPES = ['float32', 'int32', 'bool', 'complex64', 'string'] as const;
const QUANTIZED = ['uint8', 'uint16', 'float16'] as const;

/** A random weight of any dtype, quantization and shape: scalar to 6-D, now and then without elements. */
export function randomWeight(random: Random, name: string): BuiltWeight {
  const shape = Array.from({ length: random.integer(7) }, () => (random.chance(0.04) ? 0 : 1 + random.integer(4)));
  const elements = shape.reduce((a, b) => a * b, 1);
  if (random.chance(0.4)) return randomQuantized(random, name, shape, elements);
  const dtype = random.pick(DTYPES);
  if (dtype === 'string') return stringWeight(name, shape, Array.from({ length: elements }, () => 'ä'.repeat(random.integer(5))));
  const bytes = random.bytes(elements * { float32: 4, int32: 4, bool: 1, complex64: 8 }[dtype]);
  return { spec: { name, shape, dtype }, bytes };
}

function randomQuantized(random: Random, name: string, shape: number[], elements: number): BuiltWeight {
  const code = random.pick(QUANTIZED);
  const bytes = random.bytes(elements * (code === 'uint8' ? 1 : 2));
  if (code === 'float16') return { spec: { name, shape, dtype: 'float32', quantization: { dtype: code } }, bytes };
  const quantization = { dtype: code, scale: random.next() / 10 + 1e-4, min: random.next() - 0.5 };
  return { spec: { name, shape, dtype: random.chance(0.3) ? 'int32' : 'float32', quantization }, bytes };
}

/** Several groups of random weights in shards cut at random places. */
export function randomGroups(random: Random): BuiltGroup[] {
  return Array.from({ length: 1 + random.integer(3) }, (_, group) => {
    const weights = Array.from({ length: 1 + random.integer(6) }, (_, i) => randomWeight(random, `layer_${group}_${i}/kernel`));
    const total = weights.reduce((sum, weight) => sum + weight.bytes.length, 0);
    const count = 1 + random.integer(5);
    const shards = Array.from({ length: count }, (_, i) => ({ path: `group${group + 1}-${random.pick(['shard', 'part.', 'übel '])}${i + 1}of${count}.bin`, bytes: random.integer(1 + Math.ceil((2 * total) / count)) }));
    return { weights, shards };
  });
}
