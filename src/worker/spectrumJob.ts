import os from 'node:os';
import { bytesPerElement, isNumeric } from '../core/dtype';
import { UnsupportedError } from '../core/errors';
import { linesOf, matrixLayout, restOf } from '../core/linearAlgebra/matrixLayout';
import type { MatrixLayout } from '../core/linearAlgebra/matrixLayout';
import { seededRandom } from '../core/seededRandom';
import type { Breath } from '../core/linearAlgebra/tridiagonal';
import type { Tensor } from '../core/model';
import { formatBytes } from '../core/numberText';
import { decodeValues } from '../core/statistics/decode';
import { filterSpectrum } from '../core/statistics/filterSpectrum';
import { MOST_SINGULAR_VALUES, TOP_SINGULAR_VALUES } from '../core/statistics/spectrum';
import type { Spectrum } from '../core/statistics/spectrum';
import type { SpectrumJob } from '../protocol/workerContract';
import { gramBytes, singularValues } from './gram';
import { elementReader } from './elementReader';
import { OpenFiles } from './jobFiles';
import { lanczosBytes, topSingularValues } from './lanczos';
import { LinearMemory, sizeOfBlock } from './linearModule';
import { Pause } from './pause';

/** As float32, with what is computed from it; a WebAssembly memory ends at 2 GiB here. A head of 50,000 tokens × 5,120 fits. */
const MOST_BYTES = 1.75 * 2 ** 30;

/** Of the memory that the system says is free, this much is left to everybody else. */
const SPARED_BYTES = 256 * 2 ** 20;

/** The top of a spectrum settles within this many steps, or nearly: the bulk has no gaps to hold on to. */
const MOST_STEPS = 768;

/** Shuffling 64 Mi weights takes a second or two; more are not shuffled. */
const MOST_SHUFFLED = 1 << 26;

/** A spike above the bulk settles in a dozen steps, and only spikes are looked for. */
const SHUFFLED_STEPS = 64;
const SHUFFLED_TOP = 8;
const SHUFFLE_SEED = 2;

const READ_BYTES = 1 << 20;
const SWAPS_A_BREATH = 1 << 16;
const SUMS_A_BREATH = 1 << 20;

/** Rough shares of the time, for the progress. */
const READ_SHARE = 0.1;
const VALUES_SHARE = 0.8;

/** @throws HumanError where the tensor is no matrix, holds values that are not finite, takes too much memory, or cannot be read. */
export async function computeSpectrum(modulePath: string, { files, tensor }: SpectrumJob, onProgress: (share: number) => void, signal: AbortSignal): Promise<Spectrum> {
  const layout = layoutOf(tensor);
  const pause = new Pause(signal);
  const breathe: Breath = () => pause.breathe();
  const memory = new LinearMemory(modulePath, plannedBytes(tensor, layout));
  const matrix = memory.allocate(4 * tensor.elements);
  const values = memory.floats(matrix, tensor.elements);
  await read(new OpenFiles(files), tensor, values, breathe, (share) => onProgress(share * READ_SHARE));
  const { frobeniusNorm, variance } = await moments(tensor, values, breathe);
  const filters = await filterSpectrum(tensor, values, breathe);
  const found = await decompose(memory, matrix, layout, breathe, (share) => onProgress(READ_SHARE + share * VALUES_SHARE));
  const shuffled = tensor.elements <= MOST_SHUFFLED ? await decomposeShuffled(memory, matrix, values, layout, breathe) : undefined;
  onProgress(1);
  return {
    rows: layout.units,
    columns: restOf(layout),
    singularValues: found,
    isPartial: isLarge(layout),
    frobeniusNorm,
    variance,
    ...(shuffled && { shuffled }),
    ...(filters && { filters }),
  };
}

function layoutOf(tensor: Tensor): MatrixLayout {
  if (!isNumeric(tensor.dtype)) throw new UnsupportedError(`${tensor.name} holds text, not numbers, and has no spectrum. Choose a kernel or an embedding.`);
  const layout = matrixLayout(tensor);
  if (layout) return layout;
  throw new UnsupportedError(`${tensor.name} is no matrix (its shape is ${tensor.shape.join(' × ') || 'a single number'}) and has no spectrum. Choose a kernel or an embedding.`);
}

function isLarge(layout: MatrixLayout): boolean {
  return Math.min(layout.units, restOf(layout)) > MOST_SINGULAR_VALUES;
}

/** Everything that will be allocated. @throws UnsupportedError before anything is, where it is too much. */
function plannedBytes(tensor: Tensor, layout: MatrixLayout): number {
  const values = isLarge(layout) ? lanczosBytes(layout, MOST_STEPS) : gramBytes(linesOf(layout).count);
  const shuffled = tensor.elements <= MOST_SHUFFLED ? lanczosBytes(layout, SHUFFLED_STEPS) : 0;
  const bytes = sizeOfBlock(4 * tensor.elements) + values + shuffled;
  if (bytes > MOST_BYTES) throw new UnsupportedError(`The spectrum of ${tensor.name} takes ${formatBytes(bytes)} of memory, more than the ${formatBytes(MOST_BYTES)} that are taken at most. Look at a smaller weight.`);
  const free = os.freemem() - SPARED_BYTES;
  if (bytes > free) throw new UnsupportedError(`The spectrum of ${tensor.name} takes ${formatBytes(bytes)} of memory, and only ${formatBytes(Math.max(0, free))} can be had. Close other programs and try again.`);
  return bytes;
}

async function read(files: OpenFiles, tensor: Tensor, values: Float32Array<ArrayBuffer>, breathe: Breath, onProgress: (share: number) => void): Promise<void> {
  const reader = elementReader({ files, tensor });
  const { dtype } = reader.delivered;
  const chunk = READ_BYTES / bytesPerElement(dtype);
  const isPlain = dtype === 'float32';
  const buffer = new Uint8Array(isPlain ? 0 : READ_BYTES);
  try {
    files.verify(tensor);
    for (let done = 0; done < tensor.elements; done += chunk) {
      const count = Math.min(chunk, tensor.elements - done);
      if (isPlain) await reader.read(done, count, new Uint8Array(values.buffer, values.byteOffset + done * 4, count * 4));
      else {
        await reader.read(done, count, buffer);
        values.set(decodeValues(buffer, count, reader.delivered), done);
      }
      onProgress(done / tensor.elements);
      await breathe();
    }
    files.verify(tensor);
  } finally {
    reader.close();
    files.close();
  }
}

/** From all weights. @throws UnsupportedError where one is not finite. */
async function moments(tensor: Tensor, values: Float32Array, breathe: Breath): Promise<{ frobeniusNorm: number; variance: number }> {
  const count = values.length;
  let sum = 0;
  let squares = 0;
  await inRuns(count, breathe, (value) => {
    sum += value;
    squares += value * value;
  }, values);
  if (!Number.isFinite(sum) || !Number.isFinite(squares)) {
    throw new UnsupportedError(`${tensor.name} holds NaN or infinite weights, and a spectrum is not defined for those. See its findings, and repair or re-export the weight first.`);
  }
  const mean = sum / count;
  let deviations = 0;
  await inRuns(count, breathe, (value) => {
    deviations += (value - mean) ** 2;
  }, values);
  return { frobeniusNorm: Math.sqrt(squares), variance: deviations / count };
}

async function inRuns(count: number, breathe: Breath, take: (value: number) => void, values: Float32Array): Promise<void> {
  for (let start = 0; start < count; start += SUMS_A_BREATH) {
    for (let i = start; i < Math.min(count, start + SUMS_A_BREATH); i++) take(values[i]!);
    await breathe();
  }
}

async function decompose(memory: LinearMemory, matrix: number, layout: MatrixLayout, breathe: Breath, onProgress: (share: number) => void): Promise<Float64Array> {
  if (isLarge(layout)) return await topSingularValues({ memory, matrix, layout, top: TOP_SINGULAR_VALUES, mostSteps: MOST_STEPS, breathe, onProgress });
  return await singularValues({ memory, matrix, lines: linesOf(layout), breathe, onProgress });
}

/** The weights stay what they are and lose their places: what is left above the bulk comes from single weights. */
async function decomposeShuffled(memory: LinearMemory, matrix: number, values: Float32Array, layout: MatrixLayout, breathe: Breath): Promise<Float64Array> {
  const random = seededRandom(SHUFFLE_SEED);
  for (let i = values.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    const value = values[i]!;
    values[i] = values[other]!;
    values[other] = value;
    if (i % SWAPS_A_BREATH === 0) await breathe();
  }
  return await topSingularValues({ memory, matrix, layout, top: SHUFFLED_TOP, mostSteps: SHUFFLED_STEPS, breathe });
}
