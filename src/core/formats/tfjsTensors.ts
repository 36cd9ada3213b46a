import type { ByteSource } from '../byteSource';
import { throwIfCancelled } from '../errors';
import type { Problem, Segment } from '../model';
import { boundedProblems, uniqueNames } from './assembleModel';
import type { PlacedWeights } from './assembleModel';
import { quote } from './jsonValues';
import { parseManifest } from './tfjsManifest';
import type { Manifest, WeightGroup, WeightSpec } from './tfjsManifest';
import { ModelFiles } from './modelFiles';
import { GroupLayout } from './tfjsShards';
import { stringTensorBytes } from './tfjsStrings';

/** A weight and where its bytes are. */
export interface PlacedWeight extends WeightSpec {
  /** Unique within the model. */
  readonly name: string;
  readonly bytes: number;
  readonly segments: readonly Segment[];
  readonly unreadable?: string;
}

/** Finds the bytes of every weight of a manifest. Reads nothing but the sizes of the shards and the prefixes of strings. */
export async function placeWeights(source: ByteSource, manifest: unknown, signal?: AbortSignal): Promise<PlacedWeights<PlacedWeight>> {
  const parsed = parseManifest(manifest);
  const files = new ModelFiles(source, signal);
  const weights: PlacedWeight[] = [];
  const problems: Problem[] = manifestProblems(source.name, parsed);
  for (const group of parsed.groups) {
    throwIfCancelled(signal);
    const placed = await placeGroup(files, group, signal);
    if (placed.problem) problems.push(placed.problem);
    for (const weight of placed.weights) weights.push(weight);
  }
  const unique = uniqueNames(weights, 'The weights manifest');
  const all = [...problems, ...files.problems, ...unique.problems, ...doubts(unique.weights)];
  return { files: files.files, weights: unique.weights, problems: boundedProblems(all) };
}

function manifestProblems(file: string, manifest: Manifest): Problem[] {
  return manifest.flaws.map((flaw) => ({ message: `${file}: ${flaw}`, remedy: 'Save or convert the model anew.' }));
}

async function placeGroup(files: ModelFiles, group: WeightGroup, signal?: AbortSignal): Promise<{ weights: PlacedWeight[]; problem?: Problem }> {
  const shards = [];
  for (const path of group.paths) shards.push(await files.shard(path));
  const { layout, problem } = GroupLayout.of(shards, expectedBytes(group.weights));
  const weights: PlacedWeight[] = [];
  let offset = 0;
  /** Set behind a weight whose size is unknown: nothing after it can be found. */
  let lost: string | undefined;
  for (const spec of group.weights) {
    const placed: PlacedWeight = lost === undefined ? await placeWeight(files, layout, spec, offset, signal) : unreadable(spec, spec.flaw ?? lost);
    weights.push(placed);
    offset += placed.bytes;
    if (lost === undefined && placed.unreadable !== undefined && spec.bytes === undefined) {
      lost = `the size of the weight before it, ${quote(spec.name)}, is unknown (${placed.unreadable}), so that its place cannot be told. Save or convert the model anew.`;
    }
  }
  return { weights, ...(problem && { problem }) };
}

/** Of all weights together; undefined where one of them has a size that the manifest does not tell. */
function expectedBytes(weights: readonly WeightSpec[]): number | undefined {
  let sum = 0;
  for (const { bytes } of weights) {
    if (bytes === undefined) return undefined;
    sum += bytes;
  }
  return Number.isSafeInteger(sum) ? sum : undefined;
}

async function placeWeight(files: ModelFiles, layout: GroupLayout, spec: WeightSpec, offset: number, signal?: AbortSignal): Promise<PlacedWeight> {
  if (spec.flaw !== undefined) return unreadable(spec, spec.flaw);
  let bytes = spec.bytes;
  if (bytes === undefined) {
    const walked = await stringTensorBytes(files, layout, offset, spec.elements, signal);
    if ('failure' in walked) return unreadable(spec, walked.failure);
    bytes = walked.bytes;
  }
  if (!Number.isSafeInteger(offset + bytes)) return unreadable(spec, 'it lies behind more bytes than any file can hold');
  const place = layout.locate(offset, bytes);
  if ('failure' in place) return unreadable(spec, place.failure);
  return { ...spec, bytes, segments: place.segments };
}

function unreadable(spec: WeightSpec, reason: string): PlacedWeight {
  return { ...spec, bytes: spec.bytes ?? 0, segments: [], unreadable: `${quote(spec.name)} cannot be read: ${reason}` };
}

function doubts(weights: readonly PlacedWeight[]): Problem[] {
  return weights.flatMap(({ name, doubt }, tensor) => (doubt ? [{ message: `${quote(name)}: ${doubt.message}`, remedy: doubt.remedy, tensor }] : []));
}
