import { blockOf, bytesPerElement } from '../dtype';
import type { PlainDtype } from '../dtype';
import type { ScannedTensor } from '../delivered';
import type { Role, Tensor } from '../model';
import { finishBlockScales, mergeBlockScales } from './blockScales';
import type { BlockScaleSums } from './blockScales';
import { decodeValues } from './decode';
import { isGgmlBlock } from './dequantize';
import type { Kernel } from './kernel';
import { MantissaObserver, unusedMantissaBits } from './mantissa';
import type { PartialStatistics } from './partial';
import { joinPieces } from './pieces';
import type { Piece } from './pieces';
import type { PartScanner } from './scanner';
import { similarUnits } from './similarUnits';
import { LEAST_SPARSITY, sparseGroups } from './sparseGroups';
import { MOST_ORDERED_VALUES } from './tensorStatistics';
import type { TensorStatistics, ZeroRun } from './tensorStatistics';
import { SampleObserver, samplePlan } from './unitSamples';
import type { UnitSamples } from './unitSamples';
import { longestZeroRun, mergeZeroRuns, ZeroRunObserver } from './zeroRuns';
import type { ByteRun } from './zeroRuns';

/** What is seen of a part beside its counts. */
export interface Observations {
  readonly zeroRuns: readonly ByteRun[];
  /** Mantissa bits that values use; of float32 tensors. */
  readonly mantissa?: number;
  /** Of vectors whose order counts. */
  readonly ordered?: readonly Piece[];
  readonly samples?: UnitSamples;
  /** Of tensors of quantized blocks. */
  readonly blockScales?: BlockScaleSums;
}

const ORDERED_ROLES: ReadonlySet<Role> = new Set<Role>(['normScale', 'normShift', 'runningMean', 'runningVariance', 'bias']);

/** Shows each chunk to the observers that the tensor is of interest to, and then lets it be counted. */
export class ObservingScanner implements PartScanner {
  readonly #kernel: Kernel;
  readonly #tensor: Tensor;
  readonly #scanner: PartScanner;
  readonly #elementBytes: number;
  readonly #zeroRuns: ZeroRunObserver;
  readonly #mantissa: MantissaObserver | undefined;
  readonly #samples: SampleObserver | undefined;
  readonly #ordered: Piece[] | undefined;
  readonly #hasScales: boolean;
  #next: number;

  constructor(kernel: Kernel, tensor: ScannedTensor, firstElement: number, scanner: PartScanner) {
    this.#kernel = kernel;
    this.#tensor = tensor;
    this.#scanner = scanner;
    this.#elementBytes = bytesPerElement(tensor.dtype as PlainDtype);
    this.#zeroRuns = new ZeroRunObserver(firstElement * this.#elementBytes);
    // The bits of computed values are not the file's.
    this.#mantissa = tensor.dtype === 'float32' && tensor.decodedFrom === undefined ? new MantissaObserver(kernel) : undefined;
    const plan = samplePlan(tensor);
    this.#samples = plan && new SampleObserver(plan, tensor);
    this.#ordered = hasOrder(tensor) ? [] : undefined;
    // The kernel sees them while it dequantizes.
    this.#hasScales = tensor.decodedFrom !== undefined && isGgmlBlock(tensor.decodedFrom);
    if (this.#hasScales) kernel.clearScales();
    this.#next = firstElement;
  }

  take(count: number): void {
    const bytes = this.#kernel.input.subarray(0, count * this.#elementBytes);
    this.#zeroRuns.see(bytes);
    this.#mantissa?.see(count);
    this.#samples?.see(bytes, this.#next, count);
    this.#ordered?.push({ first: this.#next, values: Float32Array.from(decodeValues(bytes, count, this.#tensor)) });
    this.#next += count;
    this.#scanner.take(count);
  }

  result(): PartialStatistics {
    const observed: Observations = {
      zeroRuns: this.#zeroRuns.result(),
      ...(this.#mantissa && { mantissa: this.#mantissa.result() }),
      ...(this.#ordered && { ordered: this.#ordered }),
      ...(this.#samples && { samples: this.#samples.result() }),
      ...(this.#hasScales && { blockScales: this.#kernel.takeScales() }),
    };
    return { ...this.#scanner.result(), observed };
  }
}

/** Vectors, whatever axes of length 1 they have besides. */
function hasOrder({ role, shape, elements }: Tensor): boolean {
  return ORDERED_ROLES.has(role) && elements <= MOST_ORDERED_VALUES && shape.filter((length) => length > 1).length <= 1;
}

export function mergeObservations(a: Observations, b: Observations): Observations {
  return {
    zeroRuns: mergeZeroRuns(a.zeroRuns, b.zeroRuns),
    ...(a.mantissa !== undefined && b.mantissa !== undefined && { mantissa: a.mantissa | b.mantissa }),
    ...(a.ordered && b.ordered && { ordered: [...a.ordered, ...b.ordered] }),
    ...(a.samples && b.samples && { samples: { plan: a.samples.plan, pieces: [...a.samples.pieces, ...b.samples.pieces] } }),
    ...(a.blockScales && b.blockScales && { blockScales: mergeBlockScales(a.blockScales, b.blockScales) }),
  };
}

/** Of a whole tensor with that many elements, of which `zeros` are zero. A run of zeros is told in bytes as stored. */
export function observedFigures({ zeroRuns, mantissa, ordered, samples, blockScales }: Observations, tensor: Pick<ScannedTensor, 'dtype' | 'decodedFrom'>, count: number, zeros: number): Partial<TensorStatistics> {
  const elementBytes = bytesPerElement(tensor.dtype as PlainDtype);
  const found = longestZeroRun(zeroRuns, count * elementBytes);
  const run = found && inStoredBytes(found, tensor, elementBytes);
  const bits = mantissa === undefined ? undefined : unusedMantissaBits(mantissa);
  const values = ordered && joinPieces(ordered, count);
  const similar = samples && similarUnits(samples);
  const groups = samples && zeros >= LEAST_SPARSITY * count ? sparseGroups(samples) : undefined;
  return {
    ...(run && { longestZeroRun: run }),
    ...(bits !== undefined && { unusedMantissaBits: bits }),
    ...(values && { orderedValues: values }),
    ...(similar && { similarUnits: similar }),
    ...(groups && { sparseGroups: groups }),
    ...(blockScales && { blockScales: finishBlockScales(blockScales) }),
  };
}

/** Weights that were computed from packed ones take more bytes than the file has for them. */
function inStoredBytes(run: ZeroRun, { decodedFrom }: Pick<ScannedTensor, 'decodedFrom'>, elementBytes: number): ZeroRun {
  if (decodedFrom === undefined || decodedFrom === 'string') return run;
  const block = blockOf(decodedFrom);
  const ratio = block.bytes / block.elements / elementBytes;
  return { offset: Math.floor(run.offset * ratio), bytes: Math.floor(run.bytes * ratio) };
}
