import { chunkBands } from '../../core/chunkBands';
import type { ChunkBands } from '../../core/chunkBands';
import { bytesPerElement, isPlain } from '../../core/dtype';
import { UnsupportedError } from '../../core/errors';
import type { Encoding, Tensor } from '../../core/model';
import type { OpenFiles } from '../jobFiles';
import { unfiltered } from './chunkFilters';
import type { Decoder } from './decoder';

type Chunked = Extract<Encoding, { kind: 'chunked' }>;

/** Rows of a band are put together in memory: a worker that takes more would not leave room for the others. */
const MAX_BAND_BYTES = 256 * 1024 * 1024;

/** Chunks of HDF5, unpacked and put into row-major order a band at a time. */
export const chunked: Decoder<Chunked> = (files, tensor, encoding) => {
  if (!isPlain(tensor.dtype)) throw new UnsupportedError(`${tensor.name} is stored in chunks of ${tensor.dtype}, which this version lists and does not decode.`);
  const elementBytes = bytesPerElement(tensor.dtype);
  if (tensor.segments.every(({ length }) => length === 0)) return { read: (byteOffset, target) => fillWith(target, encoding.fill, byteOffset) };
  const bands = chunkBands(tensor.shape, encoding.chunkShape);
  if (bands.elements * elementBytes > MAX_BAND_BYTES) {
    throw new UnsupportedError(
      `${tensor.name} has chunks of [${encoding.chunkShape.join(', ')}]: a row of them takes ${Math.round((bands.elements * elementBytes) / 2 ** 20)} MiB, and Weightgram puts up to ${MAX_BAND_BYTES / 2 ** 20} MiB together. Save it with chunks that are shorter along their first axis.`,
    );
  }
  const reader = new BandReader(files, tensor, encoding, bands, elementBytes);
  return { read: (byteOffset, target) => reader.read(byteOffset, target) };
};

class BandReader {
  readonly #counts: readonly number[];
  /** Elements of one index of the bands' axis. */
  readonly #inner: number;
  /** Bands for each index of the axes before theirs. */
  readonly #bandsEach: number;
  readonly #chunkBytes: number;
  readonly #buffer: Uint8Array;
  #stored = new Uint8Array();
  #held = -1;

  constructor(
    private readonly files: OpenFiles,
    private readonly tensor: Tensor,
    private readonly encoding: Chunked,
    private readonly bands: ChunkBands,
    private readonly elementBytes: number,
  ) {
    const { shape } = tensor;
    const { chunkShape } = encoding;
    this.#counts = shape.map((size, axis) => Math.ceil(size / chunkShape[axis]!));
    this.#inner = product(shape.slice(bands.axis + 1));
    this.#bandsEach = bands.axis < 0 ? 1 : this.#counts[bands.axis]!;
    this.#chunkBytes = product(chunkShape) * elementBytes;
    this.#buffer = new Uint8Array(bands.elements * elementBytes);
  }

  read(byteOffset: number, target: Uint8Array): void {
    const lineBytes = this.#lineLength * this.#inner * this.elementBytes;
    let done = 0;
    while (done < target.length) {
      const at = byteOffset + done;
      const outer = Math.floor(at / lineBytes);
      const within = at - outer * lineBytes;
      const bandBytes = this.bands.elements * this.elementBytes;
      const band = Math.floor(within / bandBytes);
      this.#load(outer * this.#bandsEach + band);
      const from = within - band * bandBytes;
      const end = Math.min(bandBytes, lineBytes - band * bandBytes);
      const length = Math.min(end - from, target.length - done);
      target.set(this.#buffer.subarray(from, from + length), done);
      done += length;
    }
  }

  /** Of the bands' axis. */
  get #lineLength(): number {
    return this.bands.axis < 0 ? 1 : this.tensor.shape[this.bands.axis]!;
  }

  #load(band: number): void {
    if (band === this.#held) return;
    this.#held = -1;
    const first = band * this.bands.chunks;
    for (let i = 0; i < this.bands.chunks; i++) this.#place(first + i, band % this.#bandsEach, i);
    this.#held = band;
  }

  /** @param within the chunk's place in its band: row-major over the axes behind the bands'. */
  #place(chunk: number, band: number, within: number): void {
    const { bands, tensor, encoding } = this;
    const axis = Math.max(0, bands.axis);
    const rank = tensor.shape.length;
    const bytes = this.#chunk(chunk);
    /** Of the chunk's part that lies in the array, from the bands' axis on. */
    const begins: number[] = [];
    const sizes: number[] = [];
    for (let a = rank - 1, rest = within; a >= axis; a--) {
      const index = a === axis ? band : rest % this.#counts[a]!;
      if (a > axis) rest = Math.floor(rest / this.#counts[a]!);
      const begin = index * encoding.chunkShape[a]!;
      sizes[a - axis] = Math.min(encoding.chunkShape[a]!, tensor.shape[a]! - begin);
      begins[a - axis] = a === axis ? 0 : begin;
    }
    const chunkShape = encoding.chunkShape.slice(axis);
    copyBlock(bytes, chunkShape, this.#buffer, tensor.shape.slice(axis), { begins, sizes, elementBytes: this.elementBytes });
  }

  /** Unpacked, or filled where it was never written. */
  #chunk(index: number): Uint8Array {
    const segment = this.tensor.segments[index];
    const { filters, filterMasks, fill } = this.encoding;
    if (!segment || segment.length === 0) {
      const filled = new Uint8Array(this.#chunkBytes);
      fillWith(filled, fill, 0);
      return filled;
    }
    if (this.#stored.length < segment.length) this.#stored = new Uint8Array(segment.length);
    const stored = this.#stored.subarray(0, segment.length);
    this.files.read({ ...this.tensor, segments: [segment] }, 0, stored);
    return unfiltered(stored, filters, filterMasks?.[index] ?? 0, { name: this.tensor.name, elementBytes: this.elementBytes, chunkBytes: this.#chunkBytes });
  }
}

interface Block {
  /** Where it begins in the target. */
  readonly begins: readonly number[];
  /** How much of the source is copied. */
  readonly sizes: readonly number[];
  readonly elementBytes: number;
}

/** The first corner of one array into another, a run of the last axis at a time. */
function copyBlock(source: Uint8Array, sourceShape: readonly number[], target: Uint8Array, targetShape: readonly number[], { begins, sizes, elementBytes }: Block): void {
  const rank = sizes.length;
  if (rank === 0) return target.set(source.subarray(0, elementBytes));
  const runBytes = sizes[rank - 1]! * elementBytes;
  const walk = (axis: number, from: number, to: number): void => {
    if (axis === rank - 1) {
      target.set(source.subarray(from * elementBytes, from * elementBytes + runBytes), (to + begins[axis]!) * elementBytes);
      return;
    }
    for (let i = 0; i < sizes[axis]!; i++) walk(axis + 1, (from + i) * sourceShape[axis + 1]!, (to + begins[axis]! + i) * targetShape[axis + 1]!);
  };
  walk(0, 0, 0);
}

function fillWith(target: Uint8Array, fill: Uint8Array | undefined, byteOffset: number): void {
  if (!fill) {
    target.fill(0);
    return;
  }
  for (let i = 0; i < target.length; i++) target[i] = fill[(byteOffset + i) % fill.length]!;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
