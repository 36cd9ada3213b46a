import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { axisOrder, deliveredOf } from '../core/delivered';
import { FileError, messageOf } from '../core/errors';
import type { Tensor } from '../core/model';
import { csvHead, csvLayout, csvRow } from '../core/values/csv';
import { storedOrder, storedStrides } from '../core/values/grid';
import type { Pick } from '../core/values/grid';
import { npyHeader, npyType } from '../core/values/npy';
import type { SavedValues } from '../core/values/saved';
import type { SaveJob } from '../protocol/workerContract';
import type { ElementCursor } from './elementCursor';
import { walkGrid } from './gridWalk';
import { OpenFiles } from './jobFiles';
import { Pause } from './pause';
import { withCursor } from './valuesJob';

/** Held at once while a tensor is turned into the order of its axes: 64 MiB as float64. */
const SLAB_ELEMENTS = 2 ** 23;

/**
 * Writes all values of a tensor, in the order of its axes, with bounded memory. The file appears under its name when it is whole.
 * @throws HumanError where something cannot be read or written.
 */
export async function saveValues({ files, tensor, path, format }: SaveJob, signal: AbortSignal): Promise<SavedValues> {
  const partial = `${path}.${process.pid}.partial`;
  const descriptor = attempt(partial, () => openSync(partial, 'w'));
  let isWhole = false;
  try {
    const write = (bytes: Uint8Array): void => attempt(partial, () => writeAll(descriptor, bytes));
    const open = (): OpenFiles => new OpenFiles(files);
    const saved = format === 'npy' ? await writeNpy(open, tensor, write, new Pause(signal)) : await writeCsv(open, tensor, write, new Pause(signal));
    isWhole = true;
    return saved;
  } finally {
    closeSync(descriptor);
    if (isWhole) attempt(path, () => renameSync(partial, path));
    else rmSync(partial, { force: true });
  }
}

type Write = (bytes: Uint8Array) => void;

async function writeNpy(open: () => OpenFiles, tensor: Tensor, write: Write, pause: Pause): Promise<SavedValues> {
  const type = npyType(deliveredOf(tensor));
  write(npyHeader(type, tensor.shape));
  await eachSlab(open, tensor, tensor.elements, pause, (values) => {
    const exact = type === '<f4' ? new Float32Array(values) : values;
    write(new Uint8Array(exact.buffer, exact.byteOffset, exact.byteLength));
  });
  return { rows: null, allRows: null };
}

async function writeCsv(open: () => OpenFiles, tensor: Tensor, write: Write, pause: Pause): Promise<SavedValues> {
  const layout = csvLayout(tensor.shape);
  const { columns, rows, allRows } = layout;
  const encoder = new TextEncoder();
  write(encoder.encode(csvHead(layout)));
  let row = 0;
  let held = new Float64Array();
  await eachSlab(open, tensor, rows * columns, pause, (values) => {
    const all = joined(held, values);
    const whole = Math.floor(all.length / columns);
    const lines: string[] = [];
    for (let i = 0; i < whole && row < rows; i++) lines.push(csvRow(layout, row++, all.subarray(i * columns, (i + 1) * columns)));
    held = all.slice(whole * columns);
    write(encoder.encode(lines.join('')));
  });
  return { rows, allRows };
}

function joined(a: Float64Array, b: Float64Array): Float64Array {
  if (a.length === 0) return b;
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The first `elements` values in the order of the axes, in runs that follow one another. */
async function eachSlab(open: () => OpenFiles, tensor: Tensor, elements: number, pause: Pause, use: (values: Float64Array) => void): Promise<void> {
  let rest = elements;
  const read = async (cursor: ElementCursor, slab: Slab): Promise<void> => {
    const values = new Float64Array(slab.elements);
    const { cellStride } = slab.picks.at(-1)!;
    await walkGrid(cursor, slab.picks, (from, at, step, count, first, cell) => {
      if (cellStride === 1 && step === 1) values.set(from.subarray(at, at + count), cell + first);
      else for (let i = 0; i < count; i++) values[cell + (first + i) * cellStride] = from[at + i * step]!;
    });
    use(values.subarray(0, Math.min(rest, slab.elements)));
    rest -= slab.elements;
  };
  if (axisOrder(tensor.encoding)) {
    // Each slab lies all over the file, which is gone through once for each of them.
    for (const slab of slabsOf(tensor)) if (rest > 0) await withCursor({ files: open(), tensor, pause }, (cursor) => read(cursor, slab));
    return;
  }
  await withCursor({ files: open(), tensor, pause }, async (cursor) => {
    for (const slab of slabsOf(tensor)) if (rest > 0) await read(cursor, slab);
  });
}

interface Slab {
  readonly picks: readonly Pick[];
  readonly elements: number;
}

/** Blocks of a tensor that are whole in the order of its axes, each small enough to be held. */
export function* slabsOf(tensor: Tensor, most = SLAB_ELEMENTS): Generator<Slab> {
  const { shape } = tensor;
  const order = storedOrder(tensor);
  const strides = storedStrides(tensor);
  const inner = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  // The first axis of which one index fits; those before it are gone through one by one.
  const cut = Math.max(0, inner.findIndex((size) => size <= most));
  const length = Math.max(1, Math.floor(most / (inner[cut] ?? 1)));
  const leading = shape.slice(0, cut);
  const blocks = leading.reduce((product, size) => product * size, 1);
  for (let block = 0; block < blocks; block++) {
    const at = unravel(block, leading);
    for (let from = 0; from < (shape[cut] ?? 1); from += length) {
      const taken = Math.min(length, (shape[cut] ?? 1) - from);
      const pickOf = (axis: number): Pick => {
        const stride = strides[axis]!;
        const count = axis < cut ? 1 : axis === cut ? taken : shape[axis]!;
        return { stride, from: axis < cut ? at[axis]! : axis === cut ? from : 0, step: 1, count, cells: count, cellStride: axis < cut ? 0 : inner[axis]! };
      };
      const picks = shape.length === 0 ? [{ stride: 1, from: 0, step: 1, count: 1, cells: 1, cellStride: 0 }] : order.map(pickOf);
      yield { picks, elements: taken * (inner[cut] ?? 1) };
    }
  }
}

function unravel(index: number, shape: readonly number[]): number[] {
  const at: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return at;
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
}

function attempt<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
    throw new FileError(`${path} cannot be written (${messageOf(error)}). ${isFull ? 'Make room on the disk, or save elsewhere.' : 'Check that you may write there, or save elsewhere.'}`, { cause: error });
  }
}
