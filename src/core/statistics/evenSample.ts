import { storedBytes } from '../dtype';
import type { NumericDtype } from '../dtype';
import type { Tensor } from '../model';
import { scrambled } from './unitSamples';

/** What is read of a tensor instead of all of it: runs of elements, one in each of as many even stretches. */
export interface SamplePlan {
  /** Of every run, but that the tensor's end may cut one. */
  readonly runElements: number;
  /** First element of each run, ascending; multiples of RUN_UNIT_ELEMENTS. */
  readonly starts: readonly number[];
}

/** What a sample's figures are drawn from, and how far from the whole tensor's they may be. */
export interface Sampled {
  /** Values that were read. */
  readonly elements: number;
  /** Values that the tensor has. */
  readonly of: number;
  /** Runs of neighbouring values in which they were read, and the values of one. */
  readonly runs: number;
  readonly runElements: number;
  /** Half width of a 95 % band around every share of values at or below a number: 0.001 is 0.1 percentage points. */
  readonly shareError: number;
  /** Half width of a 95 % interval around the mean; null without finite values. */
  readonly meanError: number | null;
}

/** Runs begin and end where a block of every quantized type does. */
export const RUN_UNIT_ELEMENTS = 256;

/** Runs are told apart in this many groups, from which the error is estimated: as few as still tell a spread (t with 15 degrees of freedom). */
export const SAMPLE_GROUPS = 16;

/** Neighbours are alike (a row has a scale of its own), so many short runs tell more than few long ones; a disk reads this much as fast as less. */
const SHORT_RUN_BYTES = 64 * 1024;
/** Runs grow with the sample only beyond this many: the error falls with their number. */
const MANY_RUNS = 256;
const LONG_RUN_BYTES = 1024 * 1024;

/** A tensor of up to this many bytes is not worth cutting. */
export const LEAST_SAMPLE_BYTES = SAMPLE_GROUPS * SHORT_RUN_BYTES;

/**
 * About `bytes` of a tensor, spread evenly: the same at every call. Each stretch has its run at a place of its own, so that no
 * period of rows and columns decides what is seen. Undefined where that is the whole tensor.
 */
export function evenSample(tensor: Pick<Tensor, 'dtype' | 'elements'>, bytes: number): SamplePlan | undefined {
  const unitBytes = storedBytes(tensor.dtype as NumericDtype, RUN_UNIT_ELEMENTS);
  const units = Math.ceil(tensor.elements / RUN_UNIT_ELEMENTS);
  const runBytes = Math.min(LONG_RUN_BYTES, Math.max(bytes / MANY_RUNS, Math.min(SHORT_RUN_BYTES, bytes / SAMPLE_GROUPS)));
  const runUnits = Math.max(1, Math.floor(runBytes / unitBytes));
  const runs = Math.max(SAMPLE_GROUPS, Math.floor(bytes / (runUnits * unitBytes)));
  return runs * runUnits >= units ? undefined : samplePlanOf(tensor, { runs, runElements: runUnits * RUN_UNIT_ELEMENTS });
}

/** The runs of a sample again. */
export function samplePlanOf({ elements }: Pick<Tensor, 'elements'>, { runs, runElements }: Pick<Sampled, 'runs' | 'runElements'>): SamplePlan {
  const units = Math.ceil(elements / RUN_UNIT_ELEMENTS);
  const runUnits = runElements / RUN_UNIT_ELEMENTS;
  const starts = Array.from({ length: runs }, (_, run) => {
    const first = Math.floor((run * units) / runs);
    const end = Math.floor(((run + 1) * units) / runs);
    return (first + (scrambled(run) % (end - first - runUnits + 1))) * RUN_UNIT_ELEMENTS;
  });
  return { runElements, starts };
}

/** Elements that a plan reads of a tensor with `elements`. */
export function sampledElements({ runElements, starts }: SamplePlan, elements: number): number {
  return starts.reduce((sum, start) => sum + Math.min(runElements, elements - start), 0);
}

/** Of a count that was made in a sample, the same share of the whole tensor. */
export function ofWhole(count: number, sampled: Sampled | undefined): number {
  return sampled === undefined || sampled.elements === 0 ? count : (count * sampled.of) / sampled.elements;
}
