import { ZERO_RUN_STEP_BYTES } from './tensorStatistics';
import type { ZeroRun } from './tensorStatistics';

/** Bytes of zero: `start` <= byte < `end`, from the tensor's first byte. */
export interface ByteRun {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds runs of zero bytes in a part, step by step: a step whose first word is not zero costs that one look. Steps are counted from the
 * tensor's first byte, so that any split of the tensor finds the same.
 */
export class ZeroRunObserver {
  readonly #start: number;
  readonly #runs: ByteRun[] = [];
  #end: number;

  constructor(firstByte: number) {
    this.#start = this.#end = firstByte;
  }

  /** `bytes` follow those before. They begin at a multiple of 4 of their buffer. */
  see(bytes: Uint8Array): void {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    // The first step may have begun in the chunk before, and the last one go on in the next.
    let next = ZERO_RUN_STEP_BYTES - (this.#end % ZERO_RUN_STEP_BYTES);
    for (let at = 0; at < bytes.length; at = next, next += ZERO_RUN_STEP_BYTES) {
      // Of a step that is cut short, the next whole word may be another step's.
      if (next - at >= 8 && words[(at + 3) >> 2]) continue;
      const end = Math.min(next, bytes.length);
      if (isZero(bytes, words, at, end)) this.#add(this.#end + at, this.#end + end);
    }
    this.#end += bytes.length;
  }

  /** Of the runs that cannot grow, only the longest. */
  result(): readonly ByteRun[] {
    const open = this.#runs.filter((run) => this.#canGrow(run));
    const longest = longestOf(this.#runs.filter((run) => !this.#canGrow(run)), Infinity);
    return longest ? [...open, longest] : open;
  }

  #canGrow({ start, end }: ByteRun): boolean {
    return start === this.#start || end === this.#end;
  }

  #add(start: number, end: number): void {
    const last = this.#runs[this.#runs.length - 1];
    if (last?.end === start) this.#runs[this.#runs.length - 1] = { start: last.start, end };
    else this.#runs.push({ start, end });
  }
}

function isZero(bytes: Uint8Array, words: Uint32Array, from: number, to: number): boolean {
  const firstWord = Math.min((from + 3) >> 2, to >> 2);
  const lastWord = Math.max(to >> 2, firstWord);
  for (let word = firstWord; word < lastWord; word++) if (words[word] !== 0) return false;
  for (let at = from; at < Math.min(to, firstWord << 2); at++) if (bytes[at] !== 0) return false;
  for (let at = Math.max(from, lastWord << 2); at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Of two parts; where they adjoin, their runs do. */
export function mergeZeroRuns(a: readonly ByteRun[], b: readonly ByteRun[]): readonly ByteRun[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const merged: ByteRun[] = [];
  for (const run of [...a, ...b].sort((one, other) => one.start - other.start)) {
    const last = merged[merged.length - 1];
    if (last?.end === run.start) merged[merged.length - 1] = { start: last.start, end: run.end };
    else merged.push(run);
  }
  return merged;
}

/** Of a tensor of that many bytes; undefined where no run is a step long. */
export function longestZeroRun(runs: readonly ByteRun[], tensorBytes: number): ZeroRun | undefined {
  const longest = longestOf(runs, tensorBytes);
  if (!longest) return undefined;
  const { start, end } = inWholeSteps(longest, tensorBytes);
  return end - start < ZERO_RUN_STEP_BYTES ? undefined : { offset: start, bytes: end - start };
}

/** The first of the longest. */
function longestOf(runs: readonly ByteRun[], tensorBytes: number): ByteRun | undefined {
  let longest: ByteRun | undefined;
  let most = 0;
  for (const run of runs) {
    const { start, end } = inWholeSteps(run, tensorBytes);
    if (end - start <= most && !(end - start === most && longest && start < longest.start)) continue;
    most = end - start;
    longest = run;
  }
  return longest;
}

/** Parts and chunks cut steps, and may leave half of one. The tensor's last step is as long as what is left. */
function inWholeSteps({ start, end }: ByteRun, tensorBytes: number): ByteRun {
  const wholeEnd = end === tensorBytes ? end : end - (end % ZERO_RUN_STEP_BYTES);
  return { start: Math.ceil(start / ZERO_RUN_STEP_BYTES) * ZERO_RUN_STEP_BYTES, end: wholeEnd };
}
