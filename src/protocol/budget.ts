import { isNumeric } from '../core/dtype';
import type { Model, Tensor } from '../core/model';
import { evenSample, LEAST_SAMPLE_BYTES, SAMPLE_GROUPS } from '../core/statistics/evenSample';
import type { SamplePlan } from '../core/statistics/evenSample';

/** What is read of a model before a person asks for all of it: some seconds from a local disk. */
export const DEFAULT_BUDGET_BYTES = 8 * 1024 ** 3;

/** Below this a tensor's sample says nothing: a page of the disk for each run. */
const LEAST_CUT_BYTES = SAMPLE_GROUPS * 4096;

/** Halvings of an interval, until a share is known to one part in a million. */
const HALVINGS = 20;

/**
 * Which of these tensors are read in samples so that no more than about `budgetBytes` are read, by index; none where all fit.
 * All large tensors give the same share of their bytes, small ones are read whole. What is packed as one stream cannot be read in part: it is read
 * whole and takes its bytes from the budget.
 */
export function planSamples(model: Model, wanted: readonly number[], budgetBytes: number): Map<number, SamplePlan> {
  const samples = new Map<number, SamplePlan>();
  if (budgetBytes <= 0) return samples;
  const readable = wanted.flatMap((index) => (isRead(model.tensors[index]) ? [index] : []));
  const bytesOf = (index: number): number => model.tensors[index]!.bytes;
  const total = readable.reduce((sum, index) => sum + bytesOf(index), 0);
  if (total <= budgetBytes) return samples;
  const [divided, whole] = [readable.filter((index) => canBeSampled(model.tensors[index]!)), readable.filter((index) => !canBeSampled(model.tensors[index]!))];
  const left = Math.max(0, budgetBytes - whole.reduce((sum, index) => sum + bytesOf(index), 0));
  const allotment = allotmentOf(divided.map(bytesOf), left);
  for (const index of divided) {
    const sample = evenSample(model.tensors[index]!, allotment(bytesOf(index)));
    if (sample) samples.set(index, sample);
  }
  return samples;
}

/** Runs cost no more than their share. Of a chunk that is packed all is unpacked, however little is wanted. */
function canBeSampled({ encoding }: Tensor): boolean {
  return encoding === undefined || encoding.kind === 'permuted';
}

function isRead(tensor: Tensor | undefined): boolean {
  return tensor !== undefined && tensor.unreadable === undefined && isNumeric(tensor.dtype) && tensor.elements > 0;
}

/** What of a tensor is read, by its bytes, so that it comes to `left` for all. */
function allotmentOf(sizes: readonly number[], left: number): (bytes: number) => number {
  const sumOf = (allot: (bytes: number) => number): number => sizes.reduce((sum, bytes) => sum + allot(bytes), 0);
  const shared = (share: number) => (bytes: number) => Math.min(bytes, Math.max(LEAST_SAMPLE_BYTES, share * bytes));
  const capped = (most: number) => (bytes: number) => Math.min(bytes, most);
  if (sumOf(shared(0)) <= left) return shared(largest(0, 1, (share) => sumOf(shared(share)) <= left));
  return capped(largest(LEAST_CUT_BYTES, LEAST_SAMPLE_BYTES, (most) => sumOf(capped(most)) <= left));
}

/** The largest number of an interval that is still good, where all below it are. */
function largest(least: number, most: number, isGood: (value: number) => boolean): number {
  let good = least;
  let step = (most - least) / 2;
  for (let i = 0; i < HALVINGS; i++, step /= 2) if (isGood(good + step)) good += step;
  return good;
}
