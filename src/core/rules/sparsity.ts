import { formatInteger, formatShare } from '../numberText';
import { isQuantized } from '../storageWords';
import type { TensorContext } from './rule';
import { aliveShare, isAllZero } from './units';
import { isMatrix, partOf, regularizerWords } from './words';

/** Half of the weights: from here on the zeros are the first thing to know of a tensor. */
export const SPARSE_SHARE = 0.5;

/** Share of the model's kernels that are sparse too, from which on the zeros are a method and not an accident. */
const PRUNED_MODEL_SHARE = 0.5;

/** Below it a share of zeros is a handful of weights. */
const MIN_ELEMENTS = 64;

/** Whether a share of zeros says anything of this tensor. */
export function hasSparsity({ tensor, statistics }: TensorContext): boolean {
  return isMatrix(tensor) && statistics.count >= MIN_ELEMENTS && !isAllZero(statistics);
}

export function zeroShare({ statistics }: TensorContext): number {
  return statistics.zeros / statistics.count;
}

export function zeroMessage(context: TensorContext): string {
  const { zeros, count } = context.statistics;
  return `${formatShare(zeroShare(context))} of the weights are exactly zero (${formatInteger(zeros)} of ${formatInteger(count)}).`;
}

/** Dead units and dead inputs have findings of their own: what lies outside of them is not sparse. */
export function isExplainedByUnits(context: TensorContext): boolean {
  const { zeros, count } = context.statistics;
  const alive = aliveShare(context) * count;
  return alive < count && zeros - (count - alive) < SPARSE_SHARE * alive;
}

/** Zeros that somebody wanted: most kernels of the model have them. */
export function isModelPruned({ peers }: TensorContext): boolean {
  const { sparse, all } = sparseKernels(peers);
  return all > 1 && sparse / all >= PRUNED_MODEL_SHARE;
}

/** Why a tensor may be sparse, and what to do with it. */
export function sparsityAdvice(context: TensorContext): string {
  const { layer, tensor } = context;
  if (isModelPruned(context)) {
    const { sparse, all } = sparseKernels(context.peers);
    return `Expected: ${partOf(sparse, all)} kernels of this model are sparse, as after pruning. A sparse format or a smaller layer saves the space.`;
  }
  const regularizer = regularizerWords(layer);
  if (regularizer) return `The layer declares ${regularizer}, which pushes weights towards zero. If accuracy holds, the layer can be made smaller; if not, weaken the regularizer.`;
  if (isQuantized(tensor)) return 'Quantization rounds the smallest weights to zero; compare with the unquantized model. If it is sparse too, most of this layer is unused and it can be made smaller.';
  return 'Few other kernels of this model are like it. If this layer was not pruned on purpose, part of its data may be lost, or most of its capacity is unused: compare with the original, or make the layer smaller.';
}

interface SparseKernels {
  readonly sparse: number;
  readonly all: number;
}

/** Every tensor of a model asks for the same count. */
const counted = new WeakMap<readonly TensorContext[], SparseKernels>();

function sparseKernels(peers: readonly TensorContext[]): SparseKernels {
  const known = counted.get(peers);
  if (known) return known;
  const kernels = peers.filter(({ tensor, statistics }) => isMatrix(tensor) && statistics.count >= MIN_ELEMENTS);
  const sparse = kernels.filter((peer) => zeroShare(peer) >= SPARSE_SHARE);
  const result = { sparse: sparse.length, all: kernels.length };
  counted.set(peers, result);
  return result;
}
