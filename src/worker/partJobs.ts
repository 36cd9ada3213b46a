import { deliveredOf } from '../core/delivered';
import { bytesPerElement } from '../core/dtype';
import { CancelledError, HumanError, messageOf } from '../core/errors';
import { createCounter } from '../core/statistics/count';
import type { EdgeCounts } from '../core/statistics/count';
import { SAMPLE_GROUPS } from '../core/statistics/evenSample';
import type { SamplePlan } from '../core/statistics/evenSample';
import { finishSample, finishTensor } from '../core/statistics/finishTensor';
import type { Kernel } from '../core/statistics/kernel';
import { chunkElements, createSampleScanner, createScanner } from '../core/statistics/scan';
import type { PartialStatistics } from '../core/statistics/partial';
import type { TensorStatistics } from '../core/statistics/tensorStatistics';
import type { CountJob, Part, PartResult, ScanJob } from '../protocol/workerContract';
import { elementReader } from './elementReader';
import { OpenFiles } from './jobFiles';
import { Pause } from './pause';

/** What takes a part's elements chunk by chunk. */
interface Taker {
  take(count: number): void;
}

/** Results wait this long for others to travel with, unless the job ends: a message costs more than a small tensor does. */
const HOLD_MS = 8;

/** Scans the parts of a job in order. A part that fails does not stop the others. */
export async function scanParts(kernel: Kernel, { files, parts, nearZeroRatio }: ScanJob, onResults: (results: PartResult[]) => void, signal: AbortSignal): Promise<void> {
  const open = new OpenFiles(files);
  const pause = new Pause(signal);
  let held: PartResult[] = [];
  let heldSince = performance.now();
  const release = (): void => {
    if (held.length > 0) onResults(held);
    held = [];
    heldSince = performance.now();
  };
  try {
    for (const part of parts) {
      held.push(await scanPart(kernel, open, part, nearZeroRatio, pause));
      if (performance.now() - heldSince > HOLD_MS) release();
    }
    release();
  } finally {
    open.close();
  }
}

async function scanPart(kernel: Kernel, open: OpenFiles, part: Part, nearZeroRatio: number, pause: Pause): Promise<PartResult> {
  const { index, tensor } = part;
  try {
    if (part.sample) return { index, statistics: await scanSample(kernel, open, { ...part, sample: part.sample }, nearZeroRatio, pause) };
    const scanner = createScanner(kernel, deliveredOf(tensor), part.firstElement);
    await readPart(kernel, open, part, scanner, pause);
    const partial = scanner.result();
    return part.elements === tensor.elements ? { index, statistics: finishTensor(partial, tensor, nearZeroRatio) } : { index, partial };
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    const message = messageOf(error);
    return { index, failure: error instanceof HumanError ? message : `${tensor.name} could not be analysed: ${message}. Please report this.` };
  }
}

/** In even groups, each from the tensor's begin to its end: how far apart they are tells how far all of them may be from the whole. */
async function scanSample(kernel: Kernel, open: OpenFiles, part: Part & { readonly sample: SamplePlan }, nearZeroRatio: number, pause: Pause): Promise<TensorStatistics> {
  const { tensor, sample } = part;
  const groups: PartialStatistics[] = [];
  for (let group = 0; group < SAMPLE_GROUPS; group++) {
    const starts = sample.starts.filter((_, run) => run % SAMPLE_GROUPS === group);
    const scanner = createSampleScanner(kernel, deliveredOf(tensor));
    await readPart(kernel, open, { ...part, sample: { ...sample, starts } }, scanner, pause);
    groups.push(scanner.result());
  }
  return finishSample(groups, sample, tensor, nearZeroRatio);
}

/** @throws HumanError where a file cannot be read or has changed. */
export async function countParts(kernel: Kernel, { files, parts, edges }: CountJob, signal: AbortSignal): Promise<EdgeCounts> {
  const open = new OpenFiles(files);
  const pause = new Pause(signal);
  const counts = new Float64Array(Math.max(0, edges.length - 1));
  let below = 0;
  let above = 0;
  try {
    for (const part of parts) {
      const counter = createCounter(kernel, deliveredOf(part.tensor), edges);
      await readPart(kernel, open, part, counter, pause);
      const found = counter.result();
      found.counts.forEach((count, bin) => (counts[bin]! += count));
      below += found.below;
      above += found.above;
    }
    return { counts, below, above };
  } finally {
    open.close();
  }
}

async function readPart(kernel: Kernel, open: OpenFiles, part: Part, taker: Taker, pause: Pause): Promise<void> {
  const { tensor } = part;
  const reader = elementReader({ files: open, tensor, kernel });
  const chunk = chunkElements(reader.delivered.dtype);
  const elementBytes = bytesPerElement(reader.delivered.dtype);
  try {
    for (const { firstElement, elements } of runsOf(part)) {
      for (let done = 0; done < elements; done += chunk) {
        const count = Math.min(chunk, elements - done);
        // Most files are read at once: waiting for nothing costs a turn of the event loop a chunk.
        const waits = reader.read(firstElement + done, count, kernel.input.subarray(0, count * elementBytes));
        if (waits) await waits;
        taker.take(count);
        await pause.breathe();
      }
    }
  } finally {
    reader.close();
  }
  open.verify(tensor);
}

/** What is read one after another. */
function runsOf({ tensor, firstElement, elements, sample }: Part): readonly { readonly firstElement: number; readonly elements: number }[] {
  if (!sample) return [{ firstElement, elements }];
  return sample.starts.map((start) => ({ firstElement: start, elements: Math.min(sample.runElements, tensor.elements - start) }));
}
