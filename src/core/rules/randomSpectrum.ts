import { formatNumber } from '../numberText';
import { tensorRule } from './rule';
import type { TensorContext, Verdict } from './rule';
import { MIN_VALUES, sizeWords, spectralOf } from './spectral';
import { figure } from './thresholds';

export const randomSpectrum = tensorRule({
  id: 'random-spectrum',
  title: 'Spectrum of a random matrix',
  severity: 'info',
  why: 'No direction stands out from what independent random weights of this size have: the layer may have learned nothing.',
  whenNormal: 'Fresh models, frozen random features, layers with a very small learning rate, and wide layers whose change is spread thinly.',
  yieldsTo: ['at-initialization', 'orthogonal-at-initialization'],
  thresholds: {
    edgeRatio: figure(1.05, '× the Marchenko–Pastur edge', [0.5, 10], 'Largest eigenvalue, beside the edge of a random matrix of this size and variance, up to which the spectrum counts as random.'),
  },

  applies(context) {
    const spectral = spectralOf(context);
    return spectral !== undefined && spectral.order >= MIN_VALUES && spectral.figures.marchenkoPastur !== null;
  },

  check(context: TensorContext, { edgeRatio }): Verdict | undefined {
    const { spectrum, figures } = spectralOf(context)!;
    const { edge, certain, beyond } = figures.marchenkoPastur!;
    const ratio = figures.spectralNorm ** 2 / edge;
    // Far below the edge the weights are no independent numbers either: orthogonal or banded matrices.
    const leastRatio = 1 - REACH_BELOW * (certain / edge - 1);
    if (beyond > 0 || ratio > edgeRatio || ratio < leastRatio) return undefined;
    return {
      message: `The largest eigenvalue is ${formatNumber(ratio)} × the Marchenko–Pastur edge, ${formatNumber(edge)}, and none lies beyond it (${sizeWords(spectrum)}): the spectrum cannot be told from that of random weights.`,
      advice: 'Look whether the layer was trained: whether its bias and its neighbours moved, whether it is frozen, and whether gradients reach it. Together with weights that still match their initializer it is untrained.',
      evidence: { ratio, edge, beyond, edgeRatio, rows: spectrum.rows, columns: spectrum.columns },
    };
  },
});

/**
 * How far chance reaches below the edge, as a share of how far it reaches above: `certain` lies 3 deviations of Tracy & Widom's law
 * beyond the edge, whose mean is 0.95 deviations below it. Simulated, 64 × 64 independent weights have 0.85 to 1.08, 256 × 256 0.94 to 1.03.
 */
const REACH_BELOW = (3 + 0.95) / 3;
