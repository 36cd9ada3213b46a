import { CancelledError, HumanError, throwIfCancelled } from '../errors';
import type { ModelFiles } from './modelFiles';
import type { GroupLayout } from './tfjsShards';

/** A string tensor of more is refused: a hashed vocabulary has a few million entries, and walking costs a read of each prefix. */
export const MAX_STRINGS = 4_000_000;
/** One read serves many prefixes. */
const WINDOW_BYTES = 64 * 1024;
const PREFIX_BYTES = 4;
/** Strings longer than the window make every prefix a read of its own; this bounds how many such reads one file can cause. */
const MAX_WINDOWS = 20_000;

/**
 * Bytes of a string tensor: each element is a little-endian uint32 length and that many bytes (tfjs-core io/io_utils.ts), so that
 * only walking from prefix to prefix tells where the next weight begins.
 */
export async function stringTensorBytes(
  files: ModelFiles,
  layout: GroupLayout,
  start: number,
  elements: number,
  signal?: AbortSignal,
): Promise<{ bytes: number } | { failure: string }> {
  if (elements > MAX_STRINGS) return { failure: `it holds ${elements} strings; up to ${MAX_STRINGS} are walked` };
  try {
    return await walk(new PrefixReader(files, layout, signal), layout, start, elements);
  } catch (error) {
    // The shard changed or vanished since its size was looked at: that costs this weight, not the model.
    if (!(error instanceof HumanError) || error instanceof CancelledError || signal?.aborted) throw error;
    return { failure: error.message };
  }
}

async function walk(reader: PrefixReader, layout: GroupLayout, start: number, elements: number): Promise<{ bytes: number } | { failure: string }> {
  let at = start;
  for (let i = 0; i < elements; i++) {
    const length = await reader.uint32(at);
    if (typeof length === 'string') return { failure: length };
    at += PREFIX_BYTES + length;
  }
  const end = layout.locate(start, at - start);
  return 'failure' in end ? end : { bytes: at - start };
}

class PrefixReader {
  #window = new Uint8Array(0);
  #windowStart = 0;
  #windows = 0;

  constructor(
    private readonly files: ModelFiles,
    private readonly layout: GroupLayout,
    private readonly signal?: AbortSignal,
  ) {}

  /** The number, or why it cannot be read. */
  async uint32(at: number): Promise<number | string> {
    const there = this.layout.locate(at, PREFIX_BYTES);
    if ('failure' in there) return there.failure;
    let value = 0;
    for (let i = PREFIX_BYTES - 1; i >= 0; i--) {
      if (!this.#holds(at + i) && !(await this.#load(at + i))) return `its length prefixes lead through more than ${MAX_WINDOWS} places of the file`;
      value = value * 256 + this.#window[at + i - this.#windowStart]!;
    }
    return value;
  }

  #holds(at: number): boolean {
    return at >= this.#windowStart && at < this.#windowStart + this.#window.length;
  }

  async #load(at: number): Promise<boolean> {
    throwIfCancelled(this.signal);
    if (++this.#windows > MAX_WINDOWS) return false;
    const place = this.layout.shardAt(at);
    if (!place) return false;
    const length = Math.min(WINDOW_BYTES, place.left);
    // A prefix is read from its last byte on: the window opens a little earlier so that one read serves all four.
    const back = Math.min(place.offset, PREFIX_BYTES - 1);
    this.#window = new Uint8Array(await this.files.withShard(place.shard, (source) => source.read(place.offset - back, length + back, this.signal)));
    this.#windowStart = at - back;
    return true;
  }
}
