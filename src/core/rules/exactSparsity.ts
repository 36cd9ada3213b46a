import { formatInteger, formatShare } from '../numberText';
import type { Rule, Severity, TensorContext, Verdict } from './rule';
import { aliveShare, isAllZero } from './units';
import { isMatrix, partOf, regularizerWords } from './words';

/** Half of the weights: from here on the zeros are the first thing to know of a tensor. */
export const SPARSE_SHARE = 0.5;

/** Where a sparse format pays (distiller), and more than training alone leaves in a dense kernel (aprender F-DQ-001). */
const VERY_SPARSE_SHARE = 0.8;

/** gguf-guard calls a tensor corrupt from here on. */
const FLOODED_SHARE = 0.99;

/** weightlens calls a layer dead from here on. */
const DEAD_SHARE = 0.9999;

/** Share of the model's kernels that are sparse too, from which on the zeros are a method and not an accident. */
const PRUNED_MODEL_SHARE = 0.5;

/** Below it a share of zeros is a handful of weights. */
const MIN_ELEMENTS = 64;

export const exactSparsity: Rule = {
  id: 'exact-sparsity',
  title: 'Exact zeros',
  severity: 'info',
  scope: 'tensor',
  why: 'Weights of exactly zero do no work: the layer could be smaller, or it has lost part of itself.',
  whenNormal: 'After pruning or L1 training most kernels of a model are sparse; quantization rounds small weights to zero.',

  applies: ({ tensor, statistics }) => isMatrix(tensor) && statistics.count >= MIN_ELEMENTS && !isAllZero(statistics),

  check(context): Verdict | undefined {
    const { zeros, count } = context.statistics;
    const share = zeros / count;
    if (share < SPARSE_SHARE || (share < DEAD_SHARE && isExplainedByUnits(context))) return undefined;
    const modelIsPruned = isModelPruned(context);
    return {
      severity: severityFor(share, modelIsPruned),
      message: `${formatShare(share)} of the weights are exactly zero (${formatInteger(zeros)} of ${formatInteger(count)}).`,
      advice: adviceFor(context, modelIsPruned),
      evidence: { zeros, count, share, infoFrom: SPARSE_SHARE, warningFrom: VERY_SPARSE_SHARE, errorFrom: DEAD_SHARE, modelIsPruned },
    };
  },
};

/** Dead units and dead inputs have findings of their own: what lies outside of them is not sparse. */
function isExplainedByUnits(context: TensorContext): boolean {
  const { zeros, count } = context.statistics;
  const alive = aliveShare(context) * count;
  return alive < count && zeros - (count - alive) < SPARSE_SHARE * alive;
}

function severityFor(share: number, modelIsPruned: boolean): Severity {
  if (share >= DEAD_SHARE) return 'error';
  if (share >= FLOODED_SHARE) return 'warning';
  return share >= VERY_SPARSE_SHARE && !modelIsPruned ? 'warning' : 'info';
}

function adviceFor(context: TensorContext, modelIsPruned: boolean): string {
  const { layer, tensor } = context;
  if (modelIsPruned) {
    const { sparse, all } = sparseKernels(context.peers);
    return `Expected: ${partOf(sparse, all)} kernels of this model are sparse, as after pruning. A sparse format or a smaller layer saves the space.`;
  }
  const regularizer = regularizerWords(layer);
  if (regularizer) return `The layer declares ${regularizer}, which pushes weights towards zero. If accuracy holds, the layer can be made smaller; if not, weaken the regularizer.`;
  if (tensor.quantization) return 'Quantization rounds the smallest weights to zero; compare with the unquantized model. If it is sparse too, most of this layer is unused and it can be made smaller.';
  return 'Few other kernels of this model are like it. If this layer was not pruned on purpose, part of its data may be lost, or most of its capacity is unused: compare with the original, or make the layer smaller.';
}

function isModelPruned({ peers }: TensorContext): boolean {
  const { sparse, all } = sparseKernels(peers);
  return all > 1 && sparse / all >= PRUNED_MODEL_SHARE;
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
  const kernels = peers.filter((peer) => isMatrix(peer.tensor) && peer.statistics.count >= MIN_ELEMENTS);
  const sparse = kernels.filter(({ statistics }) => statistics.zeros / statistics.count >= SPARSE_SHARE);
  const result = { sparse: sparse.length, all: kernels.length };
  counted.set(peers, result);
  return result;
}
