import type { ByteSource } from '../byteSource';
import { throwIfCancelled } from '../errors';

/** One read of the file serves all ranges in so many bytes. */
const WINDOW_BYTES = 256 * 1024;
/** Ranges further apart than this are read each by itself: what lies between is weights. */
const NEAR_BYTES = 16 * 1024;
/** As many as keep a disk busy. */
const READS_AT_ONCE = 32;

export interface Range {
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads many small ranges of a file: those near each other together, the others several at a time.
 * @param use is called once for each range, in any order, with its bytes: fewer than asked for where the file ends.
 */
export async function readNear(source: ByteSource, ranges: readonly Range[], use: (index: number, bytes: Uint8Array) => void, signal?: AbortSignal): Promise<void> {
  const runs = runsOf(ranges);
  for (let first = 0; first < runs.length; first += READS_AT_ONCE) {
    throwIfCancelled(signal);
    await Promise.all(runs.slice(first, first + READS_AT_ONCE).map(async (run) => {
      const start = ranges[run[0]!]!.offset;
      const end = Math.min(source.size, Math.max(...run.map((index) => ranges[index]!.offset + ranges[index]!.length)));
      const bytes = end > start ? await source.read(start, end - start, signal) : new Uint8Array();
      for (const index of run) {
        const { offset, length } = ranges[index]!;
        use(index, bytes.subarray(offset - start, offset - start + length));
      }
    }));
  }
}

/** Indices of ranges by their place, those together that one read serves. */
function runsOf(ranges: readonly Range[]): number[][] {
  const order = [...ranges.keys()].sort((a, b) => ranges[a]!.offset - ranges[b]!.offset);
  const runs: number[][] = [];
  let run: number[] = [];
  for (const index of order) {
    const { offset } = ranges[index]!;
    const first = run[0];
    const isNear = first !== undefined && offset - ranges[run.at(-1)!]!.offset <= NEAR_BYTES && offset - ranges[first]!.offset <= WINDOW_BYTES;
    if (!isNear) runs.push((run = []));
    run.push(index);
  }
  return runs;
}
