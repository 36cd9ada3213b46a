import { tridiagonalEigenvalues } from '../core/linearAlgebra/tridiagonal';
import type { Breath } from '../core/linearAlgebra/tridiagonal';
import type { Lines } from '../core/linearAlgebra/matrixLayout';
import { sizeOfBlock } from './linearModule';
import type { LinearMemory } from './linearModule';

/** Steps that are packed at a time: a panel of four lines is then 8 KiB, a quarter of the first-level cache. */
const DEPTH = 256;

/** Reflections that are taken together: twice as many gain nothing, half as many wait for memory. */
const BLOCK = 32;

/** Operations between two looks whether to go on: some milliseconds. */
const BREATH_OPERATIONS = 30e6;

const PANEL = 4;

interface Progress {
  /** 0..1 of the whole computation. */
  (share: number): void;
}

export interface GramOptions {
  readonly memory: LinearMemory;
  /** Of the float32 elements. */
  readonly matrix: number;
  readonly lines: Lines;
  readonly breathe: Breath;
  readonly onProgress: Progress;
}

/** Bytes that singularValues allocates beside the matrix. */
export function gramBytes(order: number): number {
  const rowBytes = rowBytesOf(order);
  const rows = rowBytes / 8;
  const packed = sizeOfBlock(rows * DEPTH * 8) * 2;
  return sizeOfBlock(rows * rowBytes) + packed + sizeOfBlock(2 * BLOCK * rowBytes) + 2 * sizeOfBlock(rowBytes);
}

/** A row of the symmetric matrix, padded to whole panels; one line of the cache more, so that columns do not share their place in it. */
function rowBytesOf(order: number): number {
  return Math.ceil(order / PANEL) * PANEL * 8 + 64;
}

/**
 * All singular values, descending: the square roots of the eigenvalues of L·Lᵀ, where L has the lines of the shorter side.
 * In float64 throughout: squaring costs half of its sixteen digits for the smallest values, so that those above 1e-3 of the
 * largest are right to some 1e-10 of their own size, and those below 1e-7 of it are noise.
 */
export async function singularValues(options: GramOptions): Promise<Float64Array> {
  const { memory, lines, breathe, onProgress } = options;
  const order = lines.count;
  const rowBytes = rowBytesOf(order);
  const rows = rowBytes / 8;
  const gram = memory.allocate(rows * rowBytes);
  const packed = memory.allocate(rows * DEPTH * 8);
  const negated = memory.allocate(rows * DEPTH * 8);
  const long = lines.runs * lines.length;
  const gramShare = long / (long + 2 * order);
  await multiply(options, { gram, rowBytes, packed }, (share) => onProgress(share * gramShare));
  const { diagonal, beside } = await reduce(options, { gram, rowBytes, packed, negated }, (share) => onProgress(gramShare + share * (1 - gramShare)));
  const eigenvalues = await tridiagonalEigenvalues(diagonal, beside, breathe);
  return eigenvalues.map((value) => Math.sqrt(Math.max(0, value))).reverse();
}

interface Blocks {
  readonly gram: number;
  readonly rowBytes: number;
  readonly packed: number;
}

async function multiply({ memory, matrix, lines, breathe }: GramOptions, { gram, rowBytes, packed }: Blocks, onProgress: Progress): Promise<void> {
  const { exports } = memory;
  const { count, runs, runStride, length, stride } = lines;
  const long = runs * length;
  const panels = Math.ceil(count / PANEL);
  for (let first = 0; first < long; first += DEPTH) {
    const depth = Math.min(DEPTH, long - first);
    for (let line = 0; line < count; line++) {
      const target = packed + Math.floor(line / PANEL) * depth * PANEL * 8 + (line % PANEL) * 8;
      packSteps(line, target, first, depth);
      if (line % DEPTH === 0) await breathe();
    }
    // What an earlier, deeper block left in the lanes that no line fills.
    for (let line = count; line < panels * PANEL; line++) clearLane(line, depth);
    await inSlices(panels, depth, breathe, (from, to) => exports.addProduct(gram, rowBytes, packed, packed, depth, from, to));
    onProgress((first + depth) / long);
  }

  function packSteps(line: number, target: number, first: number, depth: number): void {
    const start = lines.start(line);
    for (let done = 0; done < depth; ) {
      const step = first + done;
      const run = Math.floor(step / length);
      const within = step - run * length;
      const taken = Math.min(depth - done, length - within);
      const element = start + run * runStride + within * stride;
      exports.packLine(target + done * PANEL * 8, matrix + element * 4, stride * 4, taken);
      done += taken;
    }
  }

  function clearLane(line: number, depth: number): void {
    const lane = memory.doubles(packed + Math.floor(line / PANEL) * depth * PANEL * 8, depth * PANEL);
    for (let at = line % PANEL; at < lane.length; at += PANEL) lane[at] = 0;
  }
}

/** To tridiagonal form, a block of reflections at a time from the last rows upwards. */
async function reduce({ memory, lines, breathe }: GramOptions, { gram, rowBytes, packed, negated }: Blocks & { negated: number }, onProgress: Progress): Promise<{ diagonal: Float64Array; beside: Float64Array }> {
  const { exports } = memory;
  const order = lines.count;
  const vectors = memory.allocate(2 * BLOCK * rowBytes);
  const diagonal = memory.allocate(rowBytes);
  const beside = memory.allocate(rowBytes);
  for (let end = order; end > 0; end -= BLOCK) {
    const size = Math.min(BLOCK, end);
    for (let done = 0; done < size; done++) {
      exports.reduceRow(gram, rowBytes, end - 1 - done, done, vectors, diagonal, beside);
      await breathe();
    }
    const left = end - size;
    const panels = Math.ceil(left / PANEL);
    exports.packUpdate(packed, negated, vectors, rowBytes, size, 0, panels);
    await inSlices(panels, 2 * size, breathe, (from, to) => exports.addProduct(gram, rowBytes, packed, negated, 2 * size, from, to));
    onProgress(1 - (left / order) ** 3);
  }
  return {
    diagonal: memory.doubles(diagonal, order).slice(),
    beside: memory.doubles(beside, Math.max(0, order - 1)).slice(),
  };
}

/** Panels of rows of a lower triangle, as many at a time as take some milliseconds. */
async function inSlices(panels: number, depth: number, breathe: Breath, run: (from: number, to: number) => void): Promise<void> {
  let from = 0;
  while (from < panels) {
    let to = from;
    let operations = 0;
    while (to < panels && operations < BREATH_OPERATIONS) operations += ++to * depth * 2 * PANEL * PANEL;
    run(from, to);
    from = to;
    await breathe();
  }
}
