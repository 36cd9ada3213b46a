import { chunkBands } from '../core/chunkBands';
import { blockOf, storedBytes } from '../core/dtype';
import type { NumericDtype } from '../core/dtype';
import type { Tensor } from '../core/model';
import { sampledElements } from '../core/statistics/evenSample';
import type { SamplePlan } from '../core/statistics/evenSample';
import type { JobFiles, Part } from './workerContract';

/** A part takes a worker some milliseconds from a fast disk, and leaves bins of a few 10 KB to be merged. */
const PART_BYTES = 16 * 1024 * 1024;

/** Tensors travel together, so that asking costs little beside reading: a job is three messages, each of which wakes a thread. */
const JOB_BYTES = 32 * 1024 * 1024;
const MOST_JOB_PARTS = 256;

/** The first jobs are small, each twice as large as the one before: results show at once. */
const FIRST_JOB_BYTES = 256 * 1024;

/** Jobs shrink again towards the end, to this share of what is left but not below the size given: all workers end at about the same time. */
const SHARE_OF_REST = 1 / 8;
const LAST_JOB_BYTES = 2 * 1024 * 1024;

/** A tensor above this share of the whole is not what a person should wait for first. */
const LARGE_SHARE = 0.02;

/** Every block type fits into this run of elements a whole number of times: parts begin where a block does. */
const BLOCK_ELEMENTS = 256;

/** A tensor in runs that one worker reads in one go. `index` is the tensor's in its model. */
export function partsOf(tensor: Tensor, index: number): Part[] {
  if (!canBeDivided(tensor)) return [{ index, tensor, firstElement: 0, elements: tensor.elements }];
  const block = blockOf(tensor.dtype as NumericDtype);
  const largest = (PART_BYTES / block.bytes) * block.elements;
  // Even parts: no worker gets a crumb at the end.
  const count = Math.max(1, Math.ceil(tensor.elements / largest));
  const size = Math.ceil(tensor.elements / count / BLOCK_ELEMENTS) * BLOCK_ELEMENTS;
  const parts: Part[] = [];
  for (let firstElement = 0; firstElement < tensor.elements; firstElement += size) {
    parts.push({ index, tensor, firstElement, elements: Math.min(size, tensor.elements - firstElement) });
  }
  return parts;
}

/** A sample of a tensor is one part: it is a small share of it, and its error needs all of it. */
export function samplePart(tensor: Tensor, index: number, sample: SamplePlan): Part {
  return { index, tensor, firstElement: 0, elements: sampledElements(sample, tensor.elements), sample };
}

/** Whether a part costs no more than its share: what is packed as one stream is read from its begin. */
export function canBeDivided({ encoding, shape, dtype, segments }: Tensor): boolean {
  if (encoding?.kind !== 'chunked') return encoding === undefined || encoding.kind === 'permuted';
  // A part begins anywhere in a band, which is then unpacked for its neighbour too.
  const bandBytes = storedBytes(dtype as NumericDtype, chunkBands(shape, encoding.chunkShape).elements);
  return bandBytes <= PART_BYTES / 8 && segments.length <= MOST_DIVIDED_CHUNKS;
}

/** Each part carries the places of all chunks. */
const MOST_DIVIDED_CHUNKS = 32 * 1024;

export function bytesOfPart({ tensor, elements }: Part): number {
  return storedBytes(tensor.dtype as NumericDtype, elements);
}

/** Parts as they are given out: in model order, but for a small tensor that goes first where the model begins with a large one. */
export function planJobs(parts: readonly Part[]): Part[][] {
  const total = parts.reduce((sum, part) => sum + bytesOfPart(part), 0);
  const jobs: Part[][] = [];
  let job: Part[] = [];
  let bytes = 0;
  let rest = total;
  let ramp = FIRST_JOB_BYTES;
  for (const part of smallFirst(parts, total * LARGE_SHARE)) {
    const size = bytesOfPart(part);
    const target = Math.min(JOB_BYTES, ramp, Math.max(LAST_JOB_BYTES, rest * SHARE_OF_REST));
    if (job.length > 0 && (bytes + size > target || job.length >= MOST_JOB_PARTS)) {
      jobs.push(job);
      rest -= bytes;
      job = [];
      bytes = 0;
      ramp *= 2;
    }
    job.push(part);
    bytes += size;
  }
  if (job.length > 0) jobs.push(job);
  return jobs;
}

function smallFirst(parts: readonly Part[], large: number): readonly Part[] {
  const isSmall = ({ tensor }: Part): boolean => tensor.bytes <= large;
  const first = parts[0];
  if (!first || isSmall(first)) return parts;
  const small = parts.find(isSmall);
  return small ? [small, ...parts.filter((part) => part !== small)] : parts;
}

/** The parts with the files that they are in, and no others: a model may have a thousand shards, and every job would carry them. */
export function withOwnFiles(files: JobFiles, parts: readonly Part[]): { files: JobFiles; parts: readonly Part[] } {
  const own = new Map<number, number>();
  const place = (file: number): number => {
    if (!own.has(file)) own.set(file, own.size);
    return own.get(file)!;
  };
  const placed = parts.map((part) => {
    const segments = part.tensor.segments.map((segment) => ({ ...segment, file: place(segment.file) }));
    return { ...part, tensor: { ...part.tensor, segments } };
  });
  return { files: [...own.keys()].map((file) => files[file]!), parts: placed };
}
