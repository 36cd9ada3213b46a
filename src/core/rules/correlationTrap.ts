import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { MIN_VALUES, spectralOf } from './spectral';
import { figure } from './thresholds';

export const correlationTrap = tensorRule({
  id: 'correlation-trap',
  title: 'Correlation trap',
  severity: 'info',
  why: 'Single very large weights, not patterns of many, make directions of their own: they hide what the layer learned, and a training with too large steps leaves such weights behind.',
  whenNormal: 'Sparse or pruned kernels, where few weights carry everything, and layers whose outlier weights are known to matter (large language models).',
  yieldsTo: ['extreme-spike', 'absurd-magnitude', 'misread-bytes', 'exact-sparsity', 'zero-flood'],
  thresholds: {
    spikes: figure(1, 'eigenvalues', [1, 8], 'Eigenvalues of the shuffled weights beyond the edge of a random matrix from which on a note is made.'),
    warningFrom: figure(2, '× the edge', [1, 1000], 'Largest eigenvalue of the shuffled weights, beside that edge, from which on it is a warning.'),
  },

  applies(context) {
    const spectral = spectralOf(context);
    return spectral !== undefined && spectral.order >= MIN_VALUES && spectral.spectrum.shuffled !== undefined && spectral.figures.marchenkoPastur !== null;
  },

  check(context: TensorContext, { spikes, warningFrom }): Verdict | undefined {
    const { spectrum, figures } = spectralOf(context)!;
    const { edge, certain } = figures.marchenkoPastur!;
    const eigenvalues = Array.from(spectrum.shuffled!, (value) => value * value);
    const mean = meanEigenvalue(context);
    const found = eigenvalues.filter((value) => value > certain + mean).length;
    if (found < spikes) return undefined;
    const ratio = eigenvalues[0]! / edge;
    const known = found === eigenvalues.length ? `at least ${found}` : `${found}`;
    return {
      severity: ratio >= warningFrom ? 'warning' : 'info',
      message: `With the weights in random places ${known} ${found === 1 ? 'eigenvalue lies' : 'eigenvalues lie'} beyond what chance allows, ${formatNumber(certain)}; the largest is ${formatNumber(ratio)} × the edge of a random matrix: it comes from single weights.`,
      advice: 'Look at the tails of the histogram. A smaller learning rate, gradient clipping or weight decay keeps single weights from growing; clipping them at a percentile shows whether they matter.',
      evidence: { spikes: found, largest: eigenvalues[0]!, edge, certain, ratio },
    };
  },
});

/** A mean that is not zero makes a direction of its own, of this eigenvalue, in any order of the weights. */
function meanEigenvalue({ spectrum, statistics }: TensorContext): number {
  const { rows, columns } = spectrum!;
  return (statistics.mean ?? 0) ** 2 * rows * columns;
}
