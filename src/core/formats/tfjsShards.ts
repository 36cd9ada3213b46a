import type { Problem, Segment } from '../model';
import { quote } from './jsonValues';
import type { Shard } from './modelFiles';

interface Span {
  /** In the concatenation of the group's shards. */
  readonly start: number;
  readonly length: number;
  readonly shard: Shard;
  /** Of the span's bytes those that the file really has, from its start. */
  readonly present: number;
}

/**
 * Where the bytes of a group lie: its shards one after another. A shard's declared size is nowhere in the format, so that of a
 * missing or truncated shard follows from the rest where it can, and everything behind it is lost where it cannot.
 */
export class GroupLayout {
  readonly #spans: readonly Span[];
  /** From here on nothing can be located. */
  readonly #knownBytes: number;
  readonly #lost: string;

  private constructor(spans: readonly Span[], lost: string) {
    this.#spans = spans;
    const last = spans.at(-1);
    this.#knownBytes = last ? last.start + last.length : 0;
    this.#lost = lost;
  }

  /** @param expectedBytes of all weights together; undefined where the manifest does not tell. */
  static of(shards: readonly Shard[], expectedBytes: number | undefined): { layout: GroupLayout; problem?: Problem } {
    const firstMissing = shards.find((shard) => shard.failure !== undefined);
    if (firstMissing) return { layout: layMissing(shards, expectedBytes) };
    const sizes = shards.map(sizeOf);
    const actual = sizes.reduce((sum, size) => sum + size, 0);
    if (expectedBytes === undefined || actual === expectedBytes) return { layout: GroupLayout.build(shards, sizes, 'the shards end before it') };
    return actual < expectedBytes ? layTruncated(shards, expectedBytes, actual) : layLonger(shards, expectedBytes, actual);
  }

  static build(shards: readonly Shard[], lengths: readonly number[], lost: string): GroupLayout {
    const spans: Span[] = [];
    let start = 0;
    for (const [index, length] of lengths.entries()) {
      const shard = shards[index]!;
      spans.push({ start, length, shard, present: Math.min(length, sizeOf(shard)) });
      start += length;
    }
    return new GroupLayout(spans, lost);
  }

  /** Segments of a run of bytes, or why they cannot be had. */
  locate(offset: number, length: number): { segments: Segment[] } | { failure: string } {
    const segments: Segment[] = [];
    if (length === 0) return { segments };
    const end = offset + length;
    if (end > this.#knownBytes) return { failure: this.#lost };
    for (let i = this.#spanAt(offset); i < this.#spans.length && this.#spans[i]!.start < end; i++) {
      const { start, length: spanLength, shard, present } = this.#spans[i]!;
      const from = Math.max(offset - start, 0);
      const to = Math.min(end - start, spanLength);
      if (to <= from) continue;
      if (shard.failure !== undefined) return { failure: shard.failure };
      if (to > present) return { failure: truncated(shard) };
      segments.push({ file: shard.file, offset: from, length: to - from });
    }
    return { segments };
  }

  /** The shard that holds a byte, and the byte's place in it; undefined beyond what is there. */
  shardAt(offset: number): { shard: Shard; offset: number; left: number } | undefined {
    for (let i = this.#spanAt(offset); i < this.#spans.length; i++) {
      const { start, shard, present } = this.#spans[i]!;
      const within = offset - start;
      if (within >= 0 && within < present) return { shard, offset: within, left: present - within };
    }
    return undefined;
  }

  #spanAt(offset: number): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#spans[middle]!.start + this.#spans[middle]!.length > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function sizeOf(shard: Shard): number {
  return shard.failure === undefined ? shard.sizeBytes : 0;
}

function truncated(shard: Shard): string {
  return `the shard ${quote(shard.path)} ends before it (the file is truncated). Fetch the shard again, or save the model anew.`;
}

/** One missing shard has the size that the others leave; behind one of several nothing can be placed. */
function layMissing(shards: readonly Shard[], expectedBytes: number | undefined): GroupLayout {
  const missing = shards.filter((shard) => shard.failure !== undefined);
  const first = shards.indexOf(missing[0]!);
  const rest = shards.reduce((sum, shard) => sum + sizeOf(shard), 0);
  const reason = missing[0]!.failure;
  if (expectedBytes !== undefined && missing.length === 1 && expectedBytes >= rest) {
    const lengths = shards.map((shard) => (shard.failure === undefined ? shard.sizeBytes : expectedBytes - rest));
    return GroupLayout.build(shards, lengths, reason);
  }
  return GroupLayout.build(shards.slice(0, first), shards.slice(0, first).map(sizeOf), reason);
}

/**
 * Converters cut a group into shards of one size, the last one shorter. Which shard is not of that size tells which one is
 * damaged; undefined where that does not settle it.
 */
function oddShard(sizes: readonly number[], difference: number): number | undefined {
  if (sizes.length < 2) return sizes.length === 1 ? 0 : undefined;
  const full = sizes.slice(0, -1);
  const usual = (full.length > 1 ? mostFrequent(full) : undefined) ?? CONVERTER_SHARD_BYTES;
  const odd = full.flatMap((size, index) => (size === usual ? [] : [index]));
  if (odd.length === 0) return sizes.length - 1;
  return odd.length === 1 && full[odd[0]!]! - usual === difference ? odd[0] : undefined;
}

/** The default of `weight_shard_size_bytes` in TensorFlow.js' converter (write_weights.py). */
const CONVERTER_SHARD_BYTES = 4 * 1024 * 1024;

/** The size that more than half of the shards have. */
function mostFrequent(sizes: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1);
  for (const [size, count] of counts) if (count * 2 > sizes.length) return size;
  return undefined;
}

function layTruncated(shards: readonly Shard[], expected: number, actual: number): { layout: GroupLayout; problem: Problem } {
  const sizes = shards.map(sizeOf);
  const odd = oddShard(sizes, actual - expected);
  const names = odd === undefined ? shards.map((shard) => quote(shard.path)).slice(0, 4).join(', ') : quote(shards[odd]?.path);
  const problem: Problem = {
    message:
      shards.length === 0
        ? `The weights manifest names no shard for ${expected} bytes of weights`
        : `${odd === undefined ? 'One of the shards' : 'The shard'} ${names} is truncated: ${expected - actual} of ${expected} bytes are missing`,
    remedy: 'Fetch the shard again (an interrupted download or copy is the usual cause), or save the model anew.',
  };
  if (odd !== undefined) {
    const lengths = sizes.map((size, index) => (index === odd ? size + expected - actual : size));
    return { layout: GroupLayout.build(shards, lengths, truncated(shards[odd]!)), problem };
  }
  // Only what lies in the first shard is where it seems to be: behind a shard of doubtful size everything may have moved.
  const lost = `${problem.message}, and which one cannot be told. ${problem.remedy}`;
  return { layout: GroupLayout.build(shards.slice(0, 1), sizes.slice(0, 1), lost), problem };
}

function layLonger(shards: readonly Shard[], expected: number, actual: number): { layout: GroupLayout; problem: Problem } {
  const sizes = shards.map(sizeOf);
  const odd = oddShard(sizes, actual - expected) ?? sizes.length - 1;
  const extra = actual - expected;
  const isClear = sizes[odd]! >= extra;
  const problem: Problem = {
    message: `The shard ${quote(shards[odd]!.path)} is longer than its weights: ${extra} bytes belong to none of them`,
    remedy: 'The shard may belong to another version of the model. Fetch model and shards together, or save the model anew.',
  };
  const lengths = isClear ? sizes.map((size, index) => (index === odd ? size - extra : size)) : sizes;
  return { layout: GroupLayout.build(shards, lengths, 'the shards end before it'), problem };
}
