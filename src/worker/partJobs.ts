import { deliveredOf } from '../core/delivered';
import { bytesPerElement } from '../core/dtype';
import { CancelledError, HumanError, messageOf } from '../core/errors';
import { createCounter } from '../core/statistics/count';
import type { EdgeCounts } from '../core/statistics/count';
import { finishTensor } from '../core/statistics/finishTensor';
import type { Kernel } from '../core/statistics/kernel';
import { chunkElements, createScanner } from '../core/statistics/scan';
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

async function readPart(kernel: Kernel, open: OpenFiles, { tensor, firstElement, elements }: Part, taker: Taker, pause: Pause): Promise<void> {
  const reader = elementReader({ files: open, tensor, kernel });
  const chunk = chunkElements(reader.delivered.dtype);
  const elementBytes = bytesPerElement(reader.delivered.dtype);
  try {
    for (let done = 0; done < elements; done += chunk) {
      const count = Math.min(chunk, elements - done);
      // Most files are read at once: waiting for nothing costs a turn of the event loop a chunk.
      const waits = reader.read(firstElement + done, count, kernel.input.subarray(0, count * elementBytes));
      if (waits) await waits;
      taker.take(count);
      await pause.breathe();
    }
  } finally {
    reader.close();
  }
  open.verify(tensor);
}
