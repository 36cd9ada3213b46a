import { formatNumber, formatShare, plural } from '../numberText';
import { isQuantizedAlready } from './channelRangeDisparity';
import { modelRule } from './rule';
import type { ModelContext, TensorContext, Verdict } from './rule';
import { kurtosisWithinUnits } from './tails';
import { asShare, figure, percent } from './thresholds';
import { isMatrix } from './words';

const MIN_NONZERO = 1000;

/** Kernels that a model needs for a word about the model. */
const MIN_KERNELS = 3;

/** Of a normal distribution, which "excess" leaves out. */
const NORMAL_KURTOSIS = 3;

/** Of the uniform distribution, which suits a quantizer of even steps best. */
const BEST_KURTOSIS = 1.8;

const MAX_NAMED = 3;

export const quantizationRobustness = modelRule({
  id: 'quantization-robustness',
  title: 'Little robust under quantization',
  severity: 'info',
  why: 'Most weights lie in layers of heavy tails: how well the model quantizes will depend on the step size that happens to be chosen.',
  whenNormal: 'In models trained long, without regularization of kurtosis; it says nothing about accuracy in float32.',
  // Shkolnik et al. (KURE, arXiv 2002.07686): the nearer to 1.8, the more robust. 9 (a Laplace distribution has 6) is our own.
  thresholds: {
    kurtosisFrom: figure(9, 'kurtosis', [1.8, 1000], 'Kurtosis (3 for a bell curve), the scales of units taken out, from which on a layer counts as little robust.'),
    shareFrom: percent(50, 'Share of the weights in such layers from which on it is worth a note.'),
  },

  applies: ({ tensors }) => tensors.filter(isJudged).length >= MIN_KERNELS,

  check({ tensors }: ModelContext, { kurtosisFrom, shareFrom }): Verdict | undefined {
    const judged = tensors.filter(isJudged);
    // Taking the scales of units out only lowers it.
    const heavy = judged.filter(({ statistics }) => statistics.excessKurtosis! + NORMAL_KURTOSIS >= kurtosisFrom);
    const fragile = heavy.map((context) => ({ context, kurtosis: kurtosisOf(context) })).filter(({ kurtosis }) => kurtosis >= kurtosisFrom);
    const share = weightsIn(fragile.map(({ context }) => context)) / weightsIn(judged);
    if (share < asShare(shareFrom)) return undefined;
    const worst = [...fragile].sort((a, b) => b.kurtosis - a.kurtosis).slice(0, MAX_NAMED);
    return {
      message: `${formatShare(share)} of the weights lie in ${plural(fragile.length, 'layer')} with a kurtosis of ${formatNumber(kurtosisFrom)} or more: most of all ${worst.map(({ context, kurtosis }) => `${context.tensor.name} (${formatNumber(kurtosis)})`).join(', ')}. A uniform distribution, the most robust, has ${BEST_KURTOSIS}.`,
      advice: 'Measure the accuracy after quantization before relying on it, with several step sizes. Kurtosis regularization or quantization-aware training makes the weights robust.',
      evidence: { share, layers: fragile.length, judged: judged.length, worst: worst.map(({ context, kurtosis }) => ({ tensor: context.tensor.name, kurtosis })), kurtosisFrom, shareFrom },
    };
  },
});

function isJudged({ tensor, statistics }: TensorContext): boolean {
  return isMatrix(tensor) && !isQuantizedAlready(tensor.dtype) && statistics.excessKurtosis !== null && statistics.count - statistics.zeros >= MIN_NONZERO;
}

function kurtosisOf({ statistics }: TensorContext): number {
  return kurtosisWithinUnits(statistics, statistics.excessKurtosis! + NORMAL_KURTOSIS);
}

function weightsIn(contexts: readonly TensorContext[]): number {
  return contexts.reduce((sum, { statistics }) => sum + statistics.count, 0);
}
