import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decodeFloat16 } from '../src/core/statistics/decode';

/** TensorFlow.js' own quantization: real value = code × scale + min, or half floats. */
export type SavedQuantization =
  | { readonly dtype: 'uint8' | 'uint16'; readonly scale: number; readonly min: number }
  | { readonly dtype: 'float16' };

/** A weight as it is stored: what a fault does to a file is done to these bytes. */
export interface SavedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** Little-endian; codes where quantized. */
  readonly bytes: Uint8Array;
  readonly quantization?: SavedQuantization;
}

/** A TensorFlow.js model in memory: what its model.json says beside the manifest, and the weights in file order. */
export interface SavedModel {
  /** Without weightsManifest; absent for a bare manifest, which says nothing of layers. */
  readonly json?: Readonly<Record<string, unknown>>;
  readonly weights: readonly SavedWeight[];
  /** Bytes after the last weight that belong to none; below 0 as many are missing at the end. */
  readonly extraBytes?: number;
}

interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: SavedQuantization;
}

const SHARD = 'weights.bin';
const BYTES = { uint8: 1, uint16: 2, float16: 2 } as const;

export function weightOf(model: SavedModel, name: string): SavedWeight {
  const found = model.weights.find((weight) => weight.name === name);
  if (!found) throw new Error(`no weight is called ${name}; there are ${model.weights.map((weight) => weight.name).join(', ')}`);
  return found;
}

export function float32Weight(name: string, shape: readonly number[], values: Float32Array): SavedWeight {
  return { name, shape, bytes: new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength)) };
}

/** Real values, a copy. */
export function valuesOf({ bytes, quantization }: SavedWeight): Float32Array {
  const buffer = bytes.slice().buffer;
  if (!quantization) return new Float32Array(buffer);
  if (quantization.dtype === 'float16') return Float32Array.from(new Uint16Array(buffer), decodeFloat16);
  const codes = quantization.dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
  return Float32Array.from(codes, (code) => code * quantization.scale + quantization.min);
}

/** The same model with another weight of that name, or several where it takes more than one place. */
export function replaceWeight(model: SavedModel, name: string, change: (weight: SavedWeight) => SavedWeight): SavedModel {
  return { ...model, weights: model.weights.map((weight) => (weight.name === name ? change(weight) : weight)) };
}

/** Stored as float32 afterwards, whatever it was. */
export function withValues(model: SavedModel, name: string, values: Float32Array): SavedModel {
  return replaceWeight(model, name, ({ shape }) => float32Weight(name, shape, values));
}

/** Writes model.json and one shard. Returns the path of the JSON. */
export function writeModel({ json, weights, extraBytes = 0 }: SavedModel, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const entries: ManifestEntry[] = weights.map(({ name, shape, quantization }) => ({ name, shape, dtype: 'float32', ...(quantization && { quantization }) }));
  const manifest = [{ paths: [SHARD], weights: entries }];
  const file = path.join(folder, json ? 'model.json' : 'model-weights_manifest.json');
  writeFileSync(file, JSON.stringify(json ? { ...json, weightsManifest: manifest } : manifest));
  const data = Buffer.concat([...weights.map(({ bytes }) => bytes), Buffer.alloc(Math.max(0, extraBytes), 1)]);
  writeFileSync(path.join(folder, SHARD), data.subarray(0, data.length + Math.min(0, extraBytes)));
  return file;
}

type Group = { readonly weights: readonly ManifestEntry[]; readonly paths: readonly string[] };

/** A model of float32 weights, whoever wrote it. */
export function readModel(file: string): SavedModel {
  const content = JSON.parse(readFileSync(file, 'utf8')) as { weightsManifest: Group[] } | Group[];
  const { weightsManifest, ...json } = Array.isArray(content) ? { weightsManifest: content } : content;
  const weights = weightsManifest.flatMap((group) => weightsOf(group, path.dirname(file)));
  return Array.isArray(content) ? { weights } : { json, weights };
}

function weightsOf({ weights, paths }: Group, folder: string): SavedWeight[] {
  const data = new Uint8Array(Buffer.concat(paths.map((shard) => readFileSync(path.join(folder, shard)))));
  let at = 0;
  return weights.map(({ name, shape, dtype, quantization }) => {
    if (dtype !== 'float32') throw new Error(`${name} is ${dtype}: faults are planted in models of float32 only`);
    const length = shape.reduce((product, size) => product * size, quantization ? BYTES[quantization.dtype] : 4);
    at += length;
    return { name, shape, bytes: data.slice(at - length, at), ...(quantization && { quantization }) };
  });
}
