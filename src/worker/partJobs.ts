import { bytesPerElement } from '../core/dtype';
import type { NumericDtype } from '../core/dtype';
import { CancelledError, HumanError, messageOf } from '../core/errors';
import { createCounter } from '../core/statistics/count';
import type { EdgeCounts } from '../core/statistics/count';
import type { Kernel } from '../core/statistics/kernel';
import { chunkElements, createScanner } from '../core/statistics/scan';
import type { CountJob, Part, PartResult, ScanJob } from '../protocol/workerContract';
import { OpenFiles } from './jobFiles';
import { Pause } from './pause';

/** What takes a part's elements chunk by chunk. */
interface Taker {
  take(count: number): void;
}

/** Scans the parts of a job in order. A part that fails does not stop the others. */
export async function scanParts(kernel: Kernel, { files, parts }: ScanJob, onResult: (result: PartResult) => void, signal: AbortSignal): Promise<void> {
  const open = new OpenFiles(files);
  const pause = new Pause(signal);
  try {
    for (const part of parts) {
      onResult(await scanPart(kernel, open, part, pause));
      await pause.breathe();
    }
  } finally {
    open.close();
  }
}

async function scanPart(kernel: Kernel, open: OpenFiles, part: Part, pause: Pause): Promise<PartResult> {
  try {
    const scanner = createScanner(kernel, part.tensor, part.firstElement);
    await readPart(kernel, open, part, scanner, pause);
    return { index: part.index, partial: scanner.result() };
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    const message = messageOf(error);
    return { index: part.index, failure: error instanceof HumanError ? message : `${part.tensor.name} could not be analysed: ${message}. Please report this.` };
  }
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
      const counter = createCounter(kernel, part.tensor, edges);
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

async function readPart(kernel: Kernel, open: OpenFiles, { tensor, firstElement, elements }: Part, taker: Taker, pause: Pause): Promise<void> {
  const dtype = tensor.dtype as NumericDtype;
  const elementBytes = bytesPerElement(dtype);
  const chunk = chunkElements(dtype);
  open.verify(tensor);
  for (let done = 0; done < elements; done += chunk) {
    const count = Math.min(chunk, elements - done);
    open.read(tensor, (firstElement + done) * elementBytes, kernel.input.subarray(0, count * elementBytes));
    taker.take(count);
    await pause.breathe();
  }
  open.verify(tensor);
}
